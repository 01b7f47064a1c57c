import type { Block } from '../statistics/design-effect.ts';

/**
 * The client's requests by the second in which they were sent, counted from the start of the load or of a phase. `isPart` gets a
 * request's position.
 */
export function slotsOf(
  startSeconds: ArrayLike<number>,
  isPart: (index: number) => boolean,
): readonly Block[] {
  const slots: { part: number; total: number }[] = [];
  for (let index = 0; index < startSeconds.length; index++) {
    // Clocks have a resolution of a millisecond: the first request may seem to begin before its phase.
    const second = Math.max(0, Math.floor(startSeconds[index]!));
    while (slots.length <= second) slots.push({ part: 0, total: 0 });
    slots[second]!.total++;
    if (isPart(index)) slots[second]!.part++;
  }
  return slots;
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
