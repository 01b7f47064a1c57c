import type { Block } from '../statistics/design-effect.ts';

/**
 * The client's requests by the second in which they were sent, counted from the start of the load or of a
 * phase.
 */
export function slotsOf<T extends { readonly startSeconds: number }>(
  requests: readonly T[],
  isPart: (request: T) => boolean,
): readonly Block[] {
  const slots: { part: number; total: number }[] = [];
  for (const request of requests) {
    // Clocks have a resolution of a millisecond: the first request may seem to begin before its phase.
    const second = Math.max(0, Math.floor(request.startSeconds));
    while (slots.length <= second) slots.push({ part: 0, total: 0 });
    slots[second]!.total++;
    if (isPart(request)) slots[second]!.part++;
  }
  return slots;
}

/** How many events there were in each scheduled second of load; the last second may be partial. */
export function ratesBySecond(startSeconds: readonly number[], scheduledSeconds: number): readonly Block[] {
  const slots = Array.from({ length: Math.max(1, Math.ceil(scheduledSeconds)) }, (_, second) => ({
    part: 0,
    total: Math.min(1, scheduledSeconds - second),
  }));
  for (const start of startSeconds) slots[Math.min(slots.length - 1, Math.max(0, Math.floor(start)))]!.part++;
  return slots;
}
