/** Where a monotonic condition changes. */

/** The smallest integer for which the condition holds, or `end`: by doubling, then bisection. */
export function firstWhole(end: number, isTrue: (value: number) => boolean): number {
  if (isTrue(0)) return 0;
  let [low, high] = [0, 1];
  while (high < end && !isTrue(high)) [low, high] = [high, high * 2];
  high = Math.min(high, end);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isTrue(middle)) high = middle;
    else low = middle;
  }
  return high;
}

const HALVINGS = 60;

/** The value between `low` and `high` below which the condition holds, to the precision of the numbers. */
export function crossing(low: number, high: number, isBelow: (value: number) => boolean): number {
  let [from, to] = [low, high];
  for (let step = 0; step < HALVINGS; step++) {
    const middle = (from + to) / 2;
    if (isBelow(middle)) from = middle;
    else to = middle;
  }
  return (from + to) / 2;
}
