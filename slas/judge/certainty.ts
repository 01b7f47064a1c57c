import { holds, UNIT_RANGES } from '../document/limits.ts';
import { endsOf, type Measured } from '../measures/measure.ts';
import type { Interval, Limit, Needed, PlannedObjective, Unit } from '../model/model.ts';
import {
  type DesignEffect,
  designEffectOf,
  LEAST_BLOCKS,
  largestOf,
  spreadOf,
  telling,
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

/** How sure what was measured is: an interval, its place beside the limit, what would have been seen, what is still needed. */
export interface Certainty {
  readonly interval: Interval | null;
  /** Distance from the limit in the interval's unit, positive on the good side. */
  readonly margin: number;
  /** Where the interval lies: wholly on one side of the limit, or on both; null without an interval. */
  readonly side: 'good' | 'bad' | 'both' | null;
  readonly detectable: number | null;
  /** null unless the interval lies on both sides. */
  readonly needed: Needed | null;
  /** The error at which a miss would just be shown; null without an interval. */
  readonly pOfMiss: number | null;
  /** No bad request and no slow one told how much requests depend on each other: taken to be independent. */
  readonly independenceAssumed: boolean;
  /** How many stretches between scrapes there were to judge by. */
  readonly blocks: number;
  readonly samples: number;
  /**
   * The measured share is at most half of what the limit allows, or at least twice that: where the interval holds the limit
   * all the same, there are too few requests, and the value is not near the limit.
   */
  readonly isFar: boolean;
}

export const USUAL_CONFIDENCE = 0.95;
/** A run longer than this is no answer to "how many more". */
const LONGEST_SECONDS = 86_400;

type Share = Measured & { kind: 'share' };
type Figure = Measured & { kind: 'number' };

export interface Surroundings {
  /** What decides; null: the observed value does, and the interval is told at 95%. */
  readonly confidence: number | null;
  readonly ratePerSecond: number;
  /** The largest design effect of any latency of the run: what few errors cannot show, slow answers may. */
  readonly latencyEffect: DesignEffect | null;
  /** What the client's latencies tell, its median among them, where nothing else does. */
  readonly clientEffect: DesignEffect | null;
}

/** Bad ones among all, in blocks, and other events that tell of dependence. */
export type Count = Pick<Share, 'bad' | 'samples' | 'blocks' | 'lower' | 'uncounted' | 'outside'>;

/** null for what has no chance in it: a census, or nothing at all. */
export function certaintyOf(
  objective: PlannedObjective,
  measured: Measured,
  surroundings: Surroundings,
): Certainty | null {
  if (measured.kind === 'share') return certaintyOfShare(objective, measured, surroundings);
  if (measured.kind === 'number') return certaintyOfNumber(objective, measured, surroundings);
  return null;
}

/** The design effect of a latency: the largest over its limit and the lower bucket edges that tell. */
export const latencyEffectOf = ({ blocks, lower }: Pick<Count, 'blocks' | 'lower'>) =>
  largestOf([blocks, ...telling(lower)].map((one) => designEffectOf(one)));

// ---------------------------------------------------------------------------------------------- shares

/** With all that may be bad: the interval then holds what was counted, and what may have been missed. */
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
  const { bad, samples: all, blocks, uncounted = 0, outside = NOTHING_OUTSIDE } = counted;
  const budget = budgetFor(objective);
  const isLatency = objective.measure.kind === 'latency';
  const margin = budget - bad / all;
  const known = largestOf([latencyEffectOf(counted), isLatency ? null : latencyEffect]) ?? clientEffect;
  if (blocks.length < LEAST_BLOCKS) return without(margin, blocks.length, all);
  const sample = { bad, all, effect: known ?? { factor: 1, blocks: blocks.length } };
  const level = confidence ?? USUAL_CONFIDENCE;
  // What replicas that ended took unseen was all good at best, all bad at worst.
  // Of what may lie outside the window the bad ones do at best, and the good ones at worst.
  const bestBad = Math.max(0, bad - outside.bad);
  const best = { ...sample, bad: bestBad, all: all - (bad - bestBad) + uncounted };
  const worst = { ...sample, bad: bad + uncounted, all: Math.max(bad, all - outside.all) + uncounted };
  const bounds = { low: shareBounds(best, level).low, high: shareBounds(worst, level).high };
  const side = bounds.high <= budget ? 'good' : bounds.low > budget ? 'bad' : 'both';
  const ruling = rulingOf(objective, confidence);
  return {
    interval: {
      ...(isLatency ? { low: 1 - bounds.high, high: 1 - bounds.low } : bounds),
      ...onTheirOwn(level),
    },
    margin,
    side,
    detectable: detectableShare(sample, budget, ruling),
    needed: side === 'both' ? neededFor(sample, budget, level, ratePerSecond) : null,
    pOfMiss: confidence === null ? null : pValue((at) => shareBounds(best, at).low > budget),
    independenceAssumed: known === null,
    blocks: blocks.length,
    samples: all,
    isFar: margin !== 0 && (bad <= FAR * budget * all || FAR * bad >= budget * all),
  };
}

/** Bounds of a share hold alone, those of a mean or a rate together: each alone holds with more. */
const onTheirOwn = (confidence: number) => ({ confidence, eachBound: confidence });
const together = (confidence: number) => ({ confidence, eachBound: (1 + confidence) / 2 });

const FAR = 0.5;

const without = (margin: number, blocks: number, samples: number): Certainty => ({
  interval: null,
  margin,
  side: null,
  detectable: null,
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
  // No way to keep the limit is shorter than that none more is bad; with very few bad ones the approximation says so.
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
  // The value may be over other seconds than the blocks are: its spread is scaled as it is.
  const { part, total } = totalsOf(blocks);
  const scale = part === 0 ? 1 : value / (part / total);
  const scaled = { variance: spread.variance * scale ** 2, blocks: spread.blocks };
  const level = confidence ?? USUAL_CONFIDENCE;
  const boundsAt = (at: number) => ({
    low: meanBounds(ends.low, scaled, at).low,
    high: meanBounds(ends.high, scaled, at).high,
  });
  const bounds = boundsAt(level);
  const side = sideOf(bounds, target);
  const halfWidth = (bounds.high - bounds.low) / 2;
  // Both shrink with the square root of how many there are; the second makes it likely, not only possible.
  const spreads = halfWidth + EIGHTY_PERCENT * Math.sqrt(scaled.variance);
  const more = Math.max(0, Math.ceil(samples * ((spreads / margin) ** 2 - 1)));
  const isNear = more <= LONGEST_SECONDS * ratePerSecond;
  return {
    interval: { ...possible(bounds, unit), ...together(level) },
    margin,
    side,
    detectable: null,
    needed: side === 'both' ? { more80: isNear ? more : null, moreIfNoneBad: null } : null,
    pOfMiss: confidence === null ? null : pValue((at) => sideOf(boundsAt(at), target) === 'bad'),
    independenceAssumed: false,
    blocks: blocks.length,
    samples,
    // A mean has no budget to be far from.
    isFar: false,
  };
}

/** An approximation by Student's t knows no ends: a rate is told from 0 on all the same. */
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

/** Where nothing tells how bad requests come together, so many of them count as one. */
const WORST_EFFECT = 100;

/** Whether so many bad ones miss a limit at this confidence, however much they depend on each other. */
export function isShownWhatever(objective: PlannedObjective, bad: number, all: number, confidence: number) {
  const effect = { factor: WORST_EFFECT, blocks: Number.POSITIVE_INFINITY };
  return shareBounds({ bad: Math.min(bad, all), all, effect }, confidence).low > budgetFor(objective);
}
