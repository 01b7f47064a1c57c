import { alternativesOf, matcherOf, textOf } from '../../document/patterns.ts';
import { isErrorLabel, NO_ERROR_WORDS } from '../../document/vocabularies.ts';
import type { LabelMatcher, Selected } from '../../model/model.ts';
import { distinguishingLabels, type Matcher, type Matchers, selector } from '../../prometheus/promql.ts';

/**
 * `exception=~".+"` also matches Micrometer's `exception="None"`, which means that there was no exception. As in the gate
 * (slas/measures/none-words.ts), such events are errors only if the document names the word itself, or if their status is a
 * server error.
 */
export function errorSelectors(bad: Selected, total: Selected): readonly string[] {
  const labels = distinguishingLabels(bad, total).filter((label) => mayMatchNone(label, bad.where[label]!));
  if (labels.length === 0) return [selector(bad.metric, bad.where)];
  const errors = labels.reduce<readonly Matchers[]>(
    (all, label) => all.flatMap((where) => errorsBy(label, where)),
    [bad.where],
  );
  const handled = STATUS_LABELS.map((label) => narrowed(bad.where, label, { matches: SERVER_ERROR }));
  // The union of these selectors contains each series once.
  return [...errors, ...handled].map((where) => selector(bad.metric, where));
}

/** PromQL cannot match a label by a pattern for its name, so the names that clients use are listed. */
const STATUS_LABELS = [
  'status',
  'code',
  'status_code',
  'http_response_status_code',
  'response_code',
  'outcome',
];
const SERVER_ERROR = '(?i:5([0-9][0-9]|xx)?|SERVER_ERROR)';
const NONE = `(?i:${NO_ERROR_WORDS})`;

/** Spellings that clients use, to find out whether a pattern matches any of them. */
const SPELLINGS = [
  ...['false', 'no', 'none', 'nil', 'null', 'undefined', 'n/a', 'no_error', 'no_exception', 'noerror'],
  ...[
    'False',
    'No',
    'None',
    'Nil',
    'Null',
    'NoError',
    'NoException',
    'NONE',
    'NULL',
    'N/A',
    'NO_ERROR',
    '0',
    '-',
  ],
];

const isNamed = (match: LabelMatcher, word: string) =>
  alternativesOf(match).some((part) => textOf(part) === word);

const mayMatchNone = (label: string, match: LabelMatcher) =>
  isErrorLabel(label) && SPELLINGS.filter(matcherOf(match)).some((word) => !isNamed(match, word));

/** Everything but the words for none, and each such word that the document names. */
function errorsBy(label: string, where: Matchers): readonly Matchers[] {
  const named = SPELLINGS.filter((word) => isNamed(where[label] as LabelMatcher, word));
  return [narrowed(where, label, { excludes: NONE }), ...named.map((word) => narrowed(where, label, word))];
}

const narrowed = (where: Matchers, label: string, match: Matcher): Matchers => ({
  ...where,
  [label]: [where[label] ?? [], match].flat(),
});
