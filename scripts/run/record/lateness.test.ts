import { expect, test } from 'vitest';
import { arrivalsIn, dueAtRate, dueInStages, latenessOf, p99 } from './lateness.ts';

const BEGAN = 1_700_000_000;

test('iterations that start on time are not late, in any order in which they end', () => {
  const starts = [3, 1, 0, 2].map((index) => BEGAN + index / 10);
  const { beganSeconds, lateSeconds } = latenessOf(starts, dueAtRate(10, 4))!;
  expect(beganSeconds).toBeCloseTo(BEGAN, 6);
  expect(Math.max(...lateSeconds)).toBeCloseTo(0, 6);
});

test('a starved load generator is late by the difference from its schedule', () => {
  const starts = Array.from({ length: 100 }, (_, index) => BEGAN + index / 10 + (index >= 50 ? 0.4 : 0));
  const { lateSeconds } = latenessOf(starts, dueAtRate(10, 100))!;
  expect(p99(lateSeconds)).toBeCloseTo(0.4, 6);
  expect(lateSeconds.filter((late) => late < 0.001)).toHaveLength(50);
});

test('a dropped iteration keeps its place in the schedule, so that later iterations are not late', () => {
  const starts = [0, 1, 2, 4, 5].map((index) => BEGAN + index);
  expect(p99(latenessOf(starts, dueAtRate(1, 5))!.lateSeconds)).toBeCloseTo(1, 6);
  expect(p99(latenessOf([...starts, BEGAN + 3], dueAtRate(1, 6))!.lateSeconds)).toBeCloseTo(0, 6);
});

test('iterations beyond the plan are ignored', () => {
  const starts = [0, 1, 2, 9].map((index) => BEGAN + index);
  expect(latenessOf(starts, dueAtRate(1, 3))!.lateSeconds).toHaveLength(3);
  expect(latenessOf([], dueAtRate(1, 3))).toBeNull();
});

test('a rate that rises from 0 to 10/s in 2 s has 10 iterations, each due when the area under the rate is an integer', () => {
  const due = dueInStages([{ seconds: 2, fromPerSecond: 0, toPerSecond: 10 }]);
  expect(due).toHaveLength(10);
  // 2.5 t² = n.
  due.forEach((seconds, index) => {
    expect(seconds).toBeCloseTo(Math.sqrt((index + 1) / 2.5), 9);
  });
});

test('stages are consecutive, and a jump between two rates takes no time', () => {
  const due = dueInStages([
    { seconds: 1, fromPerSecond: 2, toPerSecond: 2 },
    { seconds: 0, fromPerSecond: 2, toPerSecond: 4 },
    { seconds: 1, fromPerSecond: 4, toPerSecond: 4 },
    { seconds: 2, fromPerSecond: 4, toPerSecond: 0 },
  ]);
  expect(due.slice(0, 6)).toEqual([0.5, 1, 1.25, 1.5, 1.75, 2].map((at) => expect.closeTo(at, 9)));
  expect(due).toHaveLength(10);
  expect(due.at(-1)).toBeCloseTo(4, 3);
});

test('a phase contains the arrivals that are due at least half an interval before its end', () => {
  expect(arrivalsIn(5, 10)).toBe(50);
  expect(arrivalsIn(0.05, 10)).toBe(1);
});
