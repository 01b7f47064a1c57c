import { fail, ok, type Result } from '../../../slas/model/result.ts';

/**
 * Parses PromQL queries of OpenSLO documents that select the series of one counter: a selector, alone or inside `sum`,
 * `rate` and `increase`. Any other query is an error, because a query that is not understood must not be judged.
 */

export interface SelectedSeries {
  readonly metric: string;
  readonly matchers: readonly SeriesMatcher[];
  /** Whether the query counts 0 if there is no series (`or vector(0)`). */
  readonly isZeroIfAbsent: boolean;
}

export interface SeriesMatcher {
  readonly label: string;
  readonly operator: '=' | '=~' | '!=' | '!~';
  readonly value: string;
}

export interface Quantile {
  /** The quantile, from 0 to 1. */
  readonly quantile: number;
  /** The series of the histogram's buckets. */
  readonly series: SelectedSeries;
}

const DURATION = String.raw`\[[0-9a-z$_{}.]+(?::[0-9a-z]*)?\]`;

export function readSeries(query: string): Result<SelectedSeries, string> {
  const text = query.trim();
  const [, before] = /^(.*?)\s+or\s+(?:on\s*\(\s*\)\s*)?vector\s*\(\s*0\s*\)$/is.exec(text) ?? [];
  const inner = unwrapped(before ?? text);
  if (!inner.ok) return inner;
  const found = readSelector(inner.value);
  return found.ok ? ok({ ...found.value, isZeroIfAbsent: before !== undefined }) : found;
}

/** Parses queries such as `histogram_quantile(0.99, sum by (le) (rate(x_bucket{…}[5m])))`. */
export function readQuantile(query: string): Result<Quantile, string> {
  const [, quantile, inner] = /^\s*histogram_quantile\s*\(\s*([0-9.]+)\s*,(.*)\)\s*$/is.exec(query) ?? [];
  if (quantile === undefined || inner === undefined) return fail('it is not a histogram_quantile');
  const [, summed] = /^\s*sum\s+by\s*\(\s*le\s*\)\s*\((.*)\)\s*$/is.exec(inner) ?? [];
  const [, after] = /^\s*sum\s*\((.*)\)\s*by\s*\(\s*le\s*\)\s*$/is.exec(inner) ?? [];
  const series = readSeries(summed ?? after ?? inner);
  return series.ok ? ok({ quantile: Number(quantile), series: series.value }) : series;
}

/** Removes `sum(…)`, `rate(…[5m])`, `increase(…[5m])` and parentheses from around a selector. */
function unwrapped(text: string): Result<string, string> {
  const trimmed = text.trim();
  const [, name, inside] = /^(sum|rate|increase|irate|)\s*\(([\s\S]*)\)$/i.exec(trimmed) ?? [];
  if (inside !== undefined && isBalanced(inside)) {
    if (name === '' || name?.toLowerCase() === 'sum') return unwrapped(inside);
    const [, ranged] = new RegExp(`^([\\s\\S]*?)\\s*${DURATION}$`, 'i').exec(inside.trim()) ?? [];
    return ranged === undefined ? fail(`${name} has no range`) : ok(ranged.trim());
  }
  if (/^sum\s*(by|without)\b|\)\s*(by|without)\s*\(/i.test(trimmed))
    return fail('it is grouped by labels, so it has several values');
  return ok(trimmed);
}

/** Whether the parentheses of the text match, so that `(a) + (b)` is not mistaken for one group. */
function isBalanced(text: string): boolean {
  let depth = 0;
  for (const sign of text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '')) {
    if (sign === '(') depth++;
    if (sign === ')' && --depth < 0) return false;
  }
  return depth === 0;
}

const MATCHER =
  /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*(?:,|$)/;

function readSelector(text: string): Result<Omit<SelectedSeries, 'isZeroIfAbsent'>, string> {
  const [, metric, list = ''] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{([\s\S]*)\})?$/.exec(text) ?? [];
  if (metric === undefined) return fail(`"${oneLine(text)}" is not the selector of one counter`);
  const matchers: SeriesMatcher[] = [];
  let rest = list;
  while (rest.trim() !== '') {
    const found = MATCHER.exec(rest);
    if (found === null) return fail(`"${oneLine(rest)}" is not a label matcher`);
    const [whole, label, operator, value] = found as unknown as [
      string,
      string,
      SeriesMatcher['operator'],
      string,
    ];
    matchers.push({ label, operator, value: unquoted(value) });
    rest = rest.slice(whole.length);
  }
  return ok({ metric, matchers });
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
const unquoted = (text: string) => text.slice(1, -1).replace(/\\(.)/gs, (_, sign) => ESCAPES[sign] ?? sign);

export const oneLine = (text: string) => text.replace(/[\p{Cc}\u2028\u2029\s]+/gu, ' ').slice(0, 120);
