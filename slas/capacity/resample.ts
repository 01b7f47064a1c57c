import { bestOf, type Coefficients, PARAMETERS, throughputAt } from './curve.ts';
import type { Point } from './lines.ts';

/** Fits of resampled data, which show how uncertain the coefficients are. */

/** For each kind of noise. */
export type Resampled = readonly (readonly Coefficients[])[];

/** For each kind of noise. */
const RESAMPLES = 200;

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * The noise may be equally large at every level of load, or differ between levels. A few points do not show which, so both kinds are
 * computed.
 */
export function resample(
  data: readonly Point[],
  best: Coefficients,
  residuals: readonly number[],
  random: () => number,
): Resampled {
  const fitted = data.map(({ x }) => throughputAt(best, x));
  return [drawAny(residuals, random), drawOwn(residuals, leverages(data, best), random)].map((noise) => {
    const once = () => data.map(({ x }, index) => ({ x, y: Math.max(0, fitted[index]! + noise(index)) }));
    return Array.from({ length: RESAMPLES }, () => bestOf(once())).filter((one) => one !== null);
  });
}

/** The residual of a randomly chosen point, widened because a fit makes its own residuals small. */
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

/** If a single point determines a coefficient, the curve passes through that point, and its residual does not show the noise. */
const MIN_FREEDOM = 0.2;

/** The leverage of each point, from 0 to 1: how much it moves the curve at its own position (the diagonal of the hat matrix). */
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
