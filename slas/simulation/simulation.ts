import {
  type Block,
  burstEffectOf,
  designEffectOf,
  type LowerEdge,
  lowerEdgesOf,
  spreadOf,
  totalsOf,
} from '../../slas/statistics/design-effect.ts';
import { meanBounds, shareBounds } from '../../slas/statistics/intervals.ts';
import { steadinessOf } from '../../slas/statistics/trend.ts';
import { latencyEffectOf } from '../judge/certainty.ts';
import { type Answers, type Service, seeded } from './queues.ts';

/**
 * Tests the statistics on services whose true share of slow requests is exactly at the limit: *met* at 95%
 * confidence is then false, and may occur in 5% of the runs.
 */

export interface Cell {
  readonly service: string;
  readonly percentile: 95 | 99;
  readonly durationSeconds: number;
  readonly runs: number;
  /**
   * Shares of runs that were decided as met: by textbook bounds, by the variance of the blocks at the
   * limit, and by our method.
   */
  readonly textbook: number;
  readonly ownBlocks: number;
  readonly recipe: number;
  /** The share of runs that our method decided as missed. */
  readonly missed: number;
  /** The median of the design effects that our method estimated. */
  readonly designEffect: number;
  /** The share of runs that were wrongly reported as not steady. */
  readonly notSteady: number;
  /** The share of the runs whose interval for the mean latency contains the true mean; null if the cell of the other percentile has it. */
  readonly meanHeld: number | null;
}

/** The truth about a service, in seconds: the limits that 5% and 1% of the requests exceed, and the mean. */
interface Truth {
  readonly 95: number;
  readonly 99: number;
  readonly mean: number;
}

/** The truth of each service, as computed by `./sla simulate --calibrate`. */
export const LIMITS: Readonly<Record<string, Truth>> = {
  // The first two are known exactly: 0.05·√½·exp(√ln2·z), and the same without √½. The others were simulated with 40 to 160 million
  // requests.
  independent: { 95: 0.1390564, 99: 0.2452458, mean: 0.05 },
  'AR(1)': { 95: 0.1966555, 99: 0.34683, mean: 0.07071068 },
  'M/G/2 at 0.5': { 95: 0.1483935, 99: 0.2424065, mean: 0.05281957 },
  'M/G/2 at 0.8': { 95: 0.5179914, 99: 0.8060828, mean: 0.1761744 },
  'M/G/2 at 0.9': { 95: 1.1215547, 99: 1.7272776, mean: 0.3757396 },
  stalls: { 95: 0.1111438, 99: 1.5982577, mean: 0.06827297 },
  // Simulated with 80 million requests.
  'heavy-tailed M/G/2 at 0.5': { 95: 0.3661483, 99: 0.8836212, mean: 0.08677238 },
  // Computed by integration over the phase of a pause.
  'pauses every 10 s': { 95: 0.06722109, 99: 0.1807234, mean: 0.023125 },
  'pauses every 60 s': { 95: 0.06415524, 99: 0.4213446, mean: 0.02833333 },
  // Simulated with 7.5 million requests each; another simulation differs by at most 0.4%.
  'a slow replica in four': { 95: 0.7729784, 99: 1.634104, mean: 0.1726731 },
  'a day in a run': { 95: 0.1935127, 99: 0.3426957, mean: 0.06005295 },
  // Simulated with 50 million requests each.
  'drift, stalls': { 95: 0.03105566, 99: 1.569712, mean: 0.05831552 },
  'drift, short stalls': { 95: 0.07900019, 99: 1.042827, mean: 0.0382659 },
  'drift, busy spells': { 95: 0.1717045, 99: 0.8041296, mean: 0.03630705 },
  // The same queue in another unit of time.
  'M/G/2 at 0.5, 5/s': { 95: 0.7419675, 99: 1.2120325, mean: 0.26409785 },
  'M/G/2 at 0.5, 100/s': { 95: 0.037098375, 99: 0.060601625, mean: 0.0132048925 },
  'M/G/2 at 0.5, 1000/s': { 95: 0.0037098375, 99: 0.0060601625, mean: 0.00132048925 },
};

/** Bucket edges as multiples of the limit: those of the shipped document, whose limit is 200 ms. */
const EDGES = [0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2].map(
  (edge) => edge / 0.2,
);

/** For each edge, the number of slower responses in each second. */
export function slowerBySecond({ atSeconds, tookSeconds, count }: Answers, limit: number, seconds: number) {
  const edges = EDGES.map((edge) => edge * limit);
  const totals = new Int32Array(seconds);
  const slower = edges.map(() => new Int32Array(seconds));
  for (let index = 0; index < count; index++) {
    const second = Math.min(seconds - 1, Math.floor(atSeconds[index]!));
    totals[second]!++;
    let edge = edges.length - 1;
    while (edge >= 0 && tookSeconds[index]! <= edges[edge]!) edge--;
    if (edge >= 0) slower[edge]![second]!++;
  }
  // So far, each response is counted only at the highest edge that it exceeds, although it also exceeds all lower edges.
  for (let edge = edges.length - 2; edge >= 0; edge--)
    for (let second = 0; second < seconds; second++) slower[edge]![second]! += slower[edge + 1]![second]!;
  return slower.map((counts) =>
    Array.from(counts, (part, second): Block => ({ part, total: totals[second]! })),
  );
}

/** The counts of `slowerBySecond` over the edges below the limit. */
export const lowerEdges = (bySecond: readonly (readonly Block[])[]): readonly LowerEdge[] =>
  lowerEdgesOf(EDGES.slice(0, -1), bySecond, 1);

const CONFIDENCE = 0.95;

function judgeOnce(answers: Answers, limit: number, seconds: number, budget: number) {
  const bySecond = slowerBySecond(answers, limit, seconds);
  const blocks = bySecond.at(-1)!;
  const { part: bad, total: all } = totalsOf(blocks);
  const independent = { factor: 1, blocks: Number.POSITIVE_INFINITY };
  const own = designEffectOf(blocks, false) ?? independent;
  const found = latencyEffectOf({ blocks, lower: lowerEdges(bySecond) }, budget);
  const bursts = burstEffectOf(blocks);
  const bounds = shareBounds({ bad, all, effect: found ?? independent, bursts }, CONFIDENCE);
  const isMet = (effect: typeof own) => shareBounds({ bad, all, effect }, CONFIDENCE).high <= budget;
  return {
    textbook: isMet(independent),
    ownBlocks: isMet({ ...own, blocks: Number.POSITIVE_INFINITY }),
    recipe: found !== null && bounds.high <= budget,
    missed: bounds.low > budget,
    effect: found?.factor ?? 1,
    notSteady: !isSteady(blocks),
  };
}

/** Whether the share of requests over the limit is steady in a run, regardless of the budget. */
export const isSteady = (blocks: readonly Block[]) =>
  steadinessOf(blocks, { worse: 'more', isBeyond: () => false, mayImprove: false }) !== 'not-steady';

/** Whether the interval of the mean latency, estimated from the seconds of a run, contains the true mean. */
function holdsMean({ atSeconds, tookSeconds, count }: Answers, seconds: number, truth: number): boolean {
  const blocks = Array.from({ length: seconds }, () => ({ part: 0, total: 0 }));
  for (let index = 0; index < count; index++) {
    const block = blocks[Math.min(seconds - 1, Math.floor(atSeconds[index]!))]!;
    block.part += tookSeconds[index]!;
    block.total++;
  }
  const { part, total } = totalsOf(blocks);
  const { low, high } = meanBounds(part / total, spreadOf(blocks)!, CONFIDENCE);
  return low <= truth && truth <= high;
}

/** The share of this many runs that are reported as not steady, judged by the requests over a limit. */
export function shareNotSteady(
  service: Service,
  limitSeconds: number,
  durationSeconds: number,
  runs: number,
  seed: number,
): number {
  const random = seeded(seed);
  const found = Array.from({ length: runs }, () => {
    const bySecond = slowerBySecond(service.run(durationSeconds, random), limitSeconds, durationSeconds);
    return !isSteady(bySecond.at(-1)!);
  });
  return found.filter(Boolean).length / runs;
}

/**
 * The cells of both percentiles for the given number of runs of one service. `limitTimes` above 1 raises the limit by that factor, so that
 * *met* is true.
 */
export function simulateCells(
  service: Service,
  durationSeconds: number,
  runs: number,
  seed: number,
  limitTimes = 1,
): readonly Cell[] {
  const random = seeded(seed);
  const limits = LIMITS[service.name]!;
  let meansHeld = 0;
  const tallies = { 95: [] as ReturnType<typeof judgeOnce>[], 99: [] as ReturnType<typeof judgeOnce>[] };
  for (let run = 0; run < runs; run++) {
    const answers = service.run(durationSeconds, random);
    if (holdsMean(answers, durationSeconds, limits.mean)) meansHeld++;
    tallies[95].push(judgeOnce(answers, limitTimes * limits[95], durationSeconds, 0.05));
    tallies[99].push(judgeOnce(answers, limitTimes * limits[99], durationSeconds, 0.01));
  }
  return ([95, 99] as const).map((percentile) => {
    const tally = tallies[percentile];
    const share = (of: (one: (typeof tally)[number]) => boolean) => tally.filter(of).length / runs;
    const effects = tally.map(({ effect }) => effect).sort((a, b) => a - b);
    return {
      service: service.name,
      percentile,
      durationSeconds,
      runs,
      textbook: share((one) => one.textbook),
      ownBlocks: share((one) => one.ownBlocks),
      recipe: share((one) => one.recipe),
      missed: share((one) => one.missed),
      designEffect: effects[Math.floor(runs / 2)]!,
      notSteady: share((one) => one.notSteady),
      meanHeld: percentile === 95 ? meansHeld / runs : null,
    };
  });
}

/** The truth about a service: the quantiles and the mean of its latencies, from many requests. */
export function calibrate(service: Service, durationSeconds: number, parts: number, seed: number): Truth {
  const random = seeded(seed);
  // Two thousand steps per doubling, which is finer than the random error.
  const step = Math.LN2 / 2000;
  const counts = new Map<number, number>();
  let [all, sum] = [0, 0];
  for (let part = 0; part < parts; part++) {
    const { tookSeconds, count } = service.run(durationSeconds, random);
    for (let index = 0; index < count; index++) {
      const bin = Math.ceil(Math.log(tookSeconds[index]!) / step);
      counts.set(bin, (counts.get(bin) ?? 0) + 1);
      sum += tookSeconds[index]!;
    }
    all += count;
  }
  const ordered = [...counts].sort(([a], [b]) => a - b);
  const mean = sum / all;
  const quantile = (share: number) => {
    let below = 0;
    for (const [bin, count] of ordered) {
      below += count;
      if (below >= share * all) return Math.exp(bin * step);
    }
    throw new RangeError(`no quantile at ${share}`);
  };
  return { 95: quantile(0.95), 99: quantile(0.99), mean };
}
