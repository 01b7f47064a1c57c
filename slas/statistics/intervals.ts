import { firstWhole } from './bisection.ts';
import type { DesignEffect, Spread } from './design-effect.ts';
import { betaQuantile, normalQuantile, tQuantile } from './distributions.ts';
import { compareShare } from './statistics.ts';

/**
 * Bounds for shares and means, how large a miss would be detected, and how many more requests would decide.
 */

/** Each bound holds on its own with the given confidence (one-sided). */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** Bad requests out of all requests, and how strongly they depend on each other. */
export interface ShareSample {
  readonly bad: number;
  readonly all: number;
  readonly effect: DesignEffect;
  /** The design effect of the bad requests alone, with the degrees of freedom of their bursts. It widens only the upper bound. */
  readonly bursts?: DesignEffect | null;
}

/**
 * How many independent requests would carry as much information (Korn and Graubard): n divided by the design
 * effect, and fewer still if that effect was estimated from few blocks.
 */
export function effectiveSize({ all, effect }: Omit<ShareSample, 'bad'>, confidence: number): number {
  return Math.min(all, all / effect.factor / penaltyOf(effect, confidence));
}

/** The factor by which a variance may be larger than its estimate from few blocks. */
const penaltyOf = ({ blocks }: DesignEffect, confidence: number) =>
  (tQuantile(confidence, blocks - 1) / normalQuantile(confidence)) ** 2;

/** Only the excess over independence is uncertain: a few single bad requests are not bursts. */
const sizeByBursts = (all: number, bursts: DesignEffect, confidence: number) =>
  all / (1 + (bursts.factor - 1) * penaltyOf(bursts, confidence));

/** The effective sample size of a bound. For the upper bound, which decides *met*, bursts also count. */
function sizeFor(bound: 'low' | 'high', sample: ShareSample, confidence: number): number {
  const size = effectiveSize(sample, confidence);
  const { all, bursts } = sample;
  return bound === 'low' || bursts == null ? size : Math.min(size, sizeByBursts(all, bursts, confidence));
}

/**
 * Clopper-Pearson bounds of the bad share at the effective sample size, which need not be an integer. If a run had only a few bursts,
 * longer ones cannot be ruled out, so the upper bound allows for how few they were.
 */
export function shareBounds(sample: ShareSample, confidence: number): Bounds {
  const { bad, all } = sample;
  const [size, few] = [sizeFor('low', sample, confidence), sizeFor('high', sample, confidence)];
  return {
    low: boundsAt((bad / all) * size, size, confidence).low,
    high: boundsAt((bad / all) * few, few, confidence).high,
  };
}

/** Clopper-Pearson bounds of independent events; neither number need be an integer. */
export const boundsAt = (bad: number, size: number, confidence: number): Bounds => ({
  low: betaQuantile(1 - confidence, bad, size - bad + 1),
  high: betaQuantile(confidence, bad + 1, size - bad),
});

/**
 * Two-sided bounds of a mean or a rate: Student's t with one degree of freedom fewer than there are blocks.
 */
export function meanBounds(value: number, { variance, blocks }: Spread, confidence: number): Bounds {
  const margin = tQuantile((1 + confidence) / 2, blocks - 1) * Math.sqrt(variance);
  return { low: value - margin, high: value + margin };
}

// ---------------------------------------------------------------------------------------------- before and after a run

/** What decides an objective: the observed share alone, or confidence bounds. */
export type Ruling =
  /** A rate `< 1%` is already missed at exactly 1%, a percentile's budget only above it. */
  | { readonly rule: 'observed'; readonly missedAtLimit: boolean }
  | { readonly rule: 'bounds'; readonly confidence: number };

/** The smallest number of bad requests that is a miss; `all + 1` if even `all` would not be one. */
export function firstMissed(sample: Omit<ShareSample, 'bad'>, budget: number, ruling: Ruling): number {
  const isMissed = (bad: number) =>
    ruling.rule === 'observed'
      ? compareShare(bad, sample.all, budget) >= (ruling.missedAtLimit ? 0 : 1)
      : shareBounds({ ...sample, bad }, ruling.confidence).low > budget;
  return firstWhole(sample.all + 1, isMissed);
}

/**
 * The smallest true share of bad requests that a run like this would call missed with this probability; null
 * if none would be. For 1,500 independent requests and a limit of 1%: 1.54% by the observed share, 2.09% by
 * bounds at 95%.
 */
export function detectableShare(
  sample: Omit<ShareSample, 'bad'>,
  budget: number,
  ruling: Ruling,
  certainty = 0.95,
): number | null {
  const first = firstMissed(sample, budget, ruling);
  if (first > sample.all) return null;
  const size = effectiveSize(sample, certainty);
  const firstEffective = (first / sample.all) * size;
  // P(Bin(size, p) ≥ k) is the beta distribution function with parameters k and size − k + 1, at p.
  return betaQuantile(certainty, firstEffective, size - firstEffective + 1);
}

/** The largest true share of bad requests that a run like this would call met with this probability; null if none would be. */
export function provableShare(
  sample: Omit<ShareSample, 'bad'>,
  budget: number,
  confidence: number,
  certainty: number,
): number | null {
  const isOpen = (bad: number) => shareBounds({ ...sample, bad }, confidence).high > budget;
  const tooMany = firstWhole(sample.all + 1, isOpen);
  if (tooMany === 0) return null;
  const size = effectiveSize(sample, certainty);
  const most = ((tooMany - 1) / sample.all) * size;
  // P(Bin(size, p) ≤ k) is one minus the beta distribution function with parameters k + 1 and size − k, at p.
  return betaQuantile(1 - certainty, most + 1, size - most);
}

/** The design effect that follows from the bounds of a bad share, including the penalty for the number of blocks behind it. */
export function effectOfBounds(bad: number, all: number, high: number, confidence: number): number {
  const isNarrower = (size: number) => boundsAt((bad / all) * size, size, confidence).high <= high;
  let [wide, narrow] = [0, all];
  for (let step = 0; step < 60 && narrow - wide > 1e-6 * narrow; step++) {
    const middle = (wide + narrow) / 2;
    if (isNarrower(middle)) narrow = middle;
    else wide = middle;
  }
  return all / narrow;
}

/** The number of standard errors that makes a decision likely. */
export const EIGHTY_PERCENT = normalQuantile(0.8);

/**
 * How many more requests would decide with 80% probability if the share stays the same; infinite exactly at the limit. The dependence
 * between requests is also assumed to stay the same. So is the penalty for estimating it from few blocks, because the future bounds include
 * that penalty.
 */
export function moreFor80(sample: ShareSample, budget: number, confidence: number): number {
  const { bad, all } = sample;
  const share = bad / all;
  const spread =
    normalQuantile(confidence) * Math.sqrt(budget * (1 - budget)) +
    EIGHTY_PERCENT * Math.sqrt(share * (1 - share));
  const perEffective = all / sizeFor(share < budget ? 'high' : 'low', sample, confidence);
  return Math.max(0, Math.ceil(perEffective * (spread / (share - budget)) ** 2 - all));
}

/** How many more requests, none of them bad, would prove that the limit is met. */
export function moreIfNoneBad(sample: ShareSample, budget: number, confidence: number): number {
  const isShown = (more: number) =>
    shareBounds({ ...sample, all: sample.all + more }, confidence).high <= budget;
  return firstWhole(Number.MAX_SAFE_INTEGER, isShown);
}

// ---------------------------------------------------------------------------------------------- several at once

const MIN_P = 1e-9;

/**
 * The smallest error probability at which the bounds still show the effect, between 0.5 and 1e-9; 1 if they
 * do not even show it at 0.5.
 */
export function pValue(isShownAt: (confidence: number) => boolean): number {
  let [shown, open] = [0.4999, MIN_P];
  if (!isShownAt(1 - shown)) return 1;
  if (isShownAt(1 - open)) return MIN_P;
  while (shown / open > 1.0001) {
    const middle = Math.sqrt(shown * open);
    if (isShownAt(1 - middle)) shown = middle;
    else open = middle;
  }
  return shown;
}

/**
 * Which of several tests hold with a family-wise error of at most `alpha` (Holm): the smallest p-value is
 * compared with alpha divided by the number of tests, the next with alpha divided by one fewer, until one
 * fails.
 */
export function holm(pValues: readonly number[], alpha: number): readonly boolean[] {
  const order = pValues.map((_, index) => index).sort((a, b) => pValues[a]! - pValues[b]!);
  const failed = order.findIndex((index, rank) => pValues[index]! > alpha / (order.length - rank));
  const holding = new Set(order.slice(0, failed === -1 ? order.length : failed));
  return pValues.map((_, index) => holding.has(index));
}
