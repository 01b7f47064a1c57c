import { isClassLabel, isRpcLabel, isStatusLabel } from '../document/statuses.ts';
import { isBadWord, isGoodWord, isGrpcWord } from '../document/vocabularies.ts';
import type { LabelMatcher } from '../model/model.ts';
import type { Labels, Row } from './inventory.ts';

/** Finds the labels that say how a request ended and which route it had, and their notation. */

export type Notation = 'codes' | 'classes' | 'class-digits' | 'grpc' | 'grpc-numbers' | 'outcome' | 'words';

export interface StatusLabel {
  readonly label: string;
  readonly notation: Notation;
}

export const valuesOf = (rows: readonly Row[], label: string): readonly string[] => [
  ...new Set(rows.flatMap(({ labels }) => labels[label] ?? [])),
];

const labelsOf = (rows: readonly Row[]) => [...new Set(rows.flatMap(({ labels }) => Object.keys(labels)))];

/** The label with the most detailed notation; null if no label shows how a request ended. */
export function statusLabelOf(rows: readonly Row[]): StatusLabel | null {
  const found = labelsOf(rows).flatMap((label) => {
    const notation = notationOf(label, valuesOf(rows, label));
    return notation === null ? [] : [{ label, notation }];
  });
  return (
    found.toSorted((a, b) => ORDER.indexOf(a.notation) - ORDER.indexOf(b.notation))[0] ?? statusByValues(rows)
  );
}

/** Labels whose three-digit values are not statuses. */
const NO_STATUS = /port|shard|partition|size|zone|version|tenant|customer|user|id$|^le$/i;

/** A label with a custom name, whose values can only be status codes. */
function statusByValues(rows: readonly Row[]): StatusLabel | null {
  const label = labelsOf(rows).find(
    (name) => !NO_STATUS.test(name) && all(valuesOf(rows, name), /^[1-5]\d\d$/),
  );
  return label === undefined ? null : { label, notation: 'codes' };
}

const ORDER: readonly Notation[] = [
  'grpc',
  'grpc-numbers',
  'codes',
  'classes',
  'class-digits',
  'outcome',
  'words',
];

const all = (values: readonly string[], pattern: RegExp) =>
  values.length > 0 && values.every((value) => pattern.test(value));

function notationOf(label: string, values: readonly string[]): Notation | null {
  if (label === 'outcome' && all(values, /^(?:[A-Z]+_?)+$/)) return 'outcome';
  if (/^(?:outcome|result|success|is_?success)$/i.test(label))
    return values.some((value) => isGoodWord(label, value) || isBadWord(value)) ? 'words' : null;
  if (!isStatusLabel(label)) return null;
  if (isRpcLabel(label)) return all(values, /^\d{1,2}$/) ? 'grpc-numbers' : 'grpc';
  if (all(values, /^[1-5]$/) && isClassLabel(label)) return 'class-digits';
  if (all(values, /^(?:[1-5]xx|[a-z]+)$/i) && values.some((value) => /xx$/i.test(value))) return 'classes';
  if (values.some((value) => /^[1-5]\d\d$/.test(value)) || values.length === 0) return 'codes';
  if (values.some((value) => isGrpcWord(label, value))) return 'grpc';
  return values.some((value) => isGoodWord(label, value) || isBadWord(value)) ? 'words' : null;
}

/** Values by which the successful responses, and those that the service failed, are selected. */
export interface Outcomes {
  readonly good: LabelMatcher;
  readonly bad: LabelMatcher;
}

/** gRPC's codes for which the service is responsible, not the caller. */
const GRPC_FAILURES = [
  'Unknown',
  'DeadlineExceeded',
  'ResourceExhausted',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
];
const GRPC_NUMBERS = [2, 4, 8, 12, 13, 14, 15];

const screaming = (word: string) => word.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();

/** null if the words for failures are unknown, which is the case before the first failure. */
export function outcomesOf({ label, notation }: StatusLabel, rows: readonly Row[]): Outcomes | null {
  const values = valuesOf(rows, label);
  switch (notation) {
    case 'codes':
      return { good: { matches: '2..' }, bad: { matches: '5..|429' } };
    case 'classes':
      return values.some((value) => /XX$/.test(value))
        ? { good: '2XX', bad: '5XX' }
        : { good: '2xx', bad: '5xx' };
    case 'class-digits':
      return { good: '2', bad: '5' };
    case 'grpc': {
      const isScreaming = values.some((value) => /^[A-Z]+_[A-Z_]+$/.test(value));
      const words = isScreaming ? GRPC_FAILURES.map(screaming) : GRPC_FAILURES;
      return { good: 'OK', bad: { matches: words.join('|') } };
    }
    case 'grpc-numbers':
      return { good: '0', bad: { matches: GRPC_NUMBERS.join('|') } };
    case 'outcome':
      return { good: 'SUCCESS', bad: 'SERVER_ERROR' };
    case 'words':
      return wordsOf(label, values);
    default:
      return notation satisfies never;
  }
}

function wordsOf(label: string, values: readonly string[]): Outcomes | null {
  const good = values.find((value) => isGoodWord(label, value));
  const bad = values.filter(isBadWord);
  if (good !== undefined && /^true$/i.test(good))
    return { good, bad: good === 'true' ? 'false' : good === 'True' ? 'False' : 'FALSE' };
  return good === undefined || bad.length === 0
    ? null
    : { good, bad: bad.length === 1 ? bad[0]! : { matches: bad.join('|') } };
}

/** Whether the status of a row is a success. */
export function isSuccess({ label, notation }: StatusLabel, labels: Labels): boolean {
  const value = labels[label] ?? '';
  return notation === 'codes' || notation === 'classes' || notation === 'class-digits'
    ? value.startsWith('2')
    : isGoodWord(label, value) || /^(?:OK|0|SUCCESS)$/.test(value);
}

/** In the order in which they are preferred: a route has few values, a path may have many. */
const ROUTE_LABELS = [
  'http_route',
  'route',
  'handler',
  'uri',
  'path',
  'endpoint',
  'url',
  'view',
  'controller',
];
const RPC_ROUTES = ['grpc_method', 'rpc_method'];

export const routeLabelOf = (rows: readonly Row[]): string | null =>
  knownLabel(rows, [...ROUTE_LABELS, ...RPC_ROUTES]) ?? labelByValues(rows, /^\//);

const knownLabel = (rows: readonly Row[], names: readonly string[]) => {
  const labels = labelsOf(rows);
  return names.find((label) => labels.includes(label));
};

/** A label with a custom name, recognised by its values. */
const labelByValues = (rows: readonly Row[], pattern: RegExp) =>
  labelsOf(rows).find((label) => all(valuesOf(rows, label), pattern)) ?? null;

const METHOD_LABELS = ['http_request_method', 'method', 'http_method', 'request_method', 'verb'];
const METHODS = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/;
export const methodLabelOf = (rows: readonly Row[]): string | null =>
  knownLabel(rows, METHOD_LABELS) ?? labelByValues(rows, METHODS);

/** Routes that users do not request. */
export const isOwnRoute = (route: string) =>
  /metrics|prometheus|health|ready|live|favicon|actuator|\/docs|openapi|swagger|^\*|^UNKNOWN$|^root$|unmatched|not_found|^other$|^none$|^$/i.test(
    route,
  );
