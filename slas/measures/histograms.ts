import { toSeconds } from '../document/units.ts';
import type { Series, TimeUnit } from '../model/model.ts';
import { budgetOf, compareShare } from '../statistics/statistics.ts';
import { type Increase, total } from '../window/increases.ts';
import { parseValue } from '../window/targets.ts';

/** The counts of histograms in a window, by bucket edge. */

/** One histogram for each label set and target. Edges are in seconds. */
export interface Histogram {
  readonly labels: Series['labels'];
  readonly buckets: ReadonlyMap<number, Increase>;
}

export function groupHistograms(
  increases: readonly Increase[],
  valuesIn: TimeUnit | undefined,
): readonly Histogram[] {
  const groups = new Map<string, { labels: Series['labels']; buckets: Map<number, Increase> }>();
  for (const one of increases) {
    const { le, ...rest } = one.labels;
    const key = `${one.target.name} ${JSON.stringify(rest)}`;
    const group = groups.get(key) ?? { labels: rest, buckets: new Map<number, Increase>() };
    // If a histogram spells the same edge in two ways, it is unknown which bucket counts. NaN is not an edge.
    const edge = toSeconds(parseValue(le ?? ''), valuesIn);
    group.buckets.set(group.buckets.has(edge) ? Number.NaN : edge, one);
    groups.set(key, group);
  }
  for (const { buckets } of groups.values()) withoutPartial(buckets);
  return [...groups.values()];
}

/** If a process had other edges and lacks a bucket, the bucket's count leaves out the responses of that process. */
function withoutPartial(buckets: Map<number, Increase>): void {
  const processes = buckets.get(Number.POSITIVE_INFINITY)?.parts.map((part) => part.processInstance) ?? [];
  for (const [edge, { parts }] of buckets)
    if (!processes.every((process) => parts.some((part) => part.processInstance === process)))
      buckets.delete(edge);
}

const edgesOf = ({ buckets }: Histogram) => [...buckets.keys()].sort((a, b) => a - b);

/** Whether the bucket counts ascend, and the last bucket counts every observation. */
export function isConsistent(histogram: Histogram): boolean {
  const grown = (edge: number) => histogram.buckets.get(edge)!.increase;
  return (
    histogram.buckets.has(Number.POSITIVE_INFINITY) &&
    edgesOf(histogram).every(
      (edge, index, all) => !Number.isNaN(edge) && (index === 0 || grown(edge) >= grown(all[index - 1]!)),
    )
  );
}

/**
 * The buckets around a limit, one for each histogram: requests that the lower ones counted were certainly within
 * it, and requests that the upper ones did not count were certainly beyond it. Where the limit is an edge, both are the same.
 */
export interface Bracket {
  readonly lower: readonly Increase[];
  readonly upper: readonly Increase[];
  /** The widest bracket of any histogram; 0: there is no edge below the limit. Infinity: none above it. */
  readonly lowSeconds: number;
  readonly highSeconds: number;
}

export function bracketOf(limitSeconds: number, histograms: readonly Histogram[]): Bracket {
  const around = histograms.map((histogram) => {
    const edges = edgesOf(histogram);
    const below = edges.findLast((edge) => edge <= limitSeconds);
    return { histogram, below, above: edges.find((edge) => edge >= limitSeconds)! };
  });
  return {
    lower: around.flatMap(({ histogram, below }) =>
      below === undefined ? [] : [histogram.buckets.get(below)!],
    ),
    upper: around.map(({ histogram, above }) => histogram.buckets.get(above)!),
    lowSeconds: Math.min(...around.map(({ below }) => below ?? 0)),
    highSeconds: Math.max(...around.map(({ above }) => above)),
  };
}

export const isExact = ({ lowSeconds, highSeconds }: Bracket): boolean => lowSeconds === highSeconds;

/** How many observations were certainly within the limit, and how many may have been. */
export const withinOf = ({ lower, upper }: Bracket) => ({ least: total(lower), most: total(upper) });

/** Every observation. */
export const allOf = (histograms: readonly Histogram[]): readonly Increase[] =>
  histograms.map(({ buckets }) => buckets.get(Number.POSITIVE_INFINITY)!);

/** The edges that all histograms have, ascending: replicas are added up before anything is judged. */
export function commonEdges([first, ...others]: readonly Histogram[]): readonly number[] {
  return edgesOf(first!).filter((edge) => others.every(({ buckets }) => buckets.has(edge)));
}

/** The buckets of all histograms at one of their common edges. */
export const bucketsAt = (edge: number, histograms: readonly Histogram[]): readonly Increase[] =>
  histograms.map(({ buckets }) => buckets.get(edge)!);

/**
 * The bucket of a percentile, and the value interpolated within it. If the percentile is above the last
 * finite edge, the value is that edge.
 */
export function percentileOf(
  histograms: readonly Histogram[],
  percentile: number,
): { value: number; bucket: [number, number | null] } {
  const ordered = commonEdges(histograms).map((edge): readonly [number, number] => [
    edge,
    total(bucketsAt(edge, histograms)),
  ]);
  const samples = ordered.at(-1)![1];
  const at = ordered.findIndex(
    ([, grown]) => compareShare(samples - grown, samples, budgetOf(percentile)) <= 0,
  );
  const [high, upTo] = ordered[at]!;
  const [low, below] = at === 0 ? [0, 0] : ordered[at - 1]!;
  if (high === Number.POSITIVE_INFINITY) return { value: low, bucket: [low, null] };
  const within = upTo === below ? 1 : ((percentile / 100) * samples - below) / (upTo - below);
  return { value: low + (high - low) * Math.min(1, Math.max(0, within)), bucket: [low, high] };
}
