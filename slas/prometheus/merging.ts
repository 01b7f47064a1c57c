import type { Evidence, Plan, Reading, Sample, Series, Thinned } from '../model/model.ts';
import { type Blocks, endOf, nameless } from './downsampling.ts';
import { DIGESTS, roleOf } from './promql.ts';

/**
 * One reading a selector, where the evidence has several: stretches of raw samples are put together, and between them, for
 * counters, the last sample of each block. So whoever counts sees a series as if it had been read at once.
 */
export function mergedReadings(
  plan: Plan,
  evidence: Evidence,
  blocks: Blocks | null,
): ReadonlyMap<string, Reading> {
  const bySelector = Map.groupBy(evidence.readings, ({ selector }) => selector);
  return new Map(
    [...bySelector].map(([selector, readings]) => [
      selector,
      // Of a window that is thinned one alone lacks the others; it may be no samples at all, but a digest.
      readings.length === 1 && blocks === null ? readings[0]! : merged(plan, selector, readings, blocks),
    ]),
  );
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

/** What must be there and is not: a digest, or the samples of a block that is odd. */
function lackingOf(plan: Plan, selector: string, readings: readonly Reading[], { thinned, odd }: Blocks) {
  const role = roleOf(plan, selector);
  const { blocks, whole } = DIGESTS[role];
  const unasked = [...blocks, ...whole].find((digest) => !readings.some((one) => one.digest === digest));
  if (unasked !== undefined) return `there is no evidence of ${unasked} for ${selector}`;
  if (role === 'lag') return null;
  const raw = readings.filter(({ digest }) => digest === undefined).map(stretchOf);
  const edge = [thinned.fromSeconds, endOf(thinned, thinned.blocks)].find(
    (at) => !raw.some(([from, to]) => from < at && at <= to),
  );
  if (edge !== undefined)
    return `the samples of ${selector} at an edge of the window are not in the evidence`;
  if (role === 'counter' || role === 'requests') return null;
  const gone = [...odd].find((block) => !isCovered(block, raw, thinned));
  return gone === undefined ? null : `the samples of ${selector} in block ${gone} are not in the evidence`;
}

type Stretch = readonly [fromSeconds: number, toSeconds: number];

/** The range of a reading of raw samples, which is open on the left. */
export function stretchOf({ query, atSeconds }: Reading): Stretch {
  const range = /\[(\d+)ms\]$/.exec(query);
  return [range === null ? Number.NEGATIVE_INFINITY : atSeconds - Number(range[1]) / 1000, atSeconds];
}

const isCovered = (block: number, raw: readonly Stretch[], thinned: Thinned) => {
  // A long stretch is read in pieces that touch each other.
  let at = endOf(thinned, block - 1);
  for (const [from, to] of [...raw].sort(([a], [b]) => a - b)) if (from <= at + 0.002 && to > at) at = to;
  return at >= endOf(thinned, block);
};

function mergedSeries(raw: readonly Reading[], last: readonly Reading[]): readonly Series[] {
  const stretches = raw.map(stretchOf);
  // All series have their blocks' ends at the same moments.
  const inRaw = new Map<number, boolean>();
  const isInRaw = (at: number) => {
    const known = inRaw.get(at) ?? stretches.some(([from, to]) => at > from && at <= to);
    inRaw.set(at, known);
    return known;
  };
  const found = new Map<string, { labels: Series['labels']; samples: Sample[] }>();
  const add = ({ labels, samples }: Series, isTaken: (at: number) => boolean) => {
    const key = nameless(labels);
    const own = found.get(key) ?? { labels, samples: [] };
    for (const sample of samples) if (isTaken(sample[0])) own.samples.push(sample);
    found.set(key, own);
  };
  for (const { series } of raw) for (const one of series) add(one, () => true);
  for (const { series } of last) for (const one of series) add(one, (at) => !isInRaw(at));
  return [...found.values()].map(({ labels, samples }) => ({ labels, samples: inOrder(samples) }));
}

/** Ascending in time, each moment once. In place: a day of many replicas has many samples. */
function inOrder(samples: Sample[]): readonly Sample[] {
  samples.sort(([a], [b]) => a - b);
  let kept = 0;
  for (const sample of samples)
    if (kept === 0 || sample[0] !== samples[kept - 1]![0]) samples[kept++] = sample;
  samples.length = kept;
  return samples;
}
