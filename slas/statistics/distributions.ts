import jstat from 'jstat';

/** Quantiles of three distributions, and probabilities of one. The only file that knows the numerical library; a table in the tests holds it. */

/** Of the beta distribution, at its limits too: a = 0 stands at 0, b = 0 at 1. */
export function betaQuantile(p: number, a: number, b: number): number {
  if (a <= 0) return 0;
  if (b <= 0) return 1;
  return jstat.beta.inv(p, a, b);
}

/** Of Student's t; with infinitely many degrees of freedom it is the normal distribution. */
export const tQuantile = (p: number, degrees: number) =>
  degrees === Number.POSITIVE_INFINITY ? normalQuantile(p) : jstat.studentt.inv(p, degrees);

/** The part of a normal distribution that is at or under z. */
export const normalProbability = (z: number) => jstat.normal.cdf(z, 0, 1);

export const normalQuantile = (p: number) => jstat.normal.inv(p, 0, 1);
