import { describe, expect, test } from 'vitest';
import { judge } from '../judge/judge.ts';
import type { ObjectiveVerdict, PlannedMeasure } from '../model/model.ts';
import { type Answers, SERVICES, seeded } from '../simulation/queues.ts';
import { healthy, type Judged } from '../testing/cases.ts';
import { type Baseline, type Comparison, compare } from './compare.ts';
import { percentileBounds, percentilesOf } from './percentiles.ts';

/**
 * 1,500 responses of the healthy service: 80% within 100 ms, 90% within 150, 96.7% within 200, 99.3% within
 * 300, 99.8% within 500.
 */

const faultless = { model: { name: 'small' }, faults: 'none' };

const asBaseline = ({ plan, run, evidence }: Judged, environment: unknown = faultless): Baseline => ({
  schema: 'sla-harness/baseline/v1',
  manifestSha256: 'a hash',
  verdict: judge(plan, run, evidence),
  percentiles: percentilesOf(plan, run, evidence),
  environment,
});

function compareWith(baseline: Baseline, { plan, run, evidence }: Judged, environment: unknown = faultless) {
  const [verdict, percentiles] = [judge(plan, run, evidence), percentilesOf(plan, run, evidence)];
  return compare(baseline, { plan, verdict, percentiles, environment });
}

const changes = ({ objectives }: Comparison) =>
  Object.fromEntries(objectives.map(({ objective, change }) => [objective.id, change]));

const latency = (le: string) => healthy({ series: { latency: { le } } });

describe('the range of a percentile', () => {
  test('reaches from the last edge that it is certainly above to the first that it is certainly not above', () => {
    const { plan, run, evidence } = healthy();
    const found = percentilesOf(plan, run, evidence);
    // 5% may be slower than the p95: 10% are slower than 150 ms, 3.3% than 200 ms, and 1,500 responses
    // distinguish both from 5%.
    expect(found['latency-p95']).toMatchObject({ bounds: { lowSeconds: 0.15, highSeconds: 0.2 } });
    // 1% may be slower than the p99: 3.3% are slower than 200 ms, and 0.67% than 300 ms, which 1,500
    // responses do not distinguish from 1%.
    expect(found['latency-p99']).toMatchObject({ bounds: { lowSeconds: 0.2, highSeconds: 0.5 } });
    expect(found['latency-p99']!.valueSeconds).toBeGreaterThan(0.2);
    expect(found['latency-p99']!.valueSeconds).toBeLessThanOrEqual(0.3);
  });

  test('has no upper bound above the last edge, and starts at 0 below the first', () => {
    const slow = latency('0.1=0 0.2=0 0.3=0 0.5=0 1.0=1000 +Inf=1500');
    const past = percentilesOf(slow.plan, slow.run, slow.evidence);
    expect(past['latency-p95']!.bounds).toEqual({ lowSeconds: 1, highSeconds: null });
    const fast = latency('0.1=1500 0.2=1500 0.3=1500 0.5=1500 1.0=1500 +Inf=1500');
    const under = percentilesOf(fast.plan, fast.run, fast.evidence);
    expect(under['latency-p95']!.bounds).toEqual({ lowSeconds: 0, highSeconds: 0.1 });
  });

  test('is unknown if the window has too few scrapes', () => {
    const short = healthy({ scrapes: { every: 20, first: -60, last: 140 } });
    expect(percentilesOf(short.plan, short.run, short.evidence)['latency-p95']?.bounds ?? null).toBeNull();
  });
});

describe('a percentile is reported', () => {
  const told = (changes: Parameters<typeof healthy>[0]) => {
    const { plan, run, evidence } = healthy(changes);
    return percentilesOf(plan, run, evidence);
  };
  const LE = { '0.1': 1200, '0.15': 1350, '0.2': 1450, '0.3': 1490, '0.5': 1497, '1.0': 1500, '+Inf': 1500 };
  const buckets = (...edges: readonly (keyof typeof LE)[]) => ({
    le: edges.map((edge) => `${edge}=${LE[edge]}`).join(' '),
  });

  test('only for latencies whose responses could be counted', () => {
    expect(Object.keys(told({}))).toEqual(['latency-p95', 'latency-p99']);
    expect(told({ series: { latency: null } })).toEqual({});
  });
  test('regardless of the order in which Prometheus returns the buckets', () => {
    const mixed = buckets('+Inf', '0.2', '1.0', '0.5', '0.15', '0.3', '0.1');
    expect(told({ series: { latency: mixed } })).toEqual(told({}));
  });
  test('between the edges that all replicas have', () => {
    const replicas = { a: {}, b: {} };
    const both = told({ replicas })['latency-p95']!;
    expect(both.bounds).toEqual({ lowSeconds: 0.15, highSeconds: 0.2 });
    const series = { 'latency @b': buckets('0.1', '0.2', '0.3', '0.5', '1.0', '+Inf') };
    expect(told({ replicas, series })['latency-p95']!.bounds).toEqual({ lowSeconds: 0.1, highSeconds: 0.2 });
  });
  test('without bounds if a replica ended with uncounted responses', () => {
    const elastic = { service: { replicas: 'elastic' }, scenario: null, load: null };
    const ends = told({ ...elastic, replicas: { a: {}, b: { last: 40 } } })['latency-p95']!;
    expect(ends).toEqual({ valueSeconds: expect.closeTo(0.1875, 4), bounds: null });
    expect(told({ ...elastic, replicas: { a: {}, b: {} } })['latency-p95']!.bounds).not.toBeNull();
  });
});

describe('the bounds of a percentile', () => {
  const even = (part: number, count: number) => Array.from({ length: count }, () => ({ part, total: 100 }));

  test('are unknown if there are too few blocks at any edge', () => {
    expect(percentileBounds([0.1, 0.2], [even(30, 12), even(1, 12)], 95, 0.95)).toEqual({
      ...{ lowSeconds: 0.1, highSeconds: 0.2 },
    });
    expect(percentileBounds([0.1, 0.2], [even(30, 12), even(1, 11)], 95, 0.95)).toBeNull();
  });
  test('use the dependence between requests at the same and lower edges, not at higher ones', () => {
    // 30% of 2,000 took longer than 0.1 s, the same number in each block; 1.5% longer than 0.5 s, all in one
    // block.
    const stall = even(0, 20).with(7, { part: 30, total: 100 });
    const known = percentileBounds([0.1, 0.5], [even(30, 20), stall], 75, 0.95);
    expect(known).toEqual({ lowSeconds: 0.1, highSeconds: 0.5 });
  });
});

describe('two one-minute runs of services with known truth', () => {
  const EDGES = [0.01, 0.02, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2.5, 5, 10];
  const SECONDS = 60;
  const PAIRS = 40;

  function p95Of({ atSeconds, tookSeconds, count }: Answers) {
    const slower = EDGES.map(() => Array.from({ length: SECONDS + 1 }, () => ({ part: 0, total: 0 })));
    for (let index = 0; index < count; index++) {
      const at = Math.min(SECONDS, Math.floor(atSeconds[index]!));
      EDGES.forEach((edge, row) => {
        const block = slower[row]![at]!;
        block.total++;
        if (tookSeconds[index]! > edge) block.part++;
      });
    }
    const { lowSeconds, highSeconds } = percentileBounds(EDGES, slower, 95, 0.95)!;
    return { low: lowSeconds, high: highSeconds ?? Number.POSITIVE_INFINITY };
  }

  const service = (name: string) => SERVICES.find((one) => one.name === name)!;
  const apart = (one: string, other: string) => {
    const pairs = Array.from({ length: PAIRS }, (_, pair) =>
      [one, other].map((name, side) => p95Of(service(name).run(SECONDS, seeded(2 * pair + side + 1)))),
    );
    return pairs.filter(([a, b]) => a!.high <= b!.low || b!.high <= a!.low).length;
  };

  test.each(['independent', 'M/G/2 at 0.8', 'AR(1)'])(
    '%s: two runs of the same service hardly ever differ',
    (name) => {
      expect(apart(name, name)).toBeLessThanOrEqual(2);
    },
  );

  test('a service at 90% of its capacity differs from the same service at half of it', () => {
    expect(apart('M/G/2 at 0.5', 'M/G/2 at 0.9')).toBeGreaterThan(0.8 * PAIRS);
  });
});

describe('an objective in two runs', () => {
  const { plan, run, evidence } = healthy();
  const verdict = judge(plan, run, evidence);
  type Kind = PlannedMeasure['kind'];
  interface Seen {
    readonly value: number | null;
    readonly bounds?: readonly [low: number, high: number | null] | null;
  }

  /** One objective of this kind, in the baseline and in this run. */
  function compared(kind: Kind, then: Seen, now: Seen, target = '< 1') {
    const objective = ({ value, bounds = null }: Seen): ObjectiveVerdict => ({
      ...verdict.objectives[0]!,
      // For a percentile, the compared value is not the verdict's.
      ...{ id: 'x', target, value: kind === 'latency' && value !== null ? 99 : value },
      interval: bounds === null ? null : { low: bounds[0], high: bounds[1]!, confidence: 0.95 },
    });
    const side = (seen: Seen) => ({
      plan: {
        ...plan,
        objectives: [{ ...plan.objectives[0]!, id: 'x', measure: { kind } as PlannedMeasure }],
      },
      verdict: { ...verdict, objectives: [objective(seen)] },
      percentiles: seen.value === null ? {} : { x: percentile(seen) },
      environment: faultless,
    });
    const percentile = ({ value, bounds = null }: Seen) => ({
      valueSeconds: value!,
      bounds: bounds === null ? null : { lowSeconds: bounds[0], highSeconds: bounds[1] },
    });
    const baseline = { ...asBaseline(healthy()), ...side(then) };
    return compare(baseline, side(now)).objectives[0]!;
  }
  const change = (...given: Parameters<typeof compared>) => compared(...given).change;

  test('has the difference between the two if both have a value', () => {
    const [low, high] = [
      { value: 2, bounds: [1, 3] },
      { value: 7, bounds: [6, 8] },
    ] as const;
    expect(compared('ratio', low, high)).toMatchObject({
      difference: 5,
      isPercentile: false,
      change: 'worse',
    });
    expect(compared('ratio', high, low)).toMatchObject({ difference: -5, change: 'better' });
    expect(compared('latency', low, high)).toMatchObject({
      difference: 5,
      isPercentile: true,
      change: 'worse',
    });
    expect(compared('ratio', { value: null }, high)).toMatchObject({ difference: null, change: 'unknown' });
    expect(compared('ratio', low, { value: null })).toMatchObject({ difference: null, change: 'unknown' });
    expect(change('throughput', low, high, '> 5')).toBe('better');
    expect(change('throughput', high, low, '> 5')).toBe('worse');
  });
  test('for uptime differs after a single failed scrape', () => {
    expect(change('uptime', { value: 1 }, { value: 0.999 }, '>= 0.999')).toBe('worse');
    expect(change('uptime', { value: 0.999 }, { value: 1 }, '>= 0.999')).toBe('better');
    expect(change('uptime', { value: 1 }, { value: 1 }, '>= 0.999')).toBe('same');
  });
  test.each<Kind>(['peak', 'recovery'])('of a %s cannot be distinguished from chance', (kind) => {
    expect(compared(kind, { value: 1 }, { value: 9 })).toMatchObject({
      ...{ change: 'unknown', unknownBecause: 'a single value has no interval', difference: 8 },
    });
  });
  test('needs an interval of both runs', () => {
    const [with_, without] = [{ value: 1, bounds: [0, 2] } as const, { value: 1 }];
    const because = (...given: Parameters<typeof compared>) => compared(...given).unknownBecause;
    for (const kind of ['ratio', 'latency'] as const) {
      expect(because(kind, with_, without)).toMatch(/^this run has no interval: it was too short, or /);
      expect(because(kind, without, with_)).toMatch(/^the baseline has no interval/);
      expect(because(kind, without, without)).toMatch(/^this run has no interval/);
      expect(because(kind, with_, with_)).toBeNull();
    }
  });
  test('differs if its buckets are adjacent, and is within noise if its confidence intervals touch', () => {
    const [under, over] = [
      { value: 1.5, bounds: [1, 2] },
      { value: 2.5, bounds: [2, 3] },
    ] as const;
    expect([change('latency', under, over), change('latency', over, under)]).toEqual(['worse', 'better']);
    expect([change('ratio', under, over), change('ratio', over, under)]).toEqual([
      ...['within-noise', 'within-noise'],
    ]);
    expect(change('latency', under, { value: 2, bounds: [1, 3] })).toBe('within-noise');
  });
  test('whose interval is open beyond the last edge is not below any other value', () => {
    const [under, open] = [
      { value: 0.7, bounds: [0.5, 1] },
      { value: 1, bounds: [1, null] },
    ] as const;
    expect([change('latency', under, open), change('latency', open, under)]).toEqual(['worse', 'better']);
    expect(change('latency', open, open)).toBe('within-noise');
  });
  test('is unknown for a percentile that only one of the two runs has', () => {
    const baseline = { ...asBaseline(healthy()), percentiles: {} };
    const found = compareWith(baseline, healthy()).objectives.find(({ isPercentile }) => isPercentile)!;
    expect(found).toMatchObject({
      before: { value: null, bounds: null },
      difference: null,
      change: 'unknown',
    });
    expect(found.unknownBecause).toBe('the baseline could not decide it');
  });
  test('is left out if the baseline or the plan does not have it', () => {
    const [now, baseline] = [healthy(), asBaseline(healthy())];
    const percentiles = percentilesOf(now.plan, now.run, now.evidence);
    const others = { ...now.plan, objectives: now.plan.objectives.slice(1) };
    const fewer = { ...verdict, objectives: verdict.objectives.slice(1) };
    const ids = (...given: Parameters<typeof compare>) =>
      compare(...given).objectives.map(({ objective }) => objective.id);
    const all = ids(baseline, { plan, verdict, percentiles, environment: null });
    expect(all).toHaveLength(plan.objectives.length);
    expect(ids(baseline, { plan: others, verdict, percentiles, environment: null })).toEqual(all.slice(1));
    expect(ids({ ...baseline, verdict: fewer }, { plan, verdict, percentiles, environment: null })).toEqual(
      all.slice(1),
    );
  });
});

describe('a run and its baseline', () => {
  test('of the same service are within noise, with the same census', () => {
    expect(changes(compareWith(asBaseline(healthy()), healthy()))).toEqual({
      'latency-p95': 'within-noise',
      'latency-p99': 'within-noise',
      'error-rate': 'within-noise',
      throughput: 'within-noise',
      'model-uptime': 'same',
      confidence: 'within-noise',
    });
  });

  test('differ in latency although every response of both runs is within the limit, which a share would not show', () => {
    const fast = latency('0.02=1490 0.05=1500 0.1=1500 0.2=1500 0.3=1500 0.5=1500 1.0=1500 +Inf=1500');
    const slow = latency('0.02=0 0.05=0 0.1=1490 0.2=1500 0.3=1500 0.5=1500 1.0=1500 +Inf=1500');
    const found = compareWith(asBaseline(fast), slow);
    const p95 = found.objectives.find(({ objective }) => objective.id === 'latency-p95')!;
    expect(p95).toMatchObject({
      isPercentile: true,
      before: { bounds: { low: 0, high: 0.02 } },
      now: { bounds: { low: 0.05, high: 0.1 } },
      change: 'worse',
    });
    expect(p95.difference).toBeGreaterThan(0.05);
    expect(changes(compareWith(asBaseline(slow), fast))['latency-p95']).toBe('better');
  });

  test('differ in errors, and not in the latency of successful responses', () => {
    const worse = healthy({
      series: {
        'answers 200': '400 -> 1800',
        'answers 500': '0 -> 100',
        latency: { le: '0.1=1120 0.15=1260 0.2=1353 0.3=1390 0.5=1397 1.0=1400 +Inf=1400' },
      },
      load: { '2xx': 1400, '5xx': 100 },
    });
    const found = changes(compareWith(asBaseline(healthy()), worse));
    expect(found).toMatchObject({ 'error-rate': 'worse', 'latency-p95': 'within-noise' });
    expect(changes(compareWith(asBaseline(worse), healthy()))['error-rate']).toBe('better');
  });

  test('report which of the two runs lacks a value', () => {
    const undecided = healthy({ series: { 'model loaded': null } });
    const because = ({ objectives }: Comparison) =>
      objectives.find(({ objective }) => objective.id === 'model-uptime')!.unknownBecause;
    expect(because(compareWith(asBaseline(healthy()), undecided))).toBe('this run could not decide it');
    expect(because(compareWith(asBaseline(undecided), healthy()))).toBe('the baseline could not decide it');
    // Percentiles exist even if the load was not delivered, but they are not reliable.
    const undelivered = healthy({ load: { dropped: 40 } });
    expect(changes(compareWith(asBaseline(healthy()), undelivered))['latency-p95']).toBe('unknown');
  });

  test('report other differences, except for the CI job', () => {
    const [then, now] = [
      { ...faultless, ci: { BUILD_NUMBER: '7' }, git: { commit: 'a1' } },
      { model: { name: 'large' }, faults: 'none', ci: { BUILD_NUMBER: '8' }, git: null },
    ];
    const { circumstances } = compareWith(asBaseline(healthy(), then), healthy(), now);
    expect(circumstances).toEqual([
      { what: 'model name', before: 'small', now: 'large' },
      { what: 'git commit', before: 'a1', now: 'unknown' },
    ]);
  });

  test('report circumstances whose names merely resemble ignored ones', () => {
    const [then, now] = [
      { schema: 'v1', 'schema id': 1, ci: { job: 1 }, cities: 3, tool: { schema: 1, 'ci id': 1 } },
      { schema: 'v2', 'schema id': 2, ci: { job: 2 }, cities: 4, tool: { schema: 2, 'ci id': 2 } },
    ];
    const { circumstances } = compareWith(asBaseline(healthy(), then), healthy(), now);
    expect(circumstances.map(({ what }) => what)).toEqual([
      'schema id',
      'cities',
      'tool schema',
      'tool ci id',
    ]);
  });
  test('report a fact that only one of them has, and nothing that both lack', () => {
    const nothing = compareWith({ ...asBaseline(healthy()), environment: undefined }, healthy(), { cpu: 2 });
    expect(nothing.circumstances).toEqual([{ what: 'cpu', before: 'unknown', now: '2' }]);
  });

  test('are compared by their numbers only, and neither verdict changes', () => {
    const baseline = asBaseline(healthy());
    const before = JSON.stringify(baseline);
    compareWith(baseline, latency('0.1=0 0.2=0 0.3=0 0.5=0 1.0=1000 +Inf=1500'));
    expect(JSON.stringify(baseline)).toBe(before);
  });
});
