import type { Series } from '../model/model.ts';
import type { ProcessInstance } from './process-instances.ts';
import { parseValue, type TargetWindow } from './targets.ts';

/** How much a counter grew in a window, in total and by each of its scrapes. */

/**
 * The increase of one series over its target's window: the sum over the process instances that it counted in.
 */
export interface Increase {
  readonly labels: Readonly<Record<string, string>>;
  readonly target: TargetWindow;
  readonly increase: number;
  readonly series: Series;
  readonly parts: readonly Part[];
}

/** What a series counted in one process instance. */
export interface Part {
  readonly processInstance: ProcessInstance;
  /** `base` is the value where the process instance enters the window, `before` the counts of all earlier instances. */
  readonly base: number;
  readonly before: number;
  readonly increase: number;
  /** The series began during the window, so it was 0 before its first sample. */
  readonly startsAtZero: boolean;
  /**
   * At most this much of the increase may have been counted before the window, because it is unknown when
   * the series began.
   */
  readonly early: number;
}

/** How much a series had grown by a given scrape; NaN if the series has no sample there. */
export function grownBy({ series: { samples }, target, parts }: Increase, atSeconds: number): number {
  const half = target.intervalSeconds / 2;
  const part = parts.findLast(({ processInstance }) => atSeconds > processInstance.openSeconds - half);
  if (part === undefined) return 0;
  if (atSeconds >= part.processInstance.closeSeconds + half) return part.before + part.increase;
  if (part.startsAtZero && atSeconds < samples[0]![0] - half) return part.before;
  const [time, text] = samples[nearestAt(samples.length, (index) => samples[index]![0], atSeconds)]!;
  return Math.abs(time - atSeconds) < half ? part.before + parseValue(text) - part.base : Number.NaN;
}

/**
 * The index of the time nearest to a given one, in ascending times. Bisection, because windows of a day have
 * many.
 */
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

/** The highest rate of any scrape target between two of its scrapes. */
export const busiestRate = (
  counts: readonly Increase[],
  { targets }: { readonly targets: readonly TargetWindow[] },
) => targets.reduce((most, target) => Math.max(most, busiestOf(target, counts)), 0);

/**
 * The highest rate between two consecutive scrapes of one process instance, or from its start to its first
 * scrape.
 */
function busiestOf(target: TargetWindow, counts: readonly Increase[]): number {
  const own = counts.filter((one) => one.target === target);
  // Counts that may predate the window are not part of the increase.
  const grown = (at: number) => own.reduce((sum, one) => sum + grownBy(one, at) - earlyBy(one, at), 0);
  const least = target.intervalSeconds / 2;
  let most = 0;
  for (const { beganSeconds, openSeconds } of target.processes) {
    const times = target.scrapes
      .filter(({ atSeconds }) => atSeconds >= openSeconds)
      .map(({ atSeconds }) => atSeconds);
    const known = times.map((at) => [at, grown(at)] as const).filter(([, sum]) => Number.isFinite(sum));
    if (beganSeconds !== null && known.length > 0) {
      const [first] = known[0]!;
      // If this process instance lacks a series, the series holds the counts of an earlier instance.
      const counted = own.reduce((so, one) => {
        const part = one.parts.find(({ processInstance }) => processInstance.openSeconds === openSeconds);
        return part === undefined ? so : so + grownBy(one, first) - part.before - part.early;
      }, 0);
      most = Math.max(most, counted / Math.max(first - beganSeconds, least));
    }
    for (const [index, [at, sum]] of known.slice(1).entries()) {
      const [earlier, less] = known[index]!;
      most = Math.max(most, (sum - less) / Math.max(at - earlier, least));
    }
  }
  return most;
}

const earlyBy = ({ parts, target, series }: Increase, at: number) =>
  parts.reduce((sum, { processInstance, early }) => {
    const since = Math.max(processInstance.openSeconds, series.samples[0]![0]) - target.intervalSeconds / 2;
    return at > since ? sum + early : sum;
  }, 0);
