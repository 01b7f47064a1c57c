import type { Histogram } from './reference.ts';

/** Returns the index of the bin of a value: the first whose edge it does not exceed. */
export function binOf(edges: readonly number[], value: number): number {
  let bin = 0;
  while (bin < edges.length && value > edges[bin]!) bin += 1;
  return bin;
}

/** Half an observation is added to each bin, because an empty bin would make the index infinite. */
const smoothing = 0.5;

/**
 * The population stability index of two histograms with the same bins: the sum of (q - p) ln(q / p) over their shares. 0
 * means equal shares; by convention, under 0.1 means no shift and over 0.2 a large one.
 */
export function stabilityIndex(before: readonly number[], now: readonly number[]): number {
  const shareOf = (counts: readonly number[]) => {
    const total = counts.reduce((sum, count) => sum + count + smoothing, 0);
    return (bin: number) => (counts[bin]! + smoothing) / total;
  };
  const [p, q] = [shareOf(before), shareOf(now)];
  return before.reduce((sum, _, bin) => sum + (q(bin) - p(bin)) * Math.log(q(bin) / p(bin)), 0);
}

/** The 99.9% quantile of the normal distribution. */
const normalQuantile = 3.0902;

/**
 * The value that the index exceeds by chance alone in one of a thousand windows. With n and m independent
 * observations of one distribution, PSI / (1/n + 1/m) is approximately chi-squared. It has one degree of freedom less
 * than there are bins. The quantile is Wilson and Hilferty's approximation (within 3% for two or more degrees of
 * freedom).
 */
export function chanceLimit(bins: number, observationsBefore: number, observationsNow: number): number {
  const degrees = bins - 1;
  const spread = 2 / (9 * degrees);
  const chiSquared = degrees * (1 - spread + normalQuantile * Math.sqrt(spread)) ** 3;
  return chiSquared * (1 / observationsBefore + 1 / observationsNow);
}

interface Binning {
  readonly maxBins: number;
  readonly minShare: number;
  /** Decimal digits that an edge may have. */
  readonly digits: number;
}

/**
 * Edges that divide the values into bins of about equal shares, none below `minShare` of all, because the index says little
 * about nearly empty bins. If all values are equal, there are no edges.
 */
export function edgesOf(values: readonly number[], { maxBins, minShare, digits }: Binning): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const quantile = (share: number) => sorted[Math.ceil(share * sorted.length) - 1]!;
  const wanted = Array.from({ length: maxBins - 1 }, (_, at) => quantile((at + 1) / maxBins));
  const least = minShare * sorted.length;
  const edges: number[] = [];
  let below = 0;
  for (const edge of new Set(wanted.map((one) => Number(one.toFixed(digits))))) {
    const upTo = sorted.filter((value) => value <= edge).length;
    if (upTo - below < least || sorted.length - upTo < least) continue;
    edges.push(edge);
    below = upTo;
  }
  return edges;
}

export function histogramOf(values: readonly number[], edges: readonly number[]): Histogram {
  const counts = Array.from({ length: edges.length + 1 }, () => 0);
  for (const value of values) counts[binOf(edges, value)]! += 1;
  return { edges, counts };
}
