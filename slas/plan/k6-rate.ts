import type { Load, PlannedK6Scenario } from '../model/model.ts';

/** Arrival-rate executors keep their rate even if the service is slow; closed models slow down with the service. */
export const isOpen = ({ stages }: PlannedK6Scenario) => stages !== null;

/** Whether a script's load has a constant rate from start to end, even if the service is slow. */
export function isOneHold(load: Load | null): boolean {
  const scenarios = load?.k6?.scenarios ?? [];
  const [first] = scenarios;
  return (
    first !== undefined &&
    scenarios.every(
      (one) =>
        one.startSeconds === first.startSeconds &&
        one.maxDurationSeconds === first.maxDurationSeconds &&
        isSteady(one),
    )
  );
}

function isSteady({ stages }: PlannedK6Scenario): boolean {
  const rates = (stages ?? []).flatMap(({ fromPerSecond, toPerSecond }) => [fromPerSecond, toPerSecond]);
  return rates.length > 0 && rates.every((rate) => rate === rates[0]);
}

interface Moment {
  readonly atSeconds: number;
  readonly perSecond: number;
}

/** The highest iteration rate that the arrival-rate scenarios reach together. */
export function peakPerSecond(scenarios: readonly PlannedK6Scenario[]): number {
  const courses = scenarios.map(courseOf);
  const moments = courses.flat().map(({ atSeconds }) => atSeconds);
  // Rates are linear between these times, so the peak lies just before or just after one of these times.
  return moments.reduce((peak, at) => {
    const sums = [0, 1].map((side) =>
      courses.reduce((sum, course) => sum + rateAt(course, at, side as 0 | 1), 0),
    );
    return Math.max(peak, ...sums);
  }, 0);
}

/** The points at which a scenario's rate over time changes its slope. Two points at the same time are a jump. */
function courseOf({ startSeconds, stages }: PlannedK6Scenario): readonly Moment[] {
  let atSeconds = startSeconds;
  return (stages ?? []).flatMap(({ seconds, fromPerSecond, toPerSecond }) => {
    const from = { atSeconds, perSecond: fromPerSecond };
    atSeconds += seconds;
    return [from, { atSeconds, perSecond: toPerSecond }];
  });
}

/** @param side 0: just before the time; 1: from it on */
function rateAt(course: readonly Moment[], at: number, side: 0 | 1): number {
  const pairs = course.slice(1).map((to, index) => ({ from: course[index]!, to }));
  const within = pairs.filter(({ from, to }) =>
    side === 0 ? from.atSeconds < at && at <= to.atSeconds : from.atSeconds <= at && at < to.atSeconds,
  );
  const [one] = within;
  if (one === undefined) return 0;
  const { from, to } = one;
  const part = (at - from.atSeconds) / (to.atSeconds - from.atSeconds);
  return from.perSecond + part * (to.perSecond - from.perSecond);
}
