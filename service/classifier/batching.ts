import type { Job } from './pending-request.ts';

/** How many texts are inferred together, and how long the first may wait for the others. */
export interface Batching {
  /** With 1, each text is inferred alone. */
  readonly maxTexts: number;
  /** This wait applies only while other workers are busy; an idle service infers immediately. */
  readonly longestWaitMs: number;
}

export const aTextAtATime: Batching = { maxTexts: 1, longestWaitMs: 0 };

/**
 * Padding costs as much as text. Lengths in a batch may therefore differ at most by this share or this many
 * characters, whichever is more.
 */
const maxLengthDifference = 0.3;
const alwaysAlikeChars = 12;

/**
 * The positions of the texts to infer together, ascending. They always include the text that has waited longest, so that none
 * waits forever; the others are those closest to it in length.
 */
export function chooseSimilar(queue: readonly Job[], { maxTexts }: Batching): readonly number[] {
  const first = queue[0];
  if (first === undefined) return [];
  if (maxTexts === 1 || first.isSuspect) return [0];
  const chars = first.text.length;
  const bound = Math.max(alwaysAlikeChars, chars * maxLengthDifference);
  const alike = queue
    .map(({ text, isSuspect }, position) => ({ position, off: Math.abs(text.length - chars), isSuspect }))
    .filter(({ position, off, isSuspect }) => position === 0 || (off <= bound && !isSuspect));
  // The first text is always included. Sorting is stable, so of texts equally close in length, those that have waited
  // longest come first.
  const others = alike.slice(1).sort((a, b) => a.off - b.off);
  const chosen = [0, ...others.slice(0, maxTexts - 1).map(({ position }) => position)];
  return chosen.sort((a, b) => a - b);
}
