import type { TimeUnit } from '../model/model.ts';

/**
 * Units of time: limits are compared in seconds, but many exporters count in milliseconds or smaller units.
 */

const PER_SECOND: Readonly<Record<TimeUnit, number>> = {
  seconds: 1,
  milliseconds: 1e3,
  microseconds: 1e6,
  nanoseconds: 1e9,
};

export const TIME_UNITS = Object.keys(PER_SECOND) as readonly TimeUnit[];

/** Rounds to 15 digits to undo floating-point error: 250 ms is exactly 0.25 s, 0.1 ms exactly 0.0001 s. */
const tidy = (value: number) => (Number.isFinite(value) ? Number(value.toPrecision(15)) : value);

/** Converts to seconds. An absent `unit` stands for seconds. */
export const toSeconds = (value: number, unit: TimeUnit = 'seconds') =>
  unit === 'seconds' ? value : tidy(value / PER_SECOND[unit]);

export const fromSeconds = (seconds: number, unit: TimeUnit = 'seconds') =>
  unit === 'seconds' ? seconds : tidy(seconds * PER_SECOND[unit]);

/** PromQL that converts an expression to seconds in the same way. */
export const inSeconds = (expression: string, unit: TimeUnit = 'seconds') =>
  unit === 'seconds' ? expression : `(${expression}) / ${PER_SECOND[unit]}`;

/** Words that denote a unit anywhere in a metric name. */
const WORDS: Readonly<Record<string, TimeUnit>> = {
  seconds: 'seconds',
  second: 'seconds',
  secs: 'seconds',
  milliseconds: 'milliseconds',
  millisecond: 'milliseconds',
  millis: 'milliseconds',
  msec: 'milliseconds',
  msecs: 'milliseconds',
  microseconds: 'microseconds',
  microsecond: 'microseconds',
  micros: 'microseconds',
  usec: 'microseconds',
  usecs: 'microseconds',
  nanoseconds: 'nanoseconds',
  nanosecond: 'nanoseconds',
  nanos: 'nanoseconds',
  nsec: 'nanoseconds',
  nsecs: 'nanoseconds',
};

/** Short forms denote a unit only at the end of a name: `us` may be a country. */
const LAST_WORDS: Readonly<Record<string, TimeUnit>> = {
  s: 'seconds',
  sec: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
};

/** Whether a metric name says that its values are percentages: `cpu_usage_percent`. */
export const isPercentInName = (metric: string) =>
  /(?:^|[_:])(?:percents?|percentages?|pct|perc)(?:[_:]|$)/.test(
    metric.replace(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase(),
  );

/** The unit in a metric name (`istio_request_duration_milliseconds`, `latencyMs`); null if there is none, or several. */
export function unitInName(metric: string): TimeUnit | null {
  const words = metric
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[_:]/);
  const last = words.at(-1)!;
  const found = new Set(words.flatMap((word) => (Object.hasOwn(WORDS, word) ? [WORDS[word]!] : [])));
  if (Object.hasOwn(LAST_WORDS, last)) found.add(LAST_WORDS[last]!);
  return found.size === 1 ? [...found][0]! : null;
}
