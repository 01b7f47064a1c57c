/**
 * The highest of these ascending rates that is met, by bisection; 0 if none is. A single measurement decides about each rate, so the result
 * may be off by a step or a few.
 */
export async function highestStep(
  steps: readonly number[],
  isMet: (ratePerSecond: number) => Promise<boolean>,
): Promise<number> {
  let [low, high] = [-1, steps.length];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await isMet(steps[middle]!)) low = middle;
    else high = middle;
  }
  return low === -1 ? 0 : steps[low]!;
}
