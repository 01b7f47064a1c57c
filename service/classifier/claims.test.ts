import { expect, test } from 'vitest';
import { claim, finish, isFinished, maxParcels, newClaims, nextId, offer } from './claims.ts';

test('either the worker or the main thread gets a parcel, never both', () => {
  const claims = newClaims();
  offer(claims, 7);
  expect([claim(claims, 7), claim(claims, 7)]).toEqual([true, false]);
});

test('a parcel that was taken back cannot be claimed later, even if its slot is in use again', () => {
  const claims = newClaims();
  const [old, later] = [7, 7 + maxParcels];
  offer(claims, old);
  claim(claims, old);
  offer(claims, later);
  expect(claim(claims, old)).toBe(false);
  expect(claim(claims, later)).toBe(true);
});

test('a finished parcel cannot be claimed, and counts as finished until its slot is reused', () => {
  const claims = newClaims();
  offer(claims, 7);
  expect(isFinished(claims, 7)).toBe(false);
  claim(claims, 7);
  expect(isFinished(claims, 7)).toBe(false);
  finish(claims, 7);
  expect([isFinished(claims, 7), claim(claims, 7)]).toEqual([true, false]);
  offer(claims, 7 + maxParcels);
  expect(isFinished(claims, 7)).toBe(false);
});

test('a new parcel never gets the slot of an outstanding parcel', () => {
  const highest = 2 ** 30;
  for (const last of [1, maxParcels, highest - 1, highest]) {
    const claims = newClaims();
    const out: number[] = [];
    for (let at = last; out.length < maxParcels; at = out.at(-1)!) {
      out.push(nextId(at, out));
      offer(claims, out.at(-1)!);
    }
    expect(out.map((id) => [id > 0, claim(claims, id)])).toEqual(out.map(() => [true, true]));
  }
});
