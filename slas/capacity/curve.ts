import { leastSquares, squaredError } from './levenberg.ts';
import type { Point } from './lines.ts';

/** The curve of the Universal Scalability Law, and its least-squares fit. */

export interface Coefficients {
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
}

/** The number of parameters of the curve. */
export const PARAMETERS = 3;

export const throughputAt = ({ alpha, beta, gamma }: Coefficients, concurrency: number): number =>
  (gamma * concurrency) / (1 + alpha * (concurrency - 1) + beta * concurrency * (concurrency - 1));

/**
 * Coefficients are not negative: one that the unbounded fit would make negative is set to 0, and the others
 * are fitted without it.
 */
export function bestOf(data: readonly Point[]): Coefficients | null {
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
