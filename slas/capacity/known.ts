import type { SearchSettings, StepOutcome, StepSeen } from './search-model.ts';

/** Conclusions from the steps so far. */

export interface Known {
  readonly steps: number;
  /** The highest rate that is below every missed rate, and that was met, or was clearly below the limit in a short step. */
  readonly met: number | null;
  /** The lowest rate that was missed. */
  readonly missed: number | null;
  /** The lowest rate between `met` and `missed` that no verdict decided, but that was clearly beyond the limit. */
  readonly above: number | null;
  /** A rate between `met` and `missed` that was undecided even after a long step. */
  readonly undecided: readonly number[];
  /** A rate between `met` and `missed` that was undecided after a short step, so a longer step may decide. */
  readonly unclear: number | null;
  /** A rate between `met` and `missed` was undecided, so only longer steps can narrow the interval. */
  readonly isClose: boolean;
  /** The lowest rate at which the load generator was late twice. */
  readonly ceiling: number | null;
  /**
   * A rate above `met` at which the load generator was late once. It is repeated, because another process may have disturbed the load
   * generator.
   */
  readonly repeat: number | null;
  /** Two steps in a row could not even begin. */
  readonly isGone: boolean;
}

/** An interrupted step shows nothing about its rate. It only uses up time and its share of the error. */
export const isEnded = ({ because }: StepSeen) => because !== 'interrupted';

/** The hold that confirmed the highest rate; undefined: none passed. */
export const provingHold = <Step extends Pick<StepSeen, 'kind' | 'outcome' | 'ratePerSecond'>>(
  steps: readonly Step[],
): Step | undefined =>
  steps
    .filter(({ kind, outcome }) => kind === 'hold' && outcome === 'met')
    .toSorted((a, b) => b.ratePerSecond - a.ratePerSecond)[0];

export const holdsIn = (log: readonly StepSeen[]) => log.filter((one) => one.kind === 'hold' && isEnded(one));

/**
 * The highest rate that a verdict met, below every missed rate. The limit is probably above it, whatever the used shares of the error budget
 * suggest: those of a disturbed run are too high, and those of a service with fixed times rise within a few percent of the limit. 0 before
 * a rate is proven: a short step may have been lucky, and the first hold must be safe.
 */
export function highestMet(log: readonly StepSeen[]): number {
  if (provingHold(log) === undefined) return 0;
  const missed = lowestOf(ratesOf(log, 'missed')) ?? Number.POSITIVE_INFINITY;
  return highestOf(ratesOf(log, 'met').filter((rate) => rate < missed)) ?? 0;
}

const ratesOf = (log: readonly StepSeen[], outcome: StepOutcome) =>
  log.filter((one) => one.outcome === outcome).map(({ ratePerSecond }) => ratePerSecond);

export function knownFrom(log: readonly StepSeen[], { stepSeconds }: SearchSettings): Known {
  const missed = lowestOf(ratesOf(log, 'missed'));
  const isBelow = (rate: number) => missed === null || rate < missed;
  const clear = log
    .filter((one) => isClear(one, stepSeconds.climb ?? 0))
    .map(({ ratePerSecond }) => ratePerSecond);
  const met = highestOf([...ratesOf(log, 'met'), ...clear].filter(isBelow));
  const isOpen = (rate: number) => isBelow(rate) && (met === null || rate > met);
  const invalid = log
    .filter((one) => one.outcome === 'invalid' && isEnded(one))
    .map(({ ratePerSecond }) => ratePerSecond)
    .filter(isOpen);
  const twice = invalid.filter((rate, index) => invalid.indexOf(rate) !== index);
  const ceiling = lowestOf(twice);
  const once = invalid.filter((rate) => !twice.includes(rate));
  const all = log.filter(({ outcome, ratePerSecond }) => outcome === 'undecided' && isOpen(ratePerSecond));
  const above = lowestOf(all.filter(isClearlyAbove).map(({ ratePerSecond }) => ratePerSecond));
  const open = all.filter(({ ratePerSecond }) => above === null || ratePerSecond < above);
  const isLong = ({ maxSeconds }: StepSeen) => maxSeconds >= stepSeconds.close;
  const undecided = open.filter(isLong).map(({ ratePerSecond }) => ratePerSecond);
  const short = open.map(({ ratePerSecond }) => ratePerSecond).filter((rate) => !undecided.includes(rate));
  return {
    steps: log.filter((one) => one.kind === 'step' && isEnded(one)).length,
    met,
    missed,
    above,
    undecided,
    unclear: lowestOf(short),
    isClose: open.length > 0,
    ceiling,
    repeat: log.findLast(isEnded)?.outcome === 'invalid' ? (once.at(-1) ?? null) : null,
    isGone:
      log.length > 1 &&
      log.slice(-2).every(({ outcome, because }) => outcome === 'invalid' && because === 'service-ended'),
  };
}

/**
 * A short step decides nothing if few requests were sent, but shows well enough that the limit is higher. What is proven rests on
 * a hold.
 */
const isClear = ({ outcome, because, near, maxSeconds }: StepSeen, shortSeconds: number) =>
  outcome === 'undecided' &&
  maxSeconds <= shortSeconds &&
  because === undefined &&
  near !== undefined &&
  near.isPartial === undefined &&
  near.used <= CLEARLY_BELOW;
/** The used part of the error budget. */
export const CLEARLY_BELOW = 0.3;

/** A load that had to be stopped decides nothing, but higher rates would be stopped even earlier. */
const isClearlyAbove = ({ because }: StepSeen) => because === 'cut-short';

export const lowestOf = (rates: readonly number[]) => (rates.length === 0 ? null : Math.min(...rates));
export const highestOf = (rates: readonly number[]) => (rates.length === 0 ? null : Math.max(...rates));
