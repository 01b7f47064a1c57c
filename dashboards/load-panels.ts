import { endpoints, metrics } from '../service/metric-names.ts';
import type { Matchers } from '../slas/prometheus/promql.ts';
import { PERCENTILES, STATUSES } from './colours.ts';
import { metric } from './metrics.ts';
import type { Panel, View } from './panel.ts';
import { increaseOf, maxOf, maxWithin, percentileOf, rateOf, sumOf } from './promql.ts';

/** The resources that the service used under load. */

const PREDICTING = { matches: endpoints.join('|') };

const shared = { drawing: 'lines', limits: [], objectives: [], width: 6 } as const;

const inProgressOf = (view: View) =>
  metric(metrics.httpInProgress.name, { ...view.labels, handler: view.endpoint ?? PREDICTING });

export const inProgress = (view: View): Panel => ({
  ...shared,
  id: 'in-progress',
  title: 'Requests in progress',
  unit: 'count',
  queries: [
    {
      expr: sumOf(inProgressOf(view), 'handler'),
      legend: '{{handler}}',
      over: 'time',
      seen: { expr: sumOf(maxWithin(inProgressOf(view), view.whole), 'handler'), label: 'handler' },
    },
  ],
  lookFor:
    'Equal to rate times latency while the service keeps up. A steady climb means that requests arrive faster than the service responds.',
  next: ['api-latency', 'cpu'],
});

export const cpu = (view: View): Panel => ({
  ...shared,
  id: 'cpu',
  title: 'CPU',
  unit: 'cores',
  queries: [
    {
      expr: sumOf(rateOf(metric('process_cpu_seconds_total', view.labels), view.step)),
      legend: 'all replicas',
      over: 'time',
    },
  ],
  lookFor: 'It cannot exceed the number of cores. Requests beyond that wait.',
  next: ['event-loop', 'api-latency'],
});

export const memory = (view: View): Panel => ({
  ...shared,
  id: 'memory',
  title: 'Memory',
  unit: 'bytes',
  queries: [
    {
      expr: sumOf(metric('process_resident_memory_bytes', view.labels)),
      legend: 'resident',
      over: 'time',
    },
    {
      expr: sumOf(metric('nodejs_heap_size_used_bytes', view.labels)),
      legend: 'heap in use',
      over: 'time',
    },
  ],
  lookFor: 'It should level off after the warm-up. A line that only climbs indicates a leak.',
  next: ['event-loop', 'cpu'],
});

export const eventLoop = (view: View): Panel => ({
  ...shared,
  id: 'event-loop',
  title: 'Event-loop lag p99',
  unit: 'seconds',
  queries: [
    {
      expr: maxOf(metric('nodejs_eventloop_lag_p99_seconds', view.labels)),
      legend: 'worst replica',
      over: 'time',
    },
  ],
  lookFor:
    'The delay before the service sees a request: clients experience it, but the latency histogram does not include it.',
  next: ['api-latency', 'cpu'],
});

export const queue = (view: View): Panel => ({
  ...shared,
  id: 'queue',
  title: 'Queue',
  unit: 'count',
  queries: [
    {
      expr: sumOf(metric(metrics.queueLength.name, view.labels)),
      legend: 'waiting texts',
      over: 'time',
    },
  ],
  lookFor:
    'Texts waiting for a worker. Short peaks are bursts; a persistent queue means too little capacity.',
  next: ['queue-wait', 'cpu'],
});

const percentilesOf = (view: View, name: 'queueWait' | 'inferenceDuration') => {
  const buckets = metric(`${metrics[name].name}_bucket`, view.labels);
  return [50, 95, 99].map((percent) => ({
    expr: percentileOf(percent, sumOf(rateOf(buckets, view.step), 'le')),
    legend: `p${percent}`,
    over: 'time' as const,
  }));
};

export const queueWait = (view: View): Panel => ({
  ...shared,
  id: 'queue-wait',
  title: 'Wait for a worker',
  unit: 'seconds',
  queries: percentilesOf(view, 'queueWait'),
  colours: PERCENTILES,
  lookFor: 'The part of the latency that more workers would remove.',
  next: ['queue', 'inference-time'],
});

export const inferenceTime = (view: View): Panel => ({
  ...shared,
  id: 'inference-time',
  title: 'Inference',
  unit: 'seconds',
  queries: percentilesOf(view, 'inferenceDuration'),
  colours: PERCENTILES,
  lookFor: 'The part of the latency that only a faster model or shorter texts would remove.',
  next: ['queue-wait', 'cpu'],
});

const requestsOf = (view: View, labels: Matchers = {}) =>
  metric(metrics.httpRequests.name, {
    ...view.labels,
    handler: view.endpoint ?? PREDICTING,
    ...labels,
  });

const requests = (view: View, labels: Matchers = {}) => rateOf(requestsOf(view, labels), view.step);

/** The achieved rate. Prometheus knows the offered rate only if k6 writes to it. */
export const achieved = (view: View): Panel => ({
  ...shared,
  id: 'achieved-rate',
  title: 'Achieved rate',
  unit: 'per_second',
  queries: [
    { expr: sumOf(requests(view)), legend: 'responses', over: 'time' },
    { expr: sumOf(requests(view, { status: { matches: '2..' } })), legend: 'successful (2xx)', over: 'time' },
  ],
  lookFor:
    'Counted by the service. The annotation of each phase gives the offered rate. If there are fewer responses, requests were dropped or are waiting. k6’s own counts are in the report of the run.',
  next: ['by-status', 'in-progress'],
});

/** How requests arrive and how they end, by status. */
export const byStatus = (view: View): Panel => ({
  ...shared,
  id: 'by-status',
  title: 'Requests by status',
  unit: 'per_second',
  drawing: 'stacked',
  queries: [
    {
      expr: sumOf(requests(view), 'status'),
      legend: '{{status}}',
      over: 'time',
      seen: { expr: sumOf(increaseOf(requestsOf(view), view.whole), 'status'), label: 'status' },
    },
  ],
  colours: STATUSES,
  lookFor:
    'Completed requests, counted by the service. Requests that never arrived appear only in the report of the run.',
  next: ['api-latency', 'error-types'],
});

/** These panels work for every process whose metrics client exports the standard process metrics. */
export const processPanels = (view: View): readonly Panel[] => [cpu(view), memory(view), eventLoop(view)];

export const resourcePanels = (view: View): readonly Panel[] => [
  inProgress(view),
  queue(view),
  cpu(view),
  memory(view),
  eventLoop(view),
];
