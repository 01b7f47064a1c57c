import type { LabelMatcher } from './model.ts';

/**
 * Statuses of HTTP, as labels tell them: `503`, or its class, `5xx`. What can be known of a matcher without any series: that it
 * matches none of them, as `5x.`.
 */

/** `status`, `code`, `status_code`, `http_response_status_code`, … */
const STATUS_LABEL = /^(?:http_)?(?:response_)?(?:status|code|status_?code)$/i;
export const isStatusLabel = (label: string) => STATUS_LABEL.test(label);

/** How a label's values look, and all that look like it. */
interface Vocabulary {
  readonly looks: string;
  readonly isOf: (value: string) => boolean;
  readonly words: readonly string[];
}

const NUMBERS: Vocabulary = {
  looks: 'a number of three digits',
  isOf: (value) => /^\d{3}$/.test(value),
  words: Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, '0')),
};
const CLASSES: Vocabulary = {
  looks: 'a class of statuses',
  isOf: (value) => /^[1-5](xx|XX)$/.test(value),
  words: [1, 2, 3, 4, 5].flatMap((digit) => [`${digit}xx`, `${digit}XX`]),
};

/** Codes that are none of HTTP (gRPC has 0 to 16) are as good as these. */
const SMALL_NUMBERS = Array.from({ length: 17 }, (_, number) => String(number));

/** A regular expression of Prometheus (RE2), for the whole value; flags may lead it there, and not in JavaScript. */
export function wholly(pattern: string): RegExp {
  const [, flags = '', rest = ''] = /^(?:\(\?([imsU]+)\))?(.*)$/s.exec(pattern)!;
  return new RegExp(`^(?:${rest})$`, flags.replace('U', ''));
}

export const isMatched = (match: LabelMatcher, value: string) =>
  typeof match === 'string' ? match === value : wholly(match.matches).test(value);

export const textOf = (match: LabelMatcher) => (typeof match === 'string' ? match : match.matches);

/** How all of these values look, if a matcher matches nothing that looks so; null if it may match. */
export function foreignTo(match: LabelMatcher, values: readonly string[]): string | null {
  const own = [NUMBERS, CLASSES].find(({ isOf }) => values.length > 0 && values.every(isOf));
  return own === undefined || own.words.some((word) => isMatched(match, word)) ? null : own.looks;
}

/**
 * The part of a matcher of a status label that can match no status: the whole, or an alternative as `5x.` in `5x.|429`. null if
 * there is none, or if it is about words (`error`), of which nothing is known.
 */
export function deadStatus(match: LabelMatcher): string | null {
  if (typeof match === 'string') return isAlive(match, match) ? null : match;
  return alternativesOf(match.matches).find((part) => !isAlive(part, { matches: part })) ?? null;
}

function isAlive(text: string, match: LabelMatcher): boolean {
  // Flags and escapes as \d are no words; by an x nothing but a class is meant.
  const bare = text.replace(/^\(\?[imsU]+\)|\\[a-zA-Z]/g, '');
  if (text === '' || /[1-5](xx|XX)|[a-wyzA-WYZ]/.test(bare)) return true;
  return [...NUMBERS.words, ...SMALL_NUMBERS].some((word) => isMatched(match, word));
}

/** What stands between the `|` of a regular expression, inside groups that are all of it, too. */
function alternativesOf(pattern: string): readonly string[] {
  const parts = [''];
  let [depth, isInSet] = [0, false];
  for (const [token] of pattern.matchAll(/\\.|./gs)) {
    if (isInSet) isInSet = token !== ']';
    else if (token === '[') isInSet = true;
    else if (token === '(') depth++;
    else if (token === ')') depth--;
    if (token === '|' && depth === 0 && !isInSet) parts.push('');
    else parts.push(parts.pop()! + token);
  }
  if (parts.length > 1) return parts.flatMap(alternativesOf);
  const inner = /^\((?:\?:)?([^()]*)\)$/s.exec(pattern)?.[1];
  return inner === undefined ? parts : alternativesOf(inner);
}
