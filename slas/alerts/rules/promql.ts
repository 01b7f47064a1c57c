import { inSeconds } from '../../document/units.ts';
import type { Comparison, Measure, Selection } from '../../model/model.ts';
import { exponentForm, select, selected, selector } from '../../prometheus/promql.ts';
import { errorSelectors } from './none-words.ts';

/**
 * PromQL for alerts, deliberately separate from slas/prometheus/promql.ts: it extrapolates (`increase`), which is good enough for paging but not for a verdict.
 *
 * `increase` instead of `rate`: over a window of whole intervals both count the same, and a ratio of two
 * increases is the ratio of the counts, without a division by seconds that would round.
 */

export type ServiceLabels = Readonly<Record<string, string>>;

const PARTS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

/** Seconds in PromQL notation, in whole milliseconds: 300 → `5m`, 63.75 → `1m3s750ms`. */
export function promDuration(seconds: number): string {
  let rest = Math.round(seconds * 1000);
  let text = '';
  for (const [unit, ms] of PARTS) {
    const count = Math.floor(rest / ms);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * ms;
  }
  return text === '' ? '0s' : text;
}

const increase = (vector: string, window: string) => `sum(increase(${vector}[${window}]))`;

/** A missing series counts as 0: otherwise the whole result would be empty, and the alert silent. */
const orNone = (part: string, all: string) => `(${part} or 0 * ${all})`;

/** `le` in the notations of Prometheus 2 and 3: 3 stores `1` as `1.0`. */
function edgeMatcher(edge: number): string {
  const text = String(edge).replaceAll('.', '\\.');
  const other = exponentForm(edge).map((one) => `|${one.replace(/[.+]/g, '\\$&')}`);
  return `${Number.isInteger(edge) ? `${text}(\\.0)?` : text}${other.join('')}`;
}

const bucket = (service: ServiceLabels, { metric, where }: Selection, le: Selection['where'][string]) =>
  select(service, { metric, where: { ...where, le } }, '_bucket');

/** The share of successful responses over a bucket edge (in its own unit), without interpolation. */
export function slowShare(
  service: ServiceLabels,
  histogram: Selection,
  edge: number,
  window: string,
): string {
  const all = increase(bucket(service, histogram, '+Inf'), window);
  const within = increase(bucket(service, histogram, { matches: edgeMatcher(edge) }), window);
  return `(${all} - ${orNone(within, all)}) / ${all}`;
}

/** The same share from a native histogram, interpolated within the bucket that contains the limit. */
export const slowShareOfNative = (
  service: ServiceLabels,
  histogram: Selection,
  limit: number,
  window: string,
): string => `1 - histogram_fraction(-Inf, ${limit}, ${increase(select(service, histogram), window)})`;

/** One counter divided by another. */
export function partShare(service: ServiceLabels, part: Selection, total: Selection, window: string): string {
  const all = increase(select(service, total), window);
  return `${orNone(increase(select(service, part), window), all)} / ${all}`;
}

/** Errors divided by all events: without those whose word means that there was no error. */
export function errorShare(service: ServiceLabels, bad: Selection, total: Selection, window: string): string {
  const vectors = errorSelectors(selected(service, bad), selected(service, total));
  const increases = vectors.map((vector) => `increase(${vector}[${window}])`).join(' or ');
  const all = increase(select(service, total), window);
  return `${orNone(`sum(${increases})`, all)} / ${all}`;
}

/** The share of events that are not good. */
export function failedShare(
  service: ServiceLabels,
  good: Selection,
  total: Selection,
  window: string,
): string {
  const all = increase(select(service, total), window);
  return `(${all} - ${orNone(increase(select(service, good), window), all)}) / ${all}`;
}

/** The number of events. */
export const counted = (service: ServiceLabels, total: Selection, window: string): string =>
  increase(select(service, total), window);

/** The labels that identify a replica. A target with several such gauges is judged by the worst of them. */
const REPLICA = 'cluster, namespace, pod, job, instance';

/** The share of scrapes at which a gauge was not 1; a failed scrape leaves no gauge, but `up` exists. */
export function downShare(service: ServiceLabels, gauge: Selection, window: string): string {
  const all = `sum(count_over_time(${selector('up', service)}[${window}]))`;
  const up = `sum(min by (${REPLICA}) (sum_over_time(${select(service, gauge)}[${window}])))`;
  return `(${all} - ${orNone(up, all)}) / ${all}`;
}

export const perSecond = (
  service: ServiceLabels,
  counter: Selection,
  window: string,
  windowSeconds: number,
): string => `${increase(select(service, counter), window)} / ${windowSeconds}`;

export const mean = (service: ServiceLabels, histogram: Selection, window: string): string =>
  inSeconds(
    `${increase(select(service, histogram, '_sum'), window)} / ${increase(select(service, histogram, '_count'), window)}`,
    histogram.valuesIn,
  );

export const highest = (service: ServiceLabels, gauge: Selection, window: string): string =>
  inSeconds(`max(max_over_time(${select(service, gauge)}[${window}]))`, gauge.valuesIn);

/** The value of a measure that is not a share. */
export function numberOf(
  measure: Measure & { kind: 'throughput' | 'mean' },
  service: ServiceLabels,
  window: string,
  windowSeconds: number,
): string {
  return measure.kind === 'mean'
    ? mean(service, measure.histogram, window)
    : perSecond(service, measure.counter, window, windowSeconds);
}

const OPPOSITES: Record<Comparison, Comparison> = { '<': '>=', '<=': '>', '>': '<=', '>=': '<' };

/** `< 15` is broken at `>= 15`. */
export const opposite = (comparison: Comparison): Comparison => OPPOSITES[comparison];
