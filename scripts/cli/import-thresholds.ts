import { parseDocument } from '../../slas/document/document.ts';
import { documentOf, type Left, type Objective } from './imported-document.ts';

/**
 * Generates an SLA document from the thresholds of a k6 script. The limits stay the same, but the service's own metrics
 * measure the values.
 */

export interface Imported {
  /** A document that `./sla check` accepts; null: no threshold could be translated. */
  readonly text: string | null;
  readonly translated: number;
  readonly left: readonly Left[];
}

type Thresholds = Readonly<Record<string, readonly string[]>>;

/**
 * @param name the service's name, for the document
 * @param script the script's path as the operator typed it, for comments
 * @param isWithoutHistogram the service has no latency histogram, so only k6 measures latencies
 */
export function importThresholds(
  thresholds: Thresholds,
  name: string,
  script: string,
  isWithoutHistogram = false,
): Imported {
  const read = Object.entries(thresholds).flatMap(([metric, all]) =>
    all.map((one) => readThreshold(metric, one)),
  );
  const entries = withIds(read.map((one) => ({ one, entry: translate(one) })));
  const left: Left[] = [];
  const objectives: Objective[] = [];
  let checks: string | null = null;
  for (const { one, entry } of entries) {
    if (typeof entry === 'string') left.push({ threshold: one.text, why: entry });
    else if (entry.kind === 'checks') checks = entry.target;
    else {
      const problem =
        (isWithoutHistogram ? needsHistogram(entry) : null) ?? problemOf(entry, name, isWithoutHistogram);
      if (problem === null) objectives.push(entry);
      else left.push({ threshold: one.text, why: problem });
    }
  }
  const text =
    objectives.length === 0
      ? null
      : documentOf(objectives, { name, script, checks, left, isWithoutHistogram });
  return { text, translated: objectives.length + (checks === null || text === null ? 0 : 1), left };
}

// ---------------------------------------------------------------------------------------------- reading

interface Read {
  /** Such as `http_req_duration{name:checkout} p(95)<500`. */
  readonly text: string;
  readonly metric: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly statistic: string;
  readonly comparison: string;
  readonly limit: number;
}

function readThreshold(metric: string, expression: string): Read {
  const [, name = metric, list = ''] = /^([^{]+)\{(.*)\}$/s.exec(metric) ?? [];
  const [, statistic = '', comparison = '', limit = ''] =
    /^\s*([a-z]+(?:\(\s*[\d.]+\s*\))?)\s*(<=|>=|<|>|===?|!=)\s*(\S+)\s*$/.exec(expression) ?? [];
  return {
    text: `${metric} ${expression}`,
    metric: name,
    tags: Object.fromEntries(list === '' ? [] : list.split(',').map(tagOf)),
    statistic: statistic.replaceAll(' ', ''),
    comparison,
    limit: Number(limit),
  };
}

/** Splits tags at the first colon, because values such as `name:http://127.0.0.1/x` may contain colons. */
function tagOf(text: string): readonly [string, string] {
  const at = text.indexOf(':');
  const value = text.slice(at + 1).trim();
  return [text.slice(0, at).trim(), value.replace(/^(["'])(.*)\1$/, '$2')];
}

// ---------------------------------------------------------------------------------------------- translating

type Entry = Objective | { readonly kind: 'checks'; readonly target: string };

const STAYS = 'it stays a threshold of the script, and ./sla gate --script reports it as a separate row';

/** The objective for a threshold, or why there is none. */
function translate(one: Read): Entry | string {
  if (one.comparison === '' || !Number.isFinite(one.limit)) return `its expression cannot be read; ${STAYS}`;
  if (!['<', '<=', '>', '>='].includes(one.comparison)) return `"${one.comparison}" is not a limit; ${STAYS}`;
  switch (one.metric) {
    case 'http_req_duration':
      return latencyOf(one);
    case 'http_req_failed':
      return errorsOf(one);
    case 'http_reqs':
      return throughputOf(one);
    case 'checks':
      return checksOf(one);
    default:
      return one.metric.startsWith('http_req_')
        ? `services do not measure it; ${STAYS}`
        : `it is unknown how the service measures it; ${STAYS}`;
  }
}

const isUpper = ({ comparison }: Read) => comparison.startsWith('<');

function latencyOf(one: Read): Entry | string {
  const percentile =
    one.statistic === 'med' ? 50 : Number(/^p\(([\d.]+)\)$/.exec(one.statistic)?.[1] ?? Number.NaN);
  const isMean = one.statistic === 'avg';
  if (!isUpper(one)) return `a latency must have an upper limit; ${STAYS}`;
  if (Number.isNaN(percentile) && !isMean) return `a histogram has no exact ${one.statistic}; ${STAYS}`;
  const labels = labelsOf(one.tags);
  if (typeof labels === 'string') return labels;
  const { where, client } = labels;
  return {
    ...objective(one, isMean ? 'mean' : 'latency', isMean ? 'latency-mean' : `latency-p${percentile}`),
    target: `${one.comparison} ${one.limit}ms`,
    percentile,
    // Latency objectives cover only successful responses. Errors have a separate objective.
    where: { ...where, ...(where.status === undefined ? { status: { matches: '2..' } } : {}) },
    client,
    limitSeconds: isMean ? null : one.limit / 1000,
  };
}

function errorsOf(one: Read): Entry | string {
  if (one.statistic !== 'rate' || !isUpper(one)) return `an error rate must have an upper limit; ${STAYS}`;
  const labels = labelsOf(one.tags);
  if (typeof labels === 'string') return labels;
  if (labels.where.status !== undefined) return `an error rate cannot be limited to a status; ${STAYS}`;
  return {
    ...objective(one, 'ratio', 'error-rate'),
    target: `${one.comparison} ${percentOf(one.limit)}`,
    where: labels.where,
  };
}

function throughputOf(one: Read): Entry | string {
  if (one.statistic !== 'rate') return `a count depends on how long the script runs; ${STAYS}`;
  const labels = labelsOf(one.tags);
  if (typeof labels === 'string') return labels;
  return {
    ...objective(one, 'throughput', 'throughput'),
    target: `${one.comparison} ${one.limit}/s`,
    where: labels.where,
  };
}

function checksOf(one: Read): Entry | string {
  if (Object.keys(one.tags).length > 0) return `a document has one limit for all checks; ${STAYS}`;
  if (one.statistic !== 'rate' || isUpper(one)) return `checks must have a lower limit; ${STAYS}`;
  return { kind: 'checks', target: `${one.comparison} ${percentOf(one.limit)}` };
}

const percentOf = (share: number) => `${Number((share * 100).toPrecision(12))}%`;

const objective = (one: Read, kind: Objective['kind'], id: string): Objective => ({
  ...{ kind, target: '', percentile: Number.NaN, where: {}, client: null, limitSeconds: null },
  id: [id, ...Object.values(one.tags).map(wordsOf)].filter((part) => part !== '').join('-'),
  from: one.text,
});

const wordsOf = (text: string) =>
  pathOf(text)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');

/** The path of a URL, in which `:id` replaces each `${}` of an `http.url` template. Other names are returned unchanged. */
const pathOf = (text: string): string => {
  const path = /^https?:\/\/[^/]*/.test(text) ? text.replace(/^https?:\/\/[^/]*/, '') || '/' : text;
  return path.replace(/\?.*$/s, '').replace(/\$\{\}/g, ':id');
};

/** Converts k6 tags to labels that select the service's series, or returns why that is not possible. */
function labelsOf(tags: Read['tags']): Pick<Objective, 'where' | 'client'> | string {
  let client: string | null = null;
  const where: Record<string, string | { readonly matches: string }> = {};
  for (const [tag, value] of Object.entries(tags)) {
    if (tag === 'name' || tag === 'url') {
      client = pathOf(value);
      where.handler = client;
    } else if (tag === 'method' || tag === 'status') where[tag] = value;
    else if (tag === 'expected_response' && value === 'true') where.status = { matches: '[23]..' };
    else if (tag === 'scenario' || tag === 'group')
      return `the service does not know the ${tag} of k6 that sent a request; ${STAYS}`;
    else return `the service does not know the tag ${tag}; ${STAYS}`;
  }
  return { where, client };
}

/** Appends a number to an id that is already in use. */
function withIds<T extends { readonly entry: Entry | string }>(all: readonly T[]): readonly T[] {
  const seen = new Map<string, number>();
  return all.map((one) => {
    if (typeof one.entry === 'string' || one.entry.kind === 'checks') return one;
    const { id } = one.entry;
    const times = (seen.get(id) ?? 0) + 1;
    seen.set(id, times);
    const unique = id.replaceAll('.', '-');
    return { ...one, entry: { ...one.entry, id: times === 1 ? unique : `${unique}-${times}` } };
  });
}

/** An objective that uses k6's own latencies covers the successful responses to all requests of a path. */
function needsHistogram({ kind, where }: Objective): string | null {
  if (kind === 'mean') return `a mean needs a histogram of the service; ${STAYS}`;
  const { status, method } = where;
  const isOfSuccesses = typeof status === 'object' && /^\[?23?\]?\.\.$/.test(status.matches);
  return kind === 'latency' && (method !== undefined || !isOfSuccesses)
    ? `without a histogram, a latency covers all successful responses of a path; ${STAYS}`
    : null;
}

/** The problems that the document's own checks find in one objective, such as an unusual percentile. */
function problemOf(one: Objective, name: string, isWithoutHistogram: boolean): string | null {
  const around = { name, script: '', checks: null, left: [], isWithoutHistogram };
  const parsed = parseDocument(documentOf([one], around));
  return parsed.ok ? null : `${parsed.error[0]!.message}; ${STAYS}`;
}
