import { median } from '../../statistics/statistics.ts';
import type { Point } from '../lines.ts';

/** A line that up to a quarter of the points cannot move: holidays and outages are such points. */
export interface Line {
  readonly slope: number;
  readonly intercept: number;
}

export function theilSen(points: readonly Point[]): Line {
  const slopes = points.flatMap((one, index) =>
    points.slice(index + 1).map((other) => (other.y - one.y) / (other.x - one.x)),
  );
  const slope = slopes.length === 0 ? 0 : median(slopes);
  return { slope, intercept: median(points.map(({ x, y }) => y - slope * x)) };
}

export const valueAt = ({ slope, intercept }: Line, x: number) => intercept + slope * x;

/** Where the line reaches a value; infinite: never, or not any more. */
export function reaches({ slope, intercept }: Line, y: number): number {
  return slope <= 0 ? Number.POSITIVE_INFINITY : (y - intercept) / slope;
}

export const residualsOf = (points: readonly Point[], line: Line): readonly number[] =>
  points.map(({ x, y }) => y - valueAt(line, x));

/** Typical size of residuals: the standard deviation of normal ones, hardly moved by outliers. */
export const typical = (residuals: readonly number[]) => 1.4826 * median(residuals.map(Math.abs));

/** The assumed correlation of neighbouring weeks is between these, because few weeks hardly show it. */
const ALIKE = { least: 0.3, most: 0.8 };

/** The correlation of neighbours. The residuals of a fitted line underestimate it, which the added term corrects. */
export function alikeness(residuals: readonly number[]): number {
  const { length } = residuals;
  const own = residuals.reduce((sum, one) => sum + one ** 2, 0);
  const shared = residuals.slice(1).reduce((sum, one, index) => sum + one * residuals[index]!, 0);
  const seen = own === 0 ? 0 : shared / own;
  return Math.min(ALIKE.most, Math.max(ALIKE.least, seen + (1 + 4 * Math.max(0, seen)) / length));
}
