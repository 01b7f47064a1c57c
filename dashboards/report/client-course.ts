import { requestsOf } from '../../slas/client/requests.ts';
import type { Load, LoadRecord } from '../../slas/model/model.ts';
import { type Grid, type Line, secondsAt } from './course.ts';
import type { PhaseTimes } from './phase-times.ts';

/** What the load generator's own record tells, on the steps of the run: nothing of it needs a server. */
export interface ClientCourse {
  readonly offered: Line;
  readonly sent: Line;
  readonly answeredWell: Line;
  /** So many requests were due and not sent. */
  readonly behind: Line;
  readonly p95: Line;
  readonly p99: Line;
  /** The two percentiles of the whole run. */
  readonly inAll: readonly Line[];
}

interface Ended {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly durationSeconds: number;
  readonly isGood: boolean;
}

/** At each step: what happened in the range before it, as a rate of Prometheus has it. null without a record. */
export function clientCourse(
  load: LoadRecord,
  plan: Load,
  phases: readonly PhaseTimes[],
  grid: Grid,
  rangeSeconds: number,
): ClientCourse | null {
  if (load.client === undefined) return null;
  const origin = load.client.originSeconds;
  const requests = requestsOf(load.client).map(
    ({ startSeconds, durationSeconds, status }): Ended => ({
      startSeconds: origin + startSeconds,
      endSeconds: origin + startSeconds + durationSeconds,
      durationSeconds,
      isGood: status.startsWith('2'),
    }),
  );
  const good = requests.filter(({ isGood }) => isGood);
  const starts = requests.map(({ startSeconds }) => startSeconds).sort((a, b) => a - b);
  const byEnd = good.toSorted((a, b) => a.endSeconds - b.endSeconds);
  const ends = byEnd.map(({ endSeconds }) => endSeconds);
  const endOfLoad = Math.max(origin, ...phases.map(({ toSeconds }) => toSeconds));
  const line = (label: string, valueAt: (atSeconds: number) => number | null): Line => ({
    label,
    values: Array.from({ length: grid.steps }, (_, step) => valueAt(secondsAt(grid, step))),
  });
  const rate = (times: readonly number[]) => (at: number) => {
    const span = Math.min(rangeSeconds, at - origin);
    if (span < grid.stepSeconds || at > endOfLoad) return null;
    return (rank(times, at) - rank(times, at - span)) / span;
  };
  const whole = good.map(({ durationSeconds }) => durationSeconds).sort((a, b) => a - b);
  const inAll = (label: string, share: number): Line => ({
    label,
    values: whole.length === 0 ? [] : [whole[Math.ceil(share * whole.length) - 1]!],
  });
  const percentile = (share: number) => (at: number) => {
    const durations = byEnd
      .slice(rank(ends, at - rangeSeconds), rank(ends, at))
      .map(({ durationSeconds }) => durationSeconds)
      .sort((a, b) => a - b);
    return durations.length === 0 ? null : durations[Math.ceil(share * durations.length) - 1]!;
  };
  return {
    offered: line('offered', (at) => offeredAt(phases, at)),
    sent: line('sent', rate(starts)),
    answeredWell: line('good answers', rate(ends)),
    behind: line('due and not sent', (at) =>
      at < origin ? null : behindAt(plan, phases, at, (moment) => rank(starts, moment)),
    ),
    p95: line('p95 at the client', percentile(0.95)),
    p99: line('p99 at the client', percentile(0.99)),
    inAll: [inAll('p95 at the client', 0.95), inAll('p99 at the client', 0.99)],
  };
}

/** How many of these ascending times lie at or before a moment. */
function rank(times: readonly number[], at: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

const offeredAt = (phases: readonly PhaseTimes[], at: number): number | null =>
  phases.find(({ fromSeconds, toSeconds }) => at >= fromSeconds && at < toSeconds)?.ratePerSecond ?? null;

/** So late is no delay, but for a generator that will never send it. */
const GRACE_SECONDS = 0.5;
/** Poisson arrivals are as many as planned in each minute of a phase; within it they come as they may. */
const STRETCH_SECONDS = 60;

/** How many requests were due by a moment and not sent. Of visits, whose later requests wait for the first, it is known at the end only. */
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
  // Of even ones the first is due at once.
  const missing = dueBy(phases, known) + (isEven ? 1 : 0) - sentBy(known);
  return missing > GRACE_SECONDS * now.ratePerSecond + 1 ? missing : 0;
}

const dueBy = (phases: readonly PhaseTimes[], at: number): number =>
  phases.reduce((sum, { ratePerSecond, fromSeconds, toSeconds }) => {
    const seconds = Math.min(at, toSeconds) - fromSeconds;
    return seconds <= 0 ? sum : sum + Math.floor(ratePerSecond * seconds + 1e-6);
  }, 0);
