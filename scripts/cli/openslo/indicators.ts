import { toSeconds, unitInName } from '../../../slas/document/units.ts';
import { fail, ok, type Result } from '../../../slas/model/result.ts';
import type { Indicator, Metric, Slo } from './objects.ts';
import { readQuantile, readSeries, type SelectedSeries, type SeriesMatcher } from './query.ts';

/** Converts the queries of OpenSLO indicators to measures of a document. */

/** A measure of a document, and the series that the indicator's queries select. */
export interface Made {
  readonly series: readonly SelectedSeries[];
  readonly measure: (service: Readonly<Record<string, string>>) => object;
  readonly target: string;
}

type Objective = Slo['spec']['objectives'][number];

/** The measure for an indicator and its objective, or why a document cannot express it. */
export function measureOf(
  { ratioMetric, thresholdMetric }: Indicator,
  objective: Objective,
): Result<Made, string> {
  if (thresholdMetric !== undefined) return ofThreshold(thresholdMetric, objective);
  if (ratioMetric === undefined)
    return fail('its indicator has no ratioMetric with queries, and no thresholdMetric');
  if (ratioMetric.counter === false) return fail('its ratio is not of counters');
  const share = shareOf(objective);
  if (!share.ok) return share;
  const total = queried(ratioMetric.total, 'total');
  if (!total.ok) return total;
  const [name, metric] =
    ratioMetric.good === undefined
      ? (['bad', ratioMetric.bad] as const)
      : (['good', ratioMetric.good] as const);
  const part = queried(metric, name);
  if (!part.ok) return part;
  if (name === 'good') {
    const latency = latencyOf(part.value, total.value, share.value);
    if (latency !== null) return latency;
  }
  return ratioOf(name, part.value, total.value, share.value);
}

function shareOf({ target, targetPercent }: Objective): Result<number, string> {
  const share = target ?? (targetPercent === undefined ? undefined : targetPercent / 100);
  return share === undefined ? fail('its objective has no target') : ok(share);
}

function queried(metric: Metric | undefined, name: string): Result<SelectedSeries, string> {
  const query = metric?.metricSource.spec?.query;
  const type = metric?.metricSource.type ?? 'Prometheus';
  if (query === undefined) return fail(`its ratioMetric has no query for ${name}`);
  if (type.toLowerCase() !== 'prometheus') return fail(`its source is ${type}, not Prometheus`);
  const series = readSeries(query);
  return series.ok ? series : fail(`the query for ${name} cannot be translated: ${series.error}`);
}

const percent = (share: number) => `${Number((share * 100).toPrecision(12))}%`;

/**
 * The latency measure for a ratio of requests up to a bucket edge to all requests of the same histogram. null: the ratio is
 * a different one.
 */
function latencyOf(good: SelectedSeries, total: SelectedSeries, share: number): Result<Made, string> | null {
  const histogram = good.metric.replace(/_bucket$/, '');
  const edge = edgeOf(good.matchers.find(({ label }) => label === 'le'));
  if (histogram === good.metric || edge === null) return null;
  const isTotal =
    total.metric === `${histogram}_count` ||
    (total.metric === good.metric &&
      total.matchers.some(({ label, value }) => label === 'le' && value === '+Inf'));
  if (!isTotal) return fail('its total is not the count of the same histogram');
  const [own, all] = [good, total].map(({ matchers }) => matchers.filter(({ label }) => label !== 'le'));
  if (JSON.stringify(own) !== JSON.stringify(all))
    return fail('its good and total select different requests of the histogram');
  return latency(histogram, { ...good, matchers: own! }, edge, share);
}

/** The edge in `le="0.3"`, or in a pattern that lists several notations of one number, such as `le=~"1|1\\.0"`. */
function edgeOf(matcher: SeriesMatcher | undefined): number | null {
  if (matcher === undefined || matcher.operator.startsWith('!')) return null;
  const texts = matcher.operator === '=' ? [matcher.value] : matcher.value.replaceAll('\\', '').split('|');
  const edges = new Set(texts.map(Number));
  const [edge] = edges;
  return edges.size === 1 && Number.isFinite(edge) ? edge! : null;
}

function latency(
  histogram: string,
  series: SelectedSeries,
  edge: number,
  share: number,
): Result<Made, string> {
  const unit = unitInName(histogram);
  if (unit === null) return fail(`the name of ${histogram} does not contain a unit of time`);
  if (!Number.isFinite(edge)) return fail('its limit is not a number');
  const seconds = toSeconds(edge, unit);
  const where = whereOf(series.matchers);
  if (!where.ok) return where;
  return ok({
    series: [series],
    measure: (service) => ({
      latency: {
        histogram,
        ...asWhere(without(where.value, service)),
        percentile: Number((share * 100).toPrecision(12)),
      },
    }),
    target: `< ${Number((seconds * 1000).toPrecision(12))}ms`,
  });
}

function ratioOf(
  name: 'good' | 'bad',
  part: SelectedSeries,
  total: SelectedSeries,
  share: number,
): Result<Made, string> {
  const [of, all] = [whereOf(part.matchers), whereOf(total.matchers)];
  if (!all.ok) return all;
  if (name === 'good' && !of.ok) return inverted(part, total, share);
  if (!of.ok) return of;
  const counter = (metric: string, where: Where) => ({ counter: metric, ...asWhere(where) });
  return ok({
    series: [part, total],
    measure: (service) => ({
      ratio: {
        [name]: {
          ...counter(part.metric, without(of.value, service)),
          ...(name === 'bad' && part.isZeroIfAbsent ? { absent: 'zero' } : {}),
        },
        total: counter(total.metric, without(all.value, service)),
      },
    }),
    target: name === 'good' ? `>= ${percent(share)}` : `<= ${percent(1 - share)}`,
  });
}

/**
 * If `good` excludes some statuses, these statuses become `bad`, because a document selects by matching and not by
 * excluding.
 */
function inverted(good: SelectedSeries, total: SelectedSeries, share: number): Result<Made, string> {
  const excluded = good.matchers.filter(({ operator }) => operator.startsWith('!'));
  const rest = good.matchers.filter(({ operator }) => !operator.startsWith('!'));
  const isRest = good.metric === total.metric && JSON.stringify(rest) === JSON.stringify(total.matchers);
  if (excluded.length !== 1 || !isRest)
    return fail('it excludes values of labels, and a document selects only by values that match');
  const [{ label, operator, value }] = excluded as [SeriesMatcher];
  const matchers = [
    ...rest,
    { label, value, operator: operator === '!=' ? ('=' as const) : ('=~' as const) },
  ];
  return ratioOf('bad', { ...good, matchers, isZeroIfAbsent: true }, total, share);
}

function ofThreshold(metric: Metric, { op, value }: Objective): Result<Made, string> {
  const query = metric.metricSource.spec?.query;
  if (query === undefined) return fail('its thresholdMetric has no query');
  const comparison = { lt: '<', lte: '<=', gt: '>', gte: '>=' }[op ?? ''];
  if (comparison === undefined || value === undefined) return fail('its objective has no op and value');
  const quantile = readQuantile(query);
  if (quantile.ok && comparison.startsWith('<')) {
    const { series, quantile: share } = quantile.value;
    return latency(series.metric.replace(/_bucket$/, ''), series, value, share);
  }
  const series = readSeries(query);
  const isRate = /\brate\s*\(/i.test(query);
  if (!series.ok || !isRate || !comparison.startsWith('>'))
    return fail(
      'its thresholdMetric is neither a histogram_quantile with an upper limit nor a rate with a lower one',
    );
  const where = whereOf(series.value.matchers);
  if (!where.ok) return where;
  return ok({
    series: [series.value],
    measure: (service) => ({
      throughput: { counter: series.value.metric, ...asWhere(without(where.value, service)) },
    }),
    target: `${comparison} ${value}/s`,
  });
}

// ---------------------------------------------------------------------------------------------- labels

type Where = Readonly<Record<string, string | { readonly matches: string }>>;

function whereOf(matchers: readonly SeriesMatcher[]): Result<Where, string> {
  const labels = new Set(matchers.map(({ label }) => label));
  if (labels.size < matchers.length) return fail('it matches a label twice');
  const negative = matchers.find(({ operator }) => operator.startsWith('!'));
  if (negative !== undefined)
    return fail(`it excludes values of ${negative.label}, and a document selects only by values that match`);
  return ok(
    Object.fromEntries(
      matchers.map(({ label, operator, value }) => [label, operator === '=' ? value : { matches: value }]),
    ),
  );
}

const asWhere = (where: Where) => (Object.keys(where).length === 0 ? {} : { where });

const without = (where: Where, service: Readonly<Record<string, string>>): Where =>
  Object.fromEntries(Object.entries(where).filter(([label, value]) => service[label] !== value));
