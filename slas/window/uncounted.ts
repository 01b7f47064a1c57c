import type { Reason } from '../model/reasons.ts';
import { possibleRestart } from './hidden-restarts.ts';
import { busiestRate, type Increase, total } from './increases.ts';
import type { Frame } from './window.ts';

/**
 * What replicas that ended may have counted after their last scrape. No scrape saw it, but it is bounded, and an objective is
 * judged as if all of it had failed, and as if none had. Where the two disagree the objective is undecided.
 */

/**
 * At most so many events of those that `counts` count. Where the client knows every request of the service, what it saw
 * answered and no scrape has seen; else no replica is taken to have been more than twice as busy unseen as the busiest was
 * between any two of its scrapes.
 */
export function uncountedOf(counts: readonly Increase[], frame: Frame): number {
  return frame.missing?.requests ?? boundBySeconds(counts, frame) + hiddenBy(counts, frame);
}

/** The same of observations, of which a request may make several: as many as others made, rounded up. */
export function unobservedOf(counts: readonly Increase[], frame: Frame): number {
  if (frame.missing === null || frame.missing.counted === 0)
    return boundBySeconds(counts, frame) + hiddenBy(counts, frame);
  const { requests, counted } = frame.missing;
  return requests * Math.max(1, Math.ceil(total(counts) / counted));
}

/** What all replicas got at once lies, for each that was scraped, in two of its stretches at most: one has half of it. */
const TWICE = 2;

/** By how long replicas may have lived on, at twice the rate of the busiest stretch of any replica; and one, as stretches are cut anywhere. */
export function boundBySeconds(counts: readonly Increase[], frame: Frame): number {
  const unseen = frame.targets.flatMap(({ lives }) => lives.map(({ unseenSeconds }) => unseenSeconds));
  const busiest = busiestRate(counts, frame);
  return unseen.reduce(
    (sum, seconds) => sum + (seconds === 0 ? 0 : Math.floor(TWICE * busiest * seconds) + 1),
    0,
  );
}

/**
 * What a restart that no scrape shows may hide: all that the counters stood at before it, as the new process began at 0, and what the
 * old one counted after its last scrape.
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

/** What a counter showed at a scrape, or at the last one before it; 0 before its first. */
function valueAt({ series: { samples } }: Increase, atSeconds: number): number {
  const value = samples.findLast(([at]) => at <= atSeconds)?.[1];
  return value === undefined ? 0 : Number(value);
}

/** Why there may be more than was counted, if it is not because replicas ended. */
export const whyUncounted = ({ restarts }: Frame): { readonly uncountedWhy?: Reason } =>
  restarts.length === 0 ? {} : { uncountedWhy: possibleRestart(restarts) };
