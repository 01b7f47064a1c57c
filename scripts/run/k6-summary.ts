import { readFile } from 'node:fs/promises';
import type { CheckRecord, ThresholdRecord } from '../../slas/model/model.ts';

/**
 * The summary that k6 writes with `--summary-export`. It does not depend on the script's exports, and exists even if
 * `handleSummary` throws.
 */
export interface Summary {
  readonly metrics: Readonly<Record<string, Metric | undefined>>;
  /** The checks of all groups. */
  readonly checks: readonly CheckRecord[];
}

interface Metric {
  readonly values: Readonly<Record<string, number>>;
  /** By threshold expression, whether the threshold was crossed. */
  readonly thresholds: Readonly<Record<string, boolean>>;
}

/**
 * The statistics of trends that thresholds usually refer to, so that the verdict can report the value of a crossed
 * threshold.
 */
export const TREND_STATS = 'min,avg,med,p(75),p(90),p(95),p(99),p(99.9),max,count';

/** Resolves to null if the file is missing or incomplete. */
export async function readSummary(file: string): Promise<Summary | null> {
  try {
    return parseSummary(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}

interface RawGroup {
  readonly checks: Readonly<Record<string, { readonly path: string; passes: number; fails: number }>>;
  readonly groups: Readonly<Record<string, RawGroup>>;
}

interface RawSummary {
  readonly metrics: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly root_group: RawGroup;
}

export function parseSummary({ metrics, root_group: root }: RawSummary): Summary {
  return {
    metrics: Object.fromEntries(
      Object.entries(metrics).map(([name, { thresholds = {}, ...values }]) => [
        name,
        { values, thresholds } as Metric,
      ]),
    ),
    checks: checksIn(root),
  };
}

/** k6 starts the path of each group and check with `::`. */
const checksIn = ({ checks, groups }: RawGroup): readonly CheckRecord[] => [
  ...Object.values(checks).map(({ path, passes, fails }) => ({
    name: path.replace(/^::/, ''),
    passes,
    fails,
  })),
  ...Object.values(groups).flatMap(checksIn),
];

// ---------------------------------------------------------------------------------------------- combining load generators

/** The summaries of all load generators; null if one is missing, because the others do not cover the whole load. */
export const wholeOf = (summaries: readonly (Summary | null)[]): readonly Summary[] | null =>
  summaries.every((one) => one !== null) ? summaries : null;

/** Adds up checks with the same name. */
export const checksOf = (summaries: readonly Summary[]): readonly CheckRecord[] =>
  [
    ...Map.groupBy(
      summaries.flatMap(({ checks }) => checks),
      ({ name }) => name,
    ),
  ].map(([name, own]) => ({
    name,
    passes: own.reduce((sum, { passes }) => sum + passes, 0),
    fails: own.reduce((sum, { fails }) => sum + fails, 0),
  }));

// ---------------------------------------------------------------------------------------------- thresholds

/**
 * The thresholds of a script that one or several load generators ran. Each load generator evaluates them on its part of the
 * load. Counters are compared as a sum. Any other threshold is crossed if one load generator crossed it.
 */
export function thresholdsOf(all: readonly Summary[]): readonly ThresholdRecord[] {
  const names = [...new Set(all.flatMap(({ metrics }) => Object.keys(metrics)))].sort();
  return names.flatMap((metric) => {
    const own = all.flatMap(({ metrics }) => metrics[metric] ?? []);
    // k6 lists the thresholds of a metric in random order.
    const expressions = [...new Set(own.flatMap(({ thresholds }) => Object.keys(thresholds)))].sort();
    return expressions.map((threshold) => thresholdOf(metric, threshold, own));
  });
}

function thresholdOf(metric: string, threshold: string, own: readonly Metric[]): ThresholdRecord {
  const samples = samplesOf(metric, own);
  if (own.length > 1 && isCounter(own[0]!)) {
    const sum = own.reduce((all, { values }) => all + (measuredBy(threshold, values) ?? 0), 0);
    return { metric, threshold, isCrossed: !compares(sum, threshold), value: sum, samples };
  }
  const crossed = own.find(({ thresholds }) => thresholds[threshold] === true);
  const deciding = crossed ?? (own.length === 1 ? own[0]! : undefined);
  return {
    metric,
    threshold,
    isCrossed: crossed !== undefined,
    value: deciding === undefined ? null : (measuredBy(threshold, deciding.values) ?? null),
    samples,
  };
}

const isCounter = ({ values }: Metric) => 'count' in values && 'rate' in values;

/**
 * In k6's summary, a gauge that was never set looks like one that was always 0. A counter of 0 is valid, for example for
 * errors. With tags, a counter of 0 probably means that no request has these tags.
 */
function samplesOf(metric: string, own: readonly Metric[]): number | null {
  const add = (read: (values: Metric['values']) => number) =>
    own.reduce((sum, { values }) => sum + read(values), 0);
  const { values } = own[0]!;
  if ('passes' in values) return add(({ passes = 0, fails = 0 }) => passes + fails);
  if (isCounter(own[0]!)) return metric.includes('{') && add(({ count: sum = 0 }) => sum) === 0 ? 0 : null;
  if ('count' in values) return add(({ count: samples = 0 }) => samples);
  return own.every((one) => Object.values(one.values).every((each) => each === 0)) ? 0 : null;
}

/** The value that k6 compares with the limit: for `p(95)<200`, the p95. k6 calls the rate of a Rate metric `value`. */
function measuredBy(threshold: string, values: Metric['values']): number | undefined {
  const statistic = /^\s*([a-z]+(?:\([\d.]+\))?)/.exec(threshold)?.[1] ?? '';
  const percentile = /^p\(([\d.]+)\)$/.exec(statistic)?.[1];
  if (percentile !== undefined) return values[`p(${Number(percentile)})`];
  return statistic === 'rate' && 'passes' in values ? values.value : values[statistic];
}

/**
 * Compares in the same way as k6. An expression that cannot be parsed counts as crossed, so that it can never cause a false
 * pass.
 */
function compares(measured: number, threshold: string): boolean {
  const [, operator, text] = /(<=|>=|<|>|===?|!=)\s*([-+\d.eE]+)\s*$/.exec(threshold) ?? [];
  const limit = Number(text);
  switch (operator) {
    case '<':
      return measured < limit;
    case '<=':
      return measured <= limit;
    case '>':
      return measured > limit;
    case '>=':
      return measured >= limit;
    case '==':
    case '===':
      return measured === limit;
    case '!=':
      return measured !== limit;
    default:
      return false;
  }
}
