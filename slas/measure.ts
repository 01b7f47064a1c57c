import { holds } from './limits.ts';
import { measureUptime } from './measures/gauges.ts';
import { measureLatency } from './measures/latency.ts';
import type { Measured } from './measures/measured.ts';
import { measureMean, measureThroughput } from './measures/numbers.ts';
import { measureRatio } from './measures/ratio.ts';
import type { Limit, PlannedMeasure, PlannedObjective, RunRecord } from './model.ts';
import { budgetOf, compareShare } from './statistics.ts';
import type { Frame } from './window.ts';

export { highestGauge } from './measures/gauges.ts';
export type { Measured } from './measures/measured.ts';

/** One measure of an objective, by its kind; each has a file under measures/. */
export function measure(
  objective: PlannedObjective,
  run: RunRecord,
  frame: Frame,
  requests: string | null,
): Measured {
  const planned = objective.measure;
  switch (planned.kind) {
    case 'latency':
      return measureLatency(planned, objective, frame);
    case 'ratio':
      return measureRatio(planned, run, frame);
    case 'throughput':
      return measureThroughput(planned, run, frame, requests);
    case 'uptime':
      return measureUptime(planned, frame);
    case 'mean':
      return measureMean(planned, objective.unit, frame);
    default:
      return planned satisfies never;
  }
}

/** Whether so many bad ones among all are within a limit. A percentile's limit includes its edge, a rate's is strict. */
export function isWithin(planned: PlannedMeasure, limit: Limit, bad: number, all: number): boolean {
  if (planned.kind === 'latency') return compareShare(bad, all, budgetOf(planned.percentile)) <= 0;
  const sign = compareShare(bad, all, limit.value);
  return holds(sign, { ...limit, value: 0 });
}
