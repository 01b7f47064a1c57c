import type { Evidence, Series } from '../model/model.ts';
import type { NativeInput, Written } from './remote-write.ts';

/** Judging cases of classic histograms, as if Prometheus had stored them natively. */

export type Stored = 'exponential' | 'custom';

const SCHEMA = 3;

/** The number of the exponential bucket of a value: its upper end is 2 to the power of number / 2^schema. */
export const bucketOf = (value: number, schema = SCHEMA) => Math.ceil(Math.log2(value) * 2 ** schema - 1e-9);

interface Grown {
  readonly labels: Series['labels'];
  /** At each scrape, the counts of the buckets with these upper ends. */
  readonly scrapes: ReadonlyMap<number, ReadonlyMap<number, number>>;
}

/** @param valueIn the value of every observation between two edges */
export function nativeSeries(
  classic: readonly Series[],
  stored: Stored,
  valueIn: (low: number, high: number) => number = (low, high) => low + 0.3 * (high - low),
): readonly Written[] {
  return histogramsOf(classic).map(({ labels, scrapes }) => {
    const before: Record<number, number> = {};
    const histograms = [...scrapes].map(
      ([at, cumulative]) => [at, nativeOf(cumulative, stored, valueIn, before)] as const,
    );
    return { labels, histograms };
  });
}

function histogramsOf(classic: readonly Series[]): readonly Grown[] {
  const groups = Map.groupBy(classic, ({ labels: { le: _, ...rest } }) => JSON.stringify(rest));
  return [...groups.values()].map((own) => {
    const { le: _, __name__: name = '', ...rest } = own[0]!.labels;
    const scrapes = new Map<number, Map<number, number>>();
    for (const { labels, samples } of own)
      for (const [at, value] of samples) {
        const edge = Number(labels.le!.replace('Inf', 'Infinity'));
        scrapes.set(at, (scrapes.get(at) ?? new Map<number, number>()).set(edge, Number(value)));
      }
    return { labels: { __name__: name.replace(/_bucket$/, ''), ...rest }, scrapes };
  });
}

function nativeOf(
  cumulative: ReadonlyMap<number, number>,
  stored: Stored,
  valueIn: (low: number, high: number) => number,
  before: Record<number, number>,
): NativeInput {
  const edges = [...cumulative.keys()].sort((a, b) => a - b);
  const finite = edges.filter(Number.isFinite);
  const positive: Record<number, number> = {};
  for (const [index, edge] of edges.entries()) {
    const [low, below] = index === 0 ? [0, 0] : [edges[index - 1]!, cumulative.get(edges[index - 1]!)!];
    const own = cumulative.get(edge)! - below;
    const value = Number.isFinite(edge) ? valueIn(low, edge) : 2 * low;
    const number = stored === 'custom' ? index : bucketOf(value);
    if (own > 0) positive[number] = (positive[number] ?? 0) + own;
  }
  // The cumulative counts of a case are rounded one by one, so the difference of two may fall by 1, which no real bucket does.
  for (const [number, own] of Object.entries(before))
    positive[Number(number)] = Math.max(own, positive[Number(number)] ?? 0);
  Object.assign(before, positive);
  return {
    schema: stored === 'custom' ? -53 : SCHEMA,
    ...(stored === 'custom' ? { edges: finite } : {}),
    count: Object.values(positive).reduce((sum, own) => sum + own, 0),
    sum: 1,
    positive,
  };
}

/** Every series of the evidence as it would be written, those of the buckets natively, or in both ways. */
export function writtenOf(
  { readings }: Evidence,
  stored: Stored,
  { isBoth = false, valueIn }: { isBoth?: boolean; valueIn?: (low: number, high: number) => number } = {},
): readonly Written[] {
  const all = new Map<string, Series>();
  for (const { series } of readings) for (const one of series) all.set(JSON.stringify(one.labels), one);
  const isBucket = ({ labels }: Series) => labels.le !== undefined;
  const [buckets, others] = [
    [...all.values()].filter(isBucket),
    [...all.values()].filter((one) => !isBucket(one)),
  ];
  const floats = [...others, ...(isBoth ? buckets : [])].map(({ labels, samples }) => ({ labels, samples }));
  return [...floats, ...nativeSeries(buckets, stored, valueIn)];
}
