import { formatCount } from './numbers.ts';
import type { TargetWindow } from './targets.ts';
import { type Frame, grownBy, type Increase, total } from './window.ts';

/**
 * What replicas that ended may have taken after their last scrape. Nobody counted it; it is bounded, and an objective is
 * judged as if all of it was bad, and as if all of it was good. Where the two disagree there is no verdict.
 */

/**
 * At most so many events of those that `counts` count. Where the client knows every request of the service, what it saw
 * answered and no scrape has seen; else no replica is taken to have been more than twice as busy unseen as the busiest was
 * between any two of its scrapes.
 */
export function uncountedOf(counts: readonly Increase[], frame: Frame): number {
  return frame.missing?.requests ?? boundBySeconds(counts, frame);
}

/** The same of observations, of which a request may make several: as many as others made, rounded up. */
export function unobservedOf(counts: readonly Increase[], frame: Frame): number {
  if (frame.missing === null || frame.missing.counted === 0) return boundBySeconds(counts, frame);
  const { requests, counted } = frame.missing;
  return requests * Math.max(1, Math.ceil(total(counts) / counted));
}

/** What all replicas got at once lies, for each that was scraped, in two of its stretches at most: one has half of it. */
const TWICE = 2;

/** By how long replicas may have lived on, at twice the rate of the busiest stretch of any replica; and one, as stretches are cut anywhere. */
export function boundBySeconds(counts: readonly Increase[], { targets }: Frame): number {
  const unseen = targets.flatMap(({ lives }) => lives.map(({ unseenSeconds }) => unseenSeconds));
  const busiest = targets.reduce((most, target) => Math.max(most, busiestOf(target, counts)), 0);
  return unseen.reduce(
    (sum, seconds) => sum + (seconds === 0 ? 0 : Math.floor(TWICE * busiest * seconds) + 1),
    0,
  );
}

/** The highest rate between two neighbouring scrapes of one process, or from its start to its first scrape. */
function busiestOf(target: TargetWindow, counts: readonly Increase[]): number {
  const own = counts.filter((one) => one.target === target);
  const grown = (at: number) => own.reduce((sum, one) => sum + grownBy(one, at), 0);
  const least = target.intervalSeconds / 2;
  let most = 0;
  for (const { bornSeconds, openSeconds } of target.lives) {
    const times = target.scrapes
      .filter(({ atSeconds }) => atSeconds >= openSeconds)
      .map(({ atSeconds }) => atSeconds);
    const known = times.map((at) => [at, grown(at)] as const).filter(([, sum]) => Number.isFinite(sum));
    if (bornSeconds !== null && known.length > 0) {
      const [first] = known[0]!;
      // A series that this process does not have tells what another counted before it.
      const counted = own.reduce((so, one) => {
        const part = one.parts.find(({ life }) => life.openSeconds === openSeconds);
        return part === undefined ? so : so + grownBy(one, first) - part.before;
      }, 0);
      most = Math.max(most, counted / Math.max(first - bornSeconds, least));
    }
    for (const [index, [at, sum]] of known.slice(1).entries()) {
      const [earlier, less] = known[index]!;
      most = Math.max(most, (sum - less) / Math.max(at - earlier, least));
    }
  }
  return most;
}

/** `; replicas that ended took at most 50 more after their last scrape`; nothing where none did. */
export const uncountedWords = (uncounted: number) =>
  uncounted === 0
    ? ''
    : `; replicas that ended took at most ${formatCount(uncounted)} more after their last scrape`;
