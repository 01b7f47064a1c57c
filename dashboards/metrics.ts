import { metrics } from '../service/metric-names.ts';
import { type Matchers, selector } from '../slas/prometheus/promql.ts';

/** What Prometheus and prom-client themselves add to the service's metrics: the ones that panels use. */
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

/** Every name that a query of ours may have: another one does not compile. */
export type MetricName = Parts<ServiceMetric> | (typeof processMetrics)[number];

/** A selector of a metric that there is. */
export const metric = (name: MetricName, labels: Matchers): string => selector(name, labels);

/** The same list for those who look at text. */
export const metricNames: ReadonlySet<string> = new Set<string>([
  ...processMetrics,
  ...Object.values(metrics).flatMap(({ name, type }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
]);
