import type { Block } from '../statistics/design-effect.ts';

/**
 * For each limit, the client's requests by the second in which they were sent, and how many of these have a value over the limit. Seconds
 * are counted from the start of the load or of a phase. All limits are counted in one pass, because there may be millions of requests.
 */
export function slotsOf(
  count: number,
  startAt: (index: number) => number,
  valueAt: (index: number) => number,
  limits: readonly number[],
): readonly (readonly Block[])[] {
  const totals: number[] = [];
  const parts = limits.map((): number[] => []);
  for (let index = 0; index < count; index++) {
    // Clocks have a resolution of a millisecond: the first request may seem to begin before its phase.
    const second = Math.max(0, Math.floor(startAt(index)));
    const value = valueAt(index);
    while (totals.length <= second) {
      totals.push(0);
      for (const part of parts) part.push(0);
    }
    totals[second]!++;
    for (let at = 0; at < limits.length; at++) if (value > limits[at]!) parts[at]![second]!++;
  }
  return parts.map((part) => totals.map((total, second) => ({ part: part[second]!, total })));
}

/** How many events there were in each scheduled second of load; the last second may be partial. */
export function ratesBySecond(startSeconds: Iterable<number>, scheduledSeconds: number): readonly Block[] {
  const slots = Array.from({ length: Math.max(1, Math.ceil(scheduledSeconds)) }, (_, second) => ({
    part: 0,
    total: Math.min(1, scheduledSeconds - second),
  }));
  for (const start of startSeconds) slots[Math.min(slots.length - 1, Math.max(0, Math.floor(start)))]!.part++;
  return slots;
}
