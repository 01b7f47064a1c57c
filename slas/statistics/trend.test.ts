import { describe, expect, test } from 'vitest';
import { filling, SERVICES } from '../simulation/queues.ts';
import { LIMITS, shareNotSteady, simulateCells } from '../simulation/simulation.ts';
import { mannKendall, steadinessOf } from './trend.ts';

describe('Mann-Kendall test', () => {
  // Computed independently with pymannkendall 1.4, and again from its formula with SciPy 1.17.
  test.each([
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 66, 8.303107353668793e-6],
    [[0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 6], 30, 0.00829054128821971],
    [[5, 3, 8, 1, 9, 2, 7, 4, 6, 12, 10, 11], 28, 0.06410357671243583],
    [[12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 2], -65, 1.0875195975978968e-5],
    [
      [0.04, 0.05, 0.03, 0.06, 0.02, 0.05, 0.07, 0.04, 0.06, 0.08, 0.05, 0.09, 0.07, 0.08, 0.1],
      60,
      0.0032030840340977473,
    ],
    [[2, 2, 1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 3, 3], 12, 0.507892914490728],
    [[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 0, 1],
    // The same number of pairs fall and rise.
    [[1, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2, 1], 0, 1],
  ])('of %j', (values, rising, p) => {
    const found = mannKendall(values);
    expect(found.rising).toBe(rising);
    expect(found.p).toBeCloseTo(p, 9);
  });

  test('is symmetric between rising and falling', () => {
    const values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7];
    const falling = mannKendall(values.map((value) => -value));
    expect(falling.rising).toBe(-mannKendall(values).rising);
    expect(falling.p).toBe(mannKendall(values).p);
  });
});

describe('a trend check', () => {
  const level = (parts: readonly number[]) => parts.map((part) => ({ part, total: 100 }));
  const rising = level([0, 0, 1, 1, 2, 3, 3, 4, 5, 6, 7, 8]);
  const judged = { worse: 'more', isBeyond: () => false, mayImprove: false } as const;

  test('reports a rising share as not steady, and as growing if its last third misses the goal', () => {
    expect(steadinessOf(rising, judged)).toBe('not-steady');
    const seen: unknown[] = [];
    const isBeyond = (whole: unknown) => seen.push(whole) > 0;
    expect(steadinessOf(rising, { ...judged, isBeyond })).toBe('growing');
    expect(seen).toEqual([{ part: 5 + 6 + 7 + 8, total: 400 }]);
  });
  test('reports a falling share as not steady, unless it may improve', () => {
    const falling = rising.toReversed();
    expect(steadinessOf(falling, { ...judged, isBeyond: () => true })).toBe('not-steady');
    expect(steadinessOf(falling, { ...judged, mayImprove: true })).toBe('steady');
    expect(steadinessOf(rising, { ...judged, worse: 'less', mayImprove: true })).toBe('steady');
    expect(steadinessOf(falling, { ...judged, worse: 'less', isBeyond: () => true })).toBe('growing');
  });
  test('compares shares, regardless of how many requests a block has', () => {
    const fewer = rising.map(({ part }, index) => ({ part: part * (12 - index), total: 100 * (12 - index) }));
    expect(steadinessOf(fewer, judged)).toBe('not-steady');
    const busier = rising.map((_, index) => ({ part: index + 1, total: 100 * (index + 1) }));
    expect(steadinessOf(busier, judged)).toBe('steady');
  });
  test('uses the coarsest level that still has 12 blocks', () => {
    // Taken separately, odd and even blocks rise and fall; their pairs are all equal.
    const zigzag = level(Array.from({ length: 24 }, (_, index) => (index % 2 === 0 ? index : 24 - index)));
    expect(steadinessOf(zigzag, judged)).toBe('steady');
    // The reverse case: one block of each pair has no events, and the pairs rise.
    const pairs = level(Array.from({ length: 24 }, (_, index) => (index % 2 === 0 ? 0 : index)));
    expect(steadinessOf(pairs, judged)).toBe('not-steady');
    expect(steadinessOf(rising.slice(1), judged)).toBeNull();
    expect(steadinessOf([...rising.slice(1), { part: 0, total: 0 }], judged)).toBeNull();
  });
});

describe('simulated services with fixed seeds', () => {
  const RUNS = 300;
  // The nominal rate is 1%. 300 runs leave a binomial error of 0.57 points; each cell may be off by 2.33 times this error.
  const MAX_MISSED = 0.01 + 2.33 * Math.sqrt((0.01 * 0.99) / RUNS);
  const steady = SERVICES.filter(({ name }) =>
    ['independent', 'M/G/2 at 0.5', 'M/G/2 at 0.8', 'stalls'].includes(name),
  );
  const cells = steady.flatMap((service) => simulateCells(service, 300, RUNS, 23));

  test.each(cells.map((cell) => [cell.service, cell.percentile, cell.notSteady] as const))(
    '%s, steady, p%d',
    (_, __, notSteady) => expect(notSteady).toBeLessThanOrEqual(MAX_MISSED),
  );

  test('about 1% of all steady services are reported as not steady', () => {
    const mean = cells.reduce((sum, { notSteady }) => sum + notSteady, 0) / cells.length;
    expect(mean).toBeGreaterThan(0.001);
    expect(mean).toBeLessThan(0.015);
  });

  test('a filling queue is found', () => {
    const limitSeconds = LIMITS['M/G/2 at 0.5']![95];
    expect(shareNotSteady(filling(0.5, 0.8), limitSeconds, 300, 100, 23)).toBeGreaterThan(0.9);
    expect(shareNotSteady(filling(0.5, 1), limitSeconds, 60, 100, 23)).toBeGreaterThan(0.6);
    expect(shareNotSteady(filling(0.5, 0.5), limitSeconds, 300, 100, 23)).toBeLessThan(0.05);
  });
});
