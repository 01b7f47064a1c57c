import { fromSeconds, unitInName } from './units.ts';

/**
 * How a bucket edge is added in a client library. `./sla check` prints it where a limit is not an edge; other commands
 * that know which library a service uses print the same.
 */

export const LIBRARIES = [
  'prom-client',
  'prometheus_client',
  'client_golang',
  'micrometer',
  'express-prom-bundle',
  'prometheus-fastapi-instrumentator',
  'opentelemetry',
  'unknown',
] as const;

export type Library = (typeof LIBRARIES)[number];

/** The default edges of each library, in seconds; they show which library a histogram comes from. */
export const DEFAULT_EDGES: Readonly<Partial<Record<Library, readonly number[]>>> = {
  'prom-client': [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  client_golang: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  prometheus_client: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  opentelemetry: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  'express-prom-bundle': [0.003, 0.03, 0.1, 0.3, 1.5, 10],
  'prometheus-fastapi-instrumentator': [0.1, 0.5, 1],
};

/** Names of histograms that only one library uses. */
const NAMES: readonly (readonly [RegExp, Library])[] = [
  [/^http_(server|client)_requests_seconds$/, 'micrometer'],
  [/^http_(server|client)_(request_)?duration(_seconds|_milliseconds)?$/, 'opentelemetry'],
  [/^http_request_duration_highr_seconds$/, 'prometheus-fastapi-instrumentator'],
];

/** Labels that only one library uses, next to a histogram. */
const LABELS: readonly (readonly [RegExp, Library])[] = [
  [/^(outcome|exception|uri)$/, 'micrometer'],
  [/^(http_route|http_response_status_code|otel_scope_name)$/, 'opentelemetry'],
];

/**
 * The libraries that a histogram may come from, by its name, the names of its labels and its edges (in its own unit).
 * More than one if they cannot be distinguished; `unknown` if it is none of them.
 */
export function librariesOf(
  histogram: string,
  edges: readonly number[],
  labels: readonly string[] = [],
): readonly Library[] {
  const byName = NAMES.find(([name]) => name.test(histogram))?.[1];
  const byLabel = LABELS.find(([name]) => labels.some((label) => name.test(label)))?.[1];
  const named = byName ?? byLabel;
  if (named !== undefined) return [named];
  const byEdges = LIBRARIES.filter((library) => hasEdges(DEFAULT_EDGES[library] ?? [], edges));
  return byEdges.length === 0 ? ['unknown'] : byEdges;
}

const hasEdges = (defaults: readonly number[], edges: readonly number[]) =>
  defaults.length === edges.length && defaults.every((edge, index) => edge === edges[index]);

export interface EdgeAsked {
  readonly library: Library;
  /** The name of the histogram, as Prometheus has it. */
  readonly histogram: string;
  /** The current edges of the histogram, in its own unit. */
  readonly edges: readonly number[];
  /** The limit that should become an edge. */
  readonly limitSeconds: number;
  /** The unit of the edges, if the name does not say it. */
  readonly unit?: Parameters<typeof fromSeconds>[1];
}

/** The line that adds an edge at the limit, in the library's own language. */
export function adviseEdge({ library, histogram, edges, limitSeconds, unit }: EdgeAsked): string {
  const own = fromSeconds(limitSeconds, unit ?? unitInName(histogram) ?? 'seconds');
  const all = [...new Set([...edges, own])].sort((a, b) => a - b).join(', ');
  switch (library) {
    case 'prom-client':
      return `new Histogram({ name: '${histogram}', buckets: [${all}], … })`;
    case 'prometheus_client':
      return `Histogram('${histogram}', …, buckets=(${all}))`;
    case 'client_golang':
      return `prometheus.HistogramOpts{Name: "${histogram}", Buckets: []float64{${all}}, …}`;
    case 'micrometer':
      return `management.metrics.distribution.slo.${meterOf(histogram)}=${durationOf(limitSeconds)} (application.properties), or .serviceLevelObjectives(Duration.ofNanos(${nanos(limitSeconds)}L)) on the Timer's builder`;
    case 'express-prom-bundle':
      return `promBundle({ buckets: [${all}], … })`;
    case 'prometheus-fastapi-instrumentator':
      return histogram.includes('highr')
        ? `Instrumentator().instrument(app, latency_highr_buckets=(${all}))`
        : `Instrumentator().instrument(app, latency_lowr_buckets=(${all}))`;
    case 'opentelemetry':
      return `new MeterProvider({ views: [{ instrumentName: '${meterOf(histogram)}', aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: [${all}] } } }], … })`;
    case 'unknown':
      return `give the histogram ${histogram} these bucket edges: ${all}`;
    default:
      return library satisfies never;
  }
}

/** Micrometer's and OpenTelemetry's names have dots, and no unit: `http_server_requests_seconds` is `http.server.requests`. */
const withoutUnit = (histogram: string) => histogram.replace(/_(milli|micro|nano)?seconds$/, '');
const meterOf = (histogram: string) => withoutUnit(histogram).replaceAll('_', '.');

const nanos = (seconds: number) => Math.round(seconds * 1e9);

const durationOf = (seconds: number) => {
  const ms = Number((seconds * 1000).toPrecision(12));
  return Number.isInteger(ms) ? `${ms}ms` : `${nanos(seconds)}ns`;
};
