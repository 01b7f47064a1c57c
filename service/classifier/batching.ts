import type { Job } from './pending-request.ts';

/** How many texts are inferred in one go, and how long the first of them may wait for the others. */
export interface Batching {
  /** 1: a text at a time. */
  readonly mostTexts: number;
  /** Only while other workers are busy: an idle service answers at once. */
  readonly longestWaitMs: number;
}

export const aTextAtATime: Batching = { mostTexts: 1, longestWaitMs: 0 };

/** Padding costs as much as text: neighbours may be longer or shorter by this part, or by so many characters. */
const mostUnlike = 0.3;
const alwaysAlikeChars = 12;

/**
 * The positions of the texts to infer together, ascending. The text that has waited longest is always among them, so that none
 * is passed over for ever; the others are those most like it in length.
 */
export function chooseAlike(queue: readonly Job[], { mostTexts }: Batching): readonly number[] {
  const first = queue[0];
  if (first === undefined) return [];
  if (mostTexts === 1 || first.isSuspect) return [0];
  const chars = first.text.length;
  const bound = Math.max(alwaysAlikeChars, chars * mostUnlike);
  const alike = queue
    .map(({ text, isSuspect }, position) => ({ position, off: Math.abs(text.length - chars), isSuspect }))
    .filter(({ position, off, isSuspect }) => position === 0 || (off <= bound && !isSuspect));
  // The first is in by its own right; sorting is stable, so among equals the longest waiting come first.
  const others = alike.slice(1).sort((a, b) => a.off - b.off);
  const chosen = [0, ...others.slice(0, mostTexts - 1).map(({ position }) => position)];
  return chosen.sort((a, b) => a - b);
}
