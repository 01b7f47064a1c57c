import type { Downsampled } from '../model/model.ts';
import { endOf, MAX_BLOCKS } from '../prometheus/downsampling.ts';
import type { Block } from '../statistics/design-effect.ts';
import { grownBy, type Increase, nearestAt } from './increases.ts';
import type { TargetWindow } from './targets.ts';
import type { Frame } from './window.ts';

/**
 * Cuts a window into blocks at its scrapes: block k lies between scrapes k and k + 1, summed over all scrape
 * targets. Where any series lacks a scrape, the two adjacent blocks become one.
 */

/** For each scrape target, the times of its scrapes at the common boundaries, from opening to closing. */
export interface Grid {
  readonly frame: Frame;
  readonly times: ReadonlyMap<TargetWindow, readonly number[]>;
  readonly boundaries: number;
}

function gridOf(frame: Frame): Grid {
  if (frame.blocks !== null) return gridOfBlocks(frame, frame.blocks.thinned);
  const longest = Math.max(...frame.targets.map(({ intervalSeconds }) => intervalSeconds));
  const [whole, partial] = [true, false].map((is) =>
    frame.targets.filter((target) => isWhole(target) === is),
  );
  const steps = Math.min(...spansOf(whole!, frame).map((span) => stepsOf(span, longest)));
  const stride = Math.ceil(steps / MAX_BLOCKS);
  const indexed = whole!.map((target) => scrapesByStep(target, longest));
  const nominal = nominalTimes(spansOf(whole!, frame)[0]!, steps);
  const inner = Array.from({ length: Math.max(0, steps - 1) }, (_, index) => index + 1).filter(
    (step) =>
      step % stride === 0 &&
      indexed.every((scrapes) => scrapes.has(step)) &&
      partial!.every((target) => !Number.isNaN(scrapeAround(target, nominal(step), longest))),
  );
  const times = whole!.map((target, index): [TargetWindow, readonly number[]] => [
    target,
    [target.openSeconds, ...inner.map((step) => indexed[index]!.get(step)!), target.closeSeconds],
  ]);
  for (const target of partial!) {
    const own = inner.map((step) => scrapeAround(target, nominal(step), longest));
    times.push([target, [Number.NEGATIVE_INFINITY, ...own, Number.POSITIVE_INFINITY]]);
  }
  return { frame, times: new Map(times), boundaries: inner.length + 2 };
}

/** In a downsampled window, only the ends of its blocks are known. */
function gridOfBlocks(frame: Frame, thinned: Downsampled): Grid {
  const { fromSeconds, toSeconds } = frame;
  const ends = Array.from({ length: thinned.blocks }, (_, index) => endOf(thinned, index + 1)).filter(
    (at) => at > fromSeconds && at < toSeconds,
  );
  const times = frame.targets.map((target): [TargetWindow, readonly number[]] => [
    target,
    isWhole(target)
      ? [target.openSeconds, ...ends, target.closeSeconds]
      : [Number.NEGATIVE_INFINITY, ...ends, Number.POSITIVE_INFINITY],
  ]);
  return { frame, times: new Map(times), boundaries: ends.length + 2 };
}

/** Replicas that were present from edge to edge. The others began mid-window, at 0, or ended mid-window. */
export const isWhole = ({ processes }: TargetWindow) =>
  processes[0]!.beganSeconds === null && processes.at(-1)!.unseenSeconds === 0;

type Span = Pick<TargetWindow, 'openSeconds' | 'closeSeconds'>;

/** If no replica was present from edge to edge, the blocks divide the window itself. */
const spansOf = (whole: readonly TargetWindow[], { fromSeconds, toSeconds }: Frame): readonly Span[] =>
  whole.length > 0 ? whole : [{ openSeconds: fromSeconds, closeSeconds: toSeconds }];

const nominalTimes =
  ({ openSeconds, closeSeconds }: Span, steps: number) =>
  (step: number) =>
    openSeconds + (step * (closeSeconds - openSeconds)) / steps;

/**
 * For a replica that was not always there: the time of its scrape nearest to a given time. If no scrape was due, the given time itself; if
 * the scrape is missing, NaN.
 */
function scrapeAround(target: TargetWindow, atSeconds: number, longest: number): number {
  const { openSeconds, closeSeconds, scrapes } = target;
  if (atSeconds < openSeconds - longest / 2 || atSeconds > closeSeconds + longest / 2) return atSeconds;
  const nearest = scrapes[nearestAt(scrapes.length, (index) => scrapes[index]!.atSeconds, atSeconds)]!;
  return nearest.ok && Math.abs(nearest.atSeconds - atSeconds) <= longest / 2
    ? nearest.atSeconds
    : Number.NaN;
}

const stepsOf = ({ openSeconds, closeSeconds }: Span, intervalSeconds: number) =>
  Math.max(1, Math.round((closeSeconds - openSeconds) / intervalSeconds));

/**
 * Which scrape ends which step. Steps are derived from the whole window, so that rounding errors do not add
 * up over a day.
 */
function scrapesByStep(target: TargetWindow, longest: number): ReadonlyMap<number, number> {
  const { openSeconds, closeSeconds, intervalSeconds, scrapes } = target;
  const step = (closeSeconds - openSeconds) / stepsOf(target, longest);
  const found = new Map<number, number>();
  for (const { atSeconds, ok } of scrapes) {
    const index = Math.round((atSeconds - openSeconds) / step);
    const isNear = Math.abs(atSeconds - openSeconds - index * step) < intervalSeconds / 2;
    if (ok && isNear) found.set(index, atSeconds);
  }
  return found;
}

/** The sum of several series at each boundary; NaN where one of them has no sample. */
function runningTotal(increases: readonly Increase[], { times, boundaries }: Grid): readonly number[] {
  const sums = new Array<number>(boundaries).fill(0);
  for (const increase of increases) {
    const at = times.get(increase.target)!;
    for (let index = 0; index < boundaries; index++) sums[index]! += grownBy(increase, at[index]!);
  }
  return sums;
}

/** The growth of two running totals between those boundaries at which both are known. Both are known at the edges. */
function blocksBetween(parts: readonly number[], totals: readonly number[]): readonly Block[] {
  const known = parts.flatMap((part, index) => (Number.isFinite(part - totals[index]!) ? [index] : []));
  return known.slice(1).map((end, index) => ({
    part: parts[end]! - parts[known[index]!]!,
    total: totals[end]! - totals[known[index]!]!,
  }));
}

/** For each selection of buckets, the number of responses that none of them counted, out of all responses. */
export function slowerBlocks(
  all: readonly Increase[],
  within: readonly (readonly Increase[])[],
  frame: Frame,
): readonly (readonly Block[])[] {
  const grid = gridOf(frame);
  const totals = runningTotal(all, grid);
  return within.map((buckets) => {
    const fast = runningTotal(buckets, grid);
    return blocksBetween(
      totals.map((count, index) => count - fast[index]!),
      totals,
    );
  });
}

/** One count or sum divided by another. */
export function countBlocks(
  parts: readonly Increase[],
  totals: readonly Increase[],
  frame: Frame,
  added: Added = { part: 0, total: 0, sentAtSeconds: [] },
) {
  const grid = gridOf(frame);
  const { sentAtSeconds } = added;
  if (sentAtSeconds.length === 0)
    return inTheWorst(blocksBetween(runningTotal(parts, grid), runningTotal(totals, grid)), added);
  const sent = sentBy(sentAtSeconds, grid);
  return blocksBetween(
    runningTotal(parts, grid).map((sum, index) => sum + added.part * sent[index]!),
    runningTotal(totals, grid).map((sum, index) => sum + added.total * sent[index]!),
  );
}

/**
 * Requests that the service did not count because they were never answered, and when they were sent, if
 * known.
 */
export interface Added extends Block {
  readonly sentAtSeconds: ArrayLike<number>;
}

/**
 * The fraction of some requests that was sent by each boundary: none by the opening one, all by the closing
 * one.
 */
function sentBy(sentAtSeconds: ArrayLike<number>, { times, boundaries }: Grid): readonly number[] {
  const [first] = times.values();
  const all = sentAtSeconds.length;
  return first!.map((boundary, index) => {
    if (index === 0 || index === boundaries - 1) return Math.sign(index);
    return countUpTo(sentAtSeconds, boundary) / all;
  });
}

function countUpTo(values: ArrayLike<number>, limit: number): number {
  let count = 0;
  for (let index = 0; index < values.length; index++) if (values[index]! <= limit) count++;
  return count;
}

/**
 * If send times are unknown, all unanswered requests are added to the block with the most bad requests. Failures tend to cluster, and this
 * gives the largest possible variance.
 */
function inTheWorst(blocks: readonly Block[], { part, total }: Block): readonly Block[] {
  const worst = blocks.reduce((at, block, index) => (block.part > blocks[at]!.part ? index : at), 0);
  return blocks.map((block, index) =>
    index === worst ? { part: block.part + part, total: block.total + total } : block,
  );
}

/**
 * Responses per second of load. Scrape targets are scraped at different times, so the seconds are their mean.
 */
export function secondBlocks(parts: readonly Increase[], frame: Frame): readonly Block[] {
  const grid = gridOf(frame);
  const { fromSeconds, toSeconds } = frame;
  const loaded = (at: number) => Math.min(toSeconds, Math.max(fromSeconds, at)) - fromSeconds;
  const columns = [...grid.times.values()];
  const seconds = Array.from(
    { length: grid.boundaries },
    (_, index) => columns.reduce((sum, times) => sum + loaded(times[index]!), 0) / columns.length,
  );
  return blocksBetween(runningTotal(parts, grid), seconds);
}
