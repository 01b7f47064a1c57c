import { describe, expect, test } from 'vitest';
import { provableByCount } from './enough.ts';
import type { StepSeen } from './search-model.ts';

/** The rate up to which a hold has enough independent responses. */

const HOLD = { confidence: 0.975, seconds: 240 };
/** The independent responses that prove a share below 1% at this confidence if none is bad. */
const NEEDED = Math.log(0.025) / Math.log(0.99);

const run = (ratePerSecond: number, independent: number, seconds = 240, used = 0.1): StepSeen => ({
  ...{ kind: 'hold', ratePerSecond, outcome: 'undecided', maxSeconds: seconds, tookSeconds: seconds + 8 },
  near: { used, budget: 0.05, independent, seconds, hardest: { budget: 0.01, independent } },
});

describe('the highest rate at which a hold can prove every objective', () => {
  test('is near the rate of a run with just enough independent responses, and lower if that run had fewer', () => {
    const enough = provableByCount([run(100, 1.3 * NEEDED)], HOLD)!;
    expect(enough).toBeCloseTo(100, 0);
    const half = provableByCount([run(100, 0.65 * NEEDED)], HOLD)!;
    expect(half).toBeGreaterThan(60);
    expect(half).toBeLessThan(90);
  });

  test('lies between two runs of which only the slower one had enough', () => {
    const found = provableByCount([run(100, 3 * NEEDED), run(150, 0.5 * NEEDED)], HOLD)!;
    expect(found).toBeGreaterThan(100);
    expect(found).toBeLessThan(150);
  });

  test('is lower at a higher confidence and for a shorter hold', () => {
    const log = [run(100, NEEDED)];
    const usual = provableByCount(log, HOLD)!;
    expect(provableByCount(log, { ...HOLD, confidence: 0.995 })).toBeLessThan(usual);
    expect(provableByCount(log, { ...HOLD, seconds: 120 })).toBeLessThan(usual);
  });

  test('depends neither on runs far below the limit nor on overloaded ones', () => {
    const log = [run(100, NEEDED)];
    const usual = provableByCount(log, HOLD)!;
    expect(provableByCount([run(20, 100), ...log], HOLD)).toBe(usual);
    expect(provableByCount([...log, run(200, 4, 240, 20)], HOLD)).toBe(usual);
  });

  test('is unlimited for an objective that allows every response to fail', () => {
    const { near, ...rest } = run(100, 10);
    const log = [{ ...rest, near: { ...near!, hardest: { budget: 1, independent: 10 } } }];
    expect(provableByCount(log, HOLD)).toBeNull();
  });

  test('is unknown if no run was near the limit', () => {
    expect(provableByCount([], HOLD)).toBeNull();
    const { near, ...rest } = run(100, 10);
    expect(provableByCount([rest], HOLD)).toBeNull();
    const { hardest, ...older } = near!;
    expect(provableByCount([{ ...rest, near: older }], HOLD)).toBeNull();
  });
});
