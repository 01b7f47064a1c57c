import { rankOf, startsWhere, successesByEnd } from '../../slas/client/requests.ts';
import type { Load, LoadRecord } from '../../slas/model/model.ts';
import { type Grid, type Line, secondsAt } from './course.ts';
import type { PhaseTimes } from './phase-times.ts';

/** Series computed from the load generator's own record, at the steps of the run. No Prometheus is needed. */
export interface ClientCourse {
  readonly offered: Line;
  readonly sent: Line;
  readonly successful: Line;
  /** At each step, the number of requests that were due but had not been sent. */
  readonly behind: Line;
  readonly p95: Line;
  readonly p99: Line;
  /** The two percentiles over the whole run. */
  readonly wholeRun: readonly Line[];
}

/** Each step covers the range before it, like `rate()` in Prometheus. null if the run has no record of its requests. */
export function clientCourse(
  load: LoadRecord,
  plan: Load,
  phases: readonly PhaseTimes[],
  grid: Grid,
  rangeSeconds: number,
): ClientCourse | null {
  if (load.client === undefined) return null;
  const origin = load.client.originSeconds;
  const starts = startsWhere(load.client).sort();
  const successful = successesByEnd(load.client);
  const ends = successful.endSeconds;
  // A k6 script that plans its own load has no phases.
  const endOfLoad =
    phases.length === 0
      ? Number.POSITIVE_INFINITY
      : Math.max(origin, ...phases.map(({ toSeconds }) => toSeconds));
  const line = (label: string, valueAt: (atSeconds: number) => number | null): Line => ({
    label,
    values: Array.from({ length: grid.steps }, (_, step) => valueAt(secondsAt(grid, step))),
  });
  const rate = (times: Float64Array) => (at: number) => {
    const span = Math.min(rangeSeconds, at - origin);
    if (span < grid.stepSeconds || at > endOfLoad) return null;
    return (rankOf(times, at) - rankOf(times, at - span)) / span;
  };
  const durations = successful.durationSeconds.toSorted();
  const overWholeRun = (label: string, share: number): Line => ({
    label,
    values: durations.length === 0 ? [] : [durations[Math.ceil(share * durations.length) - 1]!],
  });
  // Sorted once for both percentiles.
  const recent = Array.from({ length: grid.steps }, (_, step) => {
    const at = secondsAt(grid, step);
    const [from, to] = [rankOf(ends, at - rangeSeconds), rankOf(ends, at)];
    const sorted = successful.durationSeconds.slice(from, to).sort();
    const valueAt = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? null;
    return { p95: valueAt(0.95), p99: valueAt(0.99) };
  });
  return {
    offered: line('offered', (at) => offeredAt(phases, at)),
    sent: line('sent', rate(starts)),
    successful: line('successful responses', rate(ends)),
    behind: line('overdue requests', (at) =>
      at < origin ? null : behindAt(plan, phases, at, (moment) => rankOf(starts, moment)),
    ),
    p95: { label: 'p95 at the client', values: recent.map((one) => one.p95) },
    p99: { label: 'p99 at the client', values: recent.map((one) => one.p99) },
    wholeRun: [overWholeRun('p95 at the client', 0.95), overWholeRun('p99 at the client', 0.99)],
  };
}

const offeredAt = (phases: readonly PhaseTimes[], at: number): number | null =>
  phases.find(({ fromSeconds, toSeconds }) => at >= fromSeconds && at < toSeconds)?.ratePerSecond ?? null;

/** A request this late still counts as on time. */
const GRACE_SECONDS = 0.5;
/** Poisson arrivals match the plan in each whole minute of a phase; within a minute they are random. */
const STRETCH_SECONDS = 60;

/**
 * The number of requests that were due by a moment but had not been sent. In a visit, later requests wait for the first, so the number is
 * known only at the end.
 */
function behindAt(
  { arrivals, requestsPerArrival = 1 }: Load,
  phases: readonly PhaseTimes[],
  at: number,
  sentBy: (atSeconds: number) => number,
): number {
  const now = phases.find(({ fromSeconds, toSeconds }) => at >= fromSeconds && at < toSeconds);
  if (now === undefined) return Math.max(0, dueBy(phases, at) - sentBy(Number.POSITIVE_INFINITY));
  if (requestsPerArrival > 1) return 0;
  const into = at - now.fromSeconds;
  const isEven = arrivals !== 'poisson';
  const known = now.fromSeconds + (isEven ? into : STRETCH_SECONDS * Math.floor(into / STRETCH_SECONDS));
  // With even arrivals, the first request is due at once.
  const missing = dueBy(phases, known) + (isEven ? 1 : 0) - sentBy(known);
  return missing > GRACE_SECONDS * now.ratePerSecond + 1 ? missing : 0;
}

const dueBy = (phases: readonly PhaseTimes[], at: number): number =>
  phases.reduce((sum, { ratePerSecond, fromSeconds, toSeconds }) => {
    const seconds = Math.min(at, toSeconds) - fromSeconds;
    return seconds <= 0 ? sum : sum + Math.floor(ratePerSecond * seconds + 1e-6);
  }, 0);
