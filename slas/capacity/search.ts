import { highestOf, type Known, knownFrom } from './known.ts';
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
 * Rates double until one is missed, and are then bisected by verdicts. A fresh, longer run (the hold) must pass at the highest rate that
 * was met, or a little below one that was undecided, because bisection selects lucky steps. A hold that does not pass is repeated at a
 * lower rate. The remaining time is spent on lowering the rate that is known to be missed.
 */

export const MAX_HOLDS = 4;
export const MAX_STEPS = 24;
/**
 * Each hold's share of the error of the lower bound. The first hold has the largest share, because it is most often the one that counts.
 */
const HOLD_SHARES = [0.4, 0.3, 0.2, 0.1];
/**
 * Each run's share of the error of the upper bound. Few runs are long, and they find that bound. Most short
 * ones are at rates that are missed clearly or not at all.
 */
const LONG_RUNS = 8;
const LONG_SHARE = 0.05;
const SHORT_SHARE = (1 - LONG_RUNS * LONG_SHARE) / (MAX_STEPS + MAX_HOLDS);
/** The factor by which the rate of a hold is reduced after the previous hold did not pass. */
const LOWER = [0.96, 0.92, 0.85];
/** The factor that is used instead after a hold at a rate that no step met. */
const UNTESTED_LOWER = 0.92;
const LAST_LOWER = { from: 0.88, to: 0.75 };

export function nextOf(settings: SearchSettings, log: readonly StepSeen[]): Next {
  const known = knownFrom(log, settings);
  if (known.isGone) return { answer: refuse('service-ended', known) };
  const proven = provenIn(log);
  if (proven !== null) return narrowed(proven, known, settings, log);
  const holds = log.filter(({ kind }) => kind === 'hold');
  if (holds.length > 0) return lowerHold(holds, known, settings, log);
  const isLongAffordable = isAffordable(settings.stepSeconds.close, settings, log);
  const seen = isLongAffordable ? known : withoutRepeats(known);
  const ratePerSecond = known.steps >= MAX_STEPS ? null : nextRate(seen, settings);
  if (ratePerSecond === null) return toHold(known, settings, log);
  const plan = inTime(stepAt(ratePerSecond, seen.isClose && isLongAffordable, settings, log), settings, log);
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
const provenIn = (log: readonly StepSeen[]): number | null =>
  highestOf(
    log
      .filter(({ kind, outcome }) => kind === 'hold' && outcome === 'met')
      .map(({ ratePerSecond }) => ratePerSecond),
  );

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
  const holds = log.filter(({ kind }) => kind === 'hold');
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
  return { run: holdPlan(rate, settings, log) };
}

function holdPlan(ratePerSecond: number, settings: SearchSettings, log: readonly StepSeen[]): StepPlan {
  const seconds = holdSecondsOf(settings, log);
  const before = log.filter(({ kind }) => kind === 'hold').length;
  const confidence = 1 - (1 - settings.confidence) * HOLD_SHARES[before]!;
  const missConfidence = missConfidenceOf(true, settings, log);
  const times = { maxSeconds: seconds, atLeastSeconds: seconds };
  return { kind: 'hold', ratePerSecond, confidence, missConfidence, ...times };
}

function stepAt(
  ratePerSecond: number,
  isClose: boolean,
  settings: SearchSettings,
  log: readonly StepSeen[],
): StepPlan {
  const { confidence, stepSeconds } = settings;
  const missConfidence = missConfidenceOf(isClose, settings, log);
  return {
    kind: 'step',
    ratePerSecond,
    confidence: isClose ? missConfidence : confidence,
    missConfidence,
    maxSeconds: isClose ? stepSeconds.close : stepSeconds.max,
    atLeastSeconds: stepSeconds.min,
  };
}

/** Depends on the earlier runs, but not on their results, so the shares never add up to more than the whole error. */
function missConfidenceOf(
  isLong: boolean,
  { confidence, stepSeconds }: SearchSettings,
  log: readonly StepSeen[],
): number {
  const before = log.filter(({ maxSeconds }) => maxSeconds >= stepSeconds.close).length;
  return 1 - (1 - confidence) * (isLong && before < LONG_RUNS ? LONG_SHARE : SHORT_SHARE);
}

// ---------------------------------------------------------------------------------------------- the budget

const left = ({ budgetSeconds }: SearchSettings, log: readonly StepSeen[]) =>
  budgetSeconds - log.reduce((sum, { tookSeconds }) => sum + tookSeconds, 0);

/** The time that a step takes in addition to its load: the first guess, or more if an earlier step took more. */
const around = ({ aroundSeconds }: SearchSettings, log: readonly StepSeen[]) =>
  Math.max(aroundSeconds, ...log.map(({ maxSeconds, tookSeconds }) => tookSeconds - maxSeconds));

/** The number of holds for which time is reserved: the first one often does not pass, because its rate was selected. */
const RESERVED_HOLDS = 2;

const isAffordable = (seconds: number, settings: SearchSettings, log: readonly StepSeen[]) =>
  left(settings, log) >= seconds + around(settings, log) + reserve(settings, log);

/** A step is shortened if less time is left. null if too little is left. */
function inTime(plan: StepPlan, settings: SearchSettings, log: readonly StepSeen[]): StepPlan | null {
  const most = Math.floor(left(settings, log) - around(settings, log) - reserve(settings, log));
  if (most < plan.atLeastSeconds) return null;
  return { ...plan, maxSeconds: Math.min(plan.maxSeconds, most) };
}

/** A budget that is little more than one hold long is spent on steps and a single hold. */
const reserve = (settings: SearchSettings, log: readonly StepSeen[]) => {
  const one = holdTime(settings, log);
  return settings.budgetSeconds >= 4 * one ? RESERVED_HOLDS * one : one;
};

const holdTime = (settings: SearchSettings, log: readonly StepSeen[]) =>
  settings.holdSeconds + around(settings, log);

/** Half of the remaining time, so that a hold that does not pass can be repeated at a lower rate. */
function holdSecondsOf(settings: SearchSettings, log: readonly StepSeen[]): number {
  const half = Math.floor(left(settings, log) / 2 - around(settings, log));
  return Math.min(2 * settings.holdSeconds, Math.max(settings.holdSeconds, half));
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
