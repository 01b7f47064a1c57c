/**
 * Simulated services whose requests depend on each other in known ways, to test the statistics. Seeded: the
 * same numbers in every run, on every machine. Times are seconds.
 */

/** Uniform draws from 0 to 1. */
export type Random = () => number;

/** One run of a service: when each request was answered, and how long it took. */
export interface Answers {
  readonly atSeconds: Float64Array;
  readonly tookSeconds: Float64Array;
  readonly count: number;
}

export interface Service {
  readonly name: string;
  /** Simulates randomly arriving requests to a service in steady state, for the given number of seconds. */
  readonly run: (durationSeconds: number, random: Random) => Answers;
}

export const RATE_PER_SECOND = 25;
/** The time simulated before a run, so that it does not begin with an empty queue. */
export const BEFORE_SECONDS = 120;

/** A small 32-bit random number generator (sfc32). Its period is far longer than any simulation needs. */
export function seeded(seed: number): Random {
  let [a, b, c, counter] = [0, seed | 0, 0x9e3779b9 | 0, 1];
  const next = () => {
    const word = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + word;
    c |= 0;
    return (word >>> 0) / 4_294_967_296;
  };
  for (let warm = 0; warm < 20; warm++) next();
  return next;
}

export const exponential = (mean: number, random: Random) => -mean * Math.log(1 - random());
export const normal = (random: Random) =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Simulates random arrivals. `answer` returns the duration of a request that arrives at a given time. */
export function simulate(
  durationSeconds: number,
  random: Random,
  answer: (arrivalSeconds: number) => number,
  beforeSeconds = BEFORE_SECONDS,
  ratePerSecond = RATE_PER_SECOND,
): Answers {
  const most = Math.ceil(durationSeconds * ratePerSecond * 1.5) + 100;
  const atSeconds = new Float64Array(most);
  const tookSeconds = new Float64Array(most);
  let count = 0;
  for (let now = -beforeSeconds; ; ) {
    now += exponential(1 / ratePerSecond, random);
    if (now >= durationSeconds || count === most) return { atSeconds, tookSeconds, count };
    const took = answer(now);
    if (now < 0) continue;
    atSeconds[count] = now + took;
    tookSeconds[count++] = took;
  }
}

const SIGMA = Math.sqrt(Math.LN2);
/** Log-normal, with a standard deviation equal to its mean. */
export const logNormal = (mean: number, random: Random) =>
  mean * Math.exp(SIGMA * normal(random) - Math.LN2 / 2);

const independent: Service = {
  name: 'independent',
  run: (durationSeconds, random) => simulate(durationSeconds, random, () => logNormal(0.05, random), 0),
};

/** Two workers and one FIFO queue: the usual structure of a service. */
const queue = (load: number): Service => ({
  name: `M/G/2 at ${load}`,
  run: (durationSeconds, random) => {
    const meanSeconds = (2 * load) / RATE_PER_SECOND;
    let [first, second] = [-BEFORE_SECONDS, -BEFORE_SECONDS];
    return simulate(durationSeconds, random, (now) => {
      const end = Math.max(now, Math.min(first, second)) + logNormal(meanSeconds, random);
      if (first <= second) first = end;
      else second = end;
      return end - now;
    });
  },
});

/** The same queue with a load that rises steadily over a run, as for a service that leaks memory or whose data grow. */
export const filling = (fromLoad: number, toLoad: number): Service => ({
  name: `M/G/2 from ${fromLoad} to ${toLoad}`,
  run: (durationSeconds, random) => {
    let [first, second] = [-BEFORE_SECONDS, -BEFORE_SECONDS];
    return simulate(durationSeconds, random, (now) => {
      const load = fromLoad + ((toLoad - fromLoad) * Math.max(0, now)) / durationSeconds;
      const end = Math.max(now, Math.min(first, second)) + logNormal((2 * load) / RATE_PER_SECOND, random);
      if (first <= second) first = end;
      else second = end;
      return end - now;
    });
  },
});

/** Each latency depends on the previous latency. The correlation spans about 50 requests, or two seconds. */
const leaning: Service = {
  name: 'AR(1)',
  run: (durationSeconds, random) => {
    const memory = 0.98;
    let state = normal(random);
    return simulate(
      durationSeconds,
      random,
      () => {
        state = memory * state + Math.sqrt(1 - memory ** 2) * normal(random);
        return 0.05 * Math.exp(SIGMA * state);
      },
      0,
    );
  },
};

/**
 * Every 20 seconds on average, the service stalls for about a second; requests that arrive meanwhile wait for
 * the end of the stall.
 */
const stalling: Service = {
  name: 'stalls',
  run: (durationSeconds, random) => {
    let begins = -BEFORE_SECONDS + exponential(20, random);
    let ends = begins + exponential(1, random);
    return simulate(durationSeconds, random, (now) => {
      while (now >= ends) {
        begins = ends + exponential(20, random);
        ends = begins + exponential(1, random);
      }
      return (now >= begins ? ends - now : 0) + logNormal(0.02, random);
    });
  },
};

export const SERVICES: readonly Service[] = [
  independent,
  queue(0.5),
  queue(0.8),
  queue(0.9),
  leaning,
  stalling,
];
