import { holdSecondsOf } from './budget.ts';
import type { SearchSettings, StepPlan, StepSeen } from './search-model.ts';

/**
 * The runs of a search, and their shares of the error.
 *
 * Each end of the interval has its own error, of which every run takes a part of what is left. A run that decides its end (a hold that is
 * met, or a run that is missed) gives its share back: as long as no decision was wrong, all runs that could have decided wrongly
 * decided nothing, so the shares of those runs and of the current one never add up to more than the whole error.
 */

export const MAX_STEPS = 24;
/** A hold's part of the remaining error of the lower end. */
const HOLD_PART = 0.5;
/** A run's part of the remaining error of the upper end. Few runs are long, and they find that end. */
const LONG_PART = 0.25;
/** Most short runs are at rates that are missed clearly, or not at all. */
const SHORT_PART = 0.02;

export function holdPlan(
  ratePerSecond: number,
  settings: SearchSettings,
  log: readonly StepSeen[],
  seconds = holdSecondsOf(settings, log),
): StepPlan {
  const confidence = holdConfidence(settings, log);
  const missConfidence = missConfidenceOf(true, settings, log);
  const times = { maxSeconds: seconds, atLeastSeconds: seconds };
  return { kind: 'hold', ratePerSecond, confidence, missConfidence, ...times };
}

export function stepAt(
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
    maxSeconds: isClose
      ? stepSeconds.close
      : isClimbing(ratePerSecond, log)
        ? (stepSeconds.climb ?? stepSeconds.max)
        : stepSeconds.max,
    atLeastSeconds: stepSeconds.min,
  };
}

/** On the way up, a step only has to show whether the limit is still higher. */
export const isClimbing = (rate: number, log: readonly StepSeen[]) =>
  log.every(({ outcome, ratePerSecond }) => outcome !== 'missed' && ratePerSecond < rate);

export function holdConfidence({ confidence }: SearchSettings, log: readonly StepSeen[]): number {
  const undecided = log.filter(({ kind, outcome }) => kind === 'hold' && outcome !== 'met').length;
  return 1 - (1 - confidence) * HOLD_PART * (1 - HOLD_PART) ** undecided;
}

export function missConfidenceOf(
  isLong: boolean,
  { confidence, stepSeconds }: SearchSettings,
  log: readonly StepSeen[],
): number {
  const partOf = (isOneLong: boolean) => (isOneLong ? LONG_PART : SHORT_PART);
  const remaining = log
    .filter(({ outcome }) => outcome !== 'missed')
    .reduce((rest, { maxSeconds }) => rest * (1 - partOf(maxSeconds >= stepSeconds.close)), 1);
  return 1 - (1 - confidence) * remaining * partOf(isLong);
}
