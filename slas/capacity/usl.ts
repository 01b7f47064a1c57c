import { tQuantile } from '../statistics/distributions.ts';
import { bestOf, type Coefficients, PARAMETERS, throughputAt } from './curve.ts';
import type { Point } from './lines.ts';
import { type Resampled, resample } from './resample.ts';

export { type Coefficients, throughputAt } from './curve.ts';

/**
 * The Universal Scalability Law (Gunther): throughput X(N) = γN / (1 + α(N−1) + βN(N−1)) of N requests in the service at once.
 * α is the part that waits for others (contention), β the part that must agree with others (coherency), γ the throughput of one.
 */

export interface LoadPoint {
  /** The mean number of requests in the service. */
  readonly concurrency: number;
  readonly throughputPerSecond: number;
}

export type Range = readonly [low: number, high: number];

/** Where throughput would be highest; null if the data do not show that there is a peak, or where it is. */
export type Peak =
  | { readonly concurrency: number; readonly throughputPerSecond: number; readonly range: Range }
  | { readonly unknownBecause: 'no-coherence' | 'coherence-uncertain' | 'beyond-data' };

export interface UslFit extends Coefficients {
  readonly intervals: { readonly [name in keyof Coefficients]: Range };
  /** Measured minus fitted throughput, in the order of the points. */
  readonly residuals: readonly number[];
  /** The root of the mean squared residual over the mean throughput. */
  readonly relativeError: number;
  readonly maxConcurrency: number;
  readonly peak: Peak;
  /** Fits of resampled data for each kind of noise, from which the band around the curve is drawn. */
  readonly resampled: Resampled;
}

export type UslRefusal =
  | { readonly code: 'too-few-points'; readonly points: number; readonly needed: number }
  | { readonly code: 'too-narrow'; readonly from: number; readonly to: number }
  | { readonly code: 'bad-fit'; readonly relativeError: number | null };

export type Usl =
  | { readonly ok: true; readonly fit: UslFit }
  | { readonly ok: false; readonly refusal: UslRefusal };

export const MIN_POINTS = 6;
/** A curve needs points at several levels of concurrency. */
const MIN_SPAN = 3;
const MAX_RELATIVE_ERROR = 0.1;

export interface UslOptions {
  readonly confidence: number;
  /** Uniform draws from 0 to 1. */
  readonly random: () => number;
}

/** @param random for resampling: the same draws give the same intervals */
export function fitUsl(points: readonly LoadPoint[], options: UslOptions): Usl {
  const usable = points.filter(
    ({ concurrency, throughputPerSecond }) =>
      Number.isFinite(concurrency) && concurrency > 0 && throughputPerSecond > 0,
  );
  const levels = usable.map(({ concurrency }) => concurrency);
  const [from, to] = [Math.min(...levels), Math.max(...levels)];
  const different = new Set(levels).size;
  if (different < MIN_POINTS)
    return refused({ code: 'too-few-points', points: different, needed: MIN_POINTS });
  if (to < MIN_SPAN * from) return refused({ code: 'too-narrow', from, to });
  const data = usable.map((one): Point => ({ x: one.concurrency, y: one.throughputPerSecond }));
  const best = bestOf(data);
  if (best === null) return refused({ code: 'bad-fit', relativeError: null });
  const residuals = data.map(({ x, y }) => y - throughputAt(best, x));
  const relativeError = rootMeanSquare(residuals) / mean(data.map(({ y }) => y));
  if (relativeError > MAX_RELATIVE_ERROR) return refused({ code: 'bad-fit', relativeError });
  const resampled = resample(data, best, residuals, options.random);
  const intervals = intervalsOf(best, resampled, data.length, options.confidence);
  const peak = peakOf(best, intervals.beta, resampled, data.length, to, options.confidence);
  return {
    ok: true,
    fit: { ...best, intervals, residuals, relativeError, maxConcurrency: to, peak, resampled },
  };
}

const refused = (refusal: UslRefusal): Usl => ({ ok: false, refusal });

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const rootMeanSquare = (values: readonly number[]) => Math.sqrt(mean(values.map((value) => value ** 2)));

// ---------------------------------------------------------------------------------------------- intervals

function quantile(sorted: readonly number[], p: number): number {
  const at = p * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low + (at - Math.floor(at)) * (high - low);
}

/** With few points, quantiles of resampled fits are too narrow. They are widened by the ratio of Student's t to the normal distribution. */
function rangeOf(
  best: number,
  resampled: readonly (readonly number[])[],
  points: number,
  confidence: number,
  floor: number,
): Range {
  const ranges = resampled.map((values) => widenedRange(best, values, points, confidence));
  return [
    Math.max(floor, Math.min(...ranges.map(([low]) => low))),
    Math.max(...ranges.map(([, high]) => high)),
  ];
}

function widenedRange(best: number, resampled: readonly number[], points: number, confidence: number): Range {
  const sorted = resampled.toSorted((a, b) => a - b);
  const tail = (1 - confidence) / 2;
  const widened = tQuantile(1 - tail, points - PARAMETERS) / tQuantile(1 - tail, Number.POSITIVE_INFINITY);
  const low = Math.min(best, quantile(sorted, tail));
  const high = Math.max(best, quantile(sorted, 1 - tail));
  return [best - widened * (best - low), best + widened * (high - best)];
}

const readEach = (resampled: Resampled, read: (one: Coefficients) => number) =>
  resampled.map((fits) => fits.map(read));

const intervalsOf = (
  best: Coefficients,
  resampled: Resampled,
  points: number,
  confidence: number,
): UslFit['intervals'] => {
  const of = (name: keyof Coefficients) =>
    rangeOf(
      best[name],
      readEach(resampled, (one) => one[name]),
      points,
      confidence,
      0,
    );
  return { alpha: of('alpha'), beta: of('beta'), gamma: of('gamma') };
};

// ---------------------------------------------------------------------------------------------- the peak

const peakAt = ({ alpha, beta }: Coefficients) =>
  beta > 0 ? Math.sqrt(Math.max(0, 1 - alpha) / beta) : Number.POSITIVE_INFINITY;

/** A peak is reported only if the data show the bend: the peak lies within the data, and the coherence is certainly above 0. */
function peakOf(
  best: Coefficients,
  beta: Range,
  resampled: Resampled,
  points: number,
  maxConcurrency: number,
  confidence: number,
): Peak {
  const concurrency = peakAt(best);
  if (!Number.isFinite(concurrency)) return { unknownBecause: 'no-coherence' };
  if (beta[0] <= 0) return { unknownBecause: 'coherence-uncertain' };
  if (concurrency > maxConcurrency) return { unknownBecause: 'beyond-data' };
  const finite = readEach(resampled, peakAt).map((values) => values.filter(Number.isFinite));
  return {
    concurrency,
    throughputPerSecond: throughputAt(best, concurrency),
    range: rangeOf(concurrency, finite, points, confidence, 1),
  };
}

// ---------------------------------------------------------------------------------------------- reading the curve

/** The curve is not reliable far beyond the data. */
const MAX_EXTRAPOLATION = 2;

export interface Predicted {
  readonly throughputPerSecond: number;
  readonly band: Range;
  /** Whether the point lies beyond the highest concurrency that was measured. */
  readonly isExtrapolated: boolean;
}

/** null beyond twice the highest concurrency that was measured. */
export function predict(fit: UslFit, concurrency: number, confidence: number): Predicted | null {
  if (concurrency > MAX_EXTRAPOLATION * fit.maxConcurrency) return null;
  const throughputPerSecond = throughputAt(fit, concurrency);
  const values = readEach(fit.resampled, (one) => throughputAt(one, concurrency));
  const band = rangeOf(throughputPerSecond, values, fit.residuals.length, confidence, 0);
  return { throughputPerSecond, band, isExtrapolated: concurrency > fit.maxConcurrency };
}
