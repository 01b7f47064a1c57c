import { describe, expect, test } from 'vitest';
import type { Measured } from '../measures/measure.ts';
import type { Limit, PlannedObjective } from '../model/model.ts';
import { shareBounds } from '../statistics/intervals.ts';
import { rulingOf } from '../statistics/rule-in-force.ts';
import { healthy } from '../testing/cases.ts';
import { type Certainty, certaintyOf, certaintyOfCount, type Surroundings } from './certainty.ts';

/** How certain a measurement is: shares and means in twelve equal, independent blocks. */

const anyOne = healthy().plan.objectives[0]!;
const limit = (comparison: Limit['comparison'], value: number): Limit => ({
  ...{ text: `${comparison} ${value}`, comparison, value },
});
const ratio = (target: Limit): PlannedObjective => ({
  ...anyOne,
  ...{ unit: 'ratio', alert: null, target },
  measure: {
    ...{ kind: 'ratio', bad: 'b', badAbsent: null, total: 't', lost: null },
    ...{ badStatus: null, badLabels: [], totalStatus: null },
  },
});
const mean: PlannedObjective = {
  ...anyOne,
  ...{ unit: 'ratio', alert: null, target: limit('>', 0.85) },
  measure: { kind: 'mean', sum: 's', count: 'c' },
};
const around = (changes: Partial<Surroundings> = {}): Surroundings => ({
  ...{ confidence: null, ratePerSecond: 20, latencyEffect: null, clientEffect: null },
  ...changes,
});

const even = (part: number, total: number, count = 12) =>
  Array.from({ length: count }, () => ({ part, total }));
const counted = (bad: number, samples: number, uncounted?: number) => ({
  ...{ bad, samples, blocks: even(bad / 12, samples / 12), lower: [] },
  ...(uncounted === undefined ? {} : { uncounted }),
});
/** Blocks whose values alternate by the given distance above and below the mean. */
const spread = (value: number, by: number): Measured => ({
  ...{ kind: 'number', samples: 1200, value, reasons: [] },
  blocks: Array.from({ length: 12 }, (_, index) => ({
    ...{ part: 100 * (value + (index % 2 === 0 ? by : -by)), total: 100 },
  })),
});

const ofShare = (target: Limit, count: ReturnType<typeof counted>, changes: Partial<Surroundings> = {}) =>
  certaintyOfCount(ratio(target), count, around(changes));
const ofMean = (measured: Measured, changes: Partial<Surroundings> = {}): Certainty =>
  certaintyOf(mean, measured, around(changes))!;

describe('a share', () => {
  test('has an interval that allows for uncounted requests being all good or all bad', () => {
    const effect = { factor: 1, blocks: 12 };
    const { interval } = ofShare(limit('<', 0.1), counted(12, 1200, 300));
    expect(interval!.low).toBe(shareBounds({ bad: 12, all: 1500, effect }, 0.95).low);
    expect(interval!.high).toBe(shareBounds({ bad: 312, all: 1500, effect }, 0.95).high);
    expect(interval!.low).toBeLessThan(shareBounds({ bad: 12, all: 1200, effect }, 0.95).low);
  });
  test('measured in too few blocks has no interval and assumes nothing', () => {
    const few = { ...counted(12, 1200), blocks: even(1, 100, 11) };
    expect(ofShare(limit('<', 0.1), few)).toEqual({
      ...{ interval: null, margin: 0.1 - 0.01, side: null, detectable: null, needed: null },
      overSeconds: null,
      ...{ pOfMiss: null, independenceAssumed: false, blocks: 11, samples: 1200, isFar: false },
    });
  });
  test('has an error probability for a miss only if a confidence level decides', () => {
    expect(ofShare(limit('<', 0.01), counted(120, 1200)).pOfMiss).toBeNull();
    expect(ofShare(limit('<', 0.01), counted(120, 1200), { confidence: 0.95 }).pOfMiss).toBeLessThan(1e-6);
  });
  test('with a limit of zero and no bad requests is never a miss', () => {
    const { pOfMiss, needed, side } = ofShare(limit('<=', 0), counted(0, 1200), { confidence: 0.95 });
    expect(side).toBe('both');
    expect(pOfMiss).toBeGreaterThan(0.99);
    // However many good requests have followed, the next one may be bad.
    expect(needed).toEqual({ more80: null, moreIfNoneBad: null });
  });
  test('is decided by its bounds if a confidence is given, otherwise by the observed value', () => {
    const objective = ratio(limit('<', 0.01));
    expect(rulingOf(objective, 0.9)).toEqual({ rule: 'bounds', confidence: 0.9 });
    expect(rulingOf(objective, null)).toEqual({ rule: 'observed', missedAtLimit: true });
    expect(rulingOf(ratio(limit('<=', 0.01)), null)).toEqual({ rule: 'observed', missedAtLimit: false });
  });
});

describe('a mean', () => {
  test('clearly within its limit needs no more requests and is not a miss', () => {
    const sure = ofMean(spread(0.95, 0.01), { confidence: 0.95 });
    expect(sure).toMatchObject({ side: 'good', needed: null });
    expect(sure.pOfMiss).toBeGreaterThan(0.99);
  });
  test('clearly beyond its limit needs no more requests and is a miss at a small error probability', () => {
    const sure = ofMean(spread(0.75, 0.01), { confidence: 0.95 });
    expect(sure).toMatchObject({ side: 'bad', needed: null });
    expect(sure.pOfMiss).toBeLessThan(0.001);
    expect(ofMean(spread(0.75, 0.01)).pOfMiss).toBeNull();
  });
  test('near its limit needs more requests', () => {
    const { side, needed } = ofMean(spread(0.852, 0.05));
    expect(side).toBe('both');
    expect(needed!.more80).toBeGreaterThan(1200);
  });
});
