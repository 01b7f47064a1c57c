/**
 * The search for the highest rate at which every objective holds. A pure function of what was seen so far: an interrupted
 * search goes on from its log.
 *
 * Rates double until one is missed, and are then bisected by verdicts. A fresh, longer run at the highest rate that was met (the
 * hold) must pass, because bisection selects lucky steps. A hold that does not pass lowers the rate, and is repeated.
 */

export interface SearchSettings {
  readonly startPerSecond: number;
  /** The lowest rate worth a step; below it, nothing is searched. */
  readonly minPerSecond: number;
  /** The highest rate that may be sent. */
  readonly maxPerSecond: number;
  readonly confidence: number;
  /** `close`: the longest step at a rate that a step of at most `max` left undecided. */
  readonly stepSeconds: { readonly min: number; readonly max: number; readonly close: number };
  /** At least; a hold takes up to twice as long if the budget has the time. */
  readonly holdSeconds: number;
  readonly budgetSeconds: number;
  /** Time that a step takes in addition to its load, as first guess. */
  readonly aroundSeconds: number;
}

export type StepOutcome = 'met' | 'missed' | 'undecided' | 'invalid';

/** What one step showed, as it is stored. */
export interface StepSeen {
  readonly kind: 'step' | 'hold';
  readonly ratePerSecond: number;
  readonly outcome: StepOutcome;
  /**
   * invalid: the load generator was late, or the service was gone and the step could not begin. missed: the service ended during
   * the step. Absent: the verdict says it all.
   */
  readonly because?: 'generator-late' | 'service-ended' | 'other-check';
  /** The longest time that it was planned for. */
  readonly maxSeconds: number;
  /** Everything included: warm-up, load, queries. */
  readonly tookSeconds: number;
}

export interface StepPlan {
  readonly kind: 'step' | 'hold';
  readonly ratePerSecond: number;
  /** Of the step's bounds. A short step may be met with all of the error, because the hold confirms it. */
  readonly confidence: number;
  /** What the step's share of the error leaves: *missed* counts only at this confidence. */
  readonly missConfidence: number;
  readonly maxSeconds: number;
  readonly atLeastSeconds: number;
}

/** Why no upper end was found. */
export type OpenEnd = 'max-rate' | 'generator' | 'budget' | 'undecided';

export type SearchRefusal =
  /** The lowest rate was missed. */
  | 'nothing-met'
  /** The load generator was late at every rate that remained. */
  | 'generator-limited'
  /** No hold passed. */
  | 'not-confirmed'
  | 'budget-spent'
  /** No step could be decided. */
  | 'undecided'
  /** The service ended and could not be loaded again. */
  | 'service-ended';

export type SearchAnswer =
  | {
      readonly ok: true;
      /** Confirmed by a hold. */
      readonly provenPerSecond: number;
      /** The lowest rate that was missed; null: none was, see `openBecause`. */
      readonly refutedPerSecond: number | null;
      readonly openBecause: OpenEnd | null;
    }
  | {
      readonly ok: false;
      readonly code: SearchRefusal;
      /** The lowest rate that was missed. */
      readonly refutedPerSecond: number | null;
    };

export type Next = { readonly run: StepPlan } | { readonly answer: SearchAnswer };

/** The error of the lower end is shared by at most this many holds, that of the upper end by these and so many steps. */
export const MAX_HOLDS = 4;
export const MAX_STEPS = 24;
/** The search ends when the interval is this narrow; a lower hold may widen it again. */
export const WIDTH = 0.05;
/** How much lower a hold is than the one before that did not pass. */
const LOWER = [0.96, 0.92, 0.85];
const GROWTH = 2;

export function nextOf(settings: SearchSettings, log: readonly StepSeen[]): Next {
  const known = knownFrom(log, settings);
  if (known.isGone) return { answer: refuse('service-ended', known) };
  const held = log.find(({ kind, outcome }) => kind === 'hold' && outcome === 'met');
  if (held !== undefined) return { answer: answered(held.ratePerSecond, known, settings, log) };
  const holds = log.filter(({ kind }) => kind === 'hold');
  if (holds.length > 0) return lowerHold(holds, known, settings, log);
  const isLongAffordable = isAffordable(settings.stepSeconds.close, settings, log);
  const seen = isLongAffordable ? known : withoutRepeats(known);
  const ratePerSecond = known.steps >= MAX_STEPS ? null : nextRate(seen, settings);
  if (ratePerSecond === null) return toHold(known, settings, log);
  const plan = stepAt(ratePerSecond, seen.isClose && isLongAffordable, settings);
  return isAffordable(plan.maxSeconds, settings, log) ? { run: plan } : toHold(known, settings, log);
}

/** Without the time for longer steps, what a short one left undecided stays so. */
const withoutRepeats = (known: Known): Known => ({
  ...known,
  undecided: [...known.undecided, ...(known.unclear === null ? [] : [known.unclear])],
  unclear: null,
});

// ---------------------------------------------------------------------------------------------- what is known

interface Known {
  readonly steps: number;
  /** The highest rate that was met, below every missed one. */
  readonly met: number | null;
  /** The lowest that was missed. */
  readonly missed: number | null;
  /** Above `met`, below `missed`, although the step was long. */
  readonly undecided: readonly number[];
  /** The same after a short step: worth a longer one. */
  readonly unclear: number | null;
  /** Some rate between `met` and `missed` was undecided: only longer steps can narrow the interval. */
  readonly isClose: boolean;
  /** The lowest at which the load generator was late twice. */
  readonly ceiling: number | null;
  /** Late once, above `met`: repeated, because another process may have disturbed it. */
  readonly repeat: number | null;
  /** Two steps in a row could not even begin. */
  readonly isGone: boolean;
}

function knownFrom(log: readonly StepSeen[], { stepSeconds }: SearchSettings): Known {
  const rates = (outcome: StepOutcome) =>
    log.filter((one) => one.outcome === outcome).map(({ ratePerSecond }) => ratePerSecond);
  const missed = lowestOf(rates('missed'));
  const isBelow = (rate: number) => missed === null || rate < missed;
  const met = highestOf(rates('met').filter(isBelow));
  const isOpen = (rate: number) => isBelow(rate) && (met === null || rate > met);
  const invalid = rates('invalid').filter(isOpen);
  const twice = invalid.filter((rate, index) => invalid.indexOf(rate) !== index);
  const ceiling = lowestOf(twice);
  const once = invalid.filter((rate) => !twice.includes(rate));
  const open = log.filter(({ outcome, ratePerSecond }) => outcome === 'undecided' && isOpen(ratePerSecond));
  const isLong = ({ maxSeconds }: StepSeen) => maxSeconds >= stepSeconds.close;
  const undecided = open.filter(isLong).map(({ ratePerSecond }) => ratePerSecond);
  const short = open.map(({ ratePerSecond }) => ratePerSecond).filter((rate) => !undecided.includes(rate));
  return {
    steps: log.filter(({ kind }) => kind === 'step').length,
    met,
    missed,
    undecided,
    unclear: lowestOf(short),
    isClose: open.length > 0,
    ceiling,
    repeat: log.at(-1)?.outcome === 'invalid' ? (once.at(-1) ?? null) : null,
    isGone:
      log.length > 1 &&
      log.slice(-2).every(({ outcome, because }) => outcome === 'invalid' && because === 'service-ended'),
  };
}

const lowestOf = (rates: readonly number[]) => (rates.length === 0 ? null : Math.min(...rates));
const highestOf = (rates: readonly number[]) => (rates.length === 0 ? null : Math.max(...rates));

// ---------------------------------------------------------------------------------------------- the next rate

/** null: nothing more to learn from steps. */
function nextRate(known: Known, settings: SearchSettings): number | null {
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
const rounded = (rate: number) => Number(rate.toPrecision(3));

function between(low: number, high: number): number | null {
  const middle = rounded((low + high) / 2);
  return middle > low && middle < high ? middle : null;
}

// ---------------------------------------------------------------------------------------------- holds

function toHold(known: Known, settings: SearchSettings, log: readonly StepSeen[]): Next {
  if (known.met === null) return { answer: refuse(whyNone(known, settings), known) };
  return holdAt(known.met, known, settings, log);
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
  // A generator that was late says nothing about the service: the same rate once more, then a lower one.
  const isRepeated = holds.filter(({ ratePerSecond }) => ratePerSecond === last.ratePerSecond).length > 1;
  if (last.outcome === 'invalid' && !isRepeated) return holdAt(last.ratePerSecond, known, settings, log);
  const lower = rounded(last.ratePerSecond * LOWER[holds.length - 1]!);
  if (lower < settings.minPerSecond) return { answer: refuse('not-confirmed', known) };
  return holdAt(lower, known, settings, log);
}

function holdAt(rate: number, known: Known, settings: SearchSettings, log: readonly StepSeen[]): Next {
  const isFirst = log.every(({ kind }) => kind !== 'hold');
  if (left(settings, log) < holdTime(settings, log))
    return { answer: refuse(isFirst ? 'budget-spent' : 'not-confirmed', known) };
  const seconds = holdSecondsOf(settings, log);
  const confidence = 1 - (1 - settings.confidence) / MAX_HOLDS;
  const missConfidence = missConfidenceOf(settings);
  const times = { maxSeconds: seconds, atLeastSeconds: seconds };
  return { run: { kind: 'hold', ratePerSecond: rate, confidence, missConfidence, ...times } };
}

function stepAt(ratePerSecond: number, isClose: boolean, settings: SearchSettings): StepPlan {
  const { confidence, stepSeconds } = settings;
  const missConfidence = missConfidenceOf(settings);
  return {
    kind: 'step',
    ratePerSecond,
    confidence: isClose ? missConfidence : confidence,
    missConfidence,
    maxSeconds: isClose ? stepSeconds.close : stepSeconds.max,
    atLeastSeconds: stepSeconds.min,
  };
}

const missConfidenceOf = ({ confidence }: SearchSettings) => 1 - (1 - confidence) / (MAX_STEPS + MAX_HOLDS);

// ---------------------------------------------------------------------------------------------- the budget

const left = ({ budgetSeconds }: SearchSettings, log: readonly StepSeen[]) =>
  budgetSeconds - log.reduce((sum, { tookSeconds }) => sum + tookSeconds, 0);

/** What a step takes in addition to its load: the guess, or more if one was seen to take more. */
const around = ({ aroundSeconds }: SearchSettings, log: readonly StepSeen[]) =>
  Math.max(aroundSeconds, ...log.map(({ maxSeconds, tookSeconds }) => tookSeconds - maxSeconds));

/** What must be left for holds: the first one often does not pass, because its rate was selected. */
const RESERVED_HOLDS = 2;

const isAffordable = (seconds: number, settings: SearchSettings, log: readonly StepSeen[]) =>
  left(settings, log) >= seconds + around(settings, log) + reserve(settings, log);

/** A budget for little more than one hold is spent on steps and one hold. */
const reserve = (settings: SearchSettings, log: readonly StepSeen[]) => {
  const one = holdTime(settings, log);
  return settings.budgetSeconds >= 4 * one ? RESERVED_HOLDS * one : one;
};

const holdTime = (settings: SearchSettings, log: readonly StepSeen[]) =>
  settings.holdSeconds + around(settings, log);

/** Half of what is left, so that a hold that does not pass can be repeated lower. */
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
