import type { Point } from '../lines.ts';
import { alikeness, residualsOf, theilSen, typical, valueAt } from './theil-sen.ts';

/** Finds the newest change of the traffic's level or growth, for example after a migration. */

/** Fewer weeks than this are outliers, not a line. */
export const MIN_SIDE = 3;
const RESAMPLES = 99;
/** Measured traffic is never closer to a line than this, so a better fit shows nothing. */
const FLOOR = 0.01;
const NOISE = 3;

const costOf = (points: readonly Point[]): number =>
  residualsOf(points, theilSen(points)).reduce((sum, one) => sum + Math.abs(one), FLOOR * points.length);

interface Split {
  readonly at: number;
  /** How much better two lines fit the points than one line does. */
  readonly gain: number;
}

function bestSplit(points: readonly Point[], whole: number): Split {
  let best: Split = { at: 0, gain: 0 };
  for (let at = MIN_SIDE; at <= points.length - MIN_SIDE; at++) {
    const gain = whole / (costOf(points.slice(0, at)) + costOf(points.slice(at)));
    if (gain > best.gain) best = { at, gain };
  }
  return best;
}

/**
 * The index of the first point after the newest change; 0: one line describes all. Two lines always fit better than one. The improvement to
 * expect by chance is estimated from simulated points that scatter around one line in the same way.
 */
export function changeIn(points: readonly Point[], shapes: readonly Shape[], random: () => number): number {
  if (points.length < 2 * MIN_SIDE) return 0;
  const costs = shapes.map((shape) => costOf(points.map(shape)));
  const shape = shapes[costs.indexOf(Math.min(...costs))]!;
  const shaped = points.map(shape);
  const line = theilSen(shaped);
  const residuals = residualsOf(shaped, line);
  const seen = bestSplit(shaped, costOf(shaped));
  if (seen.at === 0) return 0;
  const noise = alike(residuals, random);
  for (let round = 0; round < RESAMPLES; round++) {
    const scattered = shaped.map(({ x }) => ({ x, y: valueAt(line, x) + noise() }));
    if (bestSplit(scattered, costOf(scattered)).gain >= seen.gain) return 0;
  }
  return seen.at + changeIn(points.slice(seen.at), shapes, random);
}

/** Random noise of the same size as these residuals, with the same correlation of neighbours. */
function alike(residuals: readonly number[], random: () => number): () => number {
  const share = alikeness(residuals);
  // If the line does not describe the points, their large distances from it are not noise.
  const most = NOISE * Math.max(FLOOR, typical(residuals));
  const clipped = residuals.map((one) => Math.min(most, Math.max(-most, one)));
  let last = 0;
  return () => {
    const own = clipped[Math.floor(random() * clipped.length)]!;
    last = share * last + Math.sqrt(1 - share ** 2) * own;
    return last;
  };
}

/** A view of the points in which growth is a line, with relative residuals. */
export type Shape = (point: Point) => Point;
