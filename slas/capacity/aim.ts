import { holdSecondsBefore, holdTime, stepSecondsBefore } from './budget.ts';
import { provableByCount } from './enough.ts';
import { type Estimate, estimateFrom, provableRate, refutableRate } from './estimate.ts';
import { highestMet, holdsIn, isEnded, type Known } from './known.ts';
import { holdConfidence, holdPlan, MAX_STEPS, missConfidenceOf, stepAt } from './plans.ts';
import { gapOf, rounded, WIDTH } from './rates.ts';
import type { SearchSettings, StepPlan, StepSeen } from './search-model.ts';

/**
 * The long runs of a search that knows about where the limit is: each at a rate at which it probably decides. Between rates that short
 * steps decide, the limit is unknown, and halving is better.
 */

/**
 * The probability with which a run should decide. The first hold is short and safe: as soon as some rate is proven, the search has an answer, and the
 * other holds may aim higher.
 */
const CERTAINTY = { firstHold: 0.97, hold: 0.8, lastHold: 0.97, step: 0.75, safeStep: 0.95 };
/** An upper end is distant if it is this much above a rate that a step very probably refutes. */
const DISTANT = 0.1;
/** Moving an end by less than this is not worth a run. */
const MIN_GAIN = 0.012;
const MAX_HOLDS = 6;
/**
 * The highest rate of a hold: relative to the lowest missed rate (`usual`), and to the rate of each hold that did not pass. `last`: of the last
 * hold for which there is time.
 */
const BELOW = { usual: 0.985, undecided: 0.97, missed: 0.93, last: 0.85 };
/** Before the first hold, a step may lower a distant upper end if there is then time for this many holds. */
const HOLDS_AFTER_STEP = 3;

interface Aim {
  readonly lower: Estimate;
  readonly upper: Estimate;
  readonly proven: number | null;
  readonly missed: number;
  readonly settings: SearchSettings;
  readonly log: readonly StepSeen[];
}

/** null: the limit cannot be estimated, or no run is worth its time. */
export function aimed(
  proven: number | null,
  known: Known,
  settings: SearchSettings,
  log: readonly StepSeen[],
): StepPlan | null {
  const { met, missed, steps } = known;
  const [lower, upper] = [estimateFrom(log, 'lower'), estimateFrom(log, 'upper')];
  if (
    lower === null ||
    upper === null ||
    missed === null ||
    steps >= MAX_STEPS ||
    log.findLast(isEnded)?.outcome === 'invalid'
  )
    return null;
  const aim: Aim = { lower, upper, proven, missed, settings, log };
  if (proven !== null) return narrowing(proven, aim);
  const holds = holdsIn(log);
  if (holds.length > 0) return holdIn(aim);
  // The steps have decided almost every rate, so the rate that was met is the best guess.
  if (met === null || gapOf(met, missed) <= WIDTH) return null;
  const hasFailed = log.some(
    (one) => one.maxSeconds >= settings.stepSeconds.close && one.outcome !== 'missed' && isEnded(one),
  );
  return (hasFailed ? null : safeStep(aim, HOLDS_AFTER_STEP)) ?? holdIn(aim);
}

/** The run that moves an end of the interval the most. */
function narrowing(proven: number, aim: Aim): StepPlan | null {
  const higher = holdIn(aim);
  const lower = safeStep(aim, 0) ?? longStep(aim);
  const up = higher === null ? 0 : gapOf(proven, higher.ratePerSecond);
  const down = lower === null ? 0 : gapOf(lower.ratePerSecond, aim.missed);
  if (Math.max(up, down) < MIN_GAIN) return null;
  return up > down ? higher : lower;
}

function holdIn(aim: Aim): StepPlan | null {
  const { lower, proven, missed, settings, log } = aim;
  const holds = holdsIn(log);
  const { seconds, certainty, isLast } = nextHold(aim);
  if (holds.length >= MAX_HOLDS || seconds < settings.holdSeconds) return null;
  const confidence = holdConfidence(settings, log);
  const rate = provableRate(lower, { confidence, certainty, seconds });
  if (rate === null) return null;
  const counted = provableByCount(log, { confidence, seconds }) ?? rate;
  const below = holds.map((one) => belowHold(one, isLast));
  const most = rounded(Math.min(rate, counted, BELOW.usual * missed, ...below));
  if (most < settings.minPerSecond || (proven !== null && most <= proven)) return null;
  return holdPlan(most, settings, log, seconds);
}

/** How long the next hold may take, and how probably it should pass. */
function nextHold({ proven, settings, log }: Aim) {
  const all = holdSecondsBefore(0, settings, log);
  if (holdsIn(log).length === 0)
    return { seconds: Math.min(all, settings.holdSeconds), certainty: CERTAINTY.firstHold, isLast: false };
  if (proven !== null) return { seconds: all, certainty: CERTAINTY.hold, isLast: false };
  const withAnother = holdSecondsBefore(holdTime(settings, log), settings, log);
  return withAnother < settings.holdSeconds
    ? { seconds: all, certainty: CERTAINTY.lastHold, isLast: true }
    : { seconds: withAnother, certainty: CERTAINTY.hold, isLast: false };
}

function belowHold({ outcome, ratePerSecond }: StepSeen, isLast: boolean): number {
  if (outcome === 'met') return Number.POSITIVE_INFINITY;
  const usual = outcome === 'missed' ? BELOW.missed : BELOW.undecided;
  return ratePerSecond * (isLast ? Math.min(usual, BELOW.last) : usual);
}

/** A step that very probably lowers a distant upper end, if the time of this many holds remains afterwards. */
function safeStep(aim: Aim, holds: number): StepPlan | null {
  const { missed, settings, log } = aim;
  const { close } = settings.stepSeconds;
  if (stepSecondsBefore(holds * holdTime(settings, log), settings, log) < close) return null;
  const rate = refutedIn(aim, CERTAINTY.safeStep, close);
  return rate !== null && gapOf(rate, missed) > DISTANT ? stepAt(rate, true, settings, log) : null;
}

/** A step that takes all the time that is left, and may lower the upper end further. */
function longStep(aim: Aim): StepPlan | null {
  const { settings, log } = aim;
  const seconds = stepSecondsBefore(0, settings, log);
  if (seconds < settings.stepSeconds.close) return null;
  const rate = refutedIn(aim, CERTAINTY.step, seconds);
  return rate === null ? null : { ...stepAt(rate, true, settings, log), maxSeconds: seconds };
}

function refutedIn(aim: Aim, certainty: number, seconds: number): number | null {
  const { upper, proven, missed, settings, log } = aim;
  const confidence = missConfidenceOf(true, settings, log);
  const found = refutableRate(upper, { confidence, certainty, seconds });
  const rate = found === null ? missed : rounded(found);
  if (rate >= missed || rate <= (proven ?? settings.minPerSecond)) return null;
  // A step at almost the rate that was met would be met, too.
  return gapOf(highestMet(log), rate) < MIN_GAIN ? null : rate;
}
