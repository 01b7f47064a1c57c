import type { SearchSettings, StepPlan, StepSeen } from './search-model.ts';

/** How the time of a search is shared among its runs. */

/** The time to start the service before the first step, and to write the report after the last one. */
const OUTSIDE_SECONDS = 12;

export const left = ({ budgetSeconds }: SearchSettings, log: readonly StepSeen[]) =>
  budgetSeconds - OUTSIDE_SECONDS - log.reduce((sum, { tookSeconds }) => sum + tookSeconds, 0);

/** The time that a step takes in addition to its load: the first guess, or more if an earlier step took more. */
export const around = ({ aroundSeconds }: SearchSettings, log: readonly StepSeen[]) =>
  Math.max(aroundSeconds, ...log.map(({ maxSeconds, tookSeconds }) => tookSeconds - maxSeconds));

/** The number of holds for which time is reserved: the first one often does not pass, because its rate was selected. */
const RESERVED_HOLDS = 2;

export const isAffordable = (seconds: number, settings: SearchSettings, log: readonly StepSeen[]) =>
  left(settings, log) >= seconds + around(settings, log) + reserve(settings, log);

/** A step is shortened if less time is left. null if too little is left. */
export function inTime(plan: StepPlan, settings: SearchSettings, log: readonly StepSeen[]): StepPlan | null {
  const most = Math.floor(left(settings, log) - around(settings, log) - reserve(settings, log));
  if (most < plan.atLeastSeconds) return null;
  return { ...plan, maxSeconds: Math.min(plan.maxSeconds, most) };
}

/** A budget that is little more than one hold long is spent on steps and a single hold. */
const reserve = (settings: SearchSettings, log: readonly StepSeen[]) => {
  const one = holdTime(settings, log);
  return settings.budgetSeconds >= 4 * one ? RESERVED_HOLDS * one : one;
};

export const holdTime = (settings: SearchSettings, log: readonly StepSeen[]) =>
  settings.holdSeconds + around(settings, log);

/** Half of the remaining time, so that a hold that does not pass can be repeated at a lower rate. */
export function holdSecondsOf(settings: SearchSettings, log: readonly StepSeen[]): number {
  const half = Math.floor(left(settings, log) / 2 - around(settings, log));
  return Math.min(2 * settings.holdSeconds, Math.max(settings.holdSeconds, half));
}

/** The longest run of a search, as a multiple of a hold's minimum. */
export const MAX_RUN = 2.5;
/** A longer hold proves a little more, but leaves no time for another one. */
const MAX_HOLD = 2;

/** The seconds of load that a step may have if this much time must remain after it. */
export const stepSecondsBefore = (remaining: number, settings: SearchSettings, log: readonly StepSeen[]) =>
  secondsBefore(remaining, MAX_RUN, settings, log);

/** The same for a hold. */
export const holdSecondsBefore = (remaining: number, settings: SearchSettings, log: readonly StepSeen[]) =>
  secondsBefore(remaining, MAX_HOLD, settings, log);

const secondsBefore = (remaining: number, most: number, settings: SearchSettings, log: readonly StepSeen[]) =>
  Math.min(
    Math.round(most * settings.holdSeconds),
    Math.floor(left(settings, log) - around(settings, log) - remaining),
  );
