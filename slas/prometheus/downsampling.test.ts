import { describe, expect, test } from 'vitest';
import type { Aggregate, Downsampled, Plan, Reading, RunRecord, Sample, Series } from '../model/model.ts';
import { healthy } from '../testing/cases.ts';
import {
  aggregateOf,
  blockAt,
  blocksOf,
  cutsOf,
  downsamplingOf,
  endOf,
  isRead,
  nameless,
  stretchesOf,
  unread,
  unreadPart,
} from './downsampling.ts';

/**
 * Which parts of a long window are read in full. Four blocks of 20 s, from 0 to 80, scraped every 5 s, so
 * four scrapes per block.
 */

const { plan, run } = healthy();
const FOUR: Downsampled = {
  fromSeconds: 0,
  stepSeconds: 20,
  blocks: 4,
  intervalSeconds: 5,
  cutsAtSeconds: [],
};
const UP = plan.up;
const gauge = plan.objectives.flatMap(({ measure }) =>
  measure.kind === 'uptime' ? [measure.gauge] : [],
)[0]!;

type Values = readonly (number | 'NaN' | null)[];

/** The server's aggregates for each block of a series; null if the server returns none. */
const told = (
  selector: string,
  digest: Aggregate,
  values: Values,
  labels: Series['labels'] = { instance: 'a' },
  { stepSeconds }: Downsampled = FOUR,
): Reading => ({
  ...{ selector, query: selector, atSeconds: 80, digest, warnings: [], error: null },
  series: [
    {
      labels,
      samples: values.flatMap((value, index): Sample[] =>
        value === null ? [] : [[(index + 1) * stepSeconds, String(value)]],
      ),
    },
  ],
});

/** A target with regular scrapes and the given differences. */
const scraped = (
  { count = [4, 4, 4, 4], ...more }: Partial<Record<'count' | 'sum' | 'gaps', Values>> = {},
  instance = 'a',
  thinned = FOUR,
) => [
  told(UP, 'count', count, { instance }, thinned),
  told(UP, 'sum', more.sum ?? count, { instance }, thinned),
  told(UP, 'gaps', more.gaps ?? count.map((one) => (one === null ? null : 2)), { instance }, thinned),
];
const loaded = (
  { count = [4, 4, 4, 4], ...more }: Partial<Record<'count' | 'sum' | 'min', Values>> = {},
  labels: Series['labels'] = { instance: 'a' },
) => [
  told(gauge, 'count', count, labels),
  told(gauge, 'sum', more.sum ?? count, labels),
  told(gauge, 'min', more.min ?? count.map((one) => (one === null ? null : 1)), labels),
];
const irregularOf = (readings: readonly Reading[], thinned = FOUR, of = plan) =>
  [...blocksOf(of, readings, thinned).irregular].sort();
const without = (digest: Aggregate, readings: readonly Reading[]) =>
  readings.filter((one) => one.digest !== digest);

describe('a window is downsampled', () => {
  const windowOf = (fromSeconds: number, toSeconds: number): RunRecord => ({
    ...run,
    window: { fromSeconds, toSeconds },
    load: null,
  });

  test('only if it has more than 500 scrapes', () => {
    expect(downsamplingOf(plan, windowOf(1000, 3500), 5)).toBeNull();
    expect(downsamplingOf(plan, windowOf(1000, 3500.5), 5)).not.toBeNull();
  });
  test('to whole seconds if its blocks are long, aligned to the step, as servers round times', () => {
    expect(downsamplingOf(plan, windowOf(1000.2, 12000.7), 5)).toEqual({
      ...{ fromSeconds: 1012, stepSeconds: 23, blocks: 477, intervalSeconds: 5, cutsAtSeconds: [] },
    });
    expect(downsamplingOf(plan, windowOf(0.5, 10000.5), 5)).toMatchObject({
      fromSeconds: 20,
      stepSeconds: 20,
    });
  });
  test('to milliseconds if its blocks are short', () => {
    expect(downsamplingOf(plan, windowOf(10.0004, 1010.7), 1)).toMatchObject({
      ...{ fromSeconds: 10.01, stepSeconds: 2.002, blocks: 499 },
    });
  });

  test('into the same blocks during the load and after it, for a look that decided', () => {
    const decided = (toSeconds: number) => {
      const one = windowOf(1000.2, toSeconds);
      return { ...one, load: { ...run.load!, decidedAtSeconds: 769 } };
    };
    const cut = (toSeconds: number) => downsamplingOf(plan, decided(toSeconds), 1)!;
    const { blocks, ...during } = cut(1771.5);
    expect(during).toMatchObject({ stepSeconds: 1.538 });
    expect(cut(1779.3)).toMatchObject(during);
    expect(cut(1779.3).blocks).toBeGreaterThanOrEqual(blocks);
    // As long as the look itself is short enough, it is read in full.
    expect(
      downsamplingOf(plan, { ...decided(1510), load: { ...run.load!, decidedAtSeconds: 500 } }, 1),
    ).toBeNull();
  });
});

describe('a run is divided', () => {
  const phases = [
    { name: 'warm', ratePerSecond: 5, durationSeconds: 10 },
    { name: 'hold', ratePerSecond: 25, durationSeconds: 50 },
  ];
  const planned: Plan = { ...plan, load: { ...plan.load!, phases } };
  const cuts = (began: readonly (readonly [string, number])[], toSeconds: number, of = planned) =>
    cutsOf(of, {
      ...run,
      window: { fromSeconds: 1010, toSeconds },
      load: {
        ...run.load!,
        phases: began.map(([name, fromSeconds]) => ({
          ...{ name, fromSeconds, sent: 1, startedLateP99Seconds: 0 },
        })),
      },
    });
  const BOTH = [
    ['warm', 1010],
    ['hold', 1021],
  ] as const;

  test("at each phase's actual start and planned end, in time order", () => {
    expect(cuts(BOTH, 1080)).toEqual([1020, 1021, 1071]);
  });
  test('only within the window, never at its edges', () => {
    expect(cuts(BOTH, 1071)).toEqual([1020, 1021]);
    expect(cuts([['warm', 990], ...BOTH.slice(1)], 1060)).toEqual([1021]);
  });
  test('once where one phase ends as the next begins, to the millisecond', () => {
    expect(cuts([BOTH[0], ['hold', 1020.0004]], 1080)).toEqual([1020, 1070]);
  });
  test('only where it begins, for a phase without a plan', () => {
    expect(cuts([['extra', 1030]], 1080)).toEqual([1030]);
    expect(cuts([['warm', 1030]], 1080, { ...plan, load: null })).toEqual([1030]);
  });
  test('not at all without a load, or without a record of the phases', () => {
    expect(cutsOf(planned, { ...run, load: null })).toEqual([]);
    expect(cutsOf(planned, run)).toEqual([]);
    expect(cutsOf({ ...plan, load: null }, run)).toEqual([]);
  });
});

describe('blocks', () => {
  test('are left-open and right-closed', () => {
    expect([0, 0.001, 20, 20.001, 80, 80.001].map((at) => blockAt(FOUR, at))).toEqual([
      ...[null, 1, 1, 2, 4, null],
    ]);
    expect([0, 1, 4].map((index) => endOf(FOUR, index))).toEqual([0, 20, 80]);
    const later = { ...FOUR, fromSeconds: 1000 };
    expect([1000, 1000.001, 1080].map((at) => blockAt(later, at))).toEqual([null, 1, 4]);
    expect(endOf(later, 4)).toBe(1080);
  });
  test('are read if they are irregular, as is everything before the first and after the last', () => {
    const blocks = { ...blocksOf(plan, [], FOUR), irregular: new Set([2]) };
    expect([0, 20, 20.001, 40, 40.001, 81].map((at) => isRead(blocks, at))).toEqual([
      ...[true, false, true, true, false, true],
    ]);
  });
  test('of a phase are not read if they lie in the phase, are regular, and contain a scrape', () => {
    const blocks = { ...blocksOf(plan, [], FOUR), irregular: new Set([3]) };
    const values = (...own: readonly number[]) => ({
      labels: {},
      values: Float64Array.of(Number.NaN, ...own),
    });
    const inPhase = (fromSeconds: number, toSeconds: number, ...own: readonly number[]) =>
      unread(blocks, values(...own), { fromSeconds, toSeconds });
    expect(inPhase(0, 80, 4, 4, 4, 4)).toEqual([1, 2, 4]);
    expect(inPhase(0, 80, 4, Number.NaN, 4, 4)).toEqual([1, 4]);
    expect(inPhase(20, 80, 4, 4, 4, 4)).toEqual([2, 4]);
    expect(inPhase(20.001, 80, 4, 4, 4, 4)).toEqual([4]);
    expect(inPhase(0, 40, 4, 4, 4, 4)).toEqual([1, 2]);
    expect(inPhase(0, 39.999, 4, 4, 4, 4)).toEqual([1]);
    expect(inPhase(25, 35, 4, 4, 4, 4)).toEqual([]);
  });
});

describe('samples of a regular block', () => {
  // Ten blocks of 20 s; three intervals are 15 s.
  const partOf = (block: number, ...irregular: readonly number[]) =>
    unreadPart({ ...blocksOf(plan, [], { ...FOUR, blocks: 10 }), irregular: new Set(irregular) }, block);

  test('are read only in the margins of irregular blocks and of the edges', () => {
    expect(partOf(5)).toEqual([80, 100]);
    expect(partOf(5, 4)).toEqual([95, 100]);
    expect(partOf(5, 6)).toEqual([80, 85]);
    expect(partOf(5, 3, 8, 2)).toEqual([80, 100]);
    expect(partOf(1)).toEqual([15, 20]);
    expect(partOf(10)).toEqual([180, 185]);
  });
  test('are all read if the margins meet', () => {
    const [from, to] = partOf(5, 6, 4);
    expect(from).toBeGreaterThan(to);
  });
});

describe('block aggregates', () => {
  test('are found by the labels of a series, in any order and without the metric name, which functions drop', () => {
    expect(nameless({ __name__: 'up', job: 'api', instance: 'a' })).toBe(
      nameless({ instance: 'a', job: 'api' }),
    );
    expect(nameless({ instance: 'a' })).not.toBe(nameless({ instance: 'b' }));
    const found = aggregateOf(
      [
        told(UP, 'sum', [4, null, null, null], { __name__: 'up', job: 'api', instance: 'a' }),
        told(UP, 'sum', [null, 3, null, 'NaN'], { instance: 'a', job: 'api' }),
        told(UP, 'count', [9, 9, 9, 9]),
        told(gauge, 'sum', [9, 9, 9, 9]),
      ],
      ...([UP, 'sum', FOUR] as const),
    );
    // A value that is not a number differs from an absent value, because some sample existed.
    expect([...found.values()]).toEqual([
      {
        labels: { job: 'api', instance: 'a' },
        values: Float64Array.of(Number.NaN, 4, 3, Number.NaN, Number.POSITIVE_INFINITY),
      },
    ]);
  });
});

describe('a block is read in full', () => {
  test('only if something is irregular', () => {
    expect(irregularOf([...scraped(), ...loaded()])).toEqual([]);
  });
  test('around the start of a phase, three intervals on either side', () => {
    const cutAt = (...cutsAtSeconds: readonly number[]) =>
      irregularOf([...scraped(), ...loaded()], { ...FOUR, cutsAtSeconds });
    expect(cutAt(30)).toEqual([1, 2, 3]);
    expect(cutAt(50)).toEqual([2, 3, 4]);
    expect(cutAt(3)).toEqual([1]);
    expect(cutAt(78)).toEqual([4]);
    expect(cutAt(3, 78)).toEqual([1, 4]);
  });
  test('not around a phase edge before the first or past the last block, because the edges of the window are read anyway', () => {
    const readings = [...scraped(), ...loaded()];
    expect(irregularOf(readings, { ...FOUR, cutsAtSeconds: [100] })).toEqual([]);
    expect(irregularOf(readings, { ...FOUR, cutsAtSeconds: [-20] })).toEqual([]);
    expect(irregularOf(readings, { ...FOUR, cutsAtSeconds: [90] })).toEqual([4]);
  });
  test('if some of its scrapes failed, but not if all of them failed', () => {
    expect(irregularOf(scraped({ sum: [4, 3, 4, 4] }))).toEqual([2]);
    expect(irregularOf(scraped({ sum: [4, 4, 4, 3] }))).toEqual([4]);
    expect(irregularOf(scraped({ sum: [4, 0, 4, 4] }))).toEqual([]);
  });
  test('if it has fewer scrapes than usual', () => {
    expect(irregularOf(scraped({ gaps: [2, 1, 2, 2] }))).toEqual([2]);
    expect(irregularOf(scraped({ gaps: [2, 2, 2, 1] }))).toEqual([4]);
  });
  test("at both ends of a target's absence, but not in between", () => {
    expect(irregularOf(scraped({ count: [4, null, null, 4] }))).toEqual([1, 4]);
    expect(irregularOf(scraped({ count: [null, 4, 4, 4] }))).toEqual([2]);
    expect(irregularOf(scraped({ count: [4, 4, 4, null] }))).toEqual([3]);
  });
  test('if the server reports only part of it', () => {
    expect(irregularOf(without('sum', scraped()))).toEqual([1, 2, 3, 4]);
    expect(irregularOf(without('gaps', scraped()))).toEqual([1, 2, 3, 4]);
    expect(irregularOf([...scraped(), ...without('sum', loaded())])).toEqual([1, 2, 3, 4]);
    expect(irregularOf([...scraped(), ...without('min', loaded())])).toEqual([1, 2, 3, 4]);
    expect(irregularOf([...scraped(), ...without('min', loaded({ sum: [0, 0, 0, 0] }))])).toEqual([
      1, 2, 3, 4,
    ]);
    expect(irregularOf(scraped({ sum: [4, null, 4, 4] }))).toEqual([2]);
    expect(irregularOf(scraped({ gaps: [2, null, 2, 2] }))).toEqual([2]);
  });
  test('if a process restarted in it', () => {
    const started = (...values: Values) =>
      irregularOf([...scraped(), told(plan.processStart, 'changes', values)]);
    expect(started(0, 0, 1, 0)).toEqual([3]);
    expect(started(0, 0, 0, 1)).toEqual([4]);
    expect(started(1, 0, 0, 0)).toEqual([1]);
    expect(started(0, null, 0, 0)).toEqual([]);
  });
});

describe('a gauge is read in full', () => {
  const irregularGauge = (own: Parameters<typeof loaded>[0], up: Parameters<typeof scraped>[0] = {}) =>
    irregularOf([...scraped(up), ...loaded(own)]);

  test('in a block where it was neither 1 at all scrapes nor 0 at all scrapes', () => {
    expect(irregularGauge({ sum: [4, 3, 4, 4], min: [1, 0, 1, 1] })).toEqual([2]);
    expect(irregularGauge({ sum: [4, 0, 4, 4], min: [1, 0, 1, 1] })).toEqual([]);
    // 2 and 0 average to 1, 1 and -1 to 0.
    expect(irregularGauge({ sum: [4, 4, 4, 4], min: [1, 0, 1, 1] })).toEqual([2]);
    expect(irregularGauge({ sum: [4, 4, 4, 0], min: [1, 1, 1, -1] })).toEqual([4]);
  });
  test('in a block with fewer values than scrapes', () => {
    expect(irregularGauge({ count: [4, 3, 4, 4] })).toEqual([2]);
    expect(irregularGauge({ count: [4, 4, 4, 3] })).toEqual([4]);
  });
  test('in a block without values, unless the scrapes failed', () => {
    expect(irregularGauge({ count: [4, null, 4, 4] })).toEqual([2]);
    expect(irregularGauge({ count: [4, null, 4, 4] }, { sum: [4, 0, 4, 4] })).toEqual([]);
    expect(irregularGauge({ count: [4, 4, 4, null] })).toEqual([4]);
  });
  test("in a block where one of a target's several gauges has no value", () => {
    const [small, large] = [
      { instance: 'a', model: 'small' },
      { instance: 'a', model: 'large' },
    ];
    expect(
      irregularOf([...scraped(), ...loaded({}, small), ...loaded({ count: [4, 4, null, 4] }, large)]),
    ).toEqual([3]);
  });
  test('not if only its highest value is judged, even if its value changes', () => {
    const [latency] = plan.objectives;
    const peak = { ...latency!, measure: { kind: 'peak', gauge: 'queue' } as const };
    const readings = [...scraped(), told('queue', 'count', [4, 4, 4, 4]), told('queue', 'sum', [9, 0, 2, 1])];
    expect(irregularOf(readings, FOUR, { ...plan, objectives: [peak] })).toEqual([]);
  });
  test('not at all if it never has a value', () => {
    expect(irregularOf(scraped())).toEqual([]);
  });
});

describe('replicas with different scrape intervals', () => {
  // The longest interval is 10 s: two scrapes per block for one, four for the other.
  const SLOW: Downsampled = { ...FOUR, intervalSeconds: 10 };
  const slow = { count: [2, 2, 2, 2] };

  test('are each regular by their own interval, with their own gauges', () => {
    const readings = [
      ...[...scraped(slow, 'a'), ...scraped({ gaps: [5, 5, 5, 5] }, 'b')],
      ...[...loaded(slow, { instance: 'a' }), ...loaded({}, { instance: 'b' })],
    ].map((reading) => ({
      ...reading,
      series: reading.series.map((one) => ({ ...one, labels: { job: 'api', ...one.labels } })),
    }));
    expect(irregularOf(readings, SLOW)).toEqual([]);
  });
  test('miss a scrape if there are fewer than their own interval requires', () => {
    // Five scrapes at 5 s within 25 s, even if the last block has only three.
    const quick = { count: [4, 4, 4, 3], gaps: [5, 5, 4, 5] };
    expect(irregularOf([...scraped(slow, 'a'), ...scraped(quick, 'b')], SLOW)).toEqual([3]);
  });
  test('miss no scrape if a block happens to have one scrape more', () => {
    expect(irregularOf(scraped({ count: [2, 3, 2, 2] }), SLOW)).toEqual([]);
    const uneven = { ...SLOW, stepSeconds: 25 };
    expect(irregularOf(scraped({ count: [2, 3, 2, 3] }, 'a', uneven), uneven)).toEqual([]);
  });
});

describe('irregular blocks are read in stretches', () => {
  const stretches = (stepSeconds: number, ...irregular: readonly number[]) =>
    stretchesOf({ ...blocksOf(plan, [], { ...FOUR, stepSeconds }), irregular: new Set(irregular) });

  test('with three intervals on either side', () => {
    expect(stretches(20)).toEqual([]);
    expect(stretches(20, 2)).toEqual([[5, 55]]);
  });
  test('that are merged where they touch or overlap, regardless of their order', () => {
    expect(stretches(100, 3, 2)).toEqual([[85, 315]]);
    expect(stretches(100, 4, 1, 2)).toEqual([
      [-15, 215],
      [285, 415],
    ]);
    expect(stretches(30, 3, 1)).toEqual([[-15, 105]]);
    expect(stretches(31, 1, 3)).toHaveLength(2);
    expect(stretches(100, 1, 2, 3, 4)).toEqual([[-15, 415]]);
  });
});
