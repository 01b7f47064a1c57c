import { metrics } from '../service/metric-names.ts';
import { cpu, inferenceTime, queue, queueWait } from './load-panels.ts';
import { metric } from './metrics.ts';
import type { Panel, PanelLimit, View } from './panel.ts';
import { minOf, peakOf, rateOf, shareOf, sumOf } from './promql.ts';

/** The rate that a capacity search proved, or the highest step at which a stored stepped run met its objectives. */
export interface MeasuredLimit {
  /** The folder of the run or of the capacity search. */
  readonly run: string;
  readonly ratePerSecond: number;
  /** `./sla capacity` found this rate and confirmed it with a hold. */
  readonly isProven?: true;
  /** Ids of the objectives that did not count in that hold, because they were advisory or waived. Absent: none. */
  readonly exempt?: readonly string[];
}

/** How much more load the service can handle: what a request costs, what is in use, and where requests begin to wait. */
export const capacityPanels = (view: View, measured: MeasuredLimit | null): readonly Panel[] => [
  busiest(view, measured),
  perCore(view),
  workers(view),
  busyWorkers(view),
  { ...cpu(view), width: 8 },
  { ...queue(view), width: 8 },
  { ...queueWait(view), width: 8 },
  { ...inferenceTime(view), width: 24 },
];

const predictions = ({ labels }: View) => metric(metrics.predictions.name, labels);
const shared = { drawing: 'lines', limits: [], objectives: [], width: 12 } as const;

function busiest(view: View, measured: MeasuredLimit | null): Panel {
  const rate = sumOf(rateOf(predictions(view), '1m'));
  return {
    ...shared,
    id: 'busiest-minute',
    title: 'Rate now, and the busiest minute of 7 days',
    unit: 'per_second',
    counts: 'predictions',
    queries: [
      { expr: rate, legend: 'now', over: 'time' },
      { expr: peakOf(rate, '7d', '1m'), legend: 'busiest of 7 days', over: 'time' },
    ],
    limits: measured === null ? [] : [heldAt(measured)],
    lookFor: `The highest rate that the service has handled. ${lineInWords(measured)}`,
    next: ['per-cpu-second', 'queue'],
  };
}

function lineInWords(measured: MeasuredLimit | null): string {
  if (measured === null)
    return './sla capacity finds the highest rate at which the SLA holds; a load that rises in steps is quicker: ./sla gate --scenario breakpoint.';
  const { run, ratePerSecond, isProven, exempt = [] } = measured;
  const except = exempt.length === 0 ? '' : ` These objectives did not count: ${exempt.join(', ')}.`;
  return isProven
    ? `The line shows ${ratePerSecond}/s, proven by the search ${run} (./sla capacity) on the machine of that search.${except}`
    : `The line shows ${ratePerSecond}/s: up to this rate, run ${run} met every decisive objective that is judged in steps, on the machine of that run.`;
}

const heldAt = ({ run, ratePerSecond, isProven }: MeasuredLimit): PanelLimit => ({
  label: isProven ? `proven rate (${run})` : `objectives met in ${run}`,
  level: 'target',
  limit: { text: `<= ${ratePerSecond}/s`, comparison: '<=', value: ratePerSecond },
});

const perCore = (view: View): Panel => ({
  ...shared,
  id: 'per-cpu-second',
  title: 'Predictions per second of CPU',
  unit: 'count',
  queries: [
    {
      expr: shareOf(
        sumOf(rateOf(predictions(view), view.step)),
        sumOf(rateOf(metric('process_cpu_seconds_total', view.labels), view.step)),
      ),
      legend: 'predictions',
      over: 'time',
    },
  ],
  lookFor:
    'Multiplied by the number of cores, this is the highest possible rate. It rises with load, because more predictions share the fixed cost. If it falls, texts are getting longer.',
  next: ['cpu', 'inference-time'],
});

const workers = (view: View): Panel => ({
  ...shared,
  id: 'workers-ready',
  title: 'Workers that are ready',
  unit: 'count',
  queries: [
    { expr: sumOf(metric(metrics.workersReady.name, view.labels)), legend: 'all replicas', over: 'time' },
    {
      expr: minOf(metric(metrics.workersReady.name, view.labels)),
      legend: 'replica with the fewest',
      over: 'time',
    },
  ],
  lookFor: 'One per core by default. If there are fewer, some died and are being replaced.',
  next: ['workers-busy', 'queue'],
});

const busyWorkers = (view: View): Panel => ({
  ...shared,
  id: 'workers-busy',
  title: 'Worker utilisation',
  unit: 'ratio',
  queries: [
    {
      expr: shareOf(
        sumOf(rateOf(metric(`${metrics.inferenceDuration.name}_sum`, view.labels), view.step)),
        sumOf(metric(metrics.workersReady.name, view.labels)),
      ),
      legend: 'in use',
      over: 'time',
    },
  ],
  lookFor: 'Near 100%, every additional text has to wait. Keep it under 70% to leave headroom for bursts.',
  next: ['queue-wait', 'workers-ready'],
});
