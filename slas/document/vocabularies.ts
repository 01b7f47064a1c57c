import type { LabelMatcher } from '../model/model.ts';
import type { Notation } from '../model/reasons-measures.ts';
import { alternativesOf, matcherOf, textOf } from './patterns.ts';
import { asksForCodes, CODES, isRpcLabel, isStatusLabel, mayHoldStatus } from './statuses.ts';

/** How services spell the outcome of a request, and whether a matcher uses the service's spelling. */

const GRPC: readonly (readonly string[])[] = [
  ['OK'],
  ['Canceled', 'Cancelled'],
  ['Unknown'],
  ['InvalidArgument'],
  ['DeadlineExceeded'],
  ['NotFound'],
  ['AlreadyExists'],
  ['PermissionDenied'],
  ['ResourceExhausted'],
  ['FailedPrecondition'],
  ['Aborted'],
  ['OutOfRange'],
  ['Unimplemented'],
  ['Internal'],
  ['Unavailable'],
  ['DataLoss'],
  ['Unauthenticated'],
];
const GRPC_WORDS = GRPC.flat();

const snake = (word: string) => word.replace(/([a-z\d])([A-Z])/g, '$1_$2');
const screaming = (word: string) => snake(word).toUpperCase();
const lowerSnake = (word: string) => snake(word).toLowerCase();
const bare = (word: string) => word.toLowerCase().replace(/[^a-z\d]/g, '');

/** The gRPC code that a value names, in any spelling; undefined if it names none. */
const grpcCodeOf = (label: string, value: string, isRpc = isRpcLabel(label)): number | undefined => {
  if (isRpc && /^\d{1,2}$/.test(value)) return Number(value) < GRPC.length ? Number(value) : undefined;
  const at = GRPC.findIndex((words) => words.some((word) => bare(word) === bare(value)));
  return at === -1 ? undefined : at;
};

export const isGrpcWord = (label: string, value: string) => grpcCodeOf(label, value) !== undefined;
/** Whether a matcher names any gRPC code, in any spelling. */
export const claimsGrpc = (match: LabelMatcher) => {
  const is = matcherOf(match);
  return GRPC_WORDS.some((word) => [word, screaming(word), lowerSnake(word)].some(is));
};

const YES = ['true', 'yes', 't', 'y', 'on'];
const NO = ['false', 'no', 'f', 'n', 'off'];

/** A spelling-independent form of a word: case, separators, gRPC's numbers, `1` for `true`. */
export function spellingsOf(label: string, value: string): readonly string[] {
  // A service may use numbers under a label that is just called `code`, where the document has gRPC's words.
  const code = grpcCodeOf(label, value, isRpcLabel(label) || isStatusLabel(label));
  const words =
    code === undefined
      ? [value, ...booleansLike(label, value), ...edgesLike(label, value)]
      : [...GRPC[code]!, String(code)];
  const parts = words.map((word) =>
    snake(word)
      .split(/[^A-Za-z\d]+/)
      .filter((part) => part !== ''),
  );
  const capital = (part: string) => part.slice(0, 1).toUpperCase() + part.slice(1).toLowerCase();
  return [
    ...new Set([
      ...words,
      ...parts.flatMap((own) =>
        ['_', '-', ' ', ''].flatMap((separator) => {
          const joined = own.join(separator);
          return [
            joined.toLowerCase(),
            joined.toUpperCase(),
            own.map(capital).join(separator),
            capital(joined),
          ];
        }),
      ),
    ]),
  ];
}

/** `1.0` and `1`: clients write a bucket edge in either way. */
const edgesLike = (label: string, value: string): readonly string[] =>
  label === 'le' && /^\d+(?:\.\d+)?$/.test(value) ? [String(Number(value)), Number(value).toFixed(1)] : [];

function booleansLike(label: string, value: string): readonly string[] {
  if (isStatusLabel(label)) return [];
  const word = value.toLowerCase();
  if (YES.includes(word) || value === '1') return [...YES, '1'];
  return NO.includes(word) || value === '0' ? [...NO, '0'] : [];
}

const GOOD = /^(?:ok|okay|success|succeeded|successful|good|passed)$/i;
const BAD =
  /^(?:fail|failed|failure|failing|error|errored|errors|err|ko|nok|not_?ok|unsuccessful|crash|crashed|fatal|panic)$/i;
/** Whether a value on its own says that a request failed. */
export const isBadWord = (value: string) => BAD.test(value);
const NO_ERROR = /^(?:false|no|none|nil|null|0|ok|success|-)$/i;
/** Words for "no error", as a case-insensitive regular expression for both Prometheus and JavaScript. */
export const NO_ERROR_WORDS = 'false|no|none|nil|null|undefined|n/a|0|-|no_?(?:error|exception)s?';
const NO_ERROR_AT_ALL = new RegExp(`^(?:${NO_ERROR_WORDS})$`, 'i');
const ERROR_LABEL = /error|exception|fail|fault|^(?:reason|cause)$/i;
/** Whether the values of a label name errors. */
export const isErrorLabel = (label: string) => ERROR_LABEL.test(label);
/** Whether a value under such a label means that there was no error. */
export const isNoErrorWord = (label: string, value: string) =>
  isErrorLabel(label) && NO_ERROR_AT_ALL.test(value);
const ALL_WELL = /^(?:true|yes|1)$/i;

/** Whether a value on its own says that a request succeeded, under a label of that name. */
export function isGoodWord(label: string, value: string): boolean {
  if (isErrorLabel(label)) return NO_ERROR.test(value) || NO_ERROR_AT_ALL.test(value);
  if (/^(?:is_?)?(?:success|succeeded|successful|ok)$/i.test(label)) return ALL_WELL.test(value);
  return GOOD.test(value) || grpcCodeOf(label, value) === 0;
}

/** The labels by which a selection is limited to successful responses: a status, or a word for success. */
export const outcomeLabels = (where: Readonly<Record<string, LabelMatcher>>): readonly string[] =>
  Object.keys(where).filter((label) => {
    const match = where[label]!;
    if (label === 'le') return false;
    if (mayHoldStatus(label) || asksForCodes(match)) return true;
    return alternativesOf(match).some((part) => isGoodWord(label, textOf(part)));
  });

/** Whether two words are so similar that they probably mean the same: `overload` and `overloaded`. */
export function isAlike(one: string, other: string): boolean {
  const [a, b] = [bare(one), bare(other)].toSorted((x, y) => x.length - y.length) as [string, string];
  if (a.length < 4) return false;
  return b.includes(a) || distanceOf(a, b) <= 2;
}

/** Edit distance: how many letters must be inserted, deleted or replaced to turn one word into the other. */
function distanceOf(a: string, b: string): number {
  if (b.length - a.length > 2) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [at, letter] of [...a].entries()) {
    const next = [at + 1];
    for (const [index, other] of [...b].entries())
      next.push(Math.min(row[index + 1]! + 1, next[index]! + 1, row[index]! + (letter === other ? 0 : 1)));
    row = next;
  }
  return row.at(-1)!;
}

/** The notation of a label's values, and a pattern for it. */
interface Vocabulary {
  readonly notation: Notation;
  readonly words: readonly string[];
  /**
   * The notation is recognised only if one of these words is present, because `OK` is spelled the same in all notations. Absent: any word
   * of the notation is enough.
   */
  readonly tellingWords?: readonly string[];
  readonly onlyUnder?: (label: string) => boolean;
}

const isNoRpc = (label: string) => isStatusLabel(label) && !isRpcLabel(label);
const ofDigits = (spell: (digit: number) => string) => [1, 2, 3, 4, 5].map(spell);
const spelt = (notation: Notation, spell: (word: string) => string): Vocabulary => {
  const words = GRPC_WORDS.map(spell);
  return { notation, words, tellingWords: words.slice(1) };
};
const booleans = (notation: Notation, ...words: readonly string[]): Vocabulary => ({
  notation,
  words,
  onlyUnder: (label) => !isStatusLabel(label),
});

const VOCABULARIES: readonly Vocabulary[] = [
  { notation: 'three-digits', words: CODES },
  { notation: 'class', words: ofDigits((digit) => `${digit}xx`) },
  { notation: 'class', words: ofDigits((digit) => `${digit}XX`) },
  { notation: 'class-digit', words: ofDigits(String), onlyUnder: isNoRpc },
  spelt('grpc-go', (word) => word),
  spelt('grpc-capitals', screaming),
  spelt('grpc-small', lowerSnake),
  booleans('boolean-small', 'true', 'false'),
  booleans('boolean-capital', 'True', 'False'),
  booleans('boolean-capitals', 'TRUE', 'FALSE'),
  {
    notation: 'micrometer',
    words: ['INFORMATIONAL', 'SUCCESS', 'REDIRECTION', 'CLIENT_ERROR', 'SERVER_ERROR', 'UNKNOWN'],
    tellingWords: ['INFORMATIONAL', 'REDIRECTION', 'CLIENT_ERROR', 'SERVER_ERROR'],
  },
];

/**
 * The common notation of these values, if the matcher can match nothing written in it; null if it may
 * match, or if the notation is unknown.
 */
export function foreignTo(match: LabelMatcher, values: readonly string[], label = 'status'): Notation | null {
  const own = VOCABULARIES.filter(
    ({ words, tellingWords = words, onlyUnder }) =>
      values.length > 0 &&
      (onlyUnder?.(label) ?? true) &&
      values.every((value) => words.includes(value)) &&
      values.some((value) => tellingWords.includes(value)),
  );
  const is = matcherOf(match);
  return own.length === 0 || own.some(({ words }) => words.some(is)) ? null : own[0]!.notation;
}
