import { metrics } from '../service/metric-names.ts';
import { type Matchers, selector } from '../slas/prometheus/promql.ts';

/** The metrics of Prometheus and prom-client that panels use in addition to the service's own. */
export const processMetrics = [
  'up',
  'process_start_time_seconds',
  'process_cpu_seconds_total',
  'process_resident_memory_bytes',
  'nodejs_eventloop_lag_p99_seconds',
  'nodejs_heap_size_used_bytes',
] as const;

type ServiceMetric = (typeof metrics)[keyof typeof metrics];
type Parts<M extends ServiceMetric> = M extends { readonly type: 'histogram' }
  ? `${M['name']}_${'bucket' | 'sum' | 'count'}`
  : M['name'];

/** Every metric name that our queries may use; any other name is a type error. */
export type MetricName = Parts<ServiceMetric> | (typeof processMetrics)[number];

/** A selector of a metric that exists. */
export const metric = (name: MetricName, labels: Matchers): string => selector(name, labels);

/** The names of `MetricName` as values, for checks of query texts. */
export const metricNames: ReadonlySet<string> = new Set<string>([
  ...processMetrics,
  ...Object.values(metrics).flatMap(({ name, type }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
]);
