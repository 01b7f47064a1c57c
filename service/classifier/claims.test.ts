import { expect, test } from 'vitest';
import { claim, newClaims, nextId, offer } from './claims.ts';

test('exactly one of worker and main thread gets a parcel', () => {
  const claims = newClaims();
  offer(claims, 7);
  expect([claim(claims, 7), claim(claims, 7)]).toEqual([true, false]);
});

test('what was taken back cannot be taken by its late message, whoever has the slot now', () => {
  const claims = newClaims();
  offer(claims, 7);
  claim(claims, 7);
  offer(claims, 9);
  expect(claim(claims, 7)).toBe(false);
  expect(claim(claims, 9)).toBe(true);
});

test('a new parcel never gets the slot of the one that is still out', () => {
  const highest = 2 ** 30;
  for (const [last, out] of [
    [1, 1],
    [2, 1],
    [highest, highest],
    [highest, 1],
    [highest - 1, 1],
  ] as const) {
    const claims = newClaims();
    offer(claims, out);
    const id = nextId(last, out);
    offer(claims, id);
    expect([id > 0, claim(claims, out), claim(claims, id)]).toEqual([true, true, true]);
  }
});
