/**
 * PromQL for dashboards, deliberately separate from slas/prometheus/promql.ts: these functions extrapolate at the edges of their range, so
 * no verdict may use their results. A `range` is a PromQL duration such as `5s`, or a Grafana variable.
 */

export const rateOf = (vector: string, range: string) => `rate(${vector}[${range}])`;
export const increaseOf = (vector: string, range: string) => `increase(${vector}[${range}])`;

const grouped = (operator: string, vector: string, by: readonly string[]) =>
  by.length === 0 ? `${operator}(${vector})` : `${operator} by (${by.join(', ')}) (${vector})`;

export const sumOf = (vector: string, ...by: readonly string[]) => grouped('sum', vector, by);
export const minOf = (vector: string, ...by: readonly string[]) => grouped('min', vector, by);
export const maxOf = (vector: string, ...by: readonly string[]) => grouped('max', vector, by);

/** A part divided by a whole. If the whole is 0, the result is empty instead of NaN. */
export const shareOf = (part: string, whole: string) => `${part} / (${whole} > 0)`;

/** Falls back to 0 if the series does not exist. */
export const orZero = (vector: string) => `(${vector} or vector(0))`;

/** A percentile from buckets summed by `le`. Without observations, the result is empty instead of NaN, because NaN is not >= 0. */
export const percentileOf = (percent: number, buckets: string) =>
  `histogram_quantile(${Number((percent / 100).toPrecision(6))}, ${buckets}) >= 0`;

/** The minimum of each series in a range that ends now. */
export const minWithin = (vector: string, range: string) => `min_over_time(${vector}[${range}])`;
/** The maximum of each series in a range that ends now. */
export const maxWithin = (vector: string, range: string) => `max_over_time(${vector}[${range}])`;

/** Keeps only series whose counterpart with the same label is above 0. Otherwise, series that stay at 0 would fill the legend. */
export const whereNonZero = (vector: string, seen: string, label: string) =>
  `(${vector}) and on (${label}) (${seen} > 0)`;

/**
 * The maximum of an expression in a range, evaluated in steps; its current value if the range is shorter than
 * a step. The expression should itself look back over at least one step; otherwise, changes between two steps
 * are missed.
 */
export const peakOf = (vector: string, range: string, step: string) =>
  `max_over_time((${vector})[${range}:${step}]) or (${vector})`;

/** The mean of an expression over a range, evaluated in steps like `peakOf`. */
export const meanOver = (vector: string, range: string, step: string) =>
  `avg_over_time((${vector})[${range}:${step}]) or (${vector})`;

/** One series per value: `time` is `hour` or `day_of_week`, taken from the middle of the past hour. */
const calendar = (label: string, time: string) => `count_values("${label}", ${time}(vector(time() - 1800)))`;

/** A single value, labelled with its weekday (0 is Sunday) and hour (UTC). */
export const byWeekdayAndHour = (vector: string) =>
  `${vector} * on() group_right() (${calendar('weekday', 'day_of_week')} * on() group_right(weekday) ${calendar('hour', 'hour')})`;

/** The number of steps of a range at which an expression had a value. For a comparison, this is how often it was true. */
export const stepsOf = (vector: string, range: string, step: string) =>
  orZero(`count_over_time((${vector})[${range}:${step}])`);
