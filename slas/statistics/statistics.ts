/** Exact shares in integers, and how many requests a verdict needs. */

/** A decimal number as a fraction of integers: 0.999 → 999/1000. Comparisons of integers have no rounding error. */
export function toFraction(decimal: number): { readonly numerator: number; readonly denominator: number } {
  for (let digits = 0; digits <= 9; digits++) {
    const denominator = 10 ** digits;
    const numerator = Math.round(decimal * denominator);
    if (Number.isSafeInteger(numerator) && numerator / denominator === decimal)
      return { numerator, denominator };
  }
  throw new RangeError(`${decimal} has more than 9 decimals: it cannot be compared exactly`);
}

/** The sign of `part/whole − share`, computed in integers. `whole` may be 0 only if `part` is. */
export function compareShare(part: number, whole: number, share: number): -1 | 0 | 1 {
  const { numerator, denominator } = toFraction(share);
  const difference = BigInt(part) * BigInt(denominator) - BigInt(whole) * BigInt(numerator);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The budget of bad events that a percentile leaves: 95 → 0.05, without the rounding error of 1 − 0.95. */
export function budgetOf(percentile: number): number {
  const { numerator, denominator } = toFraction(percentile);
  return (100 * denominator - numerator) / (100 * denominator);
}

/** The share of bad events that a target for good ones leaves: `> 99%` → 0.01. */
export const badAllowed = ({ value }: { readonly value: number }) =>
  budgetOf(Number((value * 100).toPrecision(12)));

/**
 * The smallest number of requests that can prove, if none of them is bad, that the true bad share is below
 * `budget`: the smallest n with (1 − budget)^n ≤ 1 − confidence. At 95% confidence: 59 for a p95 and 299 for
 * a p99.
 */
export function minRequests(budget: number, confidence = 0.95): number {
  return Math.ceil(Math.log(1 - confidence) / Math.log(1 - budget));
}

/** The median; of an even number of values, the lower of the two in the middle. NaN if there are no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? Number.NaN : sorted[Math.floor((sorted.length - 1) / 2)]!;
}
