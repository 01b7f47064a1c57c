/**
 * How far the requests of a run are from independent. A queue makes bad requests come together, so their share moves from
 * run to run by more than a binomial would. How much more is read from the run itself, cut into blocks of time: if blocks
 * differ more than chance allows, requests depend on each other. docs/statistics.md says why so, and what it is worth.
 */

/** What was counted in one stretch of time: `part` of `total` (bad of judged, a sum of how many, answers of seconds). */
export interface Block {
  readonly part: number;
  readonly total: number;
}

/** With fewer, the spread between blocks is itself an anecdote. */
export const LEAST_BLOCKS = 12;

/** The squared standard error of Σpart/Σtotal, and how many blocks it was estimated from. */
export interface Spread {
  readonly variance: number;
  readonly blocks: number;
}

/** By how much the variance of a share exceeds the binomial one, and how many blocks say so. */
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

/** Neighbours merged two by two; one that is left over joins the last pair. */
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
 * The variance of Σpart/Σtotal, from blocks of doubling length. What merging adds is extrapolated once more (Lugsail:
 * `2V_j − V_{j−1}`), since blocks shorter than the dependence see only a part of it; the largest of all counts. null with
 * fewer than 12 blocks; `merges: false` leaves out the merging, for comparison.
 */
export function spreadOf(blocks: readonly Block[], merges = true): Spread | null {
  const whole = totalsOf(blocks);
  if (blocks.length < LEAST_BLOCKS || whole.total === 0) return null;
  const ratio = whole.part / whole.total;
  let level = blocks;
  let before = varianceAt(level, ratio, whole.total);
  let largest: Spread = { variance: before, blocks: level.length };
  if (!merges) return largest;
  for (level = mergePairs(level); level.length >= LEAST_BLOCKS; level = mergePairs(level)) {
    const variance = varianceAt(level, ratio, whole.total);
    const extrapolated = Math.max(variance, 2 * variance - before);
    if (extrapolated > largest.variance) largest = { variance: extrapolated, blocks: level.length };
    before = variance;
  }
  return largest;
}

/** null where it cannot be told: fewer than 12 blocks, or all or none of the events happened. */
export function designEffectOf(blocks: readonly Block[], merges = true): DesignEffect | null {
  const { part, total } = totalsOf(blocks);
  const spread = spreadOf(blocks, merges);
  if (spread === null || part <= 0 || part >= total) return null;
  const share = part / total;
  const binomial = (share * (1 - share)) / total;
  return { factor: Math.max(1, spread.variance / binomial), blocks: spread.blocks };
}

/** An event that happens to more than half of the requests says little about how rare ones come together. */
const COMMONEST = 0.5;

/** The events that carry the dependence which few bad requests cannot show: those of `lower` that are no more than half. */
export const telling = (lower: readonly (readonly Block[])[]) =>
  lower.filter((blocks) => {
    const { part, total } = totalsOf(blocks);
    return part > 0 && part <= COMMONEST * total;
  });

/** The largest of several; null of none. */
export const largestOf = (effects: readonly (DesignEffect | null)[]) =>
  effects.reduce<DesignEffect | null>(
    (largest, one) => (one !== null && (largest === null || one.factor > largest.factor) ? one : largest),
    null,
  );
