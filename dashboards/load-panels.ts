import { endpoints, metrics } from '../service/metric-names.ts';
import {
  greatestOf,
  greatestWithin,
  increaseOf,
  type Matchers,
  percentileOf,
  rateOf,
  sumOf,
} from '../slas/promql.ts';
import { PERCENTILES, STATUSES } from './colours.ts';
import { metric } from './metrics.ts';
import type { Panel, View } from './panel.ts';

/** What the service used while it answered. */

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
      seen: { expr: sumOf(greatestWithin(inProgressOf(view), view.whole), 'handler'), label: 'handler' },
    },
  ],
  lookFor: 'Rate times latency, when all is well. A steady climb is a queue that never empties.',
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
  lookFor: 'At the number of cores it stops rising: what is sent beyond that waits.',
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
  lookFor: 'Level after the warm-up. One that only climbs is a leak.',
  next: ['event-loop', 'cpu'],
});

export const eventLoop = (view: View): Panel => ({
  ...shared,
  id: 'event-loop',
  title: 'Event-loop lag p99',
  unit: 'seconds',
  queries: [
    {
      expr: greatestOf(metric('nodejs_eventloop_lag_p99_seconds', view.labels)),
      legend: 'worst replica',
      over: 'time',
    },
  ],
  lookFor: 'How late requests are noticed: time that callers wait and the service does not measure.',
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
      legend: 'texts that wait',
      over: 'time',
    },
  ],
  lookFor: 'Texts that wait for a worker. Short peaks are bursts; what stays is too little capacity.',
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
  lookFor: 'The part of the latency that more workers would take away.',
  next: ['queue', 'inference-time'],
});

export const inferenceTime = (view: View): Panel => ({
  ...shared,
  id: 'inference-time',
  title: 'Inference',
  unit: 'seconds',
  queries: percentilesOf(view, 'inferenceDuration'),
  colours: PERCENTILES,
  lookFor: 'The part of the latency that only a faster model, or shorter texts, would take away.',
  next: ['queue-wait', 'cpu'],
});

const requestsOf = (view: View, labels: Matchers = {}) =>
  metric(metrics.httpRequests.name, {
    ...view.labels,
    handler: view.endpoint ?? PREDICTING,
    ...labels,
  });

const requests = (view: View, labels: Matchers = {}) => rateOf(requestsOf(view, labels), view.step);

/** What of the load came through. What was offered Prometheus does not know, unless k6 writes to it. */
export const achieved = (view: View): Panel => ({
  ...shared,
  id: 'achieved-rate',
  title: 'Achieved rate',
  unit: 'per_second',
  queries: [
    { expr: sumOf(requests(view)), legend: 'answered', over: 'time' },
    { expr: sumOf(requests(view, { status: { matches: '2..' } })), legend: 'answered well', over: 'time' },
  ],
  lookFor:
    'As the service counts. The offered rate stands in the annotation of each phase: answered under it, requests were dropped or wait. k6’s own counts are in Prometheus only where k6 writes there; here they are in the report of the run.',
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
    'What arrived and ended, as the service counts it. What was offered and never arrived, only the report of the run knows.',
  next: ['api-latency', 'error-types'],
});

export const resourcePanels = (view: View): readonly Panel[] => [
  inProgress(view),
  queue(view),
  cpu(view),
  memory(view),
  eventLoop(view),
];
