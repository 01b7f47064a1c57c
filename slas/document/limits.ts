import type { Comparison, Limit, Problem, Unit } from '../model/model.ts';
import { fail, ok, type Result } from '../model/result.ts';
import { problem } from './problems.ts';

/** Parses limits, durations and rates: `< 200ms`, `1%`, `15/s`, `1m30s`. Decimal text is shifted, not divided, so 200ms is exactly 0.2. */

const DECIMAL = '(\\d+(?:\\.\\d+)?)';
const DURATION_EXPONENT = { us: -6, ms: -3, s: 0 } as const;
const DURATION_FACTOR = { m: 60, min: 60, h: 3600, d: 86_400 } as const;

const shift = (digits: string, exponent: number) => Number(`${digits}e${exponent}`);

function durationPart(digits: string, unit: string): number {
  return unit in DURATION_EXPONENT
    ? shift(digits, DURATION_EXPONENT[unit as keyof typeof DURATION_EXPONENT])
    : Number(digits) * DURATION_FACTOR[unit as keyof typeof DURATION_FACTOR];
}

/** `60s`, `500ms`, `1m30s` → seconds; null if it is not a duration. */
export function parseDuration(text: string): number | null {
  const part = `${DECIMAL}(us|ms|s|min|m|h|d)`;
  if (!new RegExp(`^(?:${part})+$`).test(text)) return null;
  const parts = [...text.matchAll(new RegExp(part, 'g'))];
  return parts.reduce((sum, [, digits, unit]) => sum + durationPart(digits!, unit!), 0);
}

const RATE_SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  sec: 1,
  second: 1,
  m: 60,
  min: 60,
  minute: 60,
  h: 3600,
  hour: 3600,
  d: 86_400,
  day: 86_400,
};

/** `20/s`, `1200/min`, `3600/h`, `20` → per second; null if it is not a rate. */
export function parseRate(text: string): number | null {
  const per = Object.keys(RATE_SECONDS).join('|');
  const match = new RegExp(`^${DECIMAL}\\s*(?:/\\s*(${per}))?$`).exec(text.trim());
  return match === null ? null : Number(match[1]) / RATE_SECONDS[match[2] ?? 's']!;
}

function parseRatio(text: string): number | null {
  const match = new RegExp(`^${DECIMAL}\\s*(%)?$`).exec(text);
  if (match === null) return null;
  return match[2] === '%' ? shift(match[1]!, -2) : Number(match[1]);
}

const parseNumber = (text: string) => (new RegExp(`^-?${DECIMAL}$`).test(text) ? Number(text) : null);

const READERS: Record<Unit, { read: (text: string) => number | null; noun: string; example: string }> = {
  seconds: { read: parseDuration, noun: 'duration', example: '200ms or 1.5s' },
  ratio: { read: parseRatio, noun: 'ratio', example: '1% or 0.85' },
  per_second: {
    read: (text) => (/\/|^0$/.test(text) ? parseRate(text) : null),
    noun: 'rate',
    example: '15/s, 900/min or 54000/h',
  },
  number: { read: parseNumber, noun: 'number', example: '12.5' },
};

/** `< 200ms` → a limit in the base unit. `path`: the position of the text, if a problem may be reported. */
export function parseLimit(text: string, unit: Unit, path = ''): Result<Limit, Problem> {
  const refuse = (message: string) => fail(problem('bad-limit', path, message));
  const match = /^\s*(<=|>=|<|>)\s*(\S.*?)\s*$/.exec(text);
  if (match === null)
    return refuse(
      `"${text}" has no comparison operator: write <, <=, > or >= and a value, for example "< ${READERS[unit].example.split(' ')[0]}"`,
    );
  const value = READERS[unit].read(match[2]!);
  if (value === null)
    return refuse(`"${match[2]}" is not a valid ${READERS[unit].noun}: write it as ${READERS[unit].example}`);
  return ok({ text: text.trim(), comparison: match[1] as Comparison, value });
}

export function holds(value: number, limit: Limit): boolean {
  switch (limit.comparison) {
    case '<':
      return value < limit.value;
    case '<=':
      return value <= limit.value;
    case '>':
      return value > limit.value;
    case '>=':
      return value >= limit.value;
    default:
      return limit.comparison satisfies never;
  }
}

/** Bounds of a load, in the document and on the command line. */
const LOAD_BOUNDS = {
  minRate: 0.01,
  maxRate: 10_000,
  minSeconds: 1,
  maxSeconds: 24 * 3600,
} as const;

export const isRate = (perSecond: number | null) =>
  perSecond !== null && perSecond >= LOAD_BOUNDS.minRate && perSecond <= LOAD_BOUNDS.maxRate;

export const isDuration = (seconds: number | null) =>
  seconds !== null && seconds >= LOAD_BOUNDS.minSeconds && seconds <= LOAD_BOUNDS.maxSeconds;

/**
 * The lowest confidence that a document may ask for. Below it, a decided verdict would be wrong in more than one in ten runs; at
 * one half it would be a coin toss.
 */
export const MIN_CONFIDENCE = 0.9;

export const isConfidence = (confidence: number) => confidence >= MIN_CONFIDENCE && confidence < 1;

const PERCENT = new RegExp(`^${DECIMAL}\\s*%$`);
const percentDigits = (text: string) => PERCENT.exec(text.trim())?.[1] ?? null;

/** 0.95 or `95%` → 0.95; null if it is not a confidence. */
export function readConfidence(written: number | string): number | null {
  const digits = typeof written === 'string' ? percentDigits(written) : null;
  const value = typeof written === 'number' ? written : digits === null ? null : shift(digits, -2);
  return value !== null && isConfidence(value) ? value : null;
}

export const CONFIDENCE_FORM = `a valid confidence (${MIN_CONFIDENCE} to less than 1): write it as 0.95 or 95%`;

/** 95 or `95%` → 95; null if it is not a percentile. */
export function readPercentile(written: number | string): number | null {
  const digits = typeof written === 'string' ? percentDigits(written) : null;
  const value = typeof written === 'number' ? written : digits === null ? null : Number(digits);
  return value !== null && value > 0 && value < 100 ? value : null;
}

/** The range of possible values in each unit. */
export const UNIT_RANGES: Readonly<Record<Unit, { readonly low: number; readonly high: number }>> = {
  ratio: { low: 0, high: 1 },
  seconds: { low: 0, high: Number.POSITIVE_INFINITY },
  per_second: { low: 0, high: Number.POSITIVE_INFINITY },
  number: { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY },
};
