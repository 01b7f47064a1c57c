import { tQuantile } from '../statistics/distributions.ts';
import { leastSquaresLines, type Point } from './lines.ts';

/**
 * The knee of the latency curve: where latency begins to rise steeply. The logarithm of latency is nearly level at first, and
 * rises along another line after the knee, so two lines that meet are fitted.
 */

export interface LatencyPoint {
  readonly ratePerSecond: number;
  readonly seconds: number;
}

export type Knee =
  | {
      readonly ok: true;
      readonly ratePerSecond: number;
      /** The range of rates at which two lines that meet there explain the points nearly as well. */
      readonly range: readonly [low: number, high: number];
    }
  | { readonly ok: false; readonly because: 'too-few-points' | 'no-bend' };

export const MIN_KNEE_POINTS = 6;
/** The number of parameters of two lines, including the place where they meet. */
const PARAMETERS = 4;
const CANDIDATES = 200;
/**
 * The second line must be at least this many times as steep as the first. The two lines must also remove at least this share of the error
 * that a single line leaves.
 */
const STEEPER = 2;
const EXPLAINED = 0.5;

export function kneeOf(points: readonly LatencyPoint[], confidence: number): Knee {
  const data = points
    .filter(({ ratePerSecond, seconds }) => ratePerSecond > 0 && seconds > 0)
    .map(({ ratePerSecond, seconds }): Point => ({ x: ratePerSecond, y: Math.log(seconds) }));
  const rates = [...new Set(data.map(({ x }) => x))].toSorted((a, b) => a - b);
  if (rates.length < MIN_KNEE_POINTS) return { ok: false, because: 'too-few-points' };
  // Each line needs two points.
  const [from, to] = [rates[1]!, rates.at(-2)!];
  const all = Array.from({ length: CANDIDATES + 1 }, (_, step) => {
    const at = from + (step / CANDIDATES) * (to - from);
    return { at, ...leastSquaresLines(data, at) };
  });
  const best = all.reduce((one, other) => (other.squaredError < one.squaredError ? other : one));
  const single = leastSquaresLines(data, null);
  // If the best place is the first or last one, the curve may bend outside.
  const isWithin = best.at > from && best.at < to;
  const isBent =
    isWithin &&
    best.after > 0 &&
    best.after > STEEPER * Math.max(0, best.before) &&
    best.squaredError <= (1 - EXPLAINED) * single.squaredError;
  if (!isBent) return { ok: false, because: 'no-bend' };
  const freedom = Math.max(1, data.length - PARAMETERS);
  const t = tQuantile((1 + confidence) / 2, freedom);
  const most = best.squaredError * (1 + t ** 2 / freedom) + NEARLY;
  const likely = all.filter(({ squaredError }) => squaredError <= most).map(({ at }) => at);
  return { ok: true, ratePerSecond: best.at, range: [Math.min(...likely), Math.max(...likely)] };
}

/** Points exactly on two lines leave no error, and rounding must not decide. */
const NEARLY = 1e-9;
