/** Periods in which requests do not count as traffic, because a load test sent them. */

export interface Period {
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** The same periods in order, without overlaps. */
export function merged(periods: readonly Period[]): readonly Period[] {
  const result: Period[] = [];
  for (const one of periods.toSorted((a, b) => a.fromSeconds - b.fromSeconds)) {
    const last = result.at(-1);
    if (last === undefined || one.fromSeconds > last.toSeconds) result.push(one);
    else result[result.length - 1] = { ...last, toSeconds: Math.max(last.toSeconds, one.toSeconds) };
  }
  return result;
}

/** @param sorted from {@link merged} */
export function overlaps(sorted: readonly Period[], fromSeconds: number, toSeconds: number): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]!.toSeconds > fromSeconds) high = middle;
    else low = middle + 1;
  }
  return low < sorted.length && sorted[low]!.fromSeconds < toSeconds;
}
