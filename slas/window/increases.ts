import type { Series } from '../model/model.ts';
import type { Life } from './process-instances.ts';
import { parseValue, type TargetWindow } from './targets.ts';

/** How much a counter grew in a window, and by each of its scrapes. */

/** An increase of one series over its target's window: the sum over the processes that it counted in. */
export interface Increase {
  readonly labels: Readonly<Record<string, string>>;
  readonly target: TargetWindow;
  readonly increase: number;
  readonly series: Series;
  readonly parts: readonly Part[];
}

/** What a series counted in one process. */
export interface Part {
  readonly life: Life;
  /** Its value where the process enters the window, and what all processes before it had counted there. */
  readonly base: number;
  readonly before: number;
  readonly increase: number;
  /** It began inside: before its first sample it stood at 0. */
  readonly startsAtZero: boolean;
  /** Of the increase, at most so many may have been counted before the window: it is not known when the series began. */
  readonly early: number;
}

/** How much a series had grown by a scrape; NaN where it has no sample of that scrape. */
export function grownBy({ series: { samples }, target, parts }: Increase, atSeconds: number): number {
  const half = target.intervalSeconds / 2;
  const part = parts.findLast(({ life }) => atSeconds > life.openSeconds - half);
  if (part === undefined) return 0;
  if (atSeconds >= part.life.closeSeconds + half) return part.before + part.increase;
  if (part.startsAtZero && atSeconds < samples[0]![0] - half) return part.before;
  const [time, text] = samples[nearestAt(samples.length, (index) => samples[index]![0], atSeconds)]!;
  return Math.abs(time - atSeconds) < half ? part.before + parseValue(text) - part.base : Number.NaN;
}

/** Of ascending times, the index of the one that is nearest to a moment, by halving: windows of a day have many. */
export function nearestAt(length: number, timeAt: (index: number) => number, moment: number): number {
  let [low, high] = [0, length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (timeAt(middle) <= moment) low = middle;
    else high = middle;
  }
  return moment - timeAt(low) <= timeAt(high) - moment ? low : high;
}

export const total = (increases: readonly Increase[]) =>
  increases.reduce((sum, { increase }) => sum + increase, 0);

/** The highest rate of any target between two of its scrapes. */
export const busiestRate = (
  counts: readonly Increase[],
  { targets }: { readonly targets: readonly TargetWindow[] },
) => targets.reduce((most, target) => Math.max(most, busiestOf(target, counts)), 0);

/** The highest rate between two neighbouring scrapes of one process, or from its start to its first scrape. */
function busiestOf(target: TargetWindow, counts: readonly Increase[]): number {
  const own = counts.filter((one) => one.target === target);
  // What may have been counted before the window is no step of a counter.
  const grown = (at: number) => own.reduce((sum, one) => sum + grownBy(one, at) - earlyBy(one, at), 0);
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
        return part === undefined ? so : so + grownBy(one, first) - part.before - part.early;
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

const earlyBy = ({ parts, target, series }: Increase, at: number) =>
  parts.reduce((sum, { life, early }) => {
    const since = Math.max(life.openSeconds, series.samples[0]![0]) - target.intervalSeconds / 2;
    return at > since ? sum + early : sum;
  }, 0);
