import { random } from './random.ts';

/**
 * When each arrival of a phase is due. k6 starts iterations evenly, and each then waits for its scheduled time. The number of arrivals is
 * therefore always as planned, and the same seed gives the same times.
 */
export interface Schedule {
  /** Seconds from the start of the phase, ascending. */
  readonly dueSeconds: readonly number[];
  /** How long k6 starts before the phase, so that no arrival is due before k6 has started it. */
  readonly leadSeconds: number;
  /** The longest wait between k6's start of an iteration and its scheduled time. */
  readonly longestWaitSeconds: number;
}

/** The number of arrivals of a phase. With even spacing, an arrival counts if it is due at least half a gap before the end of the phase. */
export const arrivalsIn = (perSecond: number, durationSeconds: number): number =>
  Math.max(1, Math.ceil(Number((perSecond * durationSeconds - 0.5).toFixed(6))));

/** Each minute has exactly the planned number of arrivals; within the minute, their times are random. */
const STRETCH_SECONDS = 60;

/** Poisson arrivals, given their number in each minute. */
export function poissonSchedule(perSecond: number, durationSeconds: number, seed: number): Schedule {
  const count = arrivalsIn(perSecond, durationSeconds);
  const next = random(seed);
  const dueSeconds: number[] = [];
  const stretches = Math.max(1, Math.ceil(durationSeconds / STRETCH_SECONDS));
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = stretch * STRETCH_SECONDS;
    const to = Math.min(durationSeconds, from + STRETCH_SECONDS);
    const until = stretch === stretches - 1 ? count : Math.min(count, Math.round(perSecond * to));
    for (const part of uniformOrdered(until - dueSeconds.length, next)) {
      dueSeconds.push(from + part * (to - from));
    }
  }
  let lead = 0;
  let wait = 0;
  for (const [index, due] of dueSeconds.entries()) lead = Math.max(lead, index / perSecond - due);
  for (const [index, due] of dueSeconds.entries()) wait = Math.max(wait, due + lead - index / perSecond);
  return { dueSeconds, leadSeconds: lead, longestWaitSeconds: wait };
}

/** The given number of sorted uniform times from 0 to 1, computed from gaps of a Poisson process that are scaled to fit. */
function uniformOrdered(count: number, next: () => number): number[] {
  const sums: number[] = [];
  let sum = 0;
  for (let index = 0; index <= count; index++) {
    sum -= Math.log(1 - next());
    sums.push(sum);
  }
  return sums.slice(0, -1).map((one) => one / sum);
}
