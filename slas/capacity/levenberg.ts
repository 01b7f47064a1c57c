import { levenbergMarquardt } from 'ml-levenberg-marquardt';
import type { Point } from './lines.ts';

/** Least squares of a curve with parameters. Only this file uses the library. */

export type Curve = (parameters: readonly number[]) => (x: number) => number;

/**
 * Parameters should be near 1, because the gradient uses the same step for all of them. null if the fit does not converge to finite values.
 */
export function leastSquares(
  points: readonly Point[],
  curve: Curve,
  initial: readonly number[],
): readonly number[] | null {
  const data = { x: points.map(({ x }) => x), y: points.map(({ y }) => y) };
  const { parameterValues } = levenbergMarquardt(data, curve, {
    initialValues: [...initial],
    gradientDifference: GRADIENT_STEP,
    centralDifference: true,
    damping: 1e-3,
    maxIterations: 60,
    errorTolerance: Number.MIN_VALUE,
  });
  return parameterValues.every(Number.isFinite) ? parameterValues : null;
}

const GRADIENT_STEP = 1e-5;

export const squaredError = (points: readonly Point[], at: (x: number) => number): number =>
  points.reduce((sum, { x, y }) => sum + (y - at(x)) ** 2, 0);
