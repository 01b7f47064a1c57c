import type {
  Downsampled,
  Evidence,
  HistogramSample,
  Plan,
  Reading,
  Sample,
  Series,
} from '../model/model.ts';
import { type Blocks, endOf, nameless } from './downsampling.ts';
import { withNatives } from './native.ts';
import { AGGREGATES, roleOf } from './promql.ts';
import { rangeOf } from './stored-text.ts';

/**
 * One reading per selector, where the evidence has several: stretches of raw samples are merged, and counters
 * have the last sample of each block in between. Counting code then sees a series as if it had been read in
 * one query.
 */
export function mergedReadings(
  plan: Plan,
  evidence: Evidence,
  blocks: Blocks | null,
): ReadonlyMap<string, Reading> {
  const bySelector = Map.groupBy(evidence.readings, ({ selector }) => selector);
  const bySelectorOnce = new Map(
    [...bySelector].map(([selector, readings]): [string, Reading] => [
      selector,
      // In a downsampled window, a single reading is incomplete, and may be an aggregate instead of samples.
      readings.length === 1 && blocks === null ? readings[0]! : merged(plan, selector, readings, blocks),
    ]),
  );
  return withNatives(plan, bySelectorOnce);
}

function merged(plan: Plan, selector: string, readings: readonly Reading[], blocks: Blocks | null): Reading {
  const raw = readings.filter(({ digest }) => digest === undefined);
  const last = readings.filter(({ digest }) => digest === 'last');
  const lacking = blocks === null ? null : lackingOf(plan, selector, readings, blocks);
  return {
    selector,
    query: [...new Set(readings.map(({ query }) => query))].join('\n'),
    atSeconds: Math.max(...readings.map(({ atSeconds }) => atSeconds)),
    series: mergedSeries(raw, last),
    warnings: [...new Set(readings.flatMap(({ warnings }) => warnings))],
    error: readings.find(({ error }) => error !== null)?.error ?? lacking,
  };
}

/** Required data that are missing: an aggregate, or the samples of an irregular block. */
function lackingOf(
  plan: Plan,
  selector: string,
  readings: readonly Reading[],
  { thinned, irregular }: Blocks,
) {
  const role = roleOf(plan, selector);
  const { blocks, whole } = AGGREGATES[role];
  const unasked = [...blocks, ...whole].find((digest) => !readings.some((one) => one.digest === digest));
  if (unasked !== undefined) return `there is no evidence of ${unasked} for ${selector}`;
  if (role === 'lag') return null;
  const raw = readings.filter(({ digest }) => digest === undefined).map(stretchOf);
  const edge = [thinned.fromSeconds, endOf(thinned, thinned.blocks)].find(
    (at) => !raw.some(([from, to]) => from < at && at <= to),
  );
  if (edge !== undefined)
    return `the samples of ${selector} at an edge of the window are not in the evidence`;
  if (role === 'counter' || role === 'requests' || role === 'native') return null;
  const gone = [...irregular].find((block) => !isCovered(block, raw, thinned));
  return gone === undefined ? null : `the samples of ${selector} in block ${gone} are not in the evidence`;
}

type Stretch = readonly [fromSeconds: number, toSeconds: number];

/** The range of a reading of raw samples, which is left-open. */
export function stretchOf(reading: Reading): Stretch {
  const { atSeconds } = reading;
  return [atSeconds - (rangeOf(reading) ?? Number.POSITIVE_INFINITY), atSeconds];
}

const isCovered = (block: number, raw: readonly Stretch[], thinned: Downsampled) => {
  // A long stretch is read in adjacent pieces.
  let at = endOf(thinned, block - 1);
  for (const [from, to] of [...raw].sort(([a], [b]) => a - b)) if (from <= at + 0.002 && to > at) at = to;
  return at >= endOf(thinned, block);
};

function mergedSeries(raw: readonly Reading[], last: readonly Reading[]): readonly Series[] {
  const stretches = raw.map(stretchOf);
  // The blocks of all series end at the same times.
  const inRaw = new Map<number, boolean>();
  const isInRaw = (at: number) => {
    const known = inRaw.get(at) ?? stretches.some(([from, to]) => at > from && at <= to);
    inRaw.set(at, known);
    return known;
  };
  const found = new Map<
    string,
    { labels: Series['labels']; samples: Sample[]; histograms: HistogramSample[] }
  >();
  const add = ({ labels, samples, histograms = [] }: Series, isTaken: (at: number) => boolean) => {
    const key = nameless(labels);
    const own = found.get(key) ?? { labels, samples: [], histograms: [] };
    for (const sample of samples) if (isTaken(sample[0])) own.samples.push(sample);
    for (const sample of histograms) if (isTaken(sample[0])) own.histograms.push(sample);
    found.set(key, own);
  };
  for (const { series } of raw) for (const one of series) add(one, () => true);
  for (const { series } of last) for (const one of series) add(one, (at) => !isInRaw(at));
  return [...found.values()].map(({ labels, samples, histograms }) => ({
    labels,
    samples: inOrder(samples),
    ...(histograms.length === 0 ? {} : { histograms: inOrder(histograms) }),
  }));
}

/** Sorts samples by time and keeps one sample per time. Works in place, because a day of many replicas has many samples. */
function inOrder<T extends readonly [number, unknown]>(samples: T[]): readonly T[] {
  samples.sort(([a], [b]) => a - b);
  let kept = 0;
  for (const sample of samples)
    if (kept === 0 || sample[0] !== samples[kept - 1]![0]) samples[kept++] = sample;
  samples.length = kept;
  return samples;
}
