import jstat from 'jstat';

/**
 * Quantiles of three distributions and the probabilities of one. Only this file uses the numerical library;
 * the tests compare it with a table.
 */

/** Quantile of the beta distribution, including its limits: 0 for a = 0, 1 for b = 0. */
export function betaQuantile(p: number, a: number, b: number): number {
  if (a <= 0) return 0;
  if (b <= 0) return 1;
  return jstat.beta.inv(p, a, b);
}

/** Quantile of Student's t; with infinite degrees of freedom this is the normal distribution. */
export const tQuantile = (p: number, degrees: number) =>
  degrees === Number.POSITIVE_INFINITY ? normalQuantile(p) : jstat.studentt.inv(p, degrees);

/** The probability that a standard normal variable is at most z. */
export const normalProbability = (z: number) => jstat.normal.cdf(z, 0, 1);

export const normalQuantile = (p: number) => jstat.normal.inv(p, 0, 1);
