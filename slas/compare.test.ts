import { describe, expect, test } from 'vitest';
import { type Baseline, type Comparison, compare } from './compare.ts';
import { judge } from './judge.ts';
import { percentileBounds, percentilesOf } from './percentiles.ts';
import { type Answers, SERVICES, seeded } from './queues.ts';
import { healthy, type Judged } from './testing/cases.ts';

/** Of the healthy service 1,500 answers: 80 % within 100 ms, 90 % within 150, 96.7 within 200, 99.3 within 300, 99.8 within 500. */

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

describe('where a percentile lies', () => {
  test('between the last edge that it is surely over and the first that it is surely not over', () => {
    const { plan, run, evidence } = healthy();
    const found = percentilesOf(plan, run, evidence);
    // 5 % may be slower than the p95: 10 % are than 150 ms, 3.3 % than 200 ms, and 1,500 answers tell these from 5 %.
    expect(found['latency-p95']).toMatchObject({ bounds: { lowSeconds: 0.15, highSeconds: 0.2 } });
    // 1 % may be slower than the p99: 3.3 % are than 200 ms, and 0.67 % than 300 ms, which 1,500 answers do not tell from 1 %.
    expect(found['latency-p99']).toMatchObject({ bounds: { lowSeconds: 0.2, highSeconds: 0.5 } });
    expect(found['latency-p99']!.valueSeconds).toBeGreaterThan(0.2);
    expect(found['latency-p99']!.valueSeconds).toBeLessThanOrEqual(0.3);
  });

  test('past the last edge it has no upper end, under the first one it begins at 0', () => {
    const slow = latency('0.1=0 0.2=0 0.3=0 0.5=0 1.0=1000 +Inf=1500');
    const past = percentilesOf(slow.plan, slow.run, slow.evidence);
    expect(past['latency-p95']!.bounds).toEqual({ lowSeconds: 1, highSeconds: null });
    const fast = latency('0.1=1500 0.2=1500 0.3=1500 0.5=1500 1.0=1500 +Inf=1500');
    const under = percentilesOf(fast.plan, fast.run, fast.evidence);
    expect(under['latency-p95']!.bounds).toEqual({ lowSeconds: 0, highSeconds: 0.1 });
  });

  test('is not told of a window with too few scrapes', () => {
    const short = healthy({ scrapes: { every: 20, first: -60, last: 140 } });
    expect(percentilesOf(short.plan, short.run, short.evidence)['latency-p95']?.bounds ?? null).toBeNull();
  });
});

describe('two runs of a minute, of services whose truth is known', () => {
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
    '%s: the same service is hardly ever told apart',
    (name) => {
      expect(apart(name, name)).toBeLessThanOrEqual(2);
    },
  );

  test('a service at 90 % of its capacity is told from the same at half of it', () => {
    expect(apart('M/G/2 at 0.5', 'M/G/2 at 0.9')).toBeGreaterThan(0.8 * PAIRS);
  });
});

describe('a run beside its baseline', () => {
  test('that is the same service is within noise, and the census the same', () => {
    expect(changes(compareWith(asBaseline(healthy()), healthy()))).toEqual({
      'latency-p95': 'within-noise',
      'latency-p99': 'within-noise',
      'error-rate': 'within-noise',
      throughput: 'within-noise',
      'model-uptime': 'same',
      confidence: 'within-noise',
    });
  });

  test('is slower though both keep the limit with every answer: a share would not show it', () => {
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

  test('has more errors, and its good answers are as fast', () => {
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

  test('in which something could not be told says which of the two it was', () => {
    const undecided = healthy({ series: { 'model loaded': null } });
    const because = ({ objectives }: Comparison) =>
      objectives.find(({ objective }) => objective.id === 'model-uptime')!.unknownBecause;
    expect(because(compareWith(asBaseline(healthy()), undecided))).toBe('this run could not tell it');
    expect(because(compareWith(asBaseline(undecided), healthy()))).toBe('the baseline could not tell it');
    // What was not delivered has percentiles, too: of nothing that could be relied on.
    const undelivered = healthy({ load: { dropped: 40 } });
    expect(changes(compareWith(asBaseline(healthy()), undelivered))['latency-p95']).toBe('unknown');
  });

  test('tells what else was different, and not the CI job', () => {
    const [then, now] = [
      { ...faultless, ci: { BUILD_NUMBER: '7' }, git: { commit: 'a1' } },
      { model: { name: 'large' }, faults: 'none', ci: { BUILD_NUMBER: '8' }, git: null },
    ];
    const { circumstances } = compareWith(asBaseline(healthy(), then), healthy(), now);
    expect(circumstances).toEqual([
      { what: 'model name', before: 'small', now: 'large' },
      { what: 'git commit', before: 'a1', now: 'not known' },
    ]);
  });

  test('is told by its numbers alone: the verdict of either is what it was', () => {
    const baseline = asBaseline(healthy());
    const before = JSON.stringify(baseline);
    compareWith(baseline, latency('0.1=0 0.2=0 0.3=0 0.5=0 1.0=1000 +Inf=1500'));
    expect(JSON.stringify(baseline)).toBe(before);
  });
});
