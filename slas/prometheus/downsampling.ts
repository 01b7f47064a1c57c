import { keyOf } from '../model/labels.ts';
import type { Aggregate, Downsampled, Plan, Reading, RunRecord, Series } from '../model/model.ts';
import { GAP_INTERVALS } from './promql.ts';

/**
 * Windows with more scrapes than a verdict needs. The evidence then has raw samples at the edges of the
 * window, values at the ends of 500 blocks, and the server's aggregates of the samples in each block. A
 * block with anything irregular (a scrape that failed or is missing, a process that restarted, a gauge that
 * changed) is read in full.
 */

/** More blocks would not improve the estimate of the dependence between requests. */
export const MAX_BLOCKS = 500;

/** Raw samples around an edge or an irregular block, in intervals. */
export const MARGIN = 3;

const toMilliseconds = (seconds: number) => Math.round(seconds * 1000) / 1000;

/** null if the window is short enough to be read in full. */
export function downsamplingOf(plan: Plan, run: RunRecord, intervalSeconds: number): Downsampled | null {
  const { fromSeconds, toSeconds } = run.window;
  // A look that decided is judged by the same blocks while the load lasts and after it, when the window is a little longer.
  const seconds = run.load?.decidedAtSeconds ?? toSeconds - fromSeconds;
  if (seconds / intervalSeconds <= MAX_BLOCKS) return null;
  // Whole seconds are compact, in evidence and in memory; the remainder at both ends is read in full.
  const unitMs = seconds / MAX_BLOCKS >= MIN_WHOLE_SECONDS ? 1000 : 1;
  const stepMs = Math.ceil((seconds * 1000) / MAX_BLOCKS / unitMs) * unitMs;
  // Aligned to a multiple of the step, because servers round query times to it.
  const startMs = Math.ceil(Math.round(fromSeconds * 1000) / stepMs) * stepMs;
  const stepSeconds = stepMs / 1000;
  return {
    fromSeconds: startMs / 1000,
    stepSeconds,
    blocks: Math.floor((toSeconds * 1000 - startMs) / stepMs),
    intervalSeconds,
    cutsAtSeconds: cutsOf(plan, run),
  };
}

const MIN_WHOLE_SECONDS = 20;

/** The starts of phases, the looks at the run, and the end of the last phase, when responses are still arriving. */
export function cutsOf(plan: Plan, { window, load }: RunRecord): readonly number[] {
  const began = load?.phases ?? [];
  const ends = began.flatMap(({ name, fromSeconds }) => {
    const planned = plan.load?.phases.find((phase) => phase.name === name);
    return planned === undefined ? [] : [fromSeconds + planned.durationSeconds];
  });
  const looks = (plan.sequential?.looks ?? []).flatMap(({ atSeconds }) =>
    began.slice(0, 1).map(({ fromSeconds }) => fromSeconds + atSeconds),
  );
  const all = new Set(
    [...began.map(({ fromSeconds }) => fromSeconds), ...ends, ...looks].map(toMilliseconds),
  );
  return [...all].filter((at) => at > window.fromSeconds && at < window.toSeconds).sort((a, b) => a - b);
}

/** When block number `index` ends, counting from 1; 0 is the start of the first block. */
export const endOf = ({ fromSeconds, stepSeconds }: Downsampled, index: number) =>
  toMilliseconds(fromSeconds + index * stepSeconds);

/** Blocks are left-open. Their numbers continue before the first one and after the last. */
const numberAt = ({ fromSeconds, stepSeconds }: Downsampled, atSeconds: number) =>
  Math.ceil(Math.round((atSeconds - fromSeconds) * 1000) / Math.round(stepSeconds * 1000));

/** The left-open block that contains a time; null before the first and after the last. */
export function blockAt(thinned: Downsampled, atSeconds: number): number | null {
  const number = numberAt(thinned, atSeconds);
  return number < 1 || number > thinned.blocks ? null : number;
}

const withoutName = ({ __name__: _, ...labels }: Series['labels']) => labels;

/** PromQL functions drop the metric name, so series are identified by their other labels. */
export const nameless = (labels: Series['labels']) => keyOf(labels, '__name__');

/** The aggregate of one series: one value per block, NaN where the server returned none. */
export interface Aggregated {
  readonly labels: Series['labels'];
  readonly values: Float64Array;
}

/** The aggregates of a selector by series, block by block. */
export function aggregateOf(
  readings: readonly Reading[],
  selector: string,
  digest: Aggregate,
  thinned: Downsampled,
): ReadonlyMap<string, Aggregated> {
  const found = new Map<string, Aggregated>();
  for (const reading of readings) {
    if (reading.selector !== selector || reading.digest !== digest) continue;
    for (const { labels, samples } of reading.series) {
      const key = nameless(labels);
      const own = found.get(key) ?? { labels: withoutName(labels), values: noValues(thinned) };
      for (const [at, value] of samples) {
        const block = blockAt(thinned, at);
        if (block !== null) own.values[block] = value === 'NaN' ? Number.POSITIVE_INFINITY : Number(value);
      }
      found.set(key, own);
    }
  }
  return found;
}

const noValues = ({ blocks }: Downsampled) => new Float64Array(blocks + 1).fill(Number.NaN);

const gaugesOf = ({ objectives }: Plan): readonly string[] => [
  ...new Set(objectives.flatMap(({ measure }) => (measure.kind === 'uptime' ? [measure.gauge] : []))),
];

const isOf = (labels: Series['labels'], target: Series['labels']) =>
  Object.entries(target).every(([label, value]) => labels[label] === value);

/** Blocks with anything irregular, in ascending order: all of their samples are read. */
function irregularBlocks(plan: Plan, digest: Blocks['digest'], thinned: Downsampled): ReadonlySet<number> {
  const irregular = new Set(thinned.cutsAtSeconds.flatMap((at) => blocksAround(thinned, at)));
  const [sums, gaps] = [digest(plan.up, 'sum'), digest(plan.up, 'gaps')];
  for (const [key, { labels, values: counts }] of digest(plan.up, 'count')) {
    const [sum, gap] = [sums.get(key)?.values, gaps.get(key)?.values];
    const fewest = fewestOf(counts, thinned);
    for (let block = 1; block <= thinned.blocks; block++) {
      const count = counts[block]!;
      if (Number.isNaN(count)) continue;
      const isMixed = sum?.[block] !== count && sum?.[block] !== 0;
      const isHoley = !(gap !== undefined && gap[block]! >= fewest);
      const comesOrGoes =
        (block > 1 && Number.isNaN(counts[block - 1]!)) ||
        (block < thinned.blocks && Number.isNaN(counts[block + 1]!));
      if (isMixed || isHoley || comesOrGoes) irregular.add(block);
    }
    for (const gauge of gaugesOf(plan))
      addIrregularOfGauge(irregular, gauge, { labels, values: sum ?? counts }, digest);
  }
  for (const { values } of digest(plan.processStart, 'changes').values())
    for (let block = 1; block <= thinned.blocks; block++) if (values[block]! > 0) irregular.add(block);
  return irregular;
}

/** No block is read for a cut that lies past the last block, because the remainder at the window's edges is read anyway. */
function blocksAround(thinned: Downsampled, atSeconds: number): readonly number[] {
  const margin = MARGIN * thinned.intervalSeconds;
  const first = Math.max(1, numberAt(thinned, atSeconds - margin));
  const last = Math.min(thinned.blocks, numberAt(thinned, atSeconds + margin));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

/**
 * The minimum number of scrapes of a target within two and a half times the longest interval: more if it is
 * scraped more often.
 */
function fewestOf(counts: Float64Array, { stepSeconds, intervalSeconds }: Downsampled): number {
  const most = counts.reduce((so, count) => (count > so ? count : so), 0);
  const isRegular = most <= Math.ceil(stepSeconds / intervalSeconds + 1e-6);
  return isRegular ? 2 : Math.floor((GAP_INTERVALS * intervalSeconds * most) / stepSeconds);
}

/** Blocks in which a gauge of a target was neither 1 at every successful scrape nor 0 at all of them. */
function addIrregularOfGauge(
  irregular: Set<number>,
  gauge: string,
  { labels: target, values: worked }: Aggregated,
  digest: Blocks['digest'],
): void {
  const [sums, mins] = [digest(gauge, 'sum'), digest(gauge, 'min')];
  for (const [key, { labels, values: counts }] of digest(gauge, 'count')) {
    if (!isOf(labels, target)) continue;
    const [sum, min] = [sums.get(key)?.values, mins.get(key)?.values];
    for (let block = 1; block < counts.length; block++) {
      const count = counts[block]!;
      const isSteady =
        (sum?.[block] === count && min?.[block] === 1) || (sum?.[block] === 0 && min?.[block] === 0);
      if (!Number.isNaN(count) && !(count === worked[block] && isSteady)) irregular.add(block);
      // One of a target's several gauges has no value, or all lack values for part of the time. A gauge that
      // never has a value is not a series.
      if (Number.isNaN(count) && worked[block]! > 0) irregular.add(block);
    }
  }
}

export type Stretch = readonly [fromSeconds: number, toSeconds: number];

/** Consecutive irregular blocks, with a margin, as time intervals. */
export function stretchesOf({ irregular, thinned }: Blocks): readonly Stretch[] {
  const margin = MARGIN * thinned.intervalSeconds;
  const stretches: [number, number][] = [];
  for (const block of [...irregular].sort((a, b) => a - b)) {
    const [from, to] = [endOf(thinned, block - 1) - margin, endOf(thinned, block) + margin];
    const last = stretches.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = to;
    else stretches.push([from, to]);
  }
  return stretches;
}

/** The blocks of a downsampled window, and the server's aggregates for them. */
export interface Blocks {
  readonly thinned: Downsampled;
  /** Blocks with anything irregular: all of their samples are read. */
  readonly irregular: ReadonlySet<number>;
  /** The aggregates for each series of a selector, by its labels. */
  readonly digest: (selector: string, digest: Aggregate) => ReadonlyMap<string, Aggregated>;
}

export function blocksOf(plan: Plan, readings: readonly Reading[], thinned: Downsampled): Blocks {
  const known = new Map<string, ReadonlyMap<string, Aggregated>>();
  const digest: Blocks['digest'] = (selector, of) => {
    const key = `${of} ${selector}`;
    const own = known.get(key) ?? aggregateOf(readings, selector, of, thinned);
    known.set(key, own);
    return own;
  };
  return { thinned, irregular: irregularBlocks(plan, digest, thinned), digest };
}

/** Whether all samples at a given time were read: at the edges of the window, and in irregular blocks. */
export function isRead({ thinned, irregular }: Blocks, atSeconds: number): boolean {
  const block = blockAt(thinned, atSeconds);
  return block === null || irregular.has(block);
}

/**
 * The part of a regular block outside all margins of the window's edges and of irregular blocks. Empty if it
 * ends before it begins.
 */
export function unreadPart({ thinned, irregular }: Blocks, block: number): Stretch {
  const margin = MARGIN * thinned.intervalSeconds;
  let from = Math.max(endOf(thinned, block - 1), thinned.fromSeconds + margin);
  let to = Math.min(endOf(thinned, block), endOf(thinned, thinned.blocks) - margin);
  for (const other of irregular)
    if (other < block) from = Math.max(from, endOf(thinned, other) + margin);
    else to = Math.min(to, endOf(thinned, other - 1) - margin);
  return [from, to];
}

/** The blocks within a window that contain a scrape and were not read. */
export function unread(
  { thinned, irregular }: Blocks,
  { values }: Aggregated,
  { fromSeconds, toSeconds }: RunRecord['window'],
): readonly number[] {
  const found: number[] = [];
  for (let block = 1; block <= thinned.blocks; block++) {
    const isWithin = endOf(thinned, block - 1) >= fromSeconds && endOf(thinned, block) <= toSeconds;
    if (isWithin && !irregular.has(block) && !Number.isNaN(values[block]!)) found.push(block);
  }
  return found;
}
