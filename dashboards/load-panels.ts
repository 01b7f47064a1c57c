import { endpoints, metrics } from '../service/metric-names.ts';
import { greatestOf, rateOf, sumOf } from '../slas/promql.ts';
import { metric } from './metrics.ts';
import type { Panel, View } from './panel.ts';

/** What the service used while it answered. */

const PREDICTING = { matches: endpoints.join('|') };

const shared = { drawing: 'lines', limits: [], objectives: [], width: 6 } as const;

export const inProgress = (view: View): Panel => ({
  ...shared,
  id: 'in-progress',
  title: 'Requests in progress',
  unit: 'count',
  queries: [
    {
      expr: sumOf(
        metric(metrics.httpInProgress.name, { ...view.labels, handler: view.endpoint ?? PREDICTING }),
        'handler',
      ),
      legend: '{{handler}}',
      over: 'time',
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

export const resourcePanels = (view: View): readonly Panel[] => [
  inProgress(view),
  cpu(view),
  memory(view),
  eventLoop(view),
];
