import { describe, expect, test } from 'vitest';
import type { Plan, Verdict } from '../model/model.ts';
import { shareBounds } from '../statistics/intervals.ts';
import { nearLimitOf, sampleBetween } from './near.ts';

/** How near a run was to the limit, from the bounds of its verdict alone. */

const boundsOf = (share: number, size: number, confidence = 0.975) =>
  shareBounds({ bad: share * size, all: size, effect: { factor: 1, blocks: 1e6 } }, confidence);

describe('the sample behind two bounds', () => {
  test.each([
    [0.05, 40],
    [0.02, 300],
    [0.12, 70],
    [0.9, 25],
    [0.01, 20_000],
  ])('has the share %d and %d independent responses', (share, size) => {
    const { low, high } = boundsOf(share, size);
    const found = sampleBetween(low, high, 0.975);
    expect(found!.share / share).toBeCloseTo(1, 2);
    expect(found!.size / size).toBeCloseTo(1, 1);
  });

  test('has no bad response if the lower bound is 0', () => {
    const { low, high } = boundsOf(0, 300);
    expect(low).toBe(0);
    const found = sampleBetween(low, high, 0.975);
    expect(found!.share).toBe(0);
    expect(found!.size / 300).toBeCloseTo(1, 1);
  });

  test('is unknown if all responses may have been bad', () => {
    expect(sampleBetween(0.5, 1, 0.975)).toBeNull();
    expect(sampleBetween(Number.NaN, 0.5, 0.975)).toBeNull();
  });
});

describe('a run', () => {
  const planned = (id: string, percentile: number) => ({
    ...{ id, measure: { kind: 'latency', percentile }, target: { value: 0.2, comparison: '<' } },
  });
  const plan = { objectives: [planned('p95', 95), planned('p99', 99)] } as unknown as Plan;
  const judged = (id: string, bad: number, more: object = {}) => {
    const { low, high } = boundsOf(bad, 200);
    const interval = { low: 1 - high, high: 1 - low, confidence: 0.95, eachBound: 0.975 };
    // The value and the share of an undecided objective are unknown.
    return { id, phase: null, share: null, value: null, samples: 5000, interval, ...more };
  };
  const near = (...objectives: readonly object[]) =>
    nearLimitOf(plan, { objectives } as unknown as Verdict, 60);

  test('is as near as the objective that used the most of its budget', () => {
    const found = near(judged('p95', 0.03), judged('p99', 0.025));
    expect(found).toMatchObject({ budget: 0.01, seconds: 60 });
    expect(found!.used).toBeCloseTo(2.5, 1);
    expect(found!.independent / 200).toBeCloseTo(1, 1);
  });

  test('that was missed for certain, but without bounds, is judged by its share', () => {
    const found = near(judged('p95', 0.03, { interval: null, verdict: 'missed', share: 0.9 }));
    expect(found!.used).toBeCloseTo(2, 6);
    expect(found!.independent).toBeLessThan(100);
  });

  test('is known only in part if an objective that was not met has no bounds', () => {
    const allSlow = { low: 0, high: 0.3, confidence: 0.95, eachBound: 0.975 };
    const [p95, p99] = [judged('p95', 0, { verdict: 'met' }), judged('p99', 0)];
    expect(near(p95, { ...p99, verdict: 'undecided' })).not.toHaveProperty('isPartial');
    expect(near(p95, { ...p99, verdict: 'undecided', interval: allSlow })).toMatchObject({ isPartial: true });
    expect(near(p95, { ...p99, verdict: 'undecided', interval: null })).toMatchObject({ isPartial: true });
    expect(near(p95, judged('mean', 0, { verdict: 'undecided' }))).toMatchObject({ isPartial: true });
    expect(near(p95, judged('mean', 0, { verdict: 'met' }))).not.toHaveProperty('isPartial');
  });

  test('ignores objectives that do not decide, and those without bounds', () => {
    const exempt = judged('p99', 0.025, { exempt: { kind: 'advisory' } });
    expect(near(judged('p95', 0.03), exempt)).toMatchObject({ budget: 0.05 });
    expect(near(judged('p95', 0.03, { interval: null }))).toBeNull();
    expect(near(judged('p95', 0.03, { interval: null, verdict: 'undecided', share: 0.9 }))).toBeNull();
    expect(near(judged('throughput', 0.03))).toBeNull();
  });
});
