import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { budgetOf, compareShare, median, minRequests, toFraction } from './statistics.ts';

describe('the minimum number of requests to decide', () => {
  test('is 59 for a p95 and 299 for a p99', () => {
    expect([95, 99].map((percentile) => minRequests(budgetOf(percentile)))).toEqual([59, 299]);
  });
  test('is 90 and 459 at 99% confidence', () => {
    expect([0.05, 0.01].map((budget) => minRequests(budget, 0.99))).toEqual([90, 459]);
  });
  test.each([50, 75, 90, 95, 99, 99.5, 99.9, 99.99])(
    'p%d is proved by the minimum, but not by one request fewer',
    (p) => {
      const [budget, least] = [budgetOf(p), minRequests(budgetOf(p))];
      expect((1 - budget) ** least).toBeLessThanOrEqual(0.05);
      expect((1 - budget) ** (least - 1)).toBeGreaterThan(0.05);
    },
  );
});

describe('fractions', () => {
  test.each([
    [0, 0, 1],
    [1, 1, 1],
    [0.05, 5, 100],
    [0.999, 999, 1000],
    [99.95, 9995, 100],
    [0.000001, 1, 1_000_000],
    [0.123456789, 123_456_789, 1_000_000_000],
    [15, 15, 1],
  ])('%d is %d/%d', (decimal, numerator, denominator) => {
    expect(toFraction(decimal)).toEqual({ numerator, denominator });
  });
  test.each([1 / 3, Math.PI, 1e-10, Number.NaN, Number.POSITIVE_INFINITY])('rejects %d', (value) => {
    expect(() => toFraction(value)).toThrow('cannot be compared exactly');
  });
  test('budgets avoid the floating-point error of 1 − 0.95', () => {
    expect([95, 99, 99.9, 50].map(budgetOf)).toEqual([0.05, 0.01, 0.001, 0.5]);
  });
});

describe('comparing a share with a limit', () => {
  const counts = fc.nat({ max: 2 ** 40 });
  const decimals = fc.integer({ min: 0, max: 1_000_000 });

  test('is exact, as with rational numbers', () => {
    const property = fc.property(counts, counts, decimals, (some, others, millionths) => {
      const whole = some + others;
      const difference = BigInt(some) * 1_000_000n - BigInt(whole) * BigInt(millionths);
      const expected = difference < 0n ? -1 : difference > 0n ? 1 : 0;
      expect(compareShare(some, whole, millionths / 1_000_000)).toBe(expected);
    });
    fc.assert(property, { seed: 1, numRuns: 2_000 });
  });

  test('gives 0 exactly at the limit, and ±1 one event away from it', () => {
    const property = fc.property(fc.integer({ min: 1, max: 2 ** 20 }), decimals, (scale, millionths) => {
      const [whole, part, share] = [scale * 1_000_000, scale * millionths, millionths / 1_000_000];
      expect([-1, 0, 1].map((more) => compareShare(part + more, whole, share))).toEqual([-1, 0, 1]);
    });
    fc.assert(property, { seed: 2, numRuns: 1_000 });
  });
});

describe('median', () => {
  test.each([
    [[], Number.NaN],
    [[3], 3],
    [[2, 1], 1],
    [[10, 1, 2], 2],
    [[4, 1, 3, 2], 2],
    [[5, 5.001, 4.999, 10, 5], 5],
  ])('of %j is %d', (values, expected) => expect(median(values)).toBe(expected));
  test('does not reorder its input', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
});
