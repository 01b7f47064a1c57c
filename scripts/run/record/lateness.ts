/**
 * Determines how late k6 started the iterations of a schedule. k6 does not report when an iteration was due. It does report
 * when iterations started or were dropped, and arrival-rate executors start them in order.
 */

/** Part of an arrival-rate schedule in which the rate changes linearly. */
export interface Stage {
  readonly seconds: number;
  readonly fromPerSecond: number;
  readonly toPerSecond: number;
}

export interface Lateness {
  /** The start of the schedule in Unix seconds, derived from the iteration with the least delay. */
  readonly beganSeconds: number;
  /** The delay of each iteration, in ascending order. */
  readonly lateSeconds: Float64Array;
}

/**
 * @param moments the Unix times in seconds at which iterations started or were dropped, in any order
 * @param dueSeconds the times at which planned iterations are due, since the start of the schedule; further moments are
 * beyond the plan
 */
export function latenessOf(moments: readonly number[], dueSeconds: readonly number[]): Lateness | null {
  const ordered = Float64Array.from(moments).sort().subarray(0, dueSeconds.length);
  if (ordered.length === 0) return null;
  const offsets = ordered.map((moment, index) => moment - dueSeconds[index]!).sort();
  // A schedule never starts an iteration early, so the iteration with the least delay shows when the schedule started.
  const beganSeconds = offsets[0]!;
  return { beganSeconds, lateSeconds: offsets.map((offset) => offset - beganSeconds) };
}

/** The 99th percentile of values in any order; null if there are none. */
export function p99(values: Iterable<number>): number | null {
  const ascending = Float64Array.from(values).sort();
  return ascending.length === 0 ? null : ascending[Math.ceil(0.99 * ascending.length) - 1]!;
}

/**
 * The number of arrivals in a phase, as in loadtests/lib/schedule.ts. k6 starts more iterations, which then send nothing.
 */
export const arrivalsIn = (perSecond: number, durationSeconds: number): number =>
  Math.max(1, Math.ceil(Number((perSecond * durationSeconds - 0.5).toFixed(6))));

/** The times at which the iterations of a constant rate are due. */
export const dueAtRate = (perSecond: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => index / perSecond);

/**
 * The times at which the iterations of a changing rate are due. k6 starts iteration n when the area under the rate reaches n
 * + 1. At a constant rate, k6 starts the first iteration immediately and the others every 1/rate.
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
