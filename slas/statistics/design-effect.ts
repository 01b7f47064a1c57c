/**
 * How far the requests of a run are from independent. Queueing makes bad requests cluster, so their share
 * varies from run to run by more than the binomial variance. The excess is estimated from the run itself, cut
 * into blocks of time: if blocks differ more than chance allows, the requests are dependent.
 * docs/statistics.md explains the method and its accuracy.
 */

/**
 * Counts of one stretch of time: `part` out of `total` (bad out of judged requests, a sum over a count,
 * responses per second).
 */
export interface Block {
  readonly part: number;
  readonly total: number;
}

/** The minimum number of blocks. With fewer, the variance between them is not known well enough. */
export const MIN_BLOCKS = 12;

/** The squared standard error of Σpart/Σtotal, and the number of blocks it was estimated from. */
export interface Spread {
  readonly variance: number;
  readonly blocks: number;
}

/**
 * The factor by which the variance of a share exceeds the binomial variance, and the number of blocks behind this estimate. That number is
 * one more than the degrees of freedom, and need not be whole.
 */
export interface DesignEffect {
  readonly factor: number;
  readonly blocks: number;
}

export function totalsOf(blocks: readonly Block[]): Block {
  let [part, total] = [0, 0];
  for (const block of blocks) {
    part += block.part;
    total += block.total;
  }
  return { part, total };
}

/** Merges neighbours in pairs; an odd block out joins the last pair. */
export function mergePairs(blocks: readonly Block[]): readonly Block[] {
  const merged: { part: number; total: number }[] = [];
  for (const [index, { part, total }] of blocks.entries()) {
    const joins = index % 2 === 1 || index === blocks.length - 1;
    const last = merged.at(-1);
    if (!joins || last === undefined) merged.push({ part, total });
    else {
      last.part += part;
      last.total += total;
    }
  }
  return merged;
}

function varianceAt(blocks: readonly Block[], ratio: number, total: number): number {
  let squares = 0;
  for (const block of blocks) squares += (block.part - ratio * block.total) ** 2;
  return ((blocks.length / (blocks.length - 1)) * squares) / total ** 2;
}

/**
 * The variance of Σpart/Σtotal, from blocks of doubling length; the largest estimate counts. Each merging step is also extrapolated
 * (Lugsail: `2V_j − V_{j−1}`), because blocks shorter than the span of the dependence show only part of it. null with fewer than 12 blocks.
 * `merges: false` skips merging, for comparison.
 */
export function spreadOf(blocks: readonly Block[], merges = true): Spread | null {
  const found = widestOf(blocks, merges);
  return found === null ? null : { variance: found.variance, blocks: found.level.length };
}

/** The largest of these estimates, and the number of blocks behind it. */
function widestOf(blocks: readonly Block[], merges: boolean) {
  const whole = totalsOf(blocks);
  if (blocks.length < MIN_BLOCKS || whole.total === 0) return null;
  const ratio = whole.part / whole.total;
  let level = blocks;
  let before = varianceAt(level, ratio, whole.total);
  let largest = { variance: before, level, ratio };
  if (!merges) return largest;
  for (level = mergePairs(level); level.length >= MIN_BLOCKS; level = mergePairs(level)) {
    const variance = varianceAt(level, ratio, whole.total);
    const extrapolated = Math.max(variance, 2 * variance - before);
    if (extrapolated > largest.variance) largest = { variance: extrapolated, level, ratio };
    before = variance;
  }
  return largest;
}

/** null if unknown: fewer than 12 blocks, or an event that affected all or none of the requests. */
export function designEffectOf(blocks: readonly Block[], merges = true): DesignEffect | null {
  const { part, total } = totalsOf(blocks);
  const spread = spreadOf(blocks, merges);
  if (spread === null || part <= 0 || part >= total) return null;
  return { factor: factorOf(spread.variance, part, total), blocks: spread.blocks };
}

function factorOf(variance: number, part: number, total: number): number {
  const share = part / total;
  return Math.max(1, (variance * total) / (share * (1 - share)));
}

/** The minimum degrees of freedom. The kurtosis of a few blocks is itself too uncertain to conclude fewer. */
const MIN_DEGREES = 3;
/**
 * The largest bursts make up most of the kurtosis, but many runs lack them, so the kurtosis of a run is too small. The factor was chosen by
 * simulation: docs/decisions/0015-bursts-and-early-met.md.
 */
const KURTOSIS_FACTOR = 2;

/**
 * The design effect of bad requests that come in bursts. Its variance depends on the bursts that occurred, which are fewer than the blocks:
 * three bursts in a hundred blocks carry as little information as three numbers. Satterthwaite's degrees of freedom follow from the
 * kurtosis: `2B/(κ − 1)`, with κ twice the kurtosis of the blocks. That is about the number of equal bursts. null if unknown.
 */
export function burstEffectOf(blocks: readonly Block[]): DesignEffect | null {
  const { part, total } = totalsOf(blocks);
  const widest = widestOf(blocks, true);
  if (widest === null || part <= 0 || part >= total) return null;
  const { variance, level, ratio } = widest;
  let [squares, fourths] = [0, 0];
  for (const block of level) {
    const square = (block.part - ratio * block.total) ** 2;
    squares += square;
    fourths += square ** 2;
  }
  const count = level.length;
  // Blocks without variance are perfectly even.
  const kurtosis = squares === 0 ? 1 : (count * fourths) / squares ** 2;
  const degrees = Math.min(count - 1, Math.max(MIN_DEGREES, (2 * count) / (KURTOSIS_FACTOR * kurtosis - 1)));
  return { factor: factorOf(variance, part, total), blocks: degrees + 1 };
}

/** The requests slower than an edge below the limit, by block. */
export interface LowerEdge {
  /** The edge divided by the limit. */
  readonly ofLimit: number;
  readonly blocks: readonly Block[];
}

/** @param blocksOver the requests over each of these edges, in their order */
export const lowerEdgesOf = (
  edges: readonly number[],
  blocksOver: readonly (readonly Block[])[],
  limit: number,
): readonly LowerEdge[] =>
  edges.map((edge, index) => ({ ofLimit: edge / limit, blocks: blocksOver[index]! }));

/** The maximum share of an event. An event that affects more than half of the requests shows little about how rare events cluster. */
const COMMONEST = 0.5;
/** Edges below this fraction of the limit count as far below it. */
const FAR_BELOW = 0.1;

/**
 * If bad requests are too few to show dependence, more frequent events show it: requests over a lower edge
 * that at most half of them exceed. Far below the limit, an edge is used only if no more requests exceed it
 * than may be bad. More common events there reflect how the usual latency drifts, not how long much higher
 * latencies would last. If no edge qualifies, the rarest event is used.
 */
export function dependenceBlocks(lower: readonly LowerEdge[], budget: number): readonly (readonly Block[])[] {
  const seen = lower
    .map(({ ofLimit, blocks }) => ({ ofLimit, blocks, share: shareOf(blocks) }))
    .filter(({ share }) => share > 0 && share <= COMMONEST)
    .sort((a, b) => a.ofLimit - b.ofLimit);
  const telling = seen.filter(({ ofLimit, share }) => ofLimit >= FAR_BELOW || share <= budget);
  return (telling.length > 0 ? telling : seen.slice(-1)).map(({ blocks }) => blocks);
}

function shareOf(blocks: readonly Block[]): number {
  const { part, total } = totalsOf(blocks);
  return total === 0 ? 0 : part / total;
}

/** The largest of several design effects; null if there are none. */
export const largestOf = (effects: readonly (DesignEffect | null)[]) =>
  effects.reduce<DesignEffect | null>(
    (largest, one) => (one !== null && (largest === null || one.factor > largest.factor) ? one : largest),
    null,
  );
