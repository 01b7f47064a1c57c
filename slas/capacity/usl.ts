import { tQuantile } from '../statistics/distributions.ts';
import { leastSquares, squaredError } from './levenberg.ts';
import type { Point } from './lines.ts';

/**
 * The Universal Scalability Law (Gunther): throughput X(N) = γN / (1 + α(N−1) + βN(N−1)) of N requests in the service at once.
 * α is the part that waits for others (contention), β the part that must agree with others (coherence), γ the throughput of one.
 */

export interface LoadPoint {
  /** The mean number of requests in the service. */
  readonly concurrency: number;
  readonly throughputPerSecond: number;
}

export interface Coefficients {
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
}

/** Two-sided, at the confidence that was asked for. */
export type Range = readonly [low: number, high: number];

/** Where throughput would be highest. `null`: the data do not show that there is a peak, or where. */
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
  /** Fits of resampled data, for each kind of noise: the band around the curve. */
  readonly resampled: readonly (readonly Coefficients[])[];
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
/** For each kind of noise. */
const RESAMPLES = 200;

export const throughputAt = ({ alpha, beta, gamma }: Coefficients, concurrency: number): number =>
  (gamma * concurrency) / (1 + alpha * (concurrency - 1) + beta * concurrency * (concurrency - 1));

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

// ---------------------------------------------------------------------------------------------- the curve

/** Coefficients are not negative: what the unbounded fit would make negative is 0, and the others are fitted without it. */
function bestOf(data: readonly Point[]): Coefficients | null {
  const free = fitWith(data, true, true);
  if (free !== null && free.alpha >= 0 && free.beta >= 0) return free;
  const reduced = [fitWith(data, true, false), fitWith(data, false, true), fitWith(data, false, false)];
  const allowed = reduced.filter((one) => one !== null).filter(({ alpha, beta }) => alpha >= 0 && beta >= 0);
  const errors = allowed.map((one) => squaredError(data, (x) => throughputAt(one, x)));
  return allowed[errors.indexOf(Math.min(...errors))] ?? null;
}

/** All parameters are scaled to be near 1, because the search takes steps of the same size in each. */
function fitWith(data: readonly Point[], hasAlpha: boolean, hasBeta: boolean): Coefficients | null {
  const highest = Math.max(...data.map(({ x }) => x));
  const gammaScale = Math.max(...data.map(({ x, y }) => y / x));
  const read = (parameters: readonly number[]): Coefficients => {
    const [gamma, ...others] = parameters;
    return {
      gamma: gamma! * gammaScale,
      alpha: hasAlpha ? others[0]! / highest : 0,
      beta: hasBeta ? others.at(-1)! / highest ** 2 : 0,
    };
  };
  const initial = [1, ...(hasAlpha ? [1] : []), ...(hasBeta ? [0.5] : [])];
  const scale = Math.max(...data.map(({ y }) => y));
  const scaled = data.map(({ x, y }) => ({ x, y: y / scale }));
  const curve = (parameters: readonly number[]) => {
    const coefficients = read(parameters);
    return (x: number) => throughputAt(coefficients, x) / scale;
  };
  const found = leastSquares(scaled, curve, initial);
  return found === null || found[0]! <= 0 ? null : read(found);
}

// ---------------------------------------------------------------------------------------------- intervals

/** Noise may be as large at every level, or differ. A few points do not show which, so both are assumed. */
function resample(
  data: readonly Point[],
  best: Coefficients,
  residuals: readonly number[],
  random: () => number,
): UslFit['resampled'] {
  const fitted = data.map(({ x }) => throughputAt(best, x));
  return [drawAny(residuals, random), drawOwn(residuals, leverages(data, best), random)].map((noise) => {
    const once = () => data.map(({ x }, index) => ({ x, y: Math.max(0, fitted[index]! + noise(index)) }));
    return Array.from({ length: RESAMPLES }, () => bestOf(once())).filter((one) => one !== null);
  });
}

/** Any point's residual, widened because a fit makes its own residuals small. */
function drawAny(residuals: readonly number[], random: () => number): () => number {
  const inflation = Math.sqrt(residuals.length / (residuals.length - PARAMETERS));
  const centre = mean(residuals);
  return () => inflation * (residuals[Math.floor(random() * residuals.length)]! - centre);
}

/** The point's own residual, widened by how much the point itself moves the curve, times a random factor. */
function drawOwn(
  residuals: readonly number[],
  leverage: readonly number[],
  random: () => number,
): (index: number) => number {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return (index) => (normal() * residuals[index]!) / Math.sqrt(Math.max(MIN_FREEDOM, 1 - leverage[index]!));
}

/** A curve goes through a point that alone determines a coefficient: its residual says nothing. */
const MIN_FREEDOM = 0.2;

/** How much each point moves the curve at its own place, from 0 to 1: the diagonal of the hat matrix. */
function leverages(data: readonly Point[], best: Coefficients): readonly number[] {
  const names = (['gamma', 'alpha', 'beta'] as const).filter((name) => best[name] > 0);
  const columns = names.map((name) => {
    const step = 1e-4 * best[name];
    const moved = { ...best, [name]: best[name] + step };
    return data.map(({ x }) => (throughputAt(moved, x) - throughputAt(best, x)) / step);
  });
  const basis = orthonormal(columns);
  return data.map((_, index) => basis.reduce((sum, column) => sum + column[index]! ** 2, 0));
}

function orthonormal(columns: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const basis: (readonly number[])[] = [];
  for (const column of columns) {
    const rest = basis.reduce<readonly number[]>((left, unit) => {
      const along = left.reduce((sum, value, index) => sum + value * unit[index]!, 0);
      return left.map((value, index) => value - along * unit[index]!);
    }, column);
    const length = Math.hypot(...rest);
    if (length > 0) basis.push(rest.map((value) => value / length));
  }
  return basis;
}

const PARAMETERS = 3;

export function quantile(sorted: readonly number[], p: number): number {
  const at = p * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low + (at - Math.floor(at)) * (high - low);
}

/** With few points, quantiles of resampled fits are too narrow: they are widened as Student's t is wider than the normal. */
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

const readEach = (resampled: UslFit['resampled'], read: (one: Coefficients) => number) =>
  resampled.map((fits) => fits.map(read));

const intervalsOf = (
  best: Coefficients,
  resampled: UslFit['resampled'],
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

/** A peak is promised only where throughput was seen to bend: inside the data, and with a coherence that is surely not 0. */
function peakOf(
  best: Coefficients,
  beta: Range,
  resampled: UslFit['resampled'],
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

/** A curve says nothing far beyond the data. */
const MAX_EXTRAPOLATION = 2;

export interface Predicted {
  readonly throughputPerSecond: number;
  readonly band: Range;
  /** Beyond the highest concurrency that was measured. */
  readonly isExtrapolated: boolean;
}

/** null: past twice the data. */
export function predict(fit: UslFit, concurrency: number, confidence: number): Predicted | null {
  if (concurrency > MAX_EXTRAPOLATION * fit.maxConcurrency) return null;
  const throughputPerSecond = throughputAt(fit, concurrency);
  const values = readEach(fit.resampled, (one) => throughputAt(one, concurrency));
  const band = rangeOf(throughputPerSecond, values, fit.residuals.length, confidence, 0);
  return { throughputPerSecond, band, isExtrapolated: concurrency > fit.maxConcurrency };
}
