import { holds, UNIT_RANGES } from '../document/limits.ts';
import { endsOf, type Measured } from '../measures/measure.ts';
import type { Interval, Limit, Needed, PlannedObjective, Unit } from '../model/model.ts';
import {
  burstEffectOf,
  type DesignEffect,
  dependenceBlocks,
  designEffectOf,
  largestOf,
  MIN_BLOCKS,
  spreadOf,
  totalsOf,
} from '../statistics/design-effect.ts';
import {
  type Bounds,
  detectableShare,
  EIGHTY_PERCENT,
  meanBounds,
  moreFor80,
  moreIfNoneBad,
  pValue,
  type ShareSample,
  shareBounds,
} from '../statistics/intervals.ts';
import { budgetFor, rulingOf } from '../statistics/rule-in-force.ts';
import { NOTHING_OUTSIDE } from '../window/outside.ts';

/**
 * How certain a measurement is: its interval, where that lies relative to the limit, the minimum detectable
 * effect, and how many more requests are needed.
 */
export interface Certainty {
  readonly interval: Interval | null;
  /** Distance from the limit in the interval's unit; positive within the limit. */
  readonly margin: number;
  /** Where the interval lies: entirely on one side of the limit, or on both; null without an interval. */
  readonly side: 'good' | 'bad' | 'both' | null;
  readonly detectable: number | null;
  /** For a latency, `detectable` is a share of responses over this value: the limit, or the bucket edge above it. */
  readonly overSeconds: number | null;
  /** null unless the interval contains the limit. */
  readonly needed: Needed | null;
  /** The smallest error probability at which a miss would be shown; null without an interval. */
  readonly pOfMiss: number | null;
  /** Requests are assumed to be independent, because no bad or slow request showed whether they depend on each other. */
  readonly independenceAssumed: boolean;
  /** The number of blocks between scrapes. */
  readonly blocks: number;
  readonly samples: number;
  /**
   * The measured share is at most half of the limit, or at least twice the limit: if the interval still
   * contains the limit, there are too few requests, and the value is not near the limit.
   */
  readonly isFar: boolean;
}

export const DEFAULT_CONFIDENCE = 0.95;
/** "How many more" is not reported if it would take a run longer than this. */
const LONGEST_SECONDS = 86_400;

type Share = Measured & { kind: 'share' };
type Figure = Measured & { kind: 'number' };

export interface Surroundings {
  /** The confidence that decides; null if the observed value decides, and the interval is reported at 95%. */
  readonly confidence: number | null;
  readonly ratePerSecond: number;
  /**
   * The largest design effect of any latency of the run: slow responses may show dependence that a few errors
   * cannot.
   */
  readonly latencyEffect: DesignEffect | null;
  /** The design effect of the client's latencies, including their median. Used if no other estimate exists. */
  readonly clientEffect: DesignEffect | null;
}

/** Bad requests out of all requests by block, and other events that show dependence. */
export type Count = Pick<Share, 'bad' | 'samples' | 'blocks' | 'lower' | 'uncounted' | 'outside' | 'between'>;

/** null for a census, whose values have no random error, and if nothing was measured. */
export function certaintyOf(
  objective: PlannedObjective,
  measured: Measured,
  surroundings: Surroundings,
): Certainty | null {
  if (measured.kind === 'share') return certaintyOfShare(objective, measured, surroundings);
  if (measured.kind === 'number') return certaintyOfNumber(objective, measured, surroundings);
  return null;
}

/**
 * The design effect of a latency: the largest over its limit and those lower bucket edges that can be
 * estimated.
 */
export const latencyEffectOf = ({ blocks, lower }: Pick<Count, 'blocks' | 'lower'>, budget: number) =>
  largestOf([blocks, ...dependenceBlocks(lower, budget)].map((one) => designEffectOf(one)));

// ---------------------------------------------------------------------------------------------- shares

/**
 * Includes everything that may be bad: the interval then covers the counted share, and the share with
 * uncounted requests.
 */
function certaintyOfShare(
  objective: PlannedObjective,
  measured: Share,
  surroundings: Surroundings,
): Certainty {
  const { bad, samples, share, doubtful = 0, unclaimed = { mayBeBad: 0, outside: 0 } } = measured;
  const mayBeBad = (measured.mayBeBad ?? 0) + unclaimed.mayBeBad;
  const own = samples - doubtful + (measured.mayBeBad ?? 0) + unclaimed.outside;
  const worst = { ...measured, bad: Math.min(own, bad + mayBeBad), samples: own };
  const found = certaintyOfCount(objective, worst, surroundings);
  if ((own === samples && mayBeBad === 0) || found.interval === null) return found;
  const { low, high } = found.interval;
  const interval = { ...found.interval, low: Math.min(low, share), high: Math.max(high, share) };
  return { ...found, interval };
}

export function certaintyOfCount(
  objective: PlannedObjective,
  counted: Count,
  { confidence, ratePerSecond, latencyEffect, clientEffect }: Surroundings,
): Certainty {
  const { samples: all, blocks, uncounted = 0, outside = NOTHING_OUTSIDE, between } = counted;
  const budget = budgetFor(objective);
  const isLatency = objective.measure.kind === 'latency';
  // Of the responses between the edges around the limit, all may be over the limit at worst, and none at best. The extreme that decided is
  // reported.
  const surelyBad = Math.max(0, counted.bad - (between?.bad ?? 0));
  const bad = surelyBad / all > budget ? surelyBad : counted.bad;
  const margin = budget - bad / all;
  const known =
    largestOf([latencyEffectOf(counted, budget), isLatency ? null : latencyEffect]) ?? clientEffect;
  if (blocks.length < MIN_BLOCKS) return without(margin, blocks.length, all);
  const effect = known ?? { factor: 1, blocks: blocks.length };
  const sample = { bad, all, effect, bursts: burstEffectOf(blocks) };
  const level = confidence ?? DEFAULT_CONFIDENCE;
  // Requests that terminated replicas took after their last scrape were all good at best, and all bad at worst. Of the requests that may lie
  // outside the window, all the bad ones lie outside at best, and all the good ones at worst.
  const bestBad = Math.max(0, surelyBad - outside.bad);
  const best = { ...sample, bad: bestBad, all: all - (surelyBad - bestBad) + uncounted };
  const mostBad = counted.bad;
  const worst = {
    ...sample,
    bad: mostBad + uncounted,
    all: Math.max(mostBad, all - outside.all) + uncounted,
  };
  const bounds = { low: shareBounds(best, level).low, high: shareBounds(worst, level).high };
  const side = bounds.high <= budget ? 'good' : bounds.low > budget ? 'bad' : 'both';
  const ruling = rulingOf(objective, confidence);
  return {
    interval: {
      ...(isLatency || objective.measure.kind === 'success'
        ? { low: 1 - bounds.high, high: 1 - bounds.low }
        : bounds),
      ...onTheirOwn(level),
    },
    margin,
    side,
    // Without an edge above the limit, no share of slow responses is a miss.
    detectable: between?.highSeconds === null ? null : detectableShare(sample, budget, ruling),
    overSeconds: isLatency ? (between?.highSeconds ?? objective.target.value) : null,
    needed:
      side === 'both' ? neededFor(uncounted === 0 ? sample : worst, budget, level, ratePerSecond) : null,
    pOfMiss: confidence === null ? null : pValue((at) => shareBounds(best, at).low > budget),
    independenceAssumed: known === null,
    blocks: blocks.length,
    samples: all,
    isFar: margin !== 0 && (bad <= FAR * budget * all || FAR * bad >= budget * all),
  };
}

/**
 * The bounds of a share each hold on their own. Those of a mean or a rate hold jointly, so each of them
 * holds with higher confidence on its own.
 */
const onTheirOwn = (confidence: number) => ({ confidence, eachBound: confidence });
const together = (confidence: number) => ({ confidence, eachBound: (1 + confidence) / 2 });

const FAR = 0.5;

const without = (margin: number, blocks: number, samples: number): Certainty => ({
  interval: null,
  margin,
  side: null,
  detectable: null,
  overSeconds: null,
  needed: null,
  pOfMiss: null,
  independenceAssumed: false,
  blocks,
  samples,
  isFar: false,
});

function neededFor(sample: ShareSample, budget: number, level: number, ratePerSecond: number): Needed {
  const most = LONGEST_SECONDS * ratePerSecond;
  const within = (more: number) => (more <= most ? more : null);
  const noneBad = budget > 0 ? moreIfNoneBad(sample, budget, level) : Number.POSITIVE_INFINITY;
  // To meet the limit, at least this many further requests are needed, none of them bad. With very few bad requests, the approximation
  // gives too small a number.
  const least = sample.bad < budget * sample.all ? noneBad : 0;
  return {
    more80: within(Math.max(least, moreFor80(sample, budget, level))),
    moreIfNoneBad: within(noneBad),
  };
}

// ---------------------------------------------------------------------------------------------- means and rates

function certaintyOfNumber(
  { target, unit }: PlannedObjective,
  figure: Figure,
  { confidence, ratePerSecond }: Surroundings,
): Certainty | null {
  const { value, samples, blocks } = figure;
  const ends = endsOf(figure);
  if (!Number.isFinite(value)) return null;
  const margin = target.comparison.startsWith('<') ? target.value - value : value - target.value;
  const spread = spreadOf(blocks);
  if (spread === null) return without(margin, blocks.length, samples);
  // The value may cover other seconds than the blocks do, so their standard error is scaled to it.
  const { part, total } = totalsOf(blocks);
  const scale = part === 0 ? 1 : value / (part / total);
  const scaled = { variance: spread.variance * scale ** 2, blocks: spread.blocks };
  const level = confidence ?? DEFAULT_CONFIDENCE;
  const boundsAt = (at: number) => ({
    low: meanBounds(ends.low, scaled, at).low,
    high: meanBounds(ends.high, scaled, at).high,
  });
  const bounds = boundsAt(level);
  const side = sideOf(bounds, target);
  const halfWidth = (bounds.high - bounds.low) / 2;
  // Both terms shrink with the square root of the count. The second term makes a decision likely, and not only possible.
  const spreads = halfWidth + EIGHTY_PERCENT * Math.sqrt(scaled.variance);
  const more = Math.max(0, Math.ceil(samples * ((spreads / margin) ** 2 - 1)));
  const isNear = more <= LONGEST_SECONDS * ratePerSecond;
  return {
    interval: { ...possible(bounds, unit), ...together(level) },
    margin,
    side,
    detectable: null,
    overSeconds: null,
    needed: side === 'both' ? { more80: isNear ? more : null, moreIfNoneBad: null } : null,
    pOfMiss: confidence === null ? null : pValue((at) => sideOf(boundsAt(at), target) === 'bad'),
    independenceAssumed: false,
    blocks: blocks.length,
    samples,
    // `isFar` compares a share with its budget, and a mean has none.
    isFar: false,
  };
}

/** The approximation by Student's t is unbounded; a rate's lower bound is still reported as at least 0. */
function possible({ low, high }: Bounds, unit: Unit): Bounds {
  const ends = UNIT_RANGES[unit];
  return { low: Math.max(low, ends.low), high: Math.min(high, ends.high) };
}

function sideOf({ low, high }: Bounds, target: Limit): 'good' | 'bad' | 'both' {
  const [lowHolds, highHolds] = [holds(low, target), holds(high, target)];
  if (lowHolds !== highHolds) return 'both';
  return lowHolds ? 'good' : 'bad';
}

// ---------------------------------------------------------------------------------------------- beyond doubt

/** If nothing shows how bad requests cluster, this many of them count as one. */
const WORST_EFFECT = 100;

/**
 * Whether this many bad requests miss a limit at this confidence, however strongly they depend on each other.
 */
export function isShownWhatever(objective: PlannedObjective, bad: number, all: number, confidence: number) {
  const effect = { factor: WORST_EFFECT, blocks: Number.POSITIVE_INFINITY };
  return shareBounds({ bad: Math.min(bad, all), all, effect }, confidence).low > budgetFor(objective);
}
