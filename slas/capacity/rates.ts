import { type Known, lowestOf } from './known.ts';
import type { SearchSettings, StepSeen } from './search-model.ts';

/** Chooses the rate that a search tries next. */

/** The search ends when the interval is this narrow. A hold at a lower rate may widen the interval again. */
export const WIDTH = 0.05;
const GROWTH = 2;
/**
 * Below an undecided rate, steps narrow the interval only to this width. A hold there proves more than a step, which a hold would have to
 * confirm anyway.
 */
const BELOW_UNDECIDED = 0.3;

/** null if steps cannot show anything more. */
export function nextRate(known: Known, settings: SearchSettings): number | null {
  const { met, missed, repeat, unclear } = known;
  const { startPerSecond, maxPerSecond } = settings;
  // If a rate was met, a step at another rate shows more than a longer one at this rate.
  const isOtherBetter = met !== null && (missed !== null || unclear === null || unclear < maxPerSecond);
  const again = repeat ?? (isOtherBetter ? null : unclear);
  if (again !== null) return again;
  const undecided = undecidedIn(known);
  const barrier = lowestOf([...beyond(known), ...undecided]);
  if (met === null && barrier === null) return clamp(startPerSecond, settings);
  if (met === null) return withoutMet(barrier!, known, settings);
  if (barrier === null) return met >= maxPerSecond ? null : upFrom(met, settings);
  const above = undecided.length === 0 ? null : aboveUndecided(Math.max(...undecided), known, settings);
  const width = undecided.length === 0 ? WIDTH : BELOW_UNDECIDED;
  const isLowerOpen = gapOf(met, barrier) > width;
  const isLowerWider = above === null || above.gap <= gapOf(met, barrier);
  if (isLowerOpen && isLowerWider) return between(met, barrier);
  return above?.rate ?? (isLowerOpen ? between(met, barrier) : null);
}

/** Rates above which nothing more can be found. */
const beyond = ({ missed, ceiling, above }: Known) => [missed, ceiling, above].filter((one) => one !== null);

/** Rates that were undecided after long or short steps. */
const undecidedIn = ({ undecided, unclear }: Known) =>
  unclear === null ? undecided : [...undecided, unclear];

/** An undecided rate is near the limit; at this fraction of it, most holds pass. */
const BELOW_LIMIT = 0.93;

/** The rate of the first hold: the highest rate that was met, or higher if an undecided rate shows that the limit is higher. */
export function firstHold(met: number, known: Known): number {
  const lowest = lowestOf(undecidedIn(known));
  const near = lowest === null ? met : rounded(BELOW_LIMIT * lowest);
  return near > met && gapOf(met, near) <= BELOW_UNDECIDED ? near : met;
}

/** Few requests decide little: if nothing was missed, a higher rate has more requests, and may be met. */
function withoutMet(barrier: number, { missed, undecided }: Known, settings: SearchSettings): number | null {
  const isUnclear = missed === null && undecided.length > 0 && undecided.length <= MAX_UNCLEAR;
  if (isUnclear && Math.max(...undecided) < settings.maxPerSecond)
    return upFrom(Math.max(...undecided), settings);
  return barrier <= settings.minPerSecond ? null : Math.max(settings.minPerSecond, rounded(barrier / GROWTH));
}

const MAX_UNCLEAR = 2;

const upFrom = (rate: number, { maxPerSecond }: SearchSettings) =>
  Math.min(maxPerSecond, rounded(rate * GROWTH));

/** An undecided rate is near the limit, so the upper end of the interval is above it. null if a step there would show nothing new. */
function aboveUndecided(
  highest: number,
  known: Known,
  { maxPerSecond }: SearchSettings,
): { readonly rate: number; readonly gap: number } | null {
  const end = lowestOf(beyond(known));
  if (end === null)
    return highest >= maxPerSecond
      ? null
      : { rate: Math.min(maxPerSecond, rounded(highest * 1.5)), gap: Number.POSITIVE_INFINITY };
  const rate = isWide(highest, end) ? between(highest, end) : null;
  return rate === null ? null : { rate, gap: gapOf(highest, end) };
}

export const gapOf = (low: number, high: number) => (high - low) / high;
const isWide = (low: number, high: number) => gapOf(low, high) > WIDTH;
const clamp = (rate: number, { minPerSecond, maxPerSecond }: SearchSettings) =>
  Math.min(maxPerSecond, Math.max(minPerSecond, rate));

/** Three digits are enough for a rate. */
export const rounded = (rate: number) => Number(rate.toPrecision(3));

function between(low: number, high: number): number | null {
  const middle = rounded((low + high) / 2);
  return middle > low && middle < high ? middle : null;
}

/** A rate that narrows the interval, and the part of it that is divided there. */
export interface Divided {
  readonly rate: number;
  readonly gap: number;
}

/** The middle of the part above all rates that were not missed. null if that part is narrow enough. */
export function rateBelowMissed(proven: number, missed: number, log: readonly StepSeen[]): Divided | null {
  const tried = log.map(({ ratePerSecond }) => ratePerSecond).filter((rate) => rate < missed);
  return divided(Math.max(proven, ...tried), missed, isWide(proven, missed));
}

/** The middle of the part below all rates that no long run met. null if that part is narrow enough. */
export function rateAboveProven(proven: number, missed: number, log: readonly StepSeen[]): Divided | null {
  const open = log.filter(({ outcome }) => outcome === 'undecided').map(({ ratePerSecond }) => ratePerSecond);
  const lowest = Math.min(missed, ...open.filter((rate) => rate > proven));
  return divided(proven, lowest, isWide(proven, missed));
}

function divided(low: number, high: number, isWorthIt: boolean): Divided | null {
  const gap = gapOf(low, high);
  const rate = isWorthIt && gap > MIN_GAP ? between(low, high) : null;
  return rate === null ? null : { rate, gap };
}

/** Runs at closer rates than this are rarely decided. */
const MIN_GAP = 0.02;
