import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorShare, mean, promDuration, slowShare } from '../../slas/alerts/rules/promql.ts';
import { parseDocument } from '../../slas/document/document.ts';
import { judge } from '../../slas/judge/judge.ts';
import type {
  Evidence,
  Measure,
  ObjectiveVerdict,
  Sample,
  Series,
  SlaDocument,
} from '../../slas/model/model.ts';
import { unwrap } from '../../slas/model/result.ts';
import { select } from '../../slas/prometheus/promql.ts';
import { SHIPPED_YAML } from '../../slas/testing/cases.ts';
import { highestFactor } from '../../slas/testing/extrapolation.ts';
import { type PrometheusServer, startPrometheus } from '../../slas/testing/prometheus-server.ts';
import { MATRIX } from './matrix.ts';
import { type Recording, recordingOf } from './recorded.ts';

/**
 * A metamorphic test: `increase` and the verdict compute the same numbers from the same samples in two
 * ways. Both are taken over the windows of recorded runs, on a real Prometheus. The stated error is zero
 * over exactly the scrapes between which the verdict subtracts. If a range begins and ends between scrapes,
 * `increase` uses only the scrapes within it. It may then miss the events of one interval at each edge. It
 * also multiplies their difference by a factor of 1 to highestFactor(n).
 */

const document: SlaDocument = unwrap(parseDocument(SHIPPED_YAML));

/**
 * A range excludes its first moment, so each range here starts a millisecond earlier. `increase` extrapolates over
 * that millisecond.
 */
const MOMENT = 0.001;

interface Compared {
  readonly name: string;
  readonly opened: number;
  readonly closed: number;
  readonly scrapes: readonly number[];
  readonly series: readonly Series[];
  readonly objectives: readonly ObjectiveVerdict[];
}

/**
 * null if `increase` and the verdict do not use the same samples: several targets, a restart, or a missing scrape.
 */
function comparedOf(name: string, { plan, run, evidence }: Recording): Compared | null {
  // Judged without its load, because rates contain only what the service counted.
  const verdict = judge({ ...plan, load: null }, { ...run, load: null }, evidence);
  const scrapes = evidence.readings.find(({ selector }) => selector === plan.up)?.series ?? [];
  if (scrapes.length !== 1 || verdict.objectives.some((one) => one.verdict === 'undecided')) return null;
  const times = scrapes[0]!.samples.map(([at]) => at);
  const opened = times.findLast((at) => at <= run.window.fromSeconds);
  const closed = times.find((at) => at >= run.window.toSeconds);
  if (opened === undefined || closed === undefined) return null;
  const inside = times.filter((at) => at >= opened && at <= closed);
  return {
    name,
    opened,
    closed,
    scrapes: inside,
    series: seriesOf(evidence),
    objectives: verdict.objectives,
  };
}

/** Every raw series once, because several selectors may match it. */
function seriesOf({ readings }: Evidence): readonly Series[] {
  const all = readings.filter(({ digest }) => digest === undefined).flatMap(({ series }) => series);
  const byLabels = new Map<string, Map<number, Sample>>();
  for (const { labels, samples } of all) {
    const key = JSON.stringify(Object.entries(labels).toSorted());
    const own = byLabels.get(key) ?? new Map<number, Sample>();
    for (const sample of samples) own.set(sample[0], sample);
    byLabels.set(key, own);
  }
  return [...byLabels].map(([key, samples]) => ({
    labels: Object.fromEntries(JSON.parse(key) as [string, string][]),
    samples: [...samples.values()].toSorted(([a], [b]) => a - b),
  }));
}

/** The series as a Prometheus would have stored them, with the recording's name as a label. */
const openMetricsOf = ({ name, series }: Compared) =>
  series
    .filter(({ labels }) => labels.__name__ !== undefined)
    .flatMap(({ labels: { __name__, ...labels }, samples }) => {
      const text = Object.entries({ ...labels, recording: name })
        .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
        .join(',');
      return samples.map(([at, value]) => `${__name__}{${text}} ${value} ${at}\n`);
    })
    .join('');

/** Recordings whose queries and verdicts are about different things. */
const DIFFERENT: ReadonlyMap<string, string> = new Map([
  ['unasked-responses', 'recorded with a document in which redirects were not errors'],
  ['edge-missing', 'the document says that there is a bucket edge at 200 ms, and here there is none'],
]);

const found = await Promise.all(
  MATRIX.filter(({ name }) => !DIFFERENT.has(name)).map(async (row) => {
    const recording = await recordingOf(row);
    return recording === null ? null : comparedOf(row.name, recording);
  }),
);
const recordings = found.filter((one) => one !== null);

let server: PrometheusServer;
beforeAll(async () => {
  server = await startPrometheus(recordings.map(openMetricsOf).join(''));
});
afterAll(() => server?.[Symbol.asyncDispose]());

async function ask(query: string, atSeconds: number): Promise<number> {
  const parameters = new URLSearchParams({ query, time: atSeconds.toFixed(3) });
  const response = await fetch(`${server.url}/api/v1/query?${parameters}`);
  const { data, error } = (await response.json()) as {
    error?: string;
    data: { result: { value: [number, string] }[] };
  };
  expect(error).toBeUndefined();
  expect(data.result, query).toHaveLength(1);
  return Number(data.result[0]!.value[1]);
}

interface Pair {
  readonly objective: ObjectiveVerdict;
  /** The query that computes the value with `increase`, over a range in PromQL notation. */
  readonly query: (range: string) => string;
  /** The value on which the verdict is based. */
  readonly judged: number;
  /** Whether the value is a quotient of two increases, which may be extrapolated by different factors. */
  readonly isQuotient: boolean;
}

/** The queries of the alerting rules and dashboards for the objectives of a recording. */
const pairsOf = ({ name, objectives }: Compared): readonly Pair[] =>
  objectives.flatMap((objective) => {
    const measure = document.objectives.find(({ id }) => id === objective.id)?.measure;
    const service = { ...document.service.selector, recording: name };
    return measure === undefined ? [] : pairOf(objective, measure, service);
  });

function pairOf(
  objective: ObjectiveVerdict,
  measure: Measure,
  service: Record<string, string>,
): readonly Pair[] {
  switch (measure.kind) {
    case 'latency': {
      const { histogram } = measure;
      if (histogram === null) return [];
      const target = document.objectives.find(({ id }) => id === objective.id)!.target.value;
      const query = (range: string) => slowShare(service, histogram, target, range);
      return [{ objective, query, judged: 1 - objective.share!, isQuotient: true }];
    }
    case 'ratio': {
      const query = (range: string) => errorShare(service, measure.bad, measure.total, range);
      return [{ objective, query, judged: objective.share!, isQuotient: true }];
    }
    case 'mean': {
      const query = (range: string) => mean(service, measure.histogram, range);
      return [{ objective, query, judged: objective.value!, isQuotient: true }];
    }
    case 'throughput': {
      const query = (range: string) => `sum(increase(${select(service, measure.counter)}[${range}]))`;
      return [{ objective, query, judged: objective.samples, isQuotient: false }];
    }
    default:
      return [];
  }
}

test('enough recordings can be compared, and they include every kind of measure', () => {
  expect(recordings.length).toBeGreaterThan(15);
  expect([...new Set(recordings.flatMap(pairsOf).map(({ objective }) => objective.id))].toSorted()).toEqual([
    'confidence',
    'error-rate',
    'latency-p95',
    'latency-p99',
    'throughput',
  ]);
});

describe.each(recordings)('$name', (recording) => {
  const { opened, closed, scrapes } = recording;
  const pairs = pairsOf(recording);

  test('over the scrapes that the verdict uses, increase() and the verdict give the same number', async () => {
    const range = promDuration(closed - opened + MOMENT);
    const error = MOMENT / (closed - opened);
    for (const { query, judged, objective } of pairs) {
      const value = await ask(query(range), closed);
      expect(Math.abs(value - judged), objective.id).toBeLessThanOrEqual(judged * (error + 1e-9));
    }
  });

  test('over a range that ends between scrapes, the two differ by at most the stated error', async () => {
    const interval = (closed - opened) / (scrapes.length - 1);
    for (const shift of [0.15, 0.5, 0.85]) {
      const [from, to] = [opened + shift * interval, closed + shift * interval];
      const inside = scrapes.filter((at) => at > from && at <= to);
      const factor = highestFactor(inside.length);
      const range = promDuration(to - from);
      const exact = promDuration(inside.at(-1)! - inside[0]! + MOMENT);
      for (const { query, isQuotient, objective } of pairs) {
        // The difference that the verdict would compute, between the first and the last scrape in the
        // range.
        const between = await ask(query(exact), inside.at(-1)!);
        const value = await ask(query(range), to);
        expect(value, objective.id).toBeGreaterThanOrEqual(
          (between / (isQuotient ? factor : 1)) * (1 - 1e-9),
        );
        expect(value, objective.id).toBeLessThanOrEqual(between * factor * (1 + 1e-9));
      }
    }
  });

  test('a count misses at most the events of one interval at each edge', async () => {
    const count = pairs.find(({ isQuotient }) => !isQuotient)!;
    const interval = (closed - opened) / (scrapes.length - 1);
    const perInterval = await Promise.all(
      scrapes.slice(1).map((at, index) => ask(count.query(promDuration(at - scrapes[index]! + MOMENT)), at)),
    );
    const most = Math.max(...perInterval);
    const to = closed - interval / 2;
    const value = await ask(count.query(promDuration(to - opened)), to);
    expect(value).toBeGreaterThanOrEqual(count.judged - 2 * most);
    expect(value).toBeLessThanOrEqual(count.judged * highestFactor(scrapes.length - 2));
  });
});
