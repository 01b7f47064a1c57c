import type { Steadiness } from '../model/model.ts';
import { type Block, MIN_BLOCKS, mergePairs, totalsOf } from './design-effect.ts';
import { normalProbability } from './distributions.ts';

/**
 * Checks whether a service was steady under constant load, because a confidence interval means nothing for
 * a share that keeps growing.
 */

/** The false-positive rate: how often a steady service is reported as not steady. */
const MIN_P = 0.01;

/**
 * The Mann-Kendall test for a trend: the number of rising pairs minus the number of falling pairs, corrected
 * for ties.
 */
export interface MannKendall {
  readonly rising: number;
  /** Two-sided, by the normal approximation with continuity correction; accurate from 10 values on. */
  readonly p: number;
}

export function mannKendall(values: readonly number[]): MannKendall {
  let rising = 0;
  for (const [index, later] of values.entries())
    for (let before = 0; before < index; before++) rising += Math.sign(later - values[before]!);
  // null also if all values are equal, because their variance is zero.
  if (rising === 0) return { rising, p: 1 };
  const variance = (spreadOfTies(values.length) - sumOfTies(values)) / 18;
  const z = (Math.abs(rising) - 1) / Math.sqrt(variance);
  return { rising, p: 2 * normalProbability(-z) };
}

const spreadOfTies = (count: number) => count * (count - 1) * (2 * count + 5);

function sumOfTies(values: readonly number[]): number {
  const groups = Map.groupBy(values, (value) => value);
  return [...groups.values()].reduce((sum, { length }) => sum + spreadOfTies(length), 0);
}

export interface Level {
  /** The direction that is worse: a larger judged value, or a smaller one. */
  readonly worse: 'more' | 'less';
  /** Whether the values of a stretch alone miss the goal. */
  readonly isBeyond: (whole: Block) => boolean;
  /** After a busier phase, values may improve while the backlog is worked off. */
  readonly mayImprove: boolean;
}

/**
 * Uses the coarsest level that still has 12 blocks, so that most dependent requests share a block. null with
 * fewer blocks.
 */
export function steadinessOf(
  blocks: readonly Block[],
  { worse, isBeyond, mayImprove }: Level,
): Steadiness | null {
  const level = coarsest(blocks.filter(({ total }) => total > 0));
  if (level.length < MIN_BLOCKS) return null;
  const { rising, p } = mannKendall(level.map(({ part, total }) => part / total));
  if (p >= MIN_P) return 'steady';
  const isWorse = rising > 0 === (worse === 'more');
  if (!isWorse) return mayImprove ? 'steady' : 'not-steady';
  return isBeyond(totalsOf(lastThird(blocks))) ? 'growing' : 'not-steady';
}

function coarsest(blocks: readonly Block[]): readonly Block[] {
  const merged = mergePairs(blocks);
  return merged.length < MIN_BLOCKS ? blocks : coarsest(merged);
}

const lastThird = (blocks: readonly Block[]) => blocks.slice(Math.floor((2 * blocks.length) / 3));
