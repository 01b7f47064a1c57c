import jstat from 'jstat';

/**
 * Quantiles of three distributions and the probabilities of one. Only this file uses the numerical library;
 * the tests compare it with a table.
 */

/** Quantile of the beta distribution, including its limits: 0 for a = 0, 1 for b = 0. */
export function betaQuantile(p: number, a: number, b: number): number {
  if (a <= 0) return 0;
  if (b <= 0) return 1;
  if (p < FAR) return lowBetaQuantile(p, a, b);
  if (1 - p < FAR) return 1 - lowBetaQuantile(1 - p, b, a);
  return jstat.beta.inv(p, a, b);
}

/** Nearer to 0 and 1, the library's inverse is wrong if a or b is 1, whereas its distribution function is right. */
const FAR = 1e-5;

function lowBetaQuantile(p: number, a: number, b: number): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 60 && high - low > 1e-12 * high; step++) {
    const middle = (low + high) / 2;
    if (jstat.beta.cdf(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Quantile of Student's t; with infinite degrees of freedom this is the normal distribution. */
export const tQuantile = (p: number, degrees: number) =>
  degrees === Number.POSITIVE_INFINITY ? normalQuantile(p) : jstat.studentt.inv(p, degrees);

/** The probability that a standard normal variable is at most z. */
export const normalProbability = (z: number) => jstat.normal.cdf(z, 0, 1);

export const normalQuantile = (p: number) => jstat.normal.inv(p, 0, 1);
