import { median } from '../../statistics/statistics.ts';
import type { Point } from '../lines.ts';

/** A robust line: up to a quarter of the points, such as holidays and outages, cannot move it. */
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

/** Where the line reaches a value; infinite if it never does, or only did in the past. */
export function reaches({ slope, intercept }: Line, y: number): number {
  return slope <= 0 ? Number.POSITIVE_INFINITY : (y - intercept) / slope;
}

export const residualsOf = (points: readonly Point[], line: Line): readonly number[] =>
  points.map(({ x, y }) => y - valueAt(line, x));

/** The typical size of residuals. For normal residuals it equals the standard deviation; outliers hardly affect it. */
export const typical = (residuals: readonly number[]) => 1.4826 * median(residuals.map(Math.abs));

/** The assumed correlation of neighbouring weeks is kept between these bounds, because a few weeks hardly show it. */
const ALIKE = { least: 0.3, most: 0.8 };

/** The correlation of neighbours. The residuals of a fitted line underestimate it, which the added term corrects. */
export function alikeness(residuals: readonly number[]): number {
  const { length } = residuals;
  const own = residuals.reduce((sum, one) => sum + one ** 2, 0);
  const shared = residuals.slice(1).reduce((sum, one, index) => sum + one * residuals[index]!, 0);
  const seen = own === 0 ? 0 : shared / own;
  return Math.min(ALIKE.most, Math.max(ALIKE.least, seen + (1 + 4 * Math.max(0, seen)) / length));
}
