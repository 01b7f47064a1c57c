import { normalProbability, normalQuantile } from './distributions.ts';

/**
 * How the error of a run that is judged several times is shared among its looks. O'Brien and Fleming's spending function (Lan and DeMets)
 * keeps nearly all of the error for the end. *Met* and *missed* each have a separate error.
 */

export interface Look {
  /** Seconds since the start of the load. The last look is at the planned end of the load. */
  readonly atSeconds: number;
  /** The confidence of the bounds at this look: 1 minus the look's share of the error. */
  readonly confidence: number;
}

export interface LookSchedule {
  readonly maxSeconds: number;
  /** No objective is met before this time, because rare events need time to occur. */
  readonly atLeastSeconds: number;
  readonly looks: readonly Look[];
}

const FIRST_SECONDS = 20;
const GROWTH = 1.5;
/** Looks with less error than this cannot decide, because bounds cannot be computed at such a confidence. */
const MIN_ERROR = 1e-9;

/**
 * All looks before the last spend at most this part of the error together. O'Brien and Fleming's function alone spends up to a third of it.
 * That would cost the last look up to 7 points of its power, without deciding rare bursts any earlier.
 */
const MAX_EARLY_SHARE = 0.08;

/** The error that may have been spent after this fraction of the maximum duration, by O'Brien and Fleming's function. */
export function spentBy(fraction: number, error: number): number {
  const z = normalQuantile(1 - error / 2);
  return 2 * normalProbability(-z / Math.sqrt(fraction));
}

const earlySpentBy = (fraction: number, error: number) =>
  Math.min(spentBy(fraction, error), MAX_EARLY_SHARE * error);

/**
 * By default, no objective is decided as met before this time. It is a quarter of the maximum duration, or
 * a third of a short maximum up to 100 s, but at least 60 s. Stalls every 20 s decided this:
 * docs/decisions/0015-bursts-and-early-met.md.
 */
export const defaultAtLeast = (maxSeconds: number): number =>
  Math.min(maxSeconds, Math.ceil(Math.max(60, maxSeconds / 4, Math.min(100, maxSeconds / 3))));

/** The looks at a run of at most `maxSeconds`: each 1.5 times as late as the one before, in whole seconds, and one at the end, at least as far apart. */
export function scheduleLooks(
  maxSeconds: number,
  confidence: number,
  atLeastSeconds = defaultAtLeast(maxSeconds),
): LookSchedule {
  const error = 1 - confidence;
  const looks: Look[] = [];
  let spent = 0;
  for (const atSeconds of timesUntil(maxSeconds)) {
    const total = atSeconds === maxSeconds ? error : earlySpentBy(atSeconds / maxSeconds, error);
    if (total - spent < MIN_ERROR) continue;
    looks.push({ atSeconds, confidence: 1 - (total - spent) });
    spent = total;
  }
  return { maxSeconds, atLeastSeconds: Math.min(atLeastSeconds, maxSeconds), looks };
}

/** A look shortly before the end would take error from the last look, which has the most data. */
function timesUntil(maxSeconds: number): readonly number[] {
  const times: number[] = [];
  for (let at = FIRST_SECONDS; Math.round(at) * GROWTH <= maxSeconds; at *= GROWTH)
    times.push(Math.round(at));
  return [...times, maxSeconds];
}

/** An event with this mean interval is missing from one run in twenty (the rule of three). */
export const unseenInterval = (seconds: number): number => seconds / 3;
