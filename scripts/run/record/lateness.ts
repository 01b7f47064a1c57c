/**
 * How late k6 started iterations that have a schedule. k6 does not report when an iteration was due, but it reports when each
 * started and when it dropped one, and arrival-rate executors start them in order.
 */

/** Part of an arrival-rate schedule in which the rate changes linearly. */
export interface Stage {
  readonly seconds: number;
  readonly fromPerSecond: number;
  readonly toPerSecond: number;
}

export interface Lateness {
  /** When the schedule began: Unix seconds, by the iteration that was least late. */
  readonly beganSeconds: number;
  /** How late each iteration started, ascending. */
  readonly lateSeconds: Float64Array;
}

/**
 * @param moments Unix seconds at which iterations started or were dropped, in any order
 * @param dueSeconds when each planned iteration is due, from the start of the schedule; further moments are beyond the plan
 */
export function latenessOf(moments: readonly number[], dueSeconds: readonly number[]): Lateness | null {
  const ordered = Float64Array.from(moments).sort().subarray(0, dueSeconds.length);
  if (ordered.length === 0) return null;
  const offsets = ordered.map((moment, index) => moment - dueSeconds[index]!).sort();
  // A schedule never starts an iteration early, so the least late one shows when the schedule began.
  const beganSeconds = offsets[0]!;
  return { beganSeconds, lateSeconds: offsets.map((offset) => offset - beganSeconds) };
}

/** The 99th percentile of values in any order; null if there are none. */
export function p99(values: Iterable<number>): number | null {
  const ascending = Float64Array.from(values).sort();
  return ascending.length === 0 ? null : ascending[Math.ceil(0.99 * ascending.length) - 1]!;
}

/** How many arrivals a phase has, as loadtests/lib/schedule.ts counts them: k6 starts more, which then send nothing. */
export const arrivalsIn = (perSecond: number, durationSeconds: number): number =>
  Math.max(1, Math.ceil(Number((perSecond * durationSeconds - 0.5).toFixed(6))));

/** When each iteration of a constant rate is due. */
export const dueAtRate = (perSecond: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => index / perSecond);

/**
 * When each iteration of a rate that changes is due: k6 starts iteration n when the area under the rate reaches n + 1, but
 * iterations of a rate that never changes at once, then every 1/rate.
 */
export function dueInStages(stages: readonly Stage[]): readonly number[] {
  const due: number[] = [];
  let [passed, area] = [0, 0];
  for (const { seconds, fromPerSecond, toPerSecond } of stages) {
    const inStage = ((fromPerSecond + toPerSecond) / 2) * seconds;
    while (due.length + 1 <= area + inStage + 1e-9)
      due.push(passed + secondsUntil(due.length + 1 - area, seconds, fromPerSecond, toPerSecond));
    passed += seconds;
    area += inStage;
  }
  return due;
}

/** Solves `from·t + (to − from)·t²/(2·seconds) = area` for t. */
function secondsUntil(area: number, seconds: number, from: number, to: number): number {
  const slope = (to - from) / seconds;
  if (seconds === 0) return 0;
  if (Math.abs(slope) < 1e-12) return area / from;
  return (-from + Math.sqrt(Math.max(0, from * from + 2 * slope * area))) / slope;
}
