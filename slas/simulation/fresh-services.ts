import {
  BEFORE_SECONDS,
  exponential,
  logNormal,
  normal,
  RATE_PER_SECOND,
  type Random,
  type Service,
  simulate,
} from './queues.ts';

/** Services that were not used to develop the method. They test it, so the method must not be adjusted to their results. */

/** Two workers and one queue, with a different distribution of service times, a different rate, or a changing load. */
function twoWorkers(
  name: string,
  serviceSeconds: (meanSeconds: number, random: Random) => number,
  loadAt: (nowSeconds: number, durationSeconds: number) => number,
  ratePerSecond = RATE_PER_SECOND,
): Service {
  return {
    name,
    run: (durationSeconds, random) => {
      let [first, second] = [-BEFORE_SECONDS, -BEFORE_SECONDS];
      const answer = (now: number) => {
        const mean = (2 * loadAt(now, durationSeconds)) / ratePerSecond;
        const end = Math.max(now, Math.min(first, second)) + serviceSeconds(mean, random);
        if (first <= second) first = end;
        else second = end;
        return end - now;
      };
      return simulate(durationSeconds, random, answer, BEFORE_SECONDS, ratePerSecond);
    },
  };
}

const HEAVY_SIGMA = 1.5;
/** Log-normal, with a standard deviation of 2.9 times its mean. */
const heavyTailed = (mean: number, random: Random) =>
  mean * Math.exp(HEAVY_SIGMA * normal(random) - HEAVY_SIGMA ** 2 / 2);

/** A garbage collection at regular intervals: requests that arrive meanwhile wait for its end. */
const pausing = (everySeconds: number, pauseSeconds: number): Service => ({
  name: `pauses every ${everySeconds} s`,
  run: (durationSeconds, random) => {
    const phase = random() * everySeconds;
    return simulate(durationSeconds, random, (now) => {
      const since = (now + phase + BEFORE_SECONDS * everySeconds) % everySeconds;
      return Math.max(0, pauseSeconds - since) + logNormal(0.02, random);
    });
  },
});

const REPLICAS = 4;
/** Four replicas, each with its own queue. One of them takes 2.5 times as long. Requests go to a random replica. */
const slowReplica: Service = {
  name: 'a slow replica in four',
  run: (durationSeconds, random) => {
    const free = new Float64Array(REPLICAS).fill(-BEFORE_SECONDS);
    const meanSeconds = (REPLICAS * 0.3) / RATE_PER_SECOND;
    return simulate(durationSeconds, random, (now) => {
      const replica = Math.floor(random() * REPLICAS);
      const mean = replica === 0 ? 2.5 * meanSeconds : meanSeconds;
      free[replica] = Math.max(now, free[replica]!) + logNormal(mean, random);
      return free[replica]! - now;
    });
  },
};

const DRIFT_SIGMA = 0.3;
const DRIFT_SECONDS = 30;
type Addition = (nowSeconds: number) => number;

/**
 * A fast service whose usual latency drifts within half a minute, far below a limit that only additional waiting exceeds: the usual
 * latencies show nothing about the waiting.
 */
const drifting = (name: string, usualSeconds: number, addition: (random: Random) => Addition): Service => ({
  name,
  run: (durationSeconds, random) => {
    let [state, last] = [normal(random), -BEFORE_SECONDS];
    const waits = addition(random);
    return simulate(durationSeconds, random, (now) => {
      const memory = Math.exp((last - now) / DRIFT_SECONDS);
      last = now;
      state = memory * state + Math.sqrt(1 - memory ** 2) * normal(random);
      return usualSeconds * Math.exp(DRIFT_SIGMA * (state + normal(random))) + waits(now);
    });
  },
});

/**
 * Periods that begin after `everySeconds` and last for `lengthSeconds`, both on average. `during` receives the remaining time of the
 * current period.
 */
const inSpells =
  (everySeconds: number, lengthSeconds: number, during: (leftSeconds: number, random: Random) => number) =>
  (random: Random): Addition => {
    let begins = -BEFORE_SECONDS + exponential(everySeconds, random);
    let ends = begins + exponential(lengthSeconds, random);
    return (now) => {
      while (now >= ends) {
        begins = ends + exponential(everySeconds, random);
        ends = begins + exponential(lengthSeconds, random);
      }
      return now < begins ? 0 : during(ends - now, random);
    };
  };

const stall = (leftSeconds: number) => leftSeconds;
/** Three in ten requests of a busy period take half a second more. */
const busySpell = (_left: number, random: Random) => 0.01 + (random() < 0.3 ? logNormal(0.5, random) : 0);

/** The load rises from night to noon and falls again within one run. */
const dailyLoad = (now: number, durationSeconds: number) =>
  0.3 + 0.4 * Math.sin((Math.PI * Math.max(0, now)) / durationSeconds) ** 2;

const atHalf = () => 0.5;
const atRate = (ratePerSecond: number): Service =>
  twoWorkers(`M/G/2 at 0.5, ${ratePerSecond}/s`, logNormal, atHalf, ratePerSecond);

export const FRESH_RATES = [5, 100, 1000] as const;

/** The length of every run of these services. The limits of the daily load are valid for this length only. */
export const FRESH_SECONDS = 600;

export const FRESH_SERVICES: readonly Service[] = [
  twoWorkers('heavy-tailed M/G/2 at 0.5', heavyTailed, atHalf),
  pausing(10, 0.25),
  pausing(60, 1),
  slowReplica,
  twoWorkers('a day in a run', logNormal, dailyLoad),
  drifting('drift, stalls', 0.01, inSpells(20, 1, stall)),
  drifting('drift, short stalls', 0.004, inSpells(10, 0.6, stall)),
  drifting('drift, busy spells', 0.004, inSpells(40, 10, busySpell)),
  ...FRESH_RATES.map(atRate),
];
