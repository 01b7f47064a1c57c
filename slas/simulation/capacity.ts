import {
  type NearLimit,
  nextOf,
  type SearchAnswer,
  type SearchSettings,
  type StepOutcome,
  type StepPlan,
  type StepSeen,
} from '../capacity/search.ts';
import { latencyEffectOf } from '../judge/certainty.ts';
import { crossing } from '../statistics/bisection.ts';
import { totalsOf } from '../statistics/design-effect.ts';
import { effectOfBounds, shareBounds } from '../statistics/intervals.ts';
import { scheduleLooks } from '../statistics/sequential.ts';
import { type Answers, exponential, type Random, seeded } from './queues.ts';
import { isSteady, lowerEdges, slowerBySecond } from './simulation.ts';

/** Searches for the capacity of simulated services whose true capacity is known by queueing theory. */

export interface Law {
  readonly workers: number;
  /** The mean time of one request; times are exponentially distributed. */
  readonly meanSeconds: number;
  /** Every request keeps a worker busy for exactly the mean time, and takes 0 to 120 ms more, in which no worker is busy. */
  readonly isFixed?: true;
  /** Requests arrive evenly. Absent: at random. */
  readonly isEven?: true;
  /** The maximum number of waiting requests; further requests are refused. Absent: no request is refused. */
  readonly maxWaiting?: number;
  /** Above this rate, the service crashes. */
  readonly diesAbovePerSecond?: number;
  /** The share by which the mean time grows per minute, for a service that gets slower under load. */
  readonly slowerEachMinute?: number;
  /** From time to time, other work on the machine makes every request take longer. */
  readonly disturbed?: {
    /** The mean time between the starts of two disturbances; they are random. */
    readonly everySeconds: number;
    readonly forSeconds: number;
    readonly factor: number;
  };
  /** The load generator is late above this rate. */
  readonly generatorPerSecond?: number;
}

/** The share of requests that a p95 allows to be slow. */
const BUDGET = 0.05;
/** The additional time that a real step takes. */
const AROUND_SECONDS = 8;

export const SETTINGS: SearchSettings = {
  startPerSecond: 30,
  minPerSecond: 2,
  maxPerSecond: 10_000,
  confidence: 0.95,
  stepSeconds: { min: 20, climb: 20, max: 60, close: 120 },
  holdSeconds: 120,
  budgetSeconds: 900,
  aroundSeconds: AROUND_SECONDS,
};

/** Random arrivals to a pool of workers with one queue, which is empty at first. */
export function loaded(law: Law, ratePerSecond: number, seconds: number, random: Random): Answers {
  const free = Array.from({ length: law.workers }, () => 0);
  const most = Math.ceil(ratePerSecond * seconds * 1.2) + 200;
  const atSeconds = new Float64Array(most);
  const tookSeconds = new Float64Array(most);
  let count = 0;
  const isDisturbed = disturbances(law, random);
  for (let now = 0; count < most; ) {
    now += law.isEven ? 1 / ratePerSecond : -Math.log(1 - random()) / ratePerSecond;
    if (now >= seconds) break;
    const first = free.indexOf(Math.min(...free));
    const begins = Math.max(now, free[first]!);
    const slower = 1 + ((law.slowerEachMinute ?? 0) * now) / 60;
    const mean = law.meanSeconds * slower * (isDisturbed(begins) ? law.disturbed!.factor : 1);
    const isRefused = law.maxWaiting !== undefined && (begins - now) * law.workers > law.maxWaiting * mean;
    const ends = begins + mean * (law.isFixed ? 1 : -Math.log(1 - random()));
    if (!isRefused) free[first] = ends;
    const took = isRefused ? REFUSED_SECONDS : ends - now + (law.isFixed ? MAX_DELAY_SECONDS * random() : 0);
    atSeconds[count] = now + took;
    tookSeconds[count++] = took;
  }
  return { atSeconds, tookSeconds, count };
}

/** Whether a time lies in a disturbance. Times must be almost ascending. */
function disturbances({ disturbed }: Law, random: Random): (atSeconds: number) => boolean {
  if (disturbed === undefined) return () => false;
  const { everySeconds, forSeconds } = disturbed;
  let [from, next] = [Number.NEGATIVE_INFINITY, exponential(everySeconds, random)];
  return (atSeconds) => {
    while (atSeconds >= next) {
      from = next;
      next += exponential(everySeconds, random);
    }
    return atSeconds < from + forSeconds;
  };
}

/** If all latencies are the same, nothing shows whether requests depend on each other. */
const MAX_DELAY_SECONDS = 0.12;
/** A refused request counts as slower than every limit. */
const REFUSED_SECONDS = 1e6;

export interface Simulated {
  readonly answer: SearchAnswer;
  readonly log: readonly StepSeen[];
}

export function simulateSearch(
  law: Law,
  limitSeconds: number,
  seed: number,
  settings: SearchSettings = SETTINGS,
): Simulated {
  const random = seeded(seed);
  const log: StepSeen[] = [];
  for (;;) {
    const next = nextOf(settings, log);
    if ('answer' in next) return { answer: next.answer, log };
    log.push(simulateStep(law, limitSeconds, next.run, random));
  }
}

function simulateStep(law: Law, limitSeconds: number, plan: StepPlan, random: Random): StepSeen {
  const { kind, ratePerSecond } = plan;
  const own = { kind, ratePerSecond, maxSeconds: plan.maxSeconds };
  if (ratePerSecond > (law.generatorPerSecond ?? Number.POSITIVE_INFINITY))
    return {
      ...own,
      outcome: 'invalid',
      because: 'generator-late',
      tookSeconds: plan.maxSeconds + AROUND_SECONDS,
    };
  if (ratePerSecond > (law.diesAbovePerSecond ?? Number.POSITIVE_INFINITY))
    return { ...own, outcome: 'missed', because: 'service-ended', tookSeconds: AROUND_SECONDS };
  const answers = loaded(law, ratePerSecond, plan.maxSeconds, random);
  const { atSeconds, ...result } = judged(answers, limitSeconds, plan);
  return { ...own, ...result, tookSeconds: atSeconds + AROUND_SECONDS };
}

/** Decides at each look as the judge does. */
function judged(answers: Answers, limitSeconds: number, plan: StepPlan) {
  const bySecond = slowerBySecond(answers, limitSeconds, plan.maxSeconds);
  const schedule = scheduleLooks(plan.maxSeconds, plan.confidence, plan.atLeastSeconds);
  const strict = scheduleLooks(plan.maxSeconds, plan.missConfidence, plan.atLeastSeconds);
  let near: NearLimit | undefined;
  const ended = (outcome: StepOutcome, atSeconds: number) => ({
    ...{ outcome, atSeconds },
    ...(near === undefined ? {} : { near }),
  });
  for (const { atSeconds, confidence } of schedule.looks) {
    const counts = bySecond.map((blocks) => blocks.slice(0, atSeconds));
    const own = counts.at(-1)!;
    const { part: bad, total: all } = totalsOf(own);
    const effect = latencyEffectOf({ blocks: own, lower: lowerEdges(counts) }, BUDGET);
    if (all === 0) continue;
    const sample = { bad, all, effect: effect ?? { factor: 1, blocks: own.length } };
    const bounds = shareBounds(sample, confidence);
    if (bounds.high < 1) {
      const independent = all / effectOfBounds(bad, all, bounds.high, confidence);
      near = { used: bad / all / BUDGET, budget: BUDGET, independent, seconds: atSeconds };
    }
    const atMiss = strict.looks.find((look) => look.atSeconds === atSeconds)?.confidence;
    const isMissed = atMiss !== undefined && shareBounds(sample, atMiss).low > BUDGET;
    // A miss that the search does not count does not end the step.
    if (bounds.low > BUDGET && isMissed) return ended('missed', atSeconds);
    const isMet = effect !== null && bounds.high <= BUDGET && isSteady(own);
    if (isMet && atSeconds >= schedule.atLeastSeconds) return ended('met', atSeconds);
  }
  return ended('undecided', plan.maxSeconds);
}

/**
 * The rate at which exactly 5% of the requests take longer than the limit (M/M/c, Erlang's C). With fixed times, it is the maximum
 * throughput of the workers, to within 0.1%.
 */
export function trueCapacity(law: Law, limitSeconds: number): number {
  const { workers, meanSeconds, isFixed, isEven, disturbed } = law;
  if (disturbed !== undefined) return capacityOfDisturbed(law, limitSeconds);
  if (isFixed && isEven) return workers / meanSeconds;
  if (isFixed || isEven) throw new RangeError('the capacity of this law is unknown');
  const isWithin = (rate: number) => !(shareOver(rate, workers, 1 / meanSeconds, limitSeconds) > BUDGET);
  return crossing(0, workers / meanSeconds, isWithin);
}

/** Simulated with 78 million requests at each of three rates; an error of 0.3% is possible. */
const DISTURBED = {
  law: { workers: 4, meanSeconds: 0.02, disturbed: { everySeconds: 120, forSeconds: 20, factor: 1.2 } },
  limitSeconds: 0.2,
  capacityPerSecond: 161.8,
} as const;

function capacityOfDisturbed(law: Law, limitSeconds: number): number {
  if (law === DISTURBED.law && limitSeconds === DISTURBED.limitSeconds) return DISTURBED.capacityPerSecond;
  throw new RangeError('the capacity of this law is unknown');
}

/** Every two minutes on average, all requests take 20% longer for 20 s. */
export const DISTURBED_LAW: Law = DISTURBED.law;

function shareOver(rate: number, workers: number, speed: number, limitSeconds: number): number {
  const offered = rate / speed;
  let term = 1;
  let sum = 0;
  for (let busy = 0; busy < workers; busy++) {
    sum += term;
    term *= offered / (busy + 1);
  }
  const waiting = (term * workers) / (workers - offered);
  const mustWait = waiting / (sum + waiting);
  const drain = workers * speed - rate;
  const own = Math.exp(-speed * limitSeconds);
  // The total time is the waiting time, which is exponential with the rate at which the queue drains, plus the request's own time.
  const waited =
    Math.abs(drain - speed) < 1e-9 * speed
      ? own * speed * limitSeconds
      : (drain * (Math.exp(-speed * limitSeconds) - Math.exp(-drain * limitSeconds))) / (drain - speed);
  const afterWait = Math.exp(-drain * limitSeconds) + waited;
  return (1 - mustWait) * own + mustWait * Math.min(1, afterWait);
}
