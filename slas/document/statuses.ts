import type { LabelMatcher } from '../model/model.ts';
import { alternativesOf, matcherOf, wholly } from './patterns.ts';

/**
 * Everything about HTTP statuses in labels. They are written as codes (`503`), as classes (`5xx`, or `5`
 * under a label such as `response_code_class`), or as words (Micrometer's `outcome`). Wherever statuses are
 * compared, a class stands for all of its codes: with the client's responses, in budgets, in preconditions.
 */

/** Possible prefixes of the name; an exit code or the status of an order is not an HTTP status. */
const OWNER =
  '(?:http|https|grpc|rpc|server|client|response|request|envoy|istio|upstream|downstream|backend|origin|target|api|elb|alb|lb)_?';
const STATUS_LABEL = new RegExp(
  `^(?:${OWNER})*(?:status|code|status_?code)(?:_?(?:class|group|family))?$`,
  'i',
);
const CLASS_LABEL = /(?:class|group|family)$/i;
const RPC_LABEL = /grpc|rpc/i;

/** Names of status labels: `status`, `code`, `status_code`, `http_response_status_code`, `response_code_class`, … */
export const isStatusLabel = (label: string) => STATUS_LABEL.test(label);
/** gRPC labels, whose codes are words or 0 to 16. */
export const isRpcLabel = (label: string) => RPC_LABEL.test(label);
/** Labels that hold status classes, by name. */
export const isClassLabel = (label: string) => isStatusLabel(label) && CLASS_LABEL.test(label);
/** A label that may hold the status of a response. */
export const mayHoldStatus = (label: string) => isStatusLabel(label) || /^outcome$/i.test(label);

/**
 * Whether a matcher names codes, regardless of its label's name: `5..|429` does, `.+` and `timeout` do not.
 */
export const asksForCodes = (match: LabelMatcher) =>
  alternativesOf(match).some((part) => {
    const is = matcherOf(part);
    return CODES.some(is) && !NO_CODES.some(is);
  });
/** Texts that are not codes: a pattern that matches one of these matches anything, or any three letters. */
const NO_CODES = ['zzz', 'zzzzz', '0', '1000'];

const DIGITS = [1, 2, 3, 4, 5] as const;
type Digit = (typeof DIGITS)[number];

/** 100 to 599, as labels have them. */
export const CODES: readonly string[] = Array.from({ length: 500 }, (_, index) => String(index + 100));
const codesIn = (digit: number) => CODES.slice(100 * (digit - 1), 100 * digit);

/** Micrometer's words for classes. */
const OUTCOMES: readonly (readonly [word: string, digit: Digit])[] = [
  ['INFORMATIONAL', 1],
  ['SUCCESS', 2],
  ['REDIRECTION', 3],
  ['CLIENT_ERROR', 4],
  ['SERVER_ERROR', 5],
];
const spellings = (digit: number) => [
  `${digit}xx`,
  `${digit}XX`,
  ...OUTCOMES.flatMap(([word, own]) => (own === digit ? [word, word.toLowerCase()] : [])),
];

/**
 * gRPC's codes 1 to 5 look like classes. They are treated as classes only if all values of the label look
 * like classes and the label is not a gRPC label.
 */
const areDigitsClasses = (label: string, values: readonly string[]) =>
  isClassLabel(label) ||
  (!isRpcLabel(label) && values.length > 0 && values.every((one) => /^[1-5]$/.test(one)));

/**
 * The codes that a label's value stands for, given all values of the label; null if it is not an HTTP status.
 */
export function codesOf(label: string, value: string, values: readonly string[]): readonly string[] | null {
  if (/^[1-5]\d\d$/.test(value)) return [value];
  const [, digit] = /^([1-5])xx$/i.exec(value) ?? [];
  if (digit !== undefined) return codesIn(Number(digit));
  if (/^[1-5]$/.test(value)) return areDigitsClasses(label, values) ? codesIn(Number(value)) : null;
  const outcome = OUTCOMES.find(([word]) => word === value.toUpperCase());
  return outcome === undefined ? null : codesIn(outcome[1]);
}

/** The codes that a matcher selects: those that it matches, and all codes of the classes that it names. */
export function claimedCodes(label: string, match: LabelMatcher): ReadonlySet<string> {
  const hasDigits = claimsDigits(label, match);
  return new Set(
    alternativesOf(match).flatMap((part) => {
      const is = matcherOf(part);
      return DIGITS.flatMap((digit) => {
        const own = codesIn(digit).filter(is);
        // `5[0-4].` happens to match `5xx`. If a pattern matches codes, its author meant codes.
        if (own.length > 0) return own;
        const names = hasDigits ? [...spellings(digit), String(digit)] : spellings(digit);
        return names.some(is) ? codesIn(digit) : [];
      });
    }),
  );
}

/** Whether a matcher's single digits are classes: `5` is a class under `response_code_class`, but `5|13` are gRPC codes. */
function claimsDigits(label: string, match: LabelMatcher): boolean {
  if (isClassLabel(label)) return true;
  if (!isStatusLabel(label) || isRpcLabel(label)) return false;
  const is = matcherOf(match);
  return !SMALL_NUMBERS.some((number) => !/^[1-5]$/.test(number) && is(number));
}

/** gRPC's codes, 0 to 16, which are not HTTP codes. */
export const SMALL_NUMBERS = Array.from({ length: 17 }, (_, number) => String(number));

/**
 * The client's responses that match a selection, as a regular expression for the whole status code. null if the selection has no status, or
 * only words that are not HTTP statuses.
 */
export function statusPattern(where: Readonly<Record<string, LabelMatcher>>): string | null {
  const asked = Object.entries(where).filter(([label]) => mayHoldStatus(label));
  const claims = asked.map(([label, match]) => claimedCodes(label, match)).filter(({ size }) => size > 0);
  if (claims.length === 0) return null;
  const common = CODES.filter((code) => claims.every((one) => one.has(code)));
  const text = asked.map(([, match]) => (typeof match === 'string' ? match : match.matches))[0]!;
  return isNamedBy(text, common) ? text : patternOf(common);
}

/** The document's own pattern is kept if it is equivalent and uses no flags that JavaScript does not support. */
function isNamedBy(pattern: string, codes: readonly string[]): boolean {
  if (pattern.startsWith('(?')) return false;
  const is = matcherOf({ matches: pattern });
  return CODES.filter(is).length === codes.length && codes.every(is);
}

function patternOf(codes: readonly string[]): string {
  const parts = DIGITS.flatMap((digit) => {
    const own = codes.filter((code) => code.startsWith(String(digit)));
    return own.length === 100 ? [`${digit}..`] : own;
  });
  return parts.length === 0 ? 'none' : parts.join('|');
}

/** Whether a stored pattern matches a code. Plans of earlier versions contain classes (`5xx`) as the document wrote them. */
export function claimsCode(pattern: string): (code: string) => boolean {
  const is = wholly(pattern);
  const whole = DIGITS.filter(
    (digit) =>
      !codesIn(digit).some((code) => is.test(code)) &&
      [`${digit}xx`, `${digit}XX`].some((one) => is.test(one)),
  );
  return (code) => is.test(code) || whole.some((digit) => code.startsWith(String(digit)));
}
