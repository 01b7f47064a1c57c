import {
  batchSizeBuckets,
  confidenceBuckets,
  errorTypes,
  latencyBucketsSeconds,
} from '../../service/metric-names.ts';
import { inTrouble, type Made, type MadeRunOptions, STARTS_SECONDS } from './simulated-requests.ts';

/** The samples that Prometheus would have scraped from the service that responded to simulated requests. */

const SCRAPE_SECONDS = 5;

interface Histogram {
  readonly name: string;
  readonly labels: Labels;
  readonly edges: readonly number[];
  /** The count of each bucket on its own; the last bucket has no edge. */
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

export function openMetricsOf(requests: readonly Made[], options: MadeRunOptions): string {
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
