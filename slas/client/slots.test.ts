import { expect, test } from 'vitest';
import { ratesBySecond, slotsOf } from './slots.ts';

const at = (startSeconds: number, isBad = false) => ({ startSeconds, isBad });
const bySecond = (...requests: readonly ReturnType<typeof at>[]) =>
  slotsOf(
    requests.length,
    (index) => requests[index]!.startSeconds,
    (index) => Number(requests[index]!.isBad),
    [0],
  )[0];

test('requests are counted in the second in which they were sent; seconds without requests are included', () => {
  expect(bySecond(at(0), at(0.999, true), at(1, true), at(3.2), at(0.5))).toEqual([
    { part: 1, total: 3 },
    { part: 1, total: 1 },
    { part: 0, total: 0 },
    { part: 0, total: 1 },
  ]);
  expect(bySecond()).toEqual([]);
});

test('a request that appears to start a millisecond before its phase belongs to the first second of the phase', () => {
  expect(bySecond(at(-0.001, true), at(0.4))).toEqual([{ part: 1, total: 2 }]);
});

test('a rate has one value for each scheduled second, of which the last may be partial', () => {
  expect(ratesBySecond([0, 0.9, 1, 2.1, 2.4], 2.5)).toEqual([
    { part: 2, total: 1 },
    { part: 1, total: 1 },
    { part: 2, total: 0.5 },
  ]);
  expect(ratesBySecond([1.5], 3)).toEqual([
    { part: 0, total: 1 },
    { part: 1, total: 1 },
    { part: 0, total: 1 },
  ]);
});

test('requests just before or after the schedule belong to its first or last second', () => {
  expect(ratesBySecond([-0.001, 2, 7.3], 2)).toEqual([
    { part: 1, total: 1 },
    { part: 2, total: 1 },
  ]);
  expect(ratesBySecond([0.2], 0)).toEqual([{ part: 1, total: 0 }]);
});

test('several limits are counted at once', () => {
  const slots = slotsOf(
    4,
    (index) => index / 2,
    (index) => index + 1,
    [1, 3],
  );
  expect(slots).toEqual([
    [
      { part: 1, total: 2 },
      { part: 2, total: 2 },
    ],
    [
      { part: 0, total: 2 },
      { part: 1, total: 2 },
    ],
  ]);
  expect(
    slotsOf(
      1,
      () => 0,
      () => 1,
      [],
    ),
  ).toEqual([]);
});
