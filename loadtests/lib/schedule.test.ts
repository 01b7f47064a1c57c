import { describe, expect, test } from 'vitest';
import { arrivalsIn, poissonSchedule } from './schedule.ts';

const gapsOf = (times: readonly number[]) => times.slice(1).map((time, index) => time - times[index]!);
const meanOf = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;

describe('Poisson arrivals', () => {
  test.each([
    [25, 60],
    [0.5, 10],
    [200, 20],
    [25, 150],
    [3, 61.5],
  ])(
    '%d/s for %d s gives the planned number, in order, each started before it is due',
    (perSecond, seconds) => {
      const { dueSeconds, leadSeconds, longestWaitSeconds } = poissonSchedule(perSecond, seconds, 1);
      expect(dueSeconds).toHaveLength(arrivalsIn(perSecond, seconds));
      expect(Math.abs(dueSeconds.length - perSecond * seconds)).toBeLessThanOrEqual(0.5);
      expect(gapsOf(dueSeconds).every((gap) => gap >= 0)).toBe(true);
      expect(dueSeconds[0]).toBeGreaterThanOrEqual(0);
      expect(dueSeconds.at(-1)).toBeLessThanOrEqual(seconds);
      const waits = dueSeconds.map((due, index) => due + leadSeconds - index / perSecond);
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(-1e-9);
      expect(Math.max(...waits)).toBeLessThanOrEqual(longestWaitSeconds);
    },
  );

  test('the same seed gives the same times, another seed gives others', () => {
    expect(poissonSchedule(25, 60, 7)).toEqual(poissonSchedule(25, 60, 7));
    expect(poissonSchedule(25, 60, 8).dueSeconds).not.toEqual(poissonSchedule(25, 60, 7).dueSeconds);
  });

  test('gaps are distributed as in a Poisson process: their standard deviation equals their mean', () => {
    const gaps = gapsOf(poissonSchedule(50, 600, 3).dueSeconds);
    const mean = meanOf(gaps);
    const deviation = Math.sqrt(meanOf(gaps.map((gap) => (gap - mean) ** 2)));
    expect(mean).toBeCloseTo(0.02, 3);
    expect(deviation / mean).toBeGreaterThan(0.97);
    expect(deviation / mean).toBeLessThan(1.03);
    // An exponential gap is longer than its mean in 36.8% of all cases.
    expect(gaps.filter((gap) => gap > mean).length / gaps.length).toBeCloseTo(Math.exp(-1), 1.5);
  });

  test('the count matches the plan in each minute, but not in each second', () => {
    const { dueSeconds } = poissonSchedule(25, 180, 2);
    const within = (from: number, to: number) => dueSeconds.filter((due) => due >= from && due < to).length;
    expect([within(0, 60), within(60, 120), within(120, 180)]).toEqual([1500, 1500, 1500]);
    const seconds = Array.from({ length: 180 }, (_, second) => within(second, second + 1));
    expect(Math.max(...seconds)).toBeGreaterThan(33);
    expect(Math.min(...seconds)).toBeLessThan(17);
  });

  test('no iteration waits for long, because a waiting iteration occupies a virtual user', () => {
    const { longestWaitSeconds } = poissonSchedule(25, 3600, 1);
    expect(longestWaitSeconds).toBeLessThan(8);
  });
});
