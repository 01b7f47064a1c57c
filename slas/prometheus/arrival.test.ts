import { describe, expect, test } from 'vitest';
import type { Reading, Series } from '../model/model.ts';
import { boundOf, goneTargets, LagMeter, missingAtEnd, missingSamples, missingScrapes } from './arrival.ts';

const series = (instance: string, times: readonly number[], more: Record<string, string> = {}): Series => ({
  labels: { instance, ...more },
  samples: times.map((at) => [at, '1']),
});
const reading = (...all: Series[]): Reading => ({
  ...{ selector: 's', query: 's', atSeconds: 0, warnings: [], error: null },
  series: all,
});

describe('the lag of a server', () => {
  const lagOf = (...looks: readonly (readonly [readonly number[], number])[]) => {
    const meter = new LagMeter();
    for (const [times, now] of looks) meter.see([series('a', times)], now);
    return meter.lagSeconds;
  };

  test('is unknown at the first query, because samples may have been there for a long time', () => {
    expect(lagOf([[1, 2, 3], 100])).toBeNull();
  });
  test('is the time between taking a sample and first seeing it', () => {
    expect(lagOf([[1], 2], [[1, 3], 3.2])).toBeCloseTo(0.2);
  });
  test('of a batch is the lag of its oldest sample', () => {
    expect(lagOf([[1, 2], 2], [[1, 2, 3, 4, 5, 6, 7], 8])).toBe(5);
  });
  test('is the longest delay that was observed', () => {
    expect(lagOf([[1], 1], [[1, 2], 5], [[1, 2, 6], 6.1])).toBe(3);
  });
  test('includes series that were absent at the first query', () => {
    const meter = new LagMeter();
    meter.see([], 10);
    meter.see([series('a', [8, 9])], 12);
    expect(meter.lagSeconds).toBe(4);
  });
  test('is at least the lag that is already known', () => {
    expect(new LagMeter(2.5).lagSeconds).toBe(2.5);
  });
});

describe('how long to wait for samples', () => {
  test.each([
    ['as --ingest-delay says, from the next scrape on', 20, 3, 5, 25, 'option'],
    ['a minute, if nothing is known', undefined, null, 5, 60, 'default'],
    ['three intervals, if these are longer', undefined, null, 60, 180, 'default'],
    ['ten seconds, for a server that shows samples at once', undefined, 0.1, 1, 10, 'learned'],
    ['four times the lag, and three intervals', undefined, 8, 1, 35, 'learned'],
    ['at most ten minutes', undefined, 1000, 1, 600, 'learned'],
  ] as const)('%s', (_, option, lag, interval, boundSeconds, boundBy) => {
    expect(boundOf(option, lag, interval)).toEqual({ boundSeconds, boundBy });
  });
});

test('a target without a scrape at or after the end is missing, and its newest sample is reported', () => {
  expect(missingScrapes([series('a', [9, 10]), series('b', [8, 9]), series('c', [])], 10)).toEqual([
    { kind: 'scrape', what: 'a scrape of b', newestSeconds: 9 },
    { kind: 'scrape', what: 'a scrape of c', newestSeconds: null },
  ]);
});

test('a replica counts as gone once the others have been scraped for three more intervals plus the lag', () => {
  const up = [series('a', [20]), series('b', [14])];
  expect(goneTargets(up, 1, 2.5).map(({ labels }) => labels.instance)).toEqual(['b']);
  expect(goneTargets(up, 1, 3)).toEqual([]);
  expect(goneTargets([series('a', [1])], 1, 0)).toEqual([]);
});

describe('a series that lacks the closing scrape', () => {
  const missing = (up: Series, ...tail: Series[]) => missingSamples([up], [reading(...tail)], 10, 1);

  test('is missing', () => {
    expect(missing(series('a', [9, 10]), series('a', [8, 9], { status: '500' }))).toEqual([
      { kind: 'sample', what: 'a sample of {"instance":"a","status":"500"}', newestSeconds: 9 },
    ]);
  });
  test('is not missing if that scrape failed', () => {
    const failed = { ...series('a', []), samples: [[10, '0']] as const };
    expect(missing(failed, series('a', [8, 9]))).toEqual([]);
  });
  test('is not missing if it belongs to another target', () => {
    expect(missing(series('a', [9, 10]), series('b', [8, 9]))).toEqual([]);
  });
  test('is not missing if its time differs by less than half an interval', () => {
    expect(missing(series('a', [9, 10.3]), series('a', [9, 9.9]))).toEqual([]);
  });
  test('without up, a series that ends before the window does is missing', () => {
    expect(missingAtEnd([reading(series('a', [9]), series('b', [10]))], 10)).toEqual([
      { kind: 'sample', what: 'a sample of {"instance":"a"}', newestSeconds: 9 },
    ]);
  });
});
