import { random } from './random.ts';

/**
 * When each arrival of a phase is due. k6 starts iterations evenly, and each then waits for its own moment: so the number of
 * arrivals is exactly the planned one, whatever the seed, and the same seed gives the same moments.
 */
export interface Schedule {
  /** Seconds from the beginning of the phase, ascending. */
  readonly dueSeconds: readonly number[];
  /** k6 begins so much before the phase: none is due before k6 has started it. */
  readonly leadSeconds: number;
  /** The longest that one waits between k6's start and its moment. */
  readonly longestWaitSeconds: number;
}

/** How many arrivals a phase has: those whose even moment lies half a gap or more before its end. */
export const arrivalsIn = (perSecond: number, durationSeconds: number): number =>
  Math.max(1, Math.ceil(Number((perSecond * durationSeconds - 0.5).toFixed(6))));

/** In each stretch of a minute their number is the planned one; within it they fall as they may. */
const STRETCH_SECONDS = 60;

/** Moments as of people who know nothing of each other (Poisson), given how many come in each minute. */
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

/** So many moments from 0 to 1, each anywhere, in their order: gaps of a Poisson process, scaled to fit. */
function uniformOrdered(count: number, next: () => number): number[] {
  const sums: number[] = [];
  let sum = 0;
  for (let index = 0; index <= count; index++) {
    sum -= Math.log(1 - next());
    sums.push(sum);
  }
  return sums.slice(0, -1).map((one) => one / sum);
}
