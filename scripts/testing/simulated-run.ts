import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  batchSizeBuckets,
  confidenceBuckets,
  errorTypes,
  latencyBucketsSeconds,
} from '../../service/metric-names.ts';
import { columnsOf } from '../../slas/client/columns.ts';
import { parseDocument } from '../../slas/document/document.ts';
import { judge } from '../../slas/judge/judge.ts';
import type { Plan, RunRecord, Verdict } from '../../slas/model/model.ts';
import { unwrap } from '../../slas/model/result.ts';
import { planScenario } from '../../slas/plan/plan.ts';
import { collectEvidence } from '../../slas/prometheus/prometheus.ts';
import { verdictDocument } from '../../slas/render/json.ts';
import { SHIPPED_YAML } from '../../slas/testing/cases.ts';
import { startPrometheus } from '../../slas/testing/prometheus-server.ts';
import { collectRunSeries } from '../run/series.ts';
import { findBaseline } from '../runs/baseline.ts';
import { FILES, readRun, type StoredRun, toJson } from '../runs/bundle.ts';
import { runFiles } from '../runs/run-record.ts';
import { seal } from '../runs/seal.ts';

/**
 * A run without the waiting time: requests of a service whose every latency is known, as a Prometheus would
 * have stored them and a client would have recorded them.
 */
const RATE = 25;
const SCRAPE_SECONDS = 5;
const STARTS_SECONDS = Date.UTC(2025, 2, 4, 13, 0, 0, 400) / 1000;

export interface MadeRunOptions {
  /** The four hexadecimal digits at the end of its id. */
  readonly suffix: string;
  readonly durationSeconds: number;
  /** Seconds from the start of the load between which it is overloaded; null: never. */
  readonly trouble: { readonly from: number; readonly to: number } | null;
  /** The seconds between which the load generator sent nothing that was due; absent: never. */
  readonly starved?: { readonly from: number; readonly to: number };
  /** A different seed gives another run of the same service. */
  readonly seed?: number;
}

/** An hour, with a fault after two thirds. */
export const HOUR: MadeRunOptions = {
  suffix: '00cc',
  durationSeconds: 3600,
  trouble: { from: 2400, to: 2760 },
};
/** Five minutes, with a fault in the fourth. */
export const FAULTY: MadeRunOptions = {
  suffix: '00bb',
  durationSeconds: 300,
  trouble: { from: 180, to: 240 },
};
/** Five minutes without a fault. */
export const HEALTHY: MadeRunOptions = { suffix: '00aa', durationSeconds: 300, trouble: null };
/** The same, but 40 requests were never sent. */
export const STARVED: MadeRunOptions = { ...HEALTHY, suffix: '00ab', starved: { from: 150, to: 151.6 } };
/** The same service at an earlier time. */
export const EARLIER: MadeRunOptions = { ...HEALTHY, suffix: '0099', seed: 7 };

export interface MadeRun {
  readonly stored: StoredRun;
  readonly verdict: Verdict;
}

/** Creates the folder of such a run, using a real Prometheus over generated samples. */
export async function makeRun(parent: string, options: MadeRunOptions): Promise<MadeRun> {
  const parsed = parseDocument(SHIPPED_YAML);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  const overrides = { durationSeconds: options.durationSeconds };
  const plan = unwrap(planScenario(parsed.value, 'steady', overrides));
  const requests = makeRequests(options);
  const run = recordOf(plan, requests, options);
  await using prometheus = await startPrometheus(openMetricsOf(requests, options));
  const asker = { url: prometheus.url, signal: new AbortController().signal };
  const { clock: _, ...evidence } = await collectEvidence(plan, run, asker);
  const series = await collectRunSeries(parsed.value, plan, run, evidence, asker);
  const path = join(parent, run.id);
  await mkdir(path, { recursive: true });
  const files = { plan, evidence, series, document: parsed.value, environment: ENVIRONMENT };
  for (const [name, data] of Object.entries(files)) await writeFile(join(path, `${name}.json`), toJson(data));
  for (const [name, content] of Object.entries(runFiles(run, toJson)))
    await writeFile(join(path, name), content);
  const baseline = await findBaseline(path);
  if (baseline !== null) await writeFile(join(path, FILES.baseline), toJson(baseline));
  const stored = await readRun(path);
  return { stored, verdict: judge(stored.plan, stored.run, stored.evidence!) };
}

/** As a gate leaves it: with its verdict, its report, and sealed. */
export async function finishMadeRun({ stored, verdict }: MadeRun, report: string | null): Promise<void> {
  await writeFile(join(stored.path, FILES.verdict), toJson(verdictDocument(verdict)));
  if (report !== null) await writeFile(join(stored.path, FILES.report), report);
  await seal(stored.path);
}

const ENVIRONMENT = {
  schema: 'sla-harness/environment/v1',
  model: { name: 'sentiment-small' },
  faults: 'none',
  tools: { k6: '2.2.0', prometheus: '3.16.0' },
};

// ---------------------------------------------------------------------------------------------- the requests

interface Made {
  /** From the start of the load. */
  readonly atSeconds: number;
  readonly seconds: number;
  readonly confidence: number;
  readonly isPositive: boolean;
  readonly isRefused: boolean;
}

/** The same numbers in every run: a linear congruential generator is random enough for a plot. */
function* chance(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

const inTrouble = (atSeconds: number, { trouble }: MadeRunOptions) =>
  trouble !== null && atSeconds >= trouble.from && atSeconds < trouble.to;

function makeRequests(options: MadeRunOptions): readonly Made[] {
  const random = chance(options.seed ?? 20_250_304);
  const next = () => random.next().value;
  const all = Array.from({ length: options.durationSeconds * RATE }, (_, index) => {
    const atSeconds = index / RATE;
    const tail = -Math.log(1 - next());
    const healthy = 0.006 + 0.005 * tail + (next() < 0.01 ? 0.04 * tail : 0);
    const queue = inTrouble(atSeconds, options) ? 0.12 + 0.16 * tail : 0;
    const isPositive = next() < 0.52 + 0.08 * Math.sin(atSeconds / 500);
    return {
      atSeconds,
      seconds: healthy + queue,
      confidence: Math.max(0.51, 0.985 - 0.06 * -Math.log(1 - next())),
      isPositive,
      isRefused: inTrouble(atSeconds, options) && next() < 0.015,
    };
  });
  const { from, to } = options.starved ?? { from: 0, to: 0 };
  return all.filter(({ atSeconds }) => atSeconds < from || atSeconds >= to);
}

function recordOf(
  plan: Plan,
  requests: readonly Made[],
  { durationSeconds, suffix }: MadeRunOptions,
): RunRecord {
  const refused = requests.filter(({ isRefused }) => isRefused).length;
  return {
    schema: 'sla-harness/run/v1',
    id: `2025-03-04T12-59-55Z-steady-${suffix}`,
    window: { fromSeconds: STARTS_SECONDS, toSeconds: STARTS_SECONDS + durationSeconds + 0.05 },
    load: {
      generator: { name: 'k6', version: '2.2.0' },
      plannedRequests: plan.load!.plannedRequests,
      scheduledSeconds: durationSeconds,
      sent: requests.length,
      answered: { '1xx': 0, '2xx': requests.length - refused, '3xx': 0, '4xx': 0, '5xx': refused },
      lost: 0,
      startedLateP99Seconds: 0.002,
      client: columnsOf(
        STARTS_SECONDS,
        requests.map(({ atSeconds, seconds, isRefused }) => ({
          startSeconds: Math.round(atSeconds * 10_000) / 10_000,
          durationSeconds: Math.round(seconds * 1e6 + 400) / 1e6,
          blockedSeconds: 0,
          ...{ status: isRefused ? 503 : 200, path: '/predict' },
        })),
      ),
      wrongAnswers: 0,
      lookedInto: requests.length - refused,
      scriptErrors: 0,
      droppedIterations: plan.load!.plannedRequests - requests.length,
      completed: true,
      stoppedBecause: null,
    },
    incidents: [],
  };
}

// ---------------------------------------------------------------------------------------------- as it was scraped

interface Histogram {
  readonly name: string;
  readonly labels: Labels;
  readonly edges: readonly number[];
  /** The counts of each single bucket; the last has no edge. */
  readonly counts: number[];
  sum: number;
}
type Labels = Readonly<Record<string, string>>;

const keyOf = (name: string, labels: Labels) => {
  const all = Object.entries({ job: 'sentiment-api', instance: '127.0.0.1:8000', ...labels });
  return `${name}{${all.map(([label, value]) => `${label}="${value}"`).join(',')}}`;
};

class Registry {
  readonly #values = new Map<string, number>();
  readonly #histograms = new Map<string, Histogram>();

  add(name: string, labels: Labels, by = 1): void {
    const key = keyOf(name, labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + by);
  }

  set(name: string, labels: Labels, to: number): void {
    this.#values.set(keyOf(name, labels), to);
  }

  histogram(name: string, labels: Labels, edges: readonly number[]): void {
    const counts = new Array<number>(edges.length + 1).fill(0);
    this.#histograms.set(keyOf(name, labels), { name, labels, edges, counts, sum: 0 });
  }

  observe(name: string, labels: Labels, value: number): void {
    const histogram = this.#histograms.get(keyOf(name, labels))!;
    const at = histogram.edges.findIndex((edge) => value <= edge);
    histogram.counts[at === -1 ? histogram.edges.length : at]!++;
    histogram.sum += value;
  }

  lines(atSeconds: number): string {
    const at = atSeconds.toFixed(3);
    const line = ([key, value]: readonly [string, number]) => `${key} ${value} ${at}\n`;
    const histograms = [...this.#histograms.values()].flatMap(samplesOf);
    return [...this.#values, ...histograms].map(line).join('');
  }
}

function samplesOf({ name, labels, edges, counts, sum }: Histogram): (readonly [string, number])[] {
  let total = 0;
  const buckets = counts.map((count, index) => {
    total += count;
    const edge = edges[index];
    const le = edge === undefined ? '+Inf' : Number.isInteger(edge) ? edge.toFixed(1) : String(edge);
    return [keyOf(`${name}_bucket`, { ...labels, le }), total] as const;
  });
  return [...buckets, [keyOf(`${name}_sum`, labels), sum], [keyOf(`${name}_count`, labels), total]];
}

const route = { method: 'POST', handler: '/predict' };

function openMetricsOf(requests: readonly Made[], options: MadeRunOptions): string {
  const registry = new Registry();
  prepare(registry);
  const lines: string[] = [];
  let done = 0;
  // As in real data, every series is constant for a few scrapes before and after.
  for (
    let at = -4 * SCRAPE_SECONDS;
    at <= options.durationSeconds + 4 * SCRAPE_SECONDS;
    at += SCRAPE_SECONDS
  ) {
    for (; done < requests.length && requests[done]!.atSeconds + requests[done]!.seconds <= at; done++)
      count(registry, requests[done]!);
    measure(registry, at, options);
    lines.push(registry.lines(STARTS_SECONDS + at));
  }
  return lines.join('');
}

function prepare(registry: Registry): void {
  for (const status of ['200', '503', '499', '500', '400']) {
    registry.add('http_requests_total', { ...route, status }, 0);
    registry.histogram('http_request_duration_seconds', { ...route, status }, latencyBucketsSeconds);
  }
  for (const sentiment of ['POSITIVE', 'NEGATIVE']) {
    registry.add('sentiment_predictions_total', { sentiment, endpoint: '/predict' }, 0);
    registry.histogram('sentiment_prediction_confidence', { sentiment }, confidenceBuckets);
  }
  for (const error_type of errorTypes)
    registry.add('sentiment_errors_total', { error_type, endpoint: '/predict' }, 0);
  registry.histogram('sentiment_batch_size', {}, batchSizeBuckets);
}

function count(registry: Registry, { seconds, confidence, isPositive, isRefused }: Made): void {
  const status = isRefused ? '503' : '200';
  registry.add('http_requests_total', { ...route, status });
  registry.observe('http_request_duration_seconds', { ...route, status }, seconds);
  if (isRefused) {
    registry.add('sentiment_errors_total', { error_type: 'overloaded', endpoint: '/predict' });
    return;
  }
  const sentiment = isPositive ? 'POSITIVE' : 'NEGATIVE';
  registry.add('sentiment_predictions_total', { sentiment, endpoint: '/predict' });
  registry.observe('sentiment_prediction_confidence', { sentiment }, confidence);
}

function measure(registry: Registry, at: number, options: MadeRunOptions): void {
  const isLoaded = at >= 0 && at <= options.durationSeconds;
  const isFaulty = inTrouble(at, options);
  const wave = Math.sin(at / 47) * Math.cos(at / 13);
  registry.set('up', {}, 1);
  registry.set('process_start_time_seconds', {}, STARTS_SECONDS - 90);
  registry.set('sentiment_model_loaded', {}, 1);
  registry.set('http_requests_in_progress', route, isFaulty ? Math.round(6 + 2 * wave) : 0);
  registry.set('sentiment_queue_length', {}, isFaulty ? Math.round(4 + 2 * wave) : 0);
  registry.add(
    'process_cpu_seconds_total',
    {},
    SCRAPE_SECONDS * (!isLoaded ? 0.02 : isFaulty ? 1.9 + 0.05 * wave : 0.42 + 0.06 * wave),
  );
  registry.set('process_resident_memory_bytes', {}, 342e6 + 3000 * at + 4e6 * wave);
  registry.set('nodejs_heap_size_used_bytes', {}, 38e6 + 6e6 * Math.abs(wave));
  registry.set(
    'nodejs_eventloop_lag_p99_seconds',
    {},
    isFaulty ? 0.046 + 0.01 * wave : 0.0112 + 0.0008 * wave,
  );
}
