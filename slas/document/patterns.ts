import type { LabelMatcher } from '../model/model.ts';

/**
 * Label matchers as Prometheus interprets them: an exact text, or a regular expression (RE2) for the whole
 * value.
 */

/** An RE2 pattern may start with flags such as `(?i)`; JavaScript takes them separately. */
function flagsOf(pattern: string): { readonly flags: string; readonly rest: string } {
  const [, flags = '', rest = ''] = /^(?:\(\?([imsU]+)\))?(.*)$/s.exec(pattern)!;
  return { flags, rest };
}

/** A Prometheus regular expression, which matches the whole value. */
export function wholly(pattern: string): RegExp {
  const { flags, rest } = flagsOf(pattern);
  return new RegExp(`^(?:${rest})$`, flags.replace('U', ''));
}

/** Compiles a matcher once; the result is called for each value. */
export function matcherOf(match: LabelMatcher): (value: string) => boolean {
  if (typeof match === 'string') return (value) => value === match;
  const literal = /^[\w-]*$/.test(match.matches);
  if (literal) return (value) => value === match.matches;
  const pattern = wholly(match.matches);
  return (value) => pattern.test(value);
}

export const isMatched = (match: LabelMatcher, value: string) => matcherOf(match)(value);

export const textOf = (match: LabelMatcher) => (typeof match === 'string' ? match : match.matches);

/** Each alternative of a matcher as a separate matcher: `5..|429` has two. Flags apply to all of them. */
export function alternativesOf(match: LabelMatcher): readonly LabelMatcher[] {
  if (typeof match === 'string') return [match];
  const { flags, rest } = flagsOf(match.matches);
  const lead = flags === '' ? '' : `(?${flags})`;
  return [...new Set(partsOf(rest))].map((part) => ({ matches: lead + part }));
}

/**
 * The alternatives between the `|` of a regular expression, including those in groups that enclose the whole
 * expression.
 */
function partsOf(pattern: string): readonly string[] {
  const parts = split(pattern);
  if (parts.length > 1) return parts.flatMap(partsOf);
  const inner = ungrouped(pattern);
  return inner === null ? parts : partsOf(inner);
}

function split(pattern: string): readonly string[] {
  const parts: string[] = [];
  let [depth, isInSet, from, at] = [0, false, 0, 0];
  for (const [token] of pattern.matchAll(/\\.|./gs)) {
    if (isInSet) isInSet = token !== ']';
    else if (token === '[') isInSet = true;
    else if (token === '(') depth++;
    else if (token === ')') depth--;
    else if (token === '|' && depth === 0) {
      parts.push(pattern.slice(from, at));
      from = at + 1;
    }
    at += token.length;
  }
  return [...parts, pattern.slice(from)];
}

/** The pattern without anchors or a group that encloses it; null if there are none. */
function ungrouped(pattern: string): string | null {
  const anchored = /^\^(.*)\$$|^\^(.*)$|^(.*[^\\])\$$/s.exec(pattern);
  if (anchored !== null) return anchored[1] ?? anchored[2] ?? anchored[3]!;
  const inner = /^\((?:\?:)?(?!\?)(.*)\)$/s.exec(pattern)?.[1];
  return inner !== undefined && isBalanced(inner) ? inner : null;
}

/** `a)(b` is not the content of one group. */
function isBalanced(text: string): boolean {
  let [depth, isInSet] = [0, false];
  for (const [token] of text.matchAll(/\\.|./gs)) {
    if (isInSet) isInSet = token !== ']';
    else if (token === '[') isInSet = true;
    else if (token === '(') depth++;
    else if (token === ')' && --depth < 0) return false;
  }
  return depth === 0;
}
