import type { LabelMatcher } from '../model/model.ts';
import { alternativesOf, matcherOf, textOf } from './patterns.ts';
import { CODES, isClassLabel, SMALL_NUMBERS } from './statuses.ts';

/**
 * Checks a status matcher without any series. It may have a part that matches no status (`5x.` in
 * `5x.|429`), or only codes that no server sends (`599`).
 */

/** Registered codes, and those that widely used servers and proxies send. */
const KNOWN = new Set(
  [
    ...[100, 101, 102, 103, 104, 110, 111, 112, 113, 199],
    ...[200, 201, 202, 203, 204, 205, 206, 207, 208, 214, 218, 226, 299],
    ...[300, 301, 302, 303, 304, 305, 306, 307, 308],
    ...Array.from({ length: 32 }, (_, index) => 400 + index),
    ...[440, 444, 449, 450, 451, 460, 463, 464, 494, 495, 496, 497, 498, 499],
    ...Array.from({ length: 12 }, (_, index) => 500 + index),
    ...[520, 521, 522, 523, 524, 525, 526, 527, 529, 530, 540, 561],
  ].map(String),
);

const CLASSES = [1, 2, 3, 4, 5].flatMap((digit) => [`${digit}xx`, `${digit}XX`]);
const CLASS_DIGITS = ['1', '2', '3', '4', '5'];

export interface DeadStatus {
  /** The alternative as the document has it. */
  readonly part: string;
  /**
   * `none`: it matches no status. `unknown`: it matches only codes that no server sends. `code`: a code under
   * a label that holds classes.
   */
  readonly why: 'none' | 'unknown' | 'code';
}

/**
 * The first part of a matcher that can match no status; null if there is none. Nothing is known about words,
 * so they pass.
 */
export function deadStatusOf(label: string, match: LabelMatcher): DeadStatus | null {
  for (const part of alternativesOf(match)) {
    const why = whyDead(label, part);
    if (why !== null) return { part: textOf(part), why };
  }
  return null;
}

function whyDead(label: string, match: LabelMatcher): DeadStatus['why'] | null {
  const text = textOf(match);
  const is = matcherOf(match);
  if (text === '' || isWord(text)) return null;
  // `5x.` happens to match 5xx, but its author meant codes.
  if (CLASSES.some(is) && (isClassLabel(label) || /xx|x[{+*]|\[x{2}\]/i.test(text))) return null;
  if (isClassLabel(label)) return CLASS_DIGITS.some(is) ? null : CODES.some(is) ? 'code' : 'none';
  const codes = CODES.filter(is);
  if (codes.some((code) => KNOWN.has(code))) return null;
  // `5*` matches 5 and 555, but no existing code.
  if (codes.length > 0) return 'unknown';
  return SMALL_NUMBERS.some(is) ? null : 'none';
}

/** Whether a pattern contains a word. Flags and escapes such as \d are not words, and an x always stands for a class. */
const isWord = (text: string) => /[a-wyzA-WYZ]/.test(text.replace(/^\(\?[imsU]+\)|\\[a-zA-Z]/g, ''));
