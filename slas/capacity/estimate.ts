import { normalQuantile } from '../statistics/distributions.ts';
import { detectableShare, provableShare } from '../statistics/intervals.ts';
import { expectedLine, type Weighted, weightedMean } from './expected-line.ts';
import { CLEARLY_BELOW, highestMet } from './known.ts';
import type { StepSeen } from './search-model.ts';

/**
 * Where the limit probably is, from the shares of the error budget that the runs used. It only decides which rates are tried next:
 * what is reported rests on the verdicts of the runs.
 *
 * Near the limit of a service with a queue, the logarithm of the used share grows almost linearly with that of the rate.
 */
export interface Estimate {
  /** The rate at which the whole budget is used. */
  readonly limitPerSecond: number;
  /** The standard deviation of its logarithm. */
  readonly deviation: number;
  /** The growth of the logarithm of the used share with that of the rate. */
  readonly slope: number;
  /** The share of responses that may be slow, or that may fail. */
  readonly budget: number;
  /** The responses of a second are worth as much as this many independent ones, at the limit. */
  readonly independentPerSecond: number;
}

/** Shares outside this range show little about the limit. */
const INFORMATIVE = { from: 0.08, to: 12 };
/** Further away from the limit, the share may not depend on the rate at all. */
const WINDOW = 0.15;
const MIN_MET = 0.6;
/**
 * The share of many services hardly falls any more below the limit, and cannot rise beyond all responses. So each end of the interval is
 * estimated from the runs on its own side, if there are any.
 */
const OWN = { upperFrom: Math.log(0.6), lowerTo: Math.log(2.5) };
/** The usual slope, for as long as the runs do not show it. */
const SLOPE = { usual: 22, deviation: 10, min: 5 };

interface Point extends Weighted {
  readonly independentPerSecond: number;
  readonly budget: number;
  /** Such a run does not show that the limit is near. */
  readonly isFar: boolean;
}

/** null: no run was near the limit. */
export function estimateFrom(log: readonly StepSeen[], end: 'lower' | 'upper'): Estimate | null {
  const near = log.flatMap(pointOf);
  const own = near.filter(({ y }) => (end === 'upper' ? y >= OWN.upperFrom : y <= OWN.lowerTo));
  const all = own.some(({ isFar }) => !isFar) ? own : near;
  const nearest = all.filter(({ isFar }) => !isFar).toSorted((a, b) => Math.abs(a.y) - Math.abs(b.y))[0];
  if (nearest === undefined) return null;
  const points = all.filter(({ x: own }) => Math.abs(own - nearest.x) <= WINDOW);
  const line = expectedLine(points, SLOPE);
  const { x, y, weight, across } = line;
  const slope = Math.max(SLOPE.min, line.slope);
  const at = Math.max(x - y / slope, Math.log(highestMet(log)));
  return {
    limitPerSecond: Math.exp(at),
    deviation: Math.sqrt(1 / weight + (at - x) ** 2 / across) / slope,
    slope,
    budget: nearest.budget,
    independentPerSecond: weightedMean(points, (one) => one.independentPerSecond),
  };
}

function pointOf({ outcome, near, ratePerSecond }: StepSeen): readonly Point[] {
  if (near === undefined || outcome === 'invalid') return [];
  const { used, budget, independent, seconds } = near;
  if (used < INFORMATIVE.from || used > INFORMATIVE.to) return [];
  if (!(independent > 0 && budget > 0 && seconds > 0)) return [];
  // The variance of the logarithm of a share.
  const variance = (1 - Math.min(0.9, used * budget)) / (independent * used * budget);
  return [
    {
      x: Math.log(ratePerSecond),
      y: Math.log(used),
      weight: 1 / (variance + LINE_VARIANCE * (1 + 3 * Math.log(used) ** 2)),
      independentPerSecond: (independent / seconds) * burstsAt(used),
      budget,
      isFar: (outcome === 'met' && used < MIN_MET) || used <= CLEARLY_BELOW,
    },
  ];
}

/** The curve is not exactly a line, and even less so far away from the limit. */
const LINE_VARIANCE = 0.02;

/** What a run should decide. */
export interface Wanted {
  /** The confidence of the run's bound. */
  readonly confidence: number;
  /** The probability that it decides. */
  readonly certainty: number;
  readonly seconds: number;
}

/** The highest rate that a run probably proves; null: it can prove none. */
export function provableRate(estimate: Estimate, wanted: Wanted): number | null {
  const { budget } = estimate;
  const used = BETTER.find((one) => {
    const sample = sampleOf(estimate, wanted, one);
    const share = provableShare(sample, budget, wanted.confidence, wanted.certainty);
    return share !== null && share >= one * budget;
  });
  return used === undefined ? null : rateAt(estimate, used, -certaintyOf(wanted));
}

/** The lowest rate that a run probably refutes; null: it can refute none. */
export function refutableRate(estimate: Estimate, wanted: Wanted): number | null {
  const { budget } = estimate;
  const ruling = { rule: 'bounds', confidence: wanted.confidence } as const;
  const used = WORSE.find((one) => {
    const share = detectableShare(sampleOf(estimate, wanted, one), budget, ruling, wanted.certainty);
    return share !== null && share <= one * budget;
  });
  return used === undefined ? null : rateAt(estimate, used, certaintyOf(wanted));
}

const powers = (to: number) => Array.from({ length: 41 }, (_, index) => to ** (index / 40));
/** Used shares of the budget, from the whole budget downwards and upwards. */
const BETTER = powers(0.05);
const WORSE = powers(10);

/** Enough blocks for the penalty that is already part of the independent responses. */
const MANY_BLOCKS = 1e6;

/** Slow responses come in longer bursts the more of them there are: about with the square root of their share. */
const burstsAt = (used: number) => Math.sqrt(used);

const sampleOf = ({ independentPerSecond }: Estimate, { seconds }: Wanted, used: number) => ({
  all: Math.max(1, Math.round((independentPerSecond * seconds) / burstsAt(used))),
  effect: { factor: 1, blocks: MANY_BLOCKS },
});

/** The estimate and the run vary independently of each other, so the deviations are not added up in full. */
const PART = 0.6;
const certaintyOf = ({ certainty }: Wanted) => PART * normalQuantile(certainty);

const rateAt = ({ limitPerSecond, slope, deviation }: Estimate, used: number, deviations: number): number =>
  limitPerSecond * Math.exp(Math.log(used) / slope + deviations * deviation);
