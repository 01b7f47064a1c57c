import type { Problem } from '../model/model.ts';
import { problem } from './problems.ts';
import type { RawCounter } from './schema.ts';

/** Checks that a metric's name fits its use in the document. */

/** Prometheus's convention: only the result of a recording rule has a colon in its name. */
const isRecorded = (metric: string) => metric.includes(':');

/** `job:http_requests:rate5m` → `http_requests`: the metric it was probably computed from. */
const sourceOf = (metric: string) =>
  metric
    .split(':')
    .filter((part) => part !== '')
    .sort((a, b) => b.length - a.length)[0] ?? metric;

/**
 * Counters are subtracted, so the result of a recording rule (a rate, a ratio or a sum) cannot be used as
 * one.
 */
export function checkIsCounter({ counter, where }: RawCounter, path: string): Problem[] {
  const at = `${path}.counter`;
  if (isRecorded(counter))
    return [
      problem(
        'not-a-counter',
        at,
        `"${counter}" is the result of a recording rule, not a counter of the service: name the counter that the rule reads, for example ${sourceOf(counter)}`,
      ),
    ];
  if (counter.endsWith('_created'))
    return [
      problem(
        'not-a-counter',
        at,
        `"${counter}" is the time at which a counter was created: name the counter itself, as ${counter.replace(/created$/, 'total')}`,
      ),
    ];
  // Its buckets are cumulative: several of them together count an event several times.
  if (counter.endsWith('_bucket') && !isOneEdge(where?.le)) {
    const histogram = counter.slice(0, -'_bucket'.length);
    return [
      problem(
        'not-a-counter',
        at,
        `"${counter}" has a series for each bucket, which together count every event several times: name ${histogram}_count, or one bucket by le`,
      ),
    ];
  }
  return [];
}

/** An exact edge, or a regular expression that matches a single edge: `0.5`, `0\\.5`, `\\+Inf`. */
const isOneEdge = (le: NonNullable<RawCounter['where']>[string] | undefined) =>
  le !== undefined && (typeof le !== 'object' || /^(?:\\\+Inf|\d+(?:\\?\.\d+)?)$/.test(le.matches));

/** Whether the name shows that a metric counts events: Prometheus clients append `_total` to counters. */
export const isNamedAsCounter = (metric: string) => /_(?:total|count|bucket|sum)$/.test(metric);

/** A histogram is named without the suffixes of its series. */
export function checkHistogram(metric: string, path: string, isUnusual: boolean): Problem[] {
  const at = `${path}.histogram`;
  if (isRecorded(metric))
    return [
      problem(
        'not-a-histogram',
        at,
        `"${metric}" is the result of a recording rule: name the histogram of the service, for example ${sourceOf(metric)}`,
      ),
    ];
  const suffix = ['_bucket', '_count', '_sum'].find((one) => metric.endsWith(one));
  if (suffix === undefined || isUnusual) return [];
  return [
    problem(
      'not-a-histogram',
      at,
      `"${metric}" names one of the histogram's series: write ${metric.slice(0, -suffix.length)}, without ${suffix} (or confirm the name with unusual: true on the objective)`,
    ),
  ];
}

/** The result of a recording rule persists for its whole lookback, so its value does not belong to a single scrape. */
export const checkIsScraped = (gauge: string, path: string): Problem[] =>
  isRecorded(gauge)
    ? [
        problem(
          'not-scraped',
          `${path}.gauge`,
          `"${gauge}" is the result of a recording rule, which does not show that the service was up: name the gauge that the rule reads, or up`,
        ),
      ]
    : [];
