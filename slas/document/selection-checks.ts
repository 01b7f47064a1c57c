import type { LabelMatcher, Problem } from '../model/model.ts';
import { type DeadStatus, deadStatusOf } from './dead-statuses.ts';
import { checkIsCounter } from './metrics.ts';
import { problem } from './problems.ts';
import type { RawCounter, RawDocument } from './schema.ts';
import { isStatusLabel } from './statuses.ts';

/** Checks of a metric and the labels that select its series. */

const METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

export const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

export function checkSelection(
  metric: string,
  where: RawCounter['where'],
  path: string,
  key: string,
  raw: RawDocument,
): Problem[] {
  const problems = METRIC.test(metric)
    ? []
    : [problem('bad-metric', `${path}.${key}`, `"${metric}" is not a valid metric name`)];
  for (const [label, match] of Object.entries(where ?? {})) {
    const at = `${path}.where.${label}`;
    if (!LABEL.test(label) || label === '__name__')
      problems.push(problem('bad-label', at, `"${label}" is not a valid label name`));
    if (Object.hasOwn(raw.service.selector, label))
      problems.push(problem('bad-label', at, `"${label}" is already set by service.selector`));
    const unreadable = typeof match === 'object' ? checkRegex(match.matches, at) : [];
    problems.push(
      ...unreadable,
      ...(unreadable.length === 0
        ? checkStatus(label, typeof match === 'number' ? String(match) : match, at)
        : []),
    );
  }
  return problems;
}

/** The maximum length of a pattern. Longer patterns do not fit into a query URL and take long to check. */
const MAX_PATTERN_LENGTH = 4096;

/** Prometheus uses RE2, which has no look-around and no back-references; JavaScript can parse the rest of its syntax. */
function checkRegex(pattern: string, path: string): Problem[] {
  if (pattern.length > MAX_PATTERN_LENGTH)
    return [
      problem(
        'bad-regex',
        path,
        `a regular expression of ${pattern.length.toLocaleString('en-US')} characters is too long: at most ${MAX_PATTERN_LENGTH.toLocaleString('en-US')} are allowed; write a shorter one, or select by another label`,
      ),
    ];
  const foreign = /\(\?[=!<]|\\[1-9]/.exec(pattern);
  if (foreign)
    return [
      problem(
        'bad-regex',
        path,
        `"${pattern}" uses ${foreign[0]}, which Prometheus's regular expressions (RE2) do not support: rewrite it without that`,
      ),
    ];
  try {
    // RE2 allows flags at the start of a pattern; JavaScript does not.
    new RegExp(pattern.replace(/^\(\?[imsU]+\)/, ''));
    return [];
  } catch (error) {
    return [
      problem(
        'bad-regex',
        path,
        `"${pattern}" is not a valid regular expression: ${(error as Error).message}`,
      ),
    ];
  }
}

/** A status that no response has selects nothing, and `absent: zero` would count that as 0 errors. */
function checkStatus(label: string, match: LabelMatcher, path: string): Problem[] {
  const dead = isStatusLabel(label) ? deadStatusOf(label, match) : null;
  if (dead === null) return [];
  const isPattern = typeof match === 'string' && deadStatusOf(label, { matches: match }) === null;
  const next = isPattern
    ? `for a regular expression write ${label}: { matches: "${match}" }`
    : NEXT[dead.why];
  return [problem('no-status', path, `"${dead.part}" ${WHY_DEAD[dead.why]}: ${next}`)];
}

const WHY_DEAD: Readonly<Record<DeadStatus['why'], string>> = {
  none: 'matches no status, so it never selects anything',
  unknown: 'matches only codes that are not registered statuses and that no common server or proxy sends',
  code: 'is a status code, but the label holds status classes',
};

const NEXT: Readonly<Record<DeadStatus['why'], string>> = {
  none: 'statuses have three digits, 100 to 599: "5.." matches all from 500 to 599',
  unknown: 'write the status that the service sends, or its whole class, for example "5.."',
  code: 'write the class, for example "5.."',
};

export const checkCounter = (raw: RawCounter, path: string, document: RawDocument) => [
  ...checkSelection(raw.counter, raw.where, path, 'counter', document),
  ...checkIsCounter(raw, path),
];

/** Only the bad counter may be absent: a missing total or throughput is unknown, not 0. */
export const checkTotal = (raw: RawCounter, path: string, document: RawDocument) => [
  ...checkCounter(raw, path, document),
  ...(raw.absent === undefined
    ? []
    : [
        problem(
          'bad-absent',
          `${path}.absent`,
          'absent: zero is allowed for ratio.bad only: without this counter nothing is known',
        ),
      ]),
];
