import { expect, test } from 'vitest';
import { claim, finish, isFinished, mostParcels, newClaims, nextId, offer } from './claims.ts';

test('exactly one of worker and main thread gets a parcel', () => {
  const claims = newClaims();
  offer(claims, 7);
  expect([claim(claims, 7), claim(claims, 7)]).toEqual([true, false]);
});

test('what was taken back cannot be taken by its late message, whoever has the slot now', () => {
  const claims = newClaims();
  const [old, later] = [7, 7 + mostParcels];
  offer(claims, old);
  claim(claims, old);
  offer(claims, later);
  expect(claim(claims, old)).toBe(false);
  expect(claim(claims, later)).toBe(true);
});

test('what is finished is nobody’s any more, and known as such until its slot has another', () => {
  const claims = newClaims();
  offer(claims, 7);
  expect(isFinished(claims, 7)).toBe(false);
  claim(claims, 7);
  expect(isFinished(claims, 7)).toBe(false);
  finish(claims, 7);
  expect([isFinished(claims, 7), claim(claims, 7)]).toEqual([true, false]);
  offer(claims, 7 + mostParcels);
  expect(isFinished(claims, 7)).toBe(false);
});

test('a new parcel never gets the slot of one that is still out', () => {
  const highest = 2 ** 30;
  for (const last of [1, mostParcels, highest - 1, highest]) {
    const claims = newClaims();
    const out: number[] = [];
    for (let at = last; out.length < mostParcels; at = out.at(-1)!) {
      out.push(nextId(at, out));
      offer(claims, out.at(-1)!);
    }
    expect(out.map((id) => [id > 0, claim(claims, id)])).toEqual(out.map(() => [true, true]));
  }
});
