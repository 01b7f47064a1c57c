import { aimed } from './aim.ts';
import { around, holdTime, inTime, isAffordable, left } from './budget.ts';
import { provableByCount } from './enough.ts';
import { holdsIn, type Known, knownFrom, provingHold } from './known.ts';
import { holdPlan, isClimbing, MAX_STEPS, stepAt } from './plans.ts';
import { firstHold, nextRate, rateAboveProven, rateBelowMissed, rounded } from './rates.ts';
import type {
  Next,
  SearchAnswer,
  SearchRefusal,
  SearchSettings,
  StepPlan,
  StepSeen,
} from './search-model.ts';

export type * from './search-model.ts';

/**
 * The search for the highest rate at which every objective holds. A pure function of the results so far: an interrupted search resumes from
 * its log.
 *
 * Rates double until one is missed, and are then bisected by verdicts. As soon as a run shows about where the limit is, each further run is
 * at a rate at which it probably decides (aim.ts). A fresh, longer run (the hold) must pass, because bisection selects lucky steps. A hold
 * that does not pass is repeated at a lower rate. The remaining time is spent on the ends of the interval.
 */

/** While it is unknown where the limit is. Aimed runs have a maximum of their own. */
const MAX_HOLDS = 4;
/** The factor by which the rate of a hold is reduced after the previous hold did not pass. */
const LOWER = [0.96, 0.92, 0.85];
/** The factor that is used instead after a hold at a rate that no step met. */
const UNTESTED_LOWER = 0.92;
const LAST_LOWER = { from: 0.88, to: 0.75 };

export function nextOf(settings: SearchSettings, log: readonly StepSeen[]): Next {
  const known = knownFrom(log, settings);
  if (known.isGone) return { answer: refuse('service-ended', known) };
  const proven = provenIn(log);
  const aim = aimed(proven, known, settings, log);
  if (aim !== null) return { run: aim };
  if (proven !== null) return narrowed(proven, known, settings, log);
  const holds = holdsIn(log);
  if (holds.length > 0) return lowerHold(holds, known, settings, log);
  const isLongAffordable = isAffordable(settings.stepSeconds.close, settings, log);
  const seen = isLongAffordable ? known : withoutRepeats(known);
  const ratePerSecond = known.steps >= MAX_STEPS ? null : nextRate(seen, settings);
  if (ratePerSecond === null) return toHold(known, settings, log);
  const isLong = seen.isClose && isLongAffordable && !isClimbing(ratePerSecond, log);
  const plan = inTime(stepAt(ratePerSecond, isLong, settings, log), settings, log);
  return plan === null ? toHold(known, settings, log) : { run: plan };
}

/**
 * The answer so far; null while no rate is proven and the search has not given up. Once a hold has passed, further steps only narrow the
 * interval.
 */
export function answerOf(settings: SearchSettings, log: readonly StepSeen[]): SearchAnswer | null {
  const proven = provenIn(log);
  if (proven !== null) return answered(proven, knownFrom(log, settings), settings, log);
  const next = nextOf(settings, log);
  return 'answer' in next ? next.answer : null;
}

/** The highest rate that a hold confirmed. */
const provenIn = (log: readonly StepSeen[]): number | null => provingHold(log)?.ratePerSecond ?? null;

/**
 * After the hold, the remaining time is spent on the wider part of the interval. The next run is either a hold at a higher rate, which is
 * also a fresh run, or a step below the missed rate.
 */
function narrowed(proven: number, known: Known, settings: SearchSettings, log: readonly StepSeen[]): Next {
  const answer = { answer: answered(proven, known, settings, log) };
  const higher = higherHold(proven, known, settings, log);
  const below = known.missed === null ? null : stepBelow(proven, known.missed, known, settings, log);
  if (higher === null && below === null) return answer;
  return { run: below === null || (higher !== null && higher.gap > below.gap) ? higher!.run : below.run };
}

interface Narrowing {
  readonly run: StepPlan;
  /** The width of the part of the interval that the run divides, relative to the upper end of that part. */
  readonly gap: number;
}

function stepBelow(
  proven: number,
  missed: number,
  { steps }: Known,
  settings: SearchSettings,
  log: readonly StepSeen[],
): Narrowing | null {
  const { close } = settings.stepSeconds;
  const isInTime = left(settings, log) >= close + around(settings, log);
  if (steps >= MAX_STEPS || !isInTime) return null;
  const found = rateBelowMissed(proven, missed, log);
  return found === null ? null : { run: stepAt(found.rate, true, settings, log), gap: found.gap };
}

function higherHold(
  proven: number,
  { missed }: Known,
  settings: SearchSettings,
  log: readonly StepSeen[],
): Narrowing | null {
  const holds = holdsIn(log);
  if (holds.length >= MAX_HOLDS || left(settings, log) < holdTime(settings, log)) return null;
  const found = missed === null ? null : rateAboveProven(proven, missed, log);
  return found === null ? null : { run: holdPlan(found.rate, settings, log), gap: found.gap };
}

/** Without time for longer steps, a rate that a short step left undecided stays undecided. */
const withoutRepeats = (known: Known): Known => ({
  ...known,
  undecided: [...known.undecided, ...(known.unclear === null ? [] : [known.unclear])],
  unclear: null,
});

// ---------------------------------------------------------------------------------------------- holds

function toHold(known: Known, settings: SearchSettings, log: readonly StepSeen[]): Next {
  if (known.met === null) return { answer: refuse(whyNone(known, settings), known) };
  return holdAt(firstHold(known.met, known), known, settings, log);
}

const whyNone = (
  { missed, ceiling, undecided, unclear }: Known,
  { minPerSecond }: SearchSettings,
): SearchRefusal => {
  if (missed !== null && missed <= minPerSecond) return 'nothing-met';
  if (ceiling !== null && (missed === null || ceiling < missed)) return 'generator-limited';
  if (undecided.length > 0 || unclear !== null) return 'undecided';
  return 'budget-spent';
};

function lowerHold(
  holds: readonly StepSeen[],
  known: Known,
  settings: SearchSettings,
  log: readonly StepSeen[],
): Next {
  const last = holds.at(-1)!;
  if (holds.length >= MAX_HOLDS) return { answer: refuse('not-confirmed', known) };
  // If the load generator was late, the step cannot be judged. The same rate is tried once more, then a
  // lower one.
  const isRepeated = holds.filter(({ ratePerSecond }) => ratePerSecond === last.ratePerSecond).length > 1;
  if (last.outcome === 'invalid' && !isRepeated) return holdAt(last.ratePerSecond, known, settings, log);
  const isLast = left(settings, log) < 2 * holdTime(settings, log);
  const lower = rounded(last.ratePerSecond * lowerBy(last.ratePerSecond, holds.length, isLast, known.met));
  if (lower < settings.minPerSecond) return { answer: refuse('not-confirmed', known) };
  return holdAt(lower, known, settings, log);
}

/** The last hold that fits into the budget runs at a rate that a step met, because a wider interval is better than no answer. */
function lowerBy(rate: number, holds: number, isLast: boolean, met: number | null): number {
  const isUntested = met !== null && rate > met;
  const usual = Math.min(LOWER[holds - 1]!, isUntested ? UNTESTED_LOWER : 1);
  if (!isLast) return usual;
  return Math.min(usual, LAST_LOWER.from, Math.max(LAST_LOWER.to, (met ?? 0) / rate));
}

function holdAt(rate: number, known: Known, settings: SearchSettings, log: readonly StepSeen[]): Next {
  const isFirst = log.every(({ kind }) => kind !== 'hold');
  if (left(settings, log) < holdTime(settings, log))
    return { answer: refuse(isFirst ? 'budget-spent' : 'not-confirmed', known) };
  const plan = holdPlan(rate, settings, log);
  const counted = provableByCount(log, { confidence: plan.confidence, seconds: plan.maxSeconds });
  // A rate that is not lowered is not rounded either, because it may be the maximum.
  const most = counted === null ? rate : Math.min(rate, rounded(counted));
  return { run: { ...plan, ratePerSecond: Math.max(settings.minPerSecond, most) } };
}

// ---------------------------------------------------------------------------------------------- answers

const refuse = (code: SearchRefusal, { missed }: Known): SearchAnswer => ({
  ok: false,
  code,
  refutedPerSecond: missed,
});

function answered(
  provenPerSecond: number,
  { missed, ceiling, undecided }: Known,
  { maxPerSecond }: SearchSettings,
  log: readonly StepSeen[],
): SearchAnswer {
  if (missed !== null) return { ok: true, provenPerSecond, refutedPerSecond: missed, openBecause: null };
  const highest = Math.max(...log.map(({ ratePerSecond }) => ratePerSecond));
  const openBecause =
    ceiling !== null
      ? 'generator'
      : undecided.length > 0
        ? 'undecided'
        : highest >= maxPerSecond
          ? 'max-rate'
          : 'budget';
  return { ok: true, provenPerSecond, refutedPerSecond: null, openBecause };
}
