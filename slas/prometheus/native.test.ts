import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { slowShareOfNative } from '../alerts/rules/promql.ts';
import type { NativeBucket, Plan, RunRecord } from '../model/model.ts';
import { type Given, ORIGIN_SECONDS } from '../testing/case-text.ts';
import { healthy, type Judged } from '../testing/cases.ts';
import { judgeInWords } from '../testing/judge-in-words.ts';
import { writtenOf } from '../testing/natives.ts';
import { type PrometheusServer, startPrometheusWith } from '../testing/prometheus-server.ts';
import { type NativeInput, type Written, writeTo } from '../testing/remote-write.ts';
import { classicSeries } from './native.ts';
import { collectEvidence } from './prometheus.ts';

/**
 * Windows with native histograms, and with classic ones that are stored with custom buckets, written into a real Prometheus and
 * judged from what it returns.
 */

let server: PrometheusServer;

beforeAll(async () => {
  server = await startPrometheusWith(async () => {}, {
    args: ['--web.enable-remote-write-receiver', '--enable-feature=native-histograms'],
  });
});
afterAll(async () => await server?.[Symbol.asyncDispose]());

const NATIVE = { nativeHistograms: ['http_request_duration_seconds'], buckets: {} };
const UNLISTED = { buckets: {} };

let jobs = 0;

/** Each case is a separate job, so that a single server can hold all cases. */
function inJob<T>(value: T, job: string): T {
  return JSON.parse(JSON.stringify(value).replaceAll('sentiment-api', job)) as T;
}

async function judged(given: Partial<Given>, written: (evidence: Judged['evidence']) => readonly Written[]) {
  const job = `job-${++jobs}`;
  const { plan, run, evidence } = healthy({ client: null, ...given });
  await writeTo(server.url, inJob(written(evidence), job));
  const own = inJob(plan, job) as Plan;
  const asker = { url: server.url, signal: AbortSignal.timeout(30_000) };
  const read = await collectEvidence(own, run as RunRecord, asker);
  return { verdict: judgeInWords(own, run, read), evidence: read, plan: own, run };
}

const of = (verdict: ReturnType<typeof judgeInWords>, id = 'latency-p95') =>
  verdict.objectives.find((one) => one.id === id)!;

const SLOW = { latency: { le: '0.1=1000 0.15=1100 0.2=1400 0.3=1490 0.5=1497 1.0=1500 +Inf=1500' } };
const EXACT = { latency: { le: '0.1=1200 0.15=1350 0.2=1425 0.3=1490 0.5=1497 1.0=1500 +Inf=1500' } };
const ONE_MORE = { latency: { le: '0.1=1200 0.15=1350 0.2=1424 0.3=1490 0.5=1497 1.0=1500 +Inf=1500' } };

describe.each(['exponential', 'custom'] as const)('%s buckets', (stored) => {
  test.each([
    ['healthy', {}, 'met', 1450],
    ['too slow', SLOW, 'missed', 1400],
    ['exactly as many slow responses as allowed', EXACT, 'met', 1425],
    ['one more than allowed', ONE_MORE, 'missed', 1424],
  ] as const)('%s', async (_, series, outcome, good) => {
    const { verdict } = await judged({ service: NATIVE, series }, (one) => writtenOf(one, stored));
    expect(of(verdict), JSON.stringify(of(verdict))).toMatchObject({
      verdict: outcome,
      samples: 1500,
      share: good / 1500,
    });
    expect(of(verdict).reason).toContain('counted by a native histogram');
    expect(of(verdict).query).not.toContain('_bucket');
    expect(verdict.preconditions.filter(({ ok }) => ok === false)).toEqual([]);
  });
});

describe('a limit within a bucket', () => {
  // These latencies lie in the bucket from 192.8 to 210.2 ms, on both sides of the limit of 200 ms.
  const near = (low: number, high: number) =>
    high === 0.2 ? 0.195 : low === 0.2 ? 0.205 : low + 0.3 * (high - low);
  const stored = (one: Judged['evidence']) => writtenOf(one, 'exponential', { valueIn: near });

  test('is bracketed by the ends of the bucket, and undecided if the two ends give different results', async () => {
    const { verdict } = await judged({ service: NATIVE }, stored);
    expect(of(verdict)).toMatchObject({ verdict: 'undecided' });
    expect(of(verdict).reason).toContain('between 192.8 ms and 210.2 ms');
  });

  test('is met if enough responses were below the bucket', async () => {
    const series = { latency: { le: '0.1=1300 0.15=1430 0.2=1450 0.3=1490 0.5=1497 1.0=1500 +Inf=1500' } };
    const { verdict } = await judged({ service: NATIVE, series }, stored);
    expect(of(verdict)).toMatchObject({ verdict: 'met', share: 1430 / 1500 });
  });

  test('is missed if too many responses were above it', async () => {
    const series = { latency: { le: '0.1=1000 0.15=1100 0.2=1200 0.3=1300 0.5=1400 1.0=1500 +Inf=1500' } };
    const { verdict } = await judged({ service: NATIVE, series }, stored);
    expect(of(verdict)).toMatchObject({ verdict: 'missed' });
  });
});

describe('a histogram that is stored in both ways is counted once', () => {
  const both = (one: Judged['evidence']) => writtenOf(one, 'exponential', { isBoth: true });

  test('by its classic buckets, if the document does not say that it is native', async () => {
    const { verdict } = await judged({ service: UNLISTED, series: ONE_MORE }, both);
    expect(of(verdict)).toMatchObject({ verdict: 'missed', samples: 1500, share: 1424 / 1500 });
    expect(of(verdict).reason).toContain(
      'counted by classic buckets; Prometheus also stores a native histogram',
    );
  });

  test('by its classic buckets, if the document lists their edges', async () => {
    const { verdict, plan } = await judged({ series: ONE_MORE }, both);
    expect(of(verdict)).toMatchObject({ verdict: 'missed', samples: 1500 });
    expect(plan.objectives[0]!.measure).not.toHaveProperty('native');
  });

  test('natively, if the document says that it is native', async () => {
    const { verdict } = await judged({ service: NATIVE, series: ONE_MORE }, both);
    expect(of(verdict)).toMatchObject({ verdict: 'missed', samples: 1500, share: 1424 / 1500 });
    expect(of(verdict).reason).toContain('counted by a native histogram');
  });

  test('natively, if the only classic bucket is +Inf', async () => {
    const { verdict } = await judged({ service: UNLISTED }, (one) =>
      both(one).filter(({ labels: { le } }) => le === undefined || le === '+Inf'),
    );
    expect(of(verdict)).toMatchObject({ verdict: 'met', samples: 1500, share: 1450 / 1500 });
  });
});

describe('what makes a native histogram unusable', () => {
  const changed =
    (change: (at: number, histogram: NativeInput) => NativeInput) => (one: Judged['evidence']) =>
      writtenOf(one, 'exponential').map((series) => ({
        ...series,
        ...(series.histograms === undefined
          ? {}
          : {
              histograms: series.histograms.map(
                ([at, own]) => [at, change(at - ORIGIN_SECONDS, own)] as const,
              ),
            }),
      }));

  test('it restarts from 0 mid-window', async () => {
    const { verdict } = await judged(
      { service: NATIVE },
      changed((at, own) =>
        at < 40
          ? own
          : {
              ...own,
              count: Object.keys(own.positive).length,
              positive: Object.fromEntries(Object.keys(own.positive).map((key) => [key, 1])),
            },
      ),
    );
    expect(of(verdict)).toMatchObject({ verdict: 'undecided' });
    expect(of(verdict).reason).toMatch(/fell from/);
  });

  test('a document that lists classic edges finds no buckets', async () => {
    const { verdict } = await judged({}, (one) => writtenOf(one, 'exponential'));
    expect(of(verdict)).toMatchObject({ verdict: 'undecided' });
  });

  test('floats took the place of histograms for a while', async () => {
    const { verdict } = await judged({ service: NATIVE }, (one) =>
      writtenOf(one, 'exponential').map(({ histograms, ...series }) =>
        histograms === undefined
          ? series
          : {
              ...series,
              histograms: histograms.filter(([at]) => at !== ORIGIN_SECONDS + 40),
              samples: [[ORIGIN_SECONDS + 40, '500'] as const],
            },
      ),
    );
    expect(of(verdict)).toMatchObject({ verdict: 'undecided' });
  });

  test('a histogram in place of a counter is not a number', async () => {
    const requests = { requests: { counter: 'http_request_duration_seconds' } };
    const { verdict } = await judged({ service: { ...NATIVE, ...requests } }, () =>
      writtenOf(healthy({ client: null }).evidence, 'exponential'),
    );
    expect(verdict.verdict).toBe('inconclusive');
    expect(verdict.preconditions.find(({ id }) => id === 'prometheus-answered')).toMatchObject({ ok: false });
  });

  describe('a histogram became coarser, which happens when it has too many buckets', () => {
    const coarser = changed((at, own) =>
      at < 40
        ? own
        : {
            ...own,
            schema: 1,
            positive: Object.entries(own.positive).reduce<Record<number, number>>((sum, [number, count]) => {
              const to = Math.ceil(Number(number) / 4);
              return Object.assign(sum, { [to]: (sum[to] ?? 0) + count });
            }, {}),
          },
    );

    test('only the ends of the coarse buckets are edges', async () => {
      const { verdict } = await judged({ service: NATIVE, series: ONE_MORE }, coarser);
      expect(of(verdict)).toMatchObject({ verdict: 'undecided' });
      expect(of(verdict).reason).toContain('between 176.8 ms and 250 ms');
    });

    test('the edges of the coarse buckets may still decide', async () => {
      const { verdict } = await judged({ service: NATIVE }, coarser);
      expect(of(verdict)).toMatchObject({ verdict: 'met', samples: 1500 });
    });
  });
});

test('native histograms are also searched for successful responses that the selector leaves out', async () => {
  const status = { matches: '20[01]' };
  const histogram = 'http_request_duration_seconds';
  const document = {
    apiVersion: 'sla-harness/v1',
    kind: 'SLA',
    name: 'n',
    service: { selector: { job: 'sentiment-api' }, nativeHistograms: [histogram] },
    objectives: [
      { id: 'latency-p95', target: '< 200ms', latency: { histogram, where: { status }, percentile: 95 } },
    ],
  };
  const names = { other: `${histogram}_bucket{method="POST",handler="/predict",status="2xx"}` };
  const series = { other: { le: '0.1=0 0.15=0 0.2=0 0.3=100 0.5=100 1.0=100 +Inf=100' } };
  const given = { document: document as never, scenario: null, load: null, names, series };
  const { verdict } = await judged(given, (one) => writtenOf(one, 'exponential'));
  expect(of(verdict).reason).toContain('2xx');
  expect(of(verdict)).toMatchObject({ verdict: 'undecided' });
});

test('a histogram in milliseconds is judged', async () => {
  const document = {
    apiVersion: 'sla-harness/v1',
    kind: 'SLA',
    name: 'behind a mesh',
    service: {
      selector: { job: 'sentiment-api' },
      nativeHistograms: ['istio_request_duration_milliseconds'],
    },
    objectives: [
      {
        id: 'latency-p95',
        target: '< 250ms',
        latency: { histogram: 'istio_request_duration_milliseconds', percentile: 95 },
      },
    ],
  };
  const given = {
    document: document as never,
    scenario: null,
    load: null,
    names: { latency: 'istio_request_duration_milliseconds_bucket' },
    series: { latency: { le: '100=1200 250=1425 500=1490 +Inf=1500' } },
  };
  const { verdict } = await judged(given, (one) => writtenOf(one, 'custom'));
  expect(of(verdict), of(verdict).reason).toMatchObject({
    verdict: 'met',
    share: 1425 / 1500,
    bucket: [0.1, 0.25],
  });
});

describe('a long window, of which not every sample is read', () => {
  const long = {
    scenario: null,
    load: null,
    service: NATIVE,
    scrapes: { every: 1, first: 0, last: 640 },
    window: { from: 10.2, to: 629.8 },
  };

  test('is judged like a short one', async () => {
    const { verdict, evidence } = await judged({ ...long, series: EXACT }, (one) =>
      writtenOf(one, 'exponential'),
    );
    expect(evidence.thinned).toBeDefined();
    expect(of(verdict), of(verdict).reason).toMatchObject({ verdict: 'met', samples: 1500, share: 0.95 });
  });

  test('a reset between the samples that are read makes it undecided', async () => {
    const { verdict } = await judged(long, (one) =>
      writtenOf(one, 'exponential').map((series) => ({
        ...series,
        ...(series.histograms === undefined
          ? {}
          : {
              histograms: series.histograms.map(
                ([at, own]) =>
                  [
                    at,
                    at === ORIGIN_SECONDS + 300 ? { ...own, count: 0, sum: 0, positive: {} } : own,
                  ] as const,
              ),
            }),
      })),
    );
    expect(of(verdict)).toMatchObject({ verdict: 'undecided' });
  });
});

test('stored evidence is judged to the same verdict', async () => {
  const { verdict, evidence, plan, run } = await judged({ service: NATIVE, series: EXACT }, (one) =>
    writtenOf(one, 'exponential'),
  );
  expect(judgeInWords(plan, run, JSON.parse(JSON.stringify(evidence)) as typeof evidence)).toEqual(verdict);
});

test('an alert on a native histogram reads its share from it', async () => {
  const { plan } = await judged({ service: NATIVE, series: EXACT }, (one) => writtenOf(one, 'exponential'));
  const { job } = (plan.selections?.[plan.up]?.where ?? {}) as { job: string };
  const selection = { metric: 'http_request_duration_seconds', where: {} };
  const query = slowShareOfNative({ job }, selection, 0.2, '1m');
  const at = String(ORIGIN_SECONDS + 70);
  const answered = await fetch(`${server.url}/api/v1/query?${new URLSearchParams({ query, time: at })}`);
  const { data } = (await answered.json()) as { data: { result: readonly { value: [number, string] }[] } };
  expect(Number(data.result[0]!.value[1])).toBeCloseTo(0.05, 2);
});

describe('edges', () => {
  const le = (buckets: readonly NativeBucket[], ...more: readonly (readonly NativeBucket[])[]) =>
    Object.fromEntries(
      classicSeries([
        {
          labels: { __name__: 'h' },
          samples: [],
          histograms: [buckets, ...more].map(
            (own, at) => [at, { count: '9', sum: '1', buckets: own }] as const,
          ),
        },
      ]).map(({ labels, samples }) => [labels.le, samples.map(([, value]) => Number(value))]),
    );

  test('the zero bucket and negative buckets count as fast responses', () => {
    const buckets: NativeBucket[] = [
      [1, '-2', '-1', '2'],
      [3, '-0.001', '0.001', '3'],
      [0, '0.5', '1', '4'],
    ];
    expect(le(buckets)).toEqual({ '0.001': [5], '0.5': [5], '1': [9], '+Inf': [9] });
  });

  test('an upper end that belongs to the bucket above is not an edge', () => {
    expect(le([[1, '1', '2', '9']])).toEqual({ '2': [9], '+Inf': [9] });
    expect(le([[3, '1', '2', '9']])).toEqual({ '2': [9], '+Inf': [9] });
    expect(le([[0, '1', '2', '9']])).toEqual({ '1': [0], '2': [9], '+Inf': [9] });
  });

  test('observations that are not numbers are in the count, but in no bucket', () => {
    expect(le([[0, '1', '2', '8']])).toEqual({ '1': [0], '2': [8], '+Inf': [9] });
  });

  test('no edge lies within a bucket of any sample', () => {
    expect(le([[0, '1', '2', '3']], [[0, '1', '4', '5']])).toEqual({
      '1': [0, 0],
      '4': [3, 5],
      '+Inf': [9, 9],
    });
    // An empty bucket does not rule out an edge.
    expect(le([[0, '1', '2', '3']], [[0, '1', '4', '0']])).toEqual({
      '1': [0, 0],
      '2': [3, 0],
      '4': [3, 0],
      '+Inf': [9, 9],
    });
  });

  test('the last bucket may have no upper end', () => {
    expect(le([[0, '1', '+Inf', '9']])).toEqual({ '1': [0], '+Inf': [9] });
  });
});
