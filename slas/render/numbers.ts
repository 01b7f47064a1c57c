import type { Interval, ObjectiveVerdict, Unit } from '../model/model.ts';

/** How numbers are written: at most four significant digits, in a familiar unit. */

/** Negligible values are 0: bounds of shares may be as small as 1e-74. */
const figures = (value: number, digits = 4) =>
  Math.abs(value) < 1e-9 ? 0 : Number(value.toPrecision(digits));

/** The same with thousands separators, and never in the form 1.2e-7. */
const told = (value: number) => figures(value).toLocaleString('en-US', { maximumFractionDigits: 20 });

export function formatValue(value: number, unit: Unit): string {
  switch (unit) {
    case 'seconds':
      return value < 1 ? `${told(value * 1000)} ms` : `${told(value)} s`;
    case 'ratio':
      return `${told(value * 100)}%`;
    case 'per_second':
      return `${told(value)}/s`;
    case 'number':
      return told(value);
    default:
      return unit satisfies never;
  }
}

/** A confidence is never shown as 100%: `99.99996%` has enough digits to show the remaining error. */
export function formatConfidence(confidence: number): string {
  const left = 1 - confidence;
  if (left >= 1e-4) return formatValue(confidence, 'ratio');
  return `${(100 * confidence).toFixed(Math.ceil(-Math.log10(left)) - 1)}%`;
}

/**
 * The measured value, with ≈ if it is interpolated in its bucket; a mean is written like its limit (`> 0.85`,
 * not 85%); a percentile above all buckets as "over".
 */
export function formatMeasured({ value, unit, bucket, target }: ObjectiveVerdict): string {
  if (value === null) return '–';
  if (unit === 'ratio' && !target.includes('%')) return told(value);
  const text = formatValue(value, unit);
  if (bucket === null) return text;
  return bucket[1] === null ? `over ${text}` : `≈ ${text}`;
}

/** `between 20 ms and 30 ms`, `over 10 s`: the certain range of a percentile. */
export const formatBucket = ([low, high]: readonly [number, number | null], unit: Unit): string =>
  high === null
    ? `over ${formatValue(low, unit)}`
    : `between ${formatValue(low, unit)} and ${formatValue(high, unit)}`;

/** `97.1–98.9%`, `24.8–25.1/s`: of the judged share, or of the value if no share was judged. */
export function formatInterval(interval: Interval, unit: Unit, target: string): string {
  const { low, high, confidence, eachBound = confidence } = interval;
  // The bounds of a latency are those of the share within the limit. The bounds of a mean are those of its
  // value, and hold jointly.
  if (unit === 'seconds' && eachBound > confidence)
    return `${formatValue(low, unit)}–${formatValue(high, unit)}`;
  const isShare = unit === 'seconds' || unit === 'ratio';
  // A bound of 2e-203 is shown as 0.
  const points = (share: number) => figures(Number((share * 100).toFixed(6)));
  if (isShare && (unit === 'seconds' || target.includes('%'))) return `${points(low)}–${points(high)}%`;
  if (unit === 'per_second') return `${told(low)}–${told(high)}/s`;
  return `${told(low)}–${told(high)}`;
}

/** `between 0.7918 and 0.9349`, `792.7 ms or more`: the range of a value, in the notation of its limit. */
export function formatEnds(low: number, high: number, unit: Unit, target: string): string {
  const end = (value: number) =>
    unit === 'ratio' && !target.includes('%') ? told(value) : formatValue(value, unit);
  return high === Number.POSITIVE_INFINITY ? `${end(low)} or more` : `between ${end(low)} and ${end(high)}`;
}

/** `1,500`: every count in a text. */
export const formatCount = (n: number) => n.toLocaleString('en-US');

/** `1 request`, `1,500 requests`. */
export const countOf = (n: number, one: string, many = `${one}s`) =>
  `${formatCount(n)} ${n === 1 ? one : many}`;

/** A count with its verb: `1 was`, `1,500 were`. */
export const were = (n: number) => (n === 1 ? 'was' : 'were');
export const are = (n: number) => (n === 1 ? 'is' : 'are');

/** `once`, `twice`, `3 times`. */
export const timesOf = (n: number) => (n === 1 ? 'once' : n === 2 ? 'twice' : `${formatCount(n)} times`);
