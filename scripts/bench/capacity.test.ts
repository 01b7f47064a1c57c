import { expect, test } from 'vitest';
import { parseDocument } from '../../slas/document/document.ts';
import { knownDocument } from '../selftest/at-limit/known-document.ts';
import { isWithin, limitsOf, renderCapacityBench } from './capacity.ts';

/** The limits of a plain search, and which loads are within them. */

const load = { ratePerSecond: 20, maxSeconds: 60, atLeastSeconds: 20 };
function limitsIn(withErrors: boolean) {
  const parsed = parseDocument(knownDocument(load, withErrors));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return limitsOf(parsed.value);
}

const seen = {
  ...{ offeredPerSecond: 20, answeredPerSecond: 20, answered: 1000, refused: 0, failed: 0 },
  ...{ answeredP50Ms: 20, answeredP95Ms: 200, answeredP99Ms: 900, refusedP99Ms: null, lateP99Ms: 1 },
};

test('the limits are those of the document', () => {
  expect(limitsIn(true)).toEqual({ p95Ms: 250, p99Ms: Number.POSITIVE_INFINITY, failedShare: 0.05 });
  expect(limitsIn(false).failedShare).toBe(1);
});

test('a load is within them if every latency and the share of failed requests are', () => {
  const limits = limitsIn(true);
  expect(isWithin(seen, limits)).toBe(true);
  expect(isWithin({ ...seen, answeredP95Ms: 250 }, limits)).toBe(false);
  expect(isWithin(seen, { ...limits, p99Ms: 500 })).toBe(false);
  expect(isWithin({ ...seen, refused: 30, failed: 30 }, limits)).toBe(false);
  expect(isWithin({ ...seen, refused: 20, failed: 20 }, limits)).toBe(true);
});

test('the median of the rounds is printed with its bounds', () => {
  const found = { highestPerSecond: [90, 100, 110], median: 100, bounds: null };
  expect(renderCapacityBench(found)).toBe('The limits are met up to 100/s; rounds: 90/s, 100/s, 110/s\n');
  expect(renderCapacityBench({ ...found, bounds: [90, 110] })).toContain(
    'up to 100/s (90% interval of the median: 90/s to 110/s)',
  );
});
