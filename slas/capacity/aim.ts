import { holdSecondsBefore, holdTime, stepSecondsBefore } from './budget.ts';
import { provableByCount } from './enough.ts';
import { type Estimate, estimateFrom, provableRate, refutableRate } from './estimate.ts';
import { holdsIn, type Known } from './known.ts';
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
/** An upper end that is this much above a rate that can be refuted safely is distant. */
const DISTANT = 0.1;
/** Moving an end by less than this is not worth a run. */
const MIN_GAIN = 0.012;
const MAX_HOLDS = 6;
/** A hold is this far below a rate that was not proven. */
const BELOW = { usual: 0.985, undecided: 0.97, missed: 0.93, last: 0.85 };
/** Before the first hold, a step may lower a distant upper end as long as the time of this many holds remains. */
const REMAINING_HOLDS = { safeStep: 3, step: Number.POSITIVE_INFINITY };

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
    log.at(-1)!.outcome === 'invalid'
  )
    return null;
  const aim: Aim = { lower, upper, proven, missed, settings, log };
  if (proven !== null) return narrowing(proven, aim);
  const holds = holdsIn(log);
  if (holds.length > 0) return holdIn(aim);
  // The steps have decided almost every rate, so the rate that was met is the best guess.
  if (met === null || gapOf(met, missed) <= WIDTH) return null;
  const hasFailed = log.some(
    ({ maxSeconds, outcome }) => maxSeconds >= settings.stepSeconds.close && outcome !== 'missed',
  );
  return (hasFailed ? null : stepIn(aim, REMAINING_HOLDS)) ?? holdIn(aim);
}

/** The run that moves an end of the interval the most. */
function narrowing(proven: number, aim: Aim): StepPlan | null {
  const higher = holdIn(aim);
  const lower = stepIn(aim, { safeStep: 0, step: 0 });
  const up = higher === null ? 0 : gapOf(proven, higher.ratePerSecond);
  const down = lower === null ? 0 : gapOf(lower.ratePerSecond, aim.missed);
  if (Math.max(up, down) < MIN_GAIN) return null;
  return up > down ? higher : lower;
}

function holdIn({ lower, proven, missed, settings, log }: Aim): StepPlan | null {
  const holds = holdsIn(log);
  if (holds.length >= MAX_HOLDS) return null;
  const all = holdSecondsBefore(0, settings, log);
  const withAnother = holdSecondsBefore(holdTime(settings, log), settings, log);
  const isLast = proven === null && withAnother < settings.holdSeconds;
  const isFirst = holds.length === 0;
  const seconds = isFirst ? settings.holdSeconds : proven !== null || isLast ? all : withAnother;
  if (seconds < settings.holdSeconds) return null;
  const confidence = holdConfidence(settings, log);
  const certainty = isLast ? CERTAINTY.lastHold : isFirst ? CERTAINTY.firstHold : CERTAINTY.hold;
  const rate = provableRate(lower, { confidence, certainty, seconds });
  if (rate === null) return null;
  const counted = provableByCount(log, { confidence, seconds }) ?? rate;
  const most = rounded(
    Math.min(rate, counted, BELOW.usual * missed, ...holds.map((one) => below(one, isLast))),
  );
  if (most < settings.minPerSecond || (proven !== null && most <= proven)) return null;
  return holdPlan(most, settings, log, seconds);
}

function below({ outcome, ratePerSecond }: StepSeen, isLast: boolean): number {
  if (outcome === 'met') return Number.POSITIVE_INFINITY;
  const usual = outcome === 'missed' ? BELOW.missed : BELOW.undecided;
  return ratePerSecond * (isLast ? Math.min(usual, BELOW.last) : usual);
}

/**
 * A step that certainly lowers a distant upper end comes before one that may lower it further.
 *
 * @param holds the time that must remain afterwards, in holds
 */
function stepIn(aim: Aim, holds: typeof REMAINING_HOLDS): StepPlan | null {
  const { missed, settings, log } = aim;
  const { close } = settings.stepSeconds;
  const before = (count: number) => stepSecondsBefore(count * holdTime(settings, log), settings, log);
  const safe = before(holds.safeStep) < close ? null : refutedIn(aim, CERTAINTY.safeStep, close);
  if (safe !== null && gapOf(safe, missed) > DISTANT) return stepAt(safe, true, settings, log);
  const seconds = before(holds.step);
  const rate = seconds < close ? null : refutedIn(aim, CERTAINTY.step, seconds);
  return rate === null ? null : { ...stepAt(rate, true, settings, log), maxSeconds: seconds };
}

function refutedIn(aim: Aim, certainty: number, seconds: number): number | null {
  const { upper, proven, missed, settings, log } = aim;
  const confidence = missConfidenceOf(true, settings, log);
  const found = refutableRate(upper, { confidence, certainty, seconds });
  const rate = found === null ? missed : rounded(found);
  return rate >= missed || rate <= (proven ?? settings.minPerSecond) ? null : rate;
}
