import { requestsOf } from '../../slas/client-requests.ts';
import type { Load, LoadRecord } from '../../slas/model.ts';
import { type Grid, type Line, secondsAt } from './course.ts';

/** What the load generator's own record tells, on the steps of the run: nothing of it needs a server. */
export interface ClientCourse {
  readonly offered: Line;
  readonly sent: Line;
  readonly answeredWell: Line;
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
  const endOfLoad = origin + plan.scheduledSeconds;
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
    offered: line('offered', (at) => offeredAt(plan, at - origin)),
    sent: line('sent', rate(starts)),
    answeredWell: line('good answers', rate(ends)),
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

function offeredAt({ phases }: Load, seconds: number): number | null {
  let from = 0;
  for (const { ratePerSecond, durationSeconds } of phases) {
    if (seconds >= from && seconds < from + durationSeconds) return ratePerSecond;
    from += durationSeconds;
  }
  return null;
}
