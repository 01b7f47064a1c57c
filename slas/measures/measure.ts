import { judgedRequests } from '../client/client.ts';
import { countOf } from '../client/requests.ts';
import { holds } from '../document/limits.ts';
import type { Limit, PlannedMeasure, PlannedObjective, RunRecord } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import type { Result } from '../model/result.ts';
import { budgetOf, compareShare } from '../statistics/statistics.ts';
import type { Scope } from '../window/phases.ts';
import type { Frame } from '../window/window.ts';
import { measurePeak, measureUptime } from './gauges.ts';
import { allowForEdges } from './in-phase.ts';
import { type LatencyOfBuckets, measureLatency } from './latency.ts';
import { type Measured, nothing } from './measured.ts';
import { ofNamedCounters } from './named-counters.ts';
import { measureMean, measureThroughput } from './numbers.ts';
import { measureRatio } from './ratio.ts';
import { measureRecovery } from './recovery.ts';
import { measureSuccess } from './success.ts';

export { highestGauge } from './gauges.ts';
export { type Between, endsOf, type Measured, NOTHING_BETWEEN, type UnclaimedCount } from './measured.ts';

/**
 * What was measured of an objective in its scope, or why nothing could be measured. `run` is the whole run.
 */
export function measureIn(
  scope: Result<Scope, Reason>,
  objective: PlannedObjective,
  run: RunRecord,
): Measured {
  if (!scope.ok) return nothing(scope.error);
  const { phase, plan, run: own, frame: cut, open = 0 } = scope.value;
  const planned = objective.measure;
  if (planned.kind === 'recovery') return measureRecovery(planned, objective, own);
  const unasked = unrequestedPath(planned, run);
  if (planned.kind === 'latency' && planned.buckets === null)
    return nothing(unasked ?? byClientAlone(planned.clientPath!, own));
  if (!cut.ok) return nothing(cut.error);
  const frame = cut.value;
  if (unasked !== null) return nothing(unasked);
  const measured = measure(planned, objective, scope.value, frame, run);
  if (phase === null) return measured;
  const timeoutSeconds = plan.load!.requestTimeoutSeconds;
  return allowForEdges(measured, objective, phase, { run, inPhase: own, frame, open, timeoutSeconds });
}

/** A path that the load never requests is probably misspelt. Without this check, the client's side would be silently left out. */
function unrequestedPath(planned: PlannedMeasure, { load }: RunRecord): Reason | null {
  const path = planned.kind === 'latency' || planned.kind === 'mean' ? planned.clientPath : null;
  if (path == null || load?.client === undefined || countOf(load.client) === 0) return null;
  if (load.client.paths.includes(path)) return null;
  return reason('path-not-requested', { path, paths: load.client.paths });
}

/** Without a histogram, the service's side measures nothing. If the client's side also lacks data, the objective is undecided. */
function byClientAlone(path: string, { load }: RunRecord): Reason {
  if (load === null) return reason('client-alone', { path, lacks: 'load' });
  if (load.client === undefined) return reason('client-alone', { path, lacks: 'record' });
  if (countOf(load.client) === 0) return reason('client-alone', { path, lacks: 'requests' });
  const lacks = judgedRequests(load.client, path).ordered.length === 0 ? 'successes' : null;
  return reason('client-alone', { path, lacks });
}

/** The client alone measures a latency without buckets. */
function withBuckets({ buckets, ...rest }: PlannedMeasure & { kind: 'latency' }): LatencyOfBuckets {
  if (buckets === null) throw new RangeError('a latency without buckets is not measured service-side');
  return { ...rest, buckets };
}

/** Measures an objective in a window; each kind of objective has its own file. */
function measure(
  planned: Exclude<PlannedMeasure, { kind: 'recovery' }>,
  objective: PlannedObjective,
  { plan, run, phase }: Scope,
  frame: Frame,
  whole: RunRecord,
): Measured {
  const counted = (measured: Measured) => ofNamedCounters(measured, objective, planned, run, frame);
  switch (planned.kind) {
    case 'latency':
      return measureLatency(withBuckets(planned), objective, frame, { plan, run, whole });
    case 'ratio':
      return counted(measureRatio(planned, run, frame, whole, plan));
    case 'success':
      return counted(
        measureSuccess(planned, run, frame, {
          whole,
          isPhase: phase !== null,
          countsScrapes: plan.countsScrapes,
          confidence: plan.confidence,
        }),
      );
    case 'throughput':
      return counted(
        measureThroughput(planned, run, frame, plan.requests, phase !== null, plan.countsScrapes),
      );
    case 'uptime':
      return measureUptime(planned, frame);
    case 'peak':
      return measurePeak(planned, objective, frame);
    case 'mean':
      return measureMean(planned, objective.unit, frame);
    default:
      return planned satisfies never;
  }
}

/** Whether `bad` of `all` is within a limit. A percentile's limit includes its edge, a rate's is strict. */
export function isWithin(planned: PlannedMeasure, limit: Limit, bad: number, all: number): boolean {
  if (planned.kind === 'latency') return compareShare(bad, all, budgetOf(planned.percentile)) <= 0;
  const sign = compareShare(planned.kind === 'success' ? all - bad : bad, all, limit.value);
  return holds(sign, { ...limit, value: 0 });
}
