/** The median; with an even number of values, the mean of the two in the middle. NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = sorted.length / 2;
  return Number.isInteger(at) ? (sorted[at - 1]! + sorted[at]!) / 2 : sorted[Math.floor(at)]!;
}

/** The smallest value that at least `percent` of the values do not exceed. NaN without values. */
export function percentile(values: ArrayLike<number>, percent: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** One figure divided by another of the same round, so that anything that slows down both cancels out. */
export function ratios(over: readonly number[], under: readonly number[]): readonly number[] {
  return over.map((value, round) => value / under[round]!);
}

const minConfidence = 0.9;

/**
 * Bounds on the median of the distribution of the values: the k-th smallest and the k-th largest value. Their
 * confidence is at least 90% for any distribution. null with fewer than 5 values, which are too few.
 */
export function medianBounds(values: readonly number[]): readonly [number, number] | null {
  const sorted = values.toSorted((a, b) => a - b);
  const size = sorted.length;
  // Each value lies below the median with a probability of 1/2, as in a coin toss. `tail` is the probability that
  // fewer than k values do.
  let ways = 1;
  let tail = 0;
  let k = 0;
  while (2 * (tail + ways * 0.5 ** size) <= 1 - minConfidence) {
    tail += ways * 0.5 ** size;
    ways *= (size - k) / (k + 1);
    k += 1;
  }
  return k === 0 ? null : [sorted[k - 1]!, sorted[size - k]!];
}
