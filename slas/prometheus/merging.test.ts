import { describe, expect, test } from 'vitest';
import type { Aggregate, Downsampled, Evidence, Reading, Sample, Series } from '../model/model.ts';
import { healthy } from '../testing/cases.ts';
import type { Blocks } from './downsampling.ts';
import { mergedReadings, stretchOf } from './merging.ts';
import { AGGREGATES, type Role, roleOf, selectorsOfPlan } from './promql.ts';

/** Merges readings of one selector. A downsampled window has four blocks of 20 s, from 0 to 80. */

const { plan, evidence } = healthy();
const DOWNSAMPLED: Downsampled = {
  fromSeconds: 0,
  stepSeconds: 20,
  blocks: 4,
  intervalSeconds: 5,
  cutsAtSeconds: [],
};
const blocksWith = (...irregular: readonly number[]): Blocks => ({
  thinned: DOWNSAMPLED,
  irregular: new Set(irregular),
  digest: () => new Map(),
});
const selectorOf = (role: Role) => selectorsOfPlan(plan).find((one) => roleOf(plan, one) === role)!;
const gauge = selectorOf('gauge');
const counter = selectorOf('counter');

const merged = (blocks: Blocks | null, ...readings: readonly Reading[]): Reading => {
  const asked: Evidence = { ...evidence, readings };
  const found = mergedReadings(plan, asked, blocks);
  expect([...found.keys()]).toEqual([readings[0]!.selector]);
  return found.get(readings[0]!.selector)!;
};

const seriesOf = (times: readonly number[], labels: Series['labels']): Series => ({
  labels,
  samples: times.map((at): Sample => [at, String(at)]),
});
/** The samples after one time, up to and including another. */
const raw = (selector: string, from: number, to: number, ...series: readonly Series[]): Reading => ({
  ...{ selector, series, warnings: [], error: null },
  query: `${selector}[${Math.round((to - from) * 1000)}ms]`,
  atSeconds: to,
});
const digest = (selector: string, of: Aggregate, ...series: readonly Series[]): Reading => ({
  ...raw(selector, 60, 80, ...series),
  query: `${of}_over_time(${selector}[20000ms])`,
  digest: of,
});
const aggregatesOf = (selector: string) => {
  const { blocks, whole } = AGGREGATES[roleOf(plan, selector)];
  return [...blocks, ...whole].map((of) => digest(selector, of));
};
const edges = (selector: string) => [raw(selector, -15, 15), raw(selector, 65, 95)];
const timesOf = ({ series }: Reading) => series.map(({ samples }) => samples.map(([at]) => at));

describe('a window that is read whole', () => {
  const A = { __name__: 'up', instance: 'a' };
  const B = { __name__: 'up', instance: 'b' };

  test('in one reading is unchanged', () => {
    const one = raw(plan.up, 0, 80, seriesOf([5, 10], A));
    expect(merged(null, one)).toBe(one);
  });
  test('in pieces is merged in order of time, one sample per time', () => {
    const found = merged(
      ...([null, raw(plan.up, 40, 90, seriesOf([40, 45, 50], A), seriesOf([46], B))] as const),
      raw(plan.up, 0, 40, seriesOf([5, 10, 40], A)),
    );
    expect(found).toEqual({
      selector: plan.up,
      query: `${plan.up}[50000ms]\n${plan.up}[40000ms]`,
      atSeconds: 90,
      series: [seriesOf([5, 10, 40, 45, 50], A), seriesOf([46], B)],
      warnings: [],
      error: null,
    });
  });
  test('lists each query and each warning once', () => {
    const one = { ...raw(plan.up, 0, 40), warnings: ['slow', 'partial'] };
    const { query, warnings } = merged(null, one, { ...one, atSeconds: 80, warnings: ['partial', 'old'] });
    expect(query).toBe(`${plan.up}[40000ms]`);
    expect(warnings).toEqual(['slow', 'partial', 'old']);
  });
  test('has no result if one of its pieces has none', () => {
    const [first, last] = [raw(plan.up, 0, 40), { ...raw(plan.up, 40, 80), error: 'timed out' }];
    expect(merged(null, first, last).error).toBe('timed out');
  });
});

describe('a downsampled window', () => {
  test('of a counter has samples at the edges, and the last sample of each block in between', () => {
    const labels = { __name__: 'requests', instance: 'a' };
    const [, ...others] = aggregatesOf(counter);
    const { series, error } = merged(
      blocksWith(2),
      raw(counter, -15, 20, seriesOf([-5, 0, 5, 10, 15], labels)),
      raw(counter, 60, 95, seriesOf([65, 70, 75, 80, 85], labels)),
      digest(counter, 'last', seriesOf([20, 40, 60, 80], { instance: 'a' })),
      ...others,
    );
    // Raw samples were requested at 20 and 80 s, but not at 60 s, where a left-open range begins.
    expect(series).toEqual([seriesOf([-5, 0, 5, 10, 15, 40, 60, 65, 70, 75, 80, 85], labels)]);
    // The counters of a stable service need nothing more, whether a block is irregular or not.
    expect(error).toBeNull();
  });
  test('uses only raw samples as samples', () => {
    const own = aggregatesOf(gauge).map((one) => ({ ...one, series: [seriesOf([40], { instance: 'a' })] }));
    const found = merged(blocksWith(), ...edges(gauge), ...own);
    expect(timesOf(found)).toEqual([]);
    expect(found.error).toBeNull();
  });
  test('reports a missing aggregate, even if there is only one reading', () => {
    const [, ...others] = aggregatesOf(gauge);
    const lacks = `there is no evidence of count for ${gauge}`;
    expect(merged(blocksWith(), ...edges(gauge), ...others).error).toBe(lacks);
    expect(merged(blocksWith(), raw(gauge, -15, 95)).error).toBe(lacks);
    expect(merged(blocksWith(), digest(gauge, 'sum')).error).toBe(lacks);
  });
  test('reports the reason why Prometheus returned no result first', () => {
    const [first, last] = edges(gauge);
    expect(merged(blocksWith(), first!, { ...last!, error: 'timed out' }).error).toBe('timed out');
  });

  const errorOf = (irregular: readonly number[], ...stretches: readonly (readonly [number, number])[]) =>
    merged(
      blocksWith(...irregular),
      ...stretches.map(([from, to]) => raw(gauge, from, to)),
      ...aggregatesOf(gauge),
    ).error;
  const NO_EDGE = `the samples of ${gauge} at an edge of the window are not in the evidence`;

  test('needs samples at both of its edges, in left-open ranges', () => {
    const [FIRST, LAST] = [[-15, 15] as const, [65, 95] as const];
    expect(errorOf([], FIRST, LAST)).toBeNull();
    expect(errorOf([], [-15, 0], [65, 80])).toBeNull();
    expect(errorOf([], [-15, 95])).toBeNull();
    expect(errorOf([], FIRST)).toBe(NO_EDGE);
    expect(errorOf([], [1, 15], LAST)).toBe(NO_EDGE);
    expect(errorOf([], [0, 15], LAST)).toBe(NO_EDGE);
    expect(errorOf([], [-15, -1], LAST)).toBe(NO_EDGE);
  });

  const [FIRST, LAST] = [[-15, 15] as const, [65, 95] as const];
  const gone = (block: number) => `the samples of ${gauge} in block ${block} are not in the evidence`;

  test('needs all samples of an irregular block, from start to end', () => {
    expect(errorOf([2], FIRST, LAST, [5, 55])).toBeNull();
    expect(errorOf([2], FIRST, LAST, [20, 40])).toBeNull();
    expect(errorOf([2], FIRST, LAST)).toBe(gone(2));
    expect(errorOf([2], FIRST, LAST, [20, 39])).toBe(gone(2));
    expect(errorOf([2], FIRST, LAST, [21, 40])).toBe(gone(2));
    expect(errorOf([2, 3], FIRST, LAST, [5, 55])).toBe(gone(3));
  });
  test('accepts a stretch that was read in adjacent pieces, in any order', () => {
    expect(errorOf([2], FIRST, LAST, [30, 55], [5, 30])).toBeNull();
    expect(errorOf([2], FIRST, LAST, [5, 30], [30.001, 55])).toBeNull();
    expect(errorOf([2], FIRST, LAST, [5, 30], [31, 55])).toBe(gone(2));
    // A piece that lies inside another piece changes nothing.
    expect(errorOf([2], FIRST, LAST, [5, 40], [6, 30])).toBeNull();
  });
  test('of a counter that is only reconciled needs no irregular block either', () => {
    const requests = selectorOf('requests');
    expect(merged(blocksWith(2), ...edges(requests), ...aggregatesOf(requests)).error).toBeNull();
  });
  test('of event-loop lag needs only its maximum', () => {
    const lag = selectorOf('lag');
    expect(merged(blocksWith(2), raw(lag, -15, 15), ...aggregatesOf(lag)).error).toBeNull();
    expect(merged(blocksWith(2), raw(lag, -15, 15), raw(lag, 65, 95)).error).toContain('no evidence of max');
  });
});

test("the range of a reading is the range at the end of its query; without a range, everything before the query's time", () => {
  const reading = raw('up', 10, 40);
  expect(stretchOf(reading)).toEqual([10, 40]);
  expect(stretchOf({ ...reading, query: 'up{job="a[5ms]"}[30000ms]' })).toEqual([10, 40]);
  expect(stretchOf({ ...reading, query: 'up' })).toEqual([Number.NEGATIVE_INFINITY, 40]);
});
