import type { Reason } from '../model/reasons.ts';
import { possibleRestart } from './hidden-restarts.ts';
import { busiestRate, type Increase, total } from './increases.ts';
import type { Frame } from './window.ts';

/**
 * What terminated replicas may have counted after their last scrape. No scrape saw these requests, but their number is bounded, so an objective
 * is judged twice: as if all of them had failed, and as if none had. If the two disagree, the objective is undecided.
 */

/**
 * The maximum number of uncounted events. If the client knows every request of the service, these are the
 * requests that it saw answered and that no scrape has seen. Otherwise, a replica that is no longer scraped
 * is assumed to be at most twice as busy as the busiest replica was between two of its scrapes.
 */
export function uncountedOf(counts: readonly Increase[], frame: Frame): number {
  return frame.missing?.requests ?? boundBySeconds(counts, frame) + hiddenBy(counts, frame);
}

/** The same for observations. A request may make several: as many as counted requests made on average, rounded up. */
export function unobservedOf(counts: readonly Increase[], frame: Frame): number {
  if (frame.missing === null || frame.missing.counted === 0)
    return boundBySeconds(counts, frame) + hiddenBy(counts, frame);
  const { requests, counted } = frame.missing;
  return requests * Math.max(1, Math.ceil(total(counts) / counted));
}

/**
 * A burst that reached all replicas at once is spread over at most two intervals of each scraped replica, so
 * one interval has at least half of it.
 */
const TWICE = 2;

/**
 * The time for which replicas may have continued, at twice the rate of the busiest interval of any replica,
 * plus one because intervals are cut at arbitrary points.
 */
export function boundBySeconds(counts: readonly Increase[], frame: Frame): number {
  const unseen = frame.targets.flatMap(({ processes }) =>
    processes.map(({ unseenSeconds }) => unseenSeconds),
  );
  const busiest = busiestRate(counts, frame);
  return unseen.reduce(
    (sum, seconds) => sum + (seconds === 0 ? 0 : Math.floor(TWICE * busiest * seconds) + 1),
    0,
  );
}

/**
 * The counts that an undetected restart may hide. These are the full values of the counters before it,
 * because the new process began at 0, and the old process's counts after its last scrape.
 */
function hiddenBy(counts: readonly Increase[], frame: Frame): number {
  if (frame.restarts.length === 0) return 0;
  const busiest = busiestRate(counts, frame);
  return frame.restarts.reduce((sum, { target, fromSeconds, toSeconds }) => {
    const stood = counts
      .filter((one) => one.target === target)
      .reduce((so, one) => so + valueAt(one, fromSeconds), 0);
    return sum + stood + Math.floor(TWICE * busiest * (toSeconds - fromSeconds)) + 1;
  }, 0);
}

/** A counter's value at a scrape, or at the last scrape before it; 0 before the counter's first sample. */
function valueAt({ series: { samples } }: Increase, atSeconds: number): number {
  const value = samples.findLast(([at]) => at <= atSeconds)?.[1];
  return value === undefined ? 0 : Number(value);
}

/** Why more events may have occurred than were counted, apart from terminated replicas. */
export const whyUncounted = ({ restarts }: Frame): { readonly uncountedWhy?: Reason } =>
  restarts.length === 0 ? {} : { uncountedWhy: possibleRestart(restarts) };
