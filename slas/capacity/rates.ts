import { type Known, lowestOf } from './known.ts';
import type { SearchSettings } from './search-model.ts';

/** Which rate a search tries next. */

/** The search ends when the interval is this narrow; a lower hold may widen it again. */
export const WIDTH = 0.05;
const GROWTH = 2;

/** null: nothing more to learn from steps. */
export function nextRate(known: Known, settings: SearchSettings): number | null {
  const { met, missed, undecided, ceiling, repeat } = known;
  const { startPerSecond, maxPerSecond } = settings;
  const again = repeat ?? known.unclear;
  if (again !== null) return again;
  const barrier = lowestOf([missed, ceiling, ...undecided].filter((one) => one !== null));
  if (met === null && barrier === null) return clamp(startPerSecond, settings);
  if (met === null) return withoutMet(barrier!, known, settings);
  if (barrier === null) return met >= maxPerSecond ? null : upFrom(met, settings);
  const above = undecided.length === 0 ? null : aboveUndecided(Math.max(...undecided), known, settings);
  const isLowerWider = above === null || above.gap <= gapOf(met, barrier);
  if (isWide(met, barrier) && isLowerWider) return between(met, barrier);
  return above?.rate ?? (isWide(met, barrier) ? between(met, barrier) : null);
}

/** Few requests decide little: where nothing was missed, more of them may be met. */
function withoutMet(barrier: number, { missed, undecided }: Known, settings: SearchSettings): number | null {
  const isUnclear = missed === null && undecided.length > 0 && undecided.length <= MAX_UNCLEAR;
  if (isUnclear && Math.max(...undecided) < settings.maxPerSecond)
    return upFrom(Math.max(...undecided), settings);
  return barrier <= settings.minPerSecond ? null : Math.max(settings.minPerSecond, rounded(barrier / GROWTH));
}

const MAX_UNCLEAR = 2;

const upFrom = (rate: number, { maxPerSecond }: SearchSettings) =>
  Math.min(maxPerSecond, rounded(rate * GROWTH));

/** An undecided rate is near the limit: the upper end is above it. null: nothing to learn there. */
function aboveUndecided(
  highest: number,
  { missed, ceiling }: Known,
  { maxPerSecond }: SearchSettings,
): { readonly rate: number; readonly gap: number } | null {
  const end = lowestOf([missed, ceiling].filter((one) => one !== null));
  if (end === null)
    return highest >= maxPerSecond
      ? null
      : { rate: Math.min(maxPerSecond, rounded(highest * 1.5)), gap: Number.POSITIVE_INFINITY };
  const rate = isWide(highest, end) ? between(highest, end) : null;
  return rate === null ? null : { rate, gap: gapOf(highest, end) };
}

const gapOf = (low: number, high: number) => (high - low) / high;
const isWide = (low: number, high: number) => gapOf(low, high) > WIDTH;
const clamp = (rate: number, { minPerSecond, maxPerSecond }: SearchSettings) =>
  Math.min(maxPerSecond, Math.max(minPerSecond, rate));

/** Three digits are enough for a rate. */
export const rounded = (rate: number) => Number(rate.toPrecision(3));

function between(low: number, high: number): number | null {
  const middle = rounded((low + high) / 2);
  return middle > low && middle < high ? middle : null;
}
