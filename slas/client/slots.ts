import type { Block } from '../statistics/design-effect.ts';

/** The client's requests by the second in which they were sent, counted from the beginning of the load or of a phase. */
export function slotsOf<T extends { readonly startSeconds: number }>(
  requests: readonly T[],
  isPart: (request: T) => boolean,
): readonly Block[] {
  const slots: { part: number; total: number }[] = [];
  for (const request of requests) {
    // Clocks are read to the millisecond: the first request may seem to begin before its phase.
    const second = Math.max(0, Math.floor(request.startSeconds));
    while (slots.length <= second) slots.push({ part: 0, total: 0 });
    slots[second]!.total++;
    if (isPart(request)) slots[second]!.part++;
  }
  return slots;
}

/** How many of some events there were in each second in which load was scheduled; the last one may be a part of one. */
export function ratesBySecond(startSeconds: readonly number[], scheduledSeconds: number): readonly Block[] {
  const slots = Array.from({ length: Math.max(1, Math.ceil(scheduledSeconds)) }, (_, second) => ({
    part: 0,
    total: Math.min(1, scheduledSeconds - second),
  }));
  for (const start of startSeconds) slots[Math.min(slots.length - 1, Math.max(0, Math.floor(start)))]!.part++;
  return slots;
}
