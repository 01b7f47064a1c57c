import { keyOf } from '../model/labels.ts';
import type { HistogramSample, NativeHistogram, Reading, Sample, Series } from '../model/model.ts';
import type { Result } from '../model/result.ts';

/**
 * Interprets a server's response: its series, and everything that casts doubt on them. Servers mark
 * incomplete results in different ways; each becomes a warning, and nothing passes on a reading with a
 * warning.
 *
 * Prometheus, Thanos, Mimir, Cortex   `warnings`, `infos`
 * VictoriaMetrics cluster             `"isPartial": true`
 * M3                                  the header `M3-Results-Limited`, and a warning
 * proxies and caches                  status 203 or 206, the header `Warning`
 */
export type Answer = Pick<Reading, 'series' | 'warnings' | 'error'>;

export interface HttpResponse {
  readonly status: number;
  readonly text: string;
  /** The headers that cast doubt on the body. */
  readonly doubts: readonly string[];
  /** The URL without user, password and query. */
  readonly redirectsTo?: string;
}

/** A request without a response; `cause` is the message of the operating system, or the timeout. */
export interface Unanswered {
  readonly url: string;
  readonly cause: string;
  /** Whether the cause may go away by itself, because the server has not started to listen yet. */
  readonly isStarting: boolean;
}

/**
 * Stored evidence has `error` next to its series, so a failed query is also a reading, and is judged as one.
 */
export const silent = (error: string): Answer => ({ series: [], warnings: [], error });

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const MAX_QUOTED_LENGTH = 300;

/**
 * A server's message as one line: secrets are removed before it is cut, because half a secret would not be
 * recognised.
 */
function excerpt(said: unknown, redact: (text: string) => string): string {
  const text = redact(typeof said === 'string' ? said : (JSON.stringify(said) ?? 'nothing'))
    .replace(/\s+/g, ' ')
    .trim();
  return text.length <= MAX_QUOTED_LENGTH ? text : `${text.slice(0, MAX_QUOTED_LENGTH)}…`;
}

/** @param redact removes secrets from the server's message */
export function readAnswer(
  answered: Result<HttpResponse, Unanswered>,
  expected: 'matrix' | 'vector',
  redact: (text: string) => string = String,
): Answer {
  if (!answered.ok) return silent(`${answered.error.url} did not respond: ${answered.error.cause}`);
  const { status, text: body, doubts, redirectsTo } = answered.value;
  if (status >= 300 && status < 400 && redirectsTo !== undefined)
    return silent(
      `status ${status}: it redirects to ${excerpt(redirectsTo, redact)}, and redirects are not followed, because that would pass on the credentials; if that address is right, query it directly`,
    );
  const what = expected === 'matrix' ? 'raw samples' : 'one value per series';
  const answer = parseJson(body) as ApiAnswer | null | undefined;
  if (answer === undefined) return silent(`status ${status}, but not JSON: ${excerpt(body, redact)}`);
  if (answer?.status !== 'success')
    return silent(`status ${status}: ${excerpt(answer?.error ?? body, redact)}`);
  if (status < 200 || status > 299) return silent(`status ${status}, although the body says "success"`);
  if (answer.data?.resultType !== expected)
    return silent(`expected ${what}, got ${excerpt(answer.data?.resultType ?? 'nothing', redact)}`);
  const { result } = answer.data;
  if (!Array.isArray(result) || !result.every(isSeries))
    return silent(`expected ${what}, got ${excerpt(result, redact)}`);
  const { series, conflicts } = tidied(result);
  const besideSamples = result.flatMap(
    ({ metric: _, values: __, value: ___, histograms: ____, histogram: _____, ...rest }) => doubtsOf(rest),
  );
  const warnings = [...doubts, ...doubtsOf(answer), ...besideSamples, ...conflicts].map((one) =>
    excerpt(one, redact),
  );
  return { series, warnings, error: null };
}

interface ApiAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data?: {
    readonly resultType: string;
    readonly result: readonly ApiSeries[];
  };
}

interface ApiSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values?: readonly Sample[];
  readonly value?: Sample;
  readonly histograms?: readonly HistogramSample[];
  readonly histogram?: HistogramSample;
}

/** A server that only resembles Prometheus may send null; that must not be read as 0. */
const isSeries = (one: ApiSeries) =>
  typeof one?.metric === 'object' &&
  one.metric !== null &&
  floatsOf(one).every(([at, value]) => Number.isFinite(at) && typeof value === 'string') &&
  histogramsOf(one).every(([at, histogram]) => Number.isFinite(at) && isHistogram(histogram));

const floatsOf = ({ values, value }: ApiSeries) => values ?? (value === undefined ? [] : [value]);

const histogramsOf = ({ histograms, histogram }: ApiSeries) =>
  histograms ?? (histogram === undefined ? [] : [histogram]);

const isHistogram = (one: NativeHistogram | null) =>
  typeof one === 'object' &&
  typeof one?.count === 'string' &&
  typeof one.sum === 'string' &&
  (one.buckets ?? []).every(
    ([ends, ...texts]) => Number.isInteger(ends) && texts.length === 3 && texts.every(isText),
  );

const isText = (value: unknown) => typeof value === 'string';

/** Keys whose value is a message to the reader. */
const MESSAGES = /^(warnings?|infos?|errors?|notices?)$/i;
/** Keys that mark the result as incomplete if their value is true. */
const INCOMPLETE = /partial|truncat|incomplete|degraded|limited|limit.?(reached|exceeded|hit|applied)/i;
/** Keys that mark the result as incomplete if their value is false. */
const COMPLETE = /^(is.?)?(complete|exhaustive)$/i;
/** Keys that are not searched: the result itself and query traces, which contain labels and values that the user chose. */
const NOT_LOOKED_INTO = new Set(['result', 'resultType', 'trace', 'status']);

/** Messages, and marks of an incomplete result, anywhere outside the result. */
function doubtsOf(part: object): readonly string[] {
  return Object.entries(part).flatMap(([key, value]): readonly string[] => {
    if (NOT_LOOKED_INTO.has(key)) return [];
    if (MESSAGES.test(key)) return messagesOf(value);
    if (INCOMPLETE.test(key) && isSaid(value)) return [incomplete(`"${key}": ${JSON.stringify(value)}`)];
    if (COMPLETE.test(key) && !isSaid(value)) return [incomplete(`"${key}": ${JSON.stringify(value)}`)];
    return typeof value === 'object' && value !== null ? doubtsOf(value) : [];
  });
}

const incomplete = (mark: string) => `the server marked its result as incomplete (${mark.slice(0, 200)})`;

function messagesOf(value: unknown): readonly string[] {
  if (!isSaid(value)) return [];
  const all = Array.isArray(value) ? value : [value];
  return all.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
}

/** Whether a value carries a message. false, 0, null, their text forms, and containers of only such values carry none. */
function isSaid(value: unknown): boolean {
  if (typeof value === 'string') return !/^(|false|no|none|null|0)$/i.test(value.trim());
  if (typeof value === 'object' && value !== null) return Object.values(value).some(isSaid);
  return Boolean(value);
}

/** Doubts from the status and the headers: partial content, a cached copy, or a truncated result. */
export function doubtsOfHeaders(
  status: number,
  headers: Iterable<readonly [string, string]>,
): readonly string[] {
  const ofStatus = status === 206 || status === 203 ? [incomplete(`HTTP status ${status}`)] : [];
  const ofHeaders = [...headers].flatMap(([name, value]) => {
    if (name === 'warning') return [`HTTP warning: ${value.slice(0, 200)}`];
    return INCOMPLETE.test(name) && isSaid(value) ? [incomplete(`header ${name}: ${value}`)] : [];
  });
  return [...ofStatus, ...ofHeaders];
}

/**
 * Returns each series once, with its samples sorted and one sample per time. A server that receives samples from several senders may return
 * a series or a sample twice. If two different values have the same time, the correct one is unknown.
 */
function tidied(result: readonly ApiSeries[]): { series: readonly Series[]; conflicts: readonly string[] } {
  const byLabels = Map.groupBy(result, ({ metric }) => keyOf(metric));
  const conflicts: string[] = [];
  const series = [...byLabels.values()].map((same): Series => {
    const all = same.flatMap(floatsOf);
    const labels = same[0]!.metric;
    const histograms = same.flatMap(histogramsOf);
    if (histograms.length > 0) return withHistograms(labels, all, histograms, conflicts);
    if (same.length === 1 && all.every(([at], index) => index === 0 || at > all[index - 1]![0]))
      return { labels, samples: all };
    const { samples, conflict } = onceEach(all);
    if (conflict !== null)
      conflicts.push(`series ${JSON.stringify(labels)} has several values with the same time: ${conflict}`);
    return { labels, samples };
  });
  return { series, conflicts };
}

function withHistograms(
  labels: Series['labels'],
  floats: readonly Sample[],
  all: readonly HistogramSample[],
  conflicts: string[],
): Series {
  const histograms = all
    .toSorted(([a], [b]) => a - b)
    .filter(([at, own], index, sorted) => {
      const before = sorted[index - 1];
      if (before?.[0] !== at) return true;
      if (JSON.stringify(before[1]) !== JSON.stringify(own))
        conflicts.push(`series ${JSON.stringify(labels)} has several histograms with the same time: ${at}`);
      return false;
    });
  const { samples, conflict } = onceEach(floats);
  if (conflict !== null)
    conflicts.push(`series ${JSON.stringify(labels)} has several values with the same time: ${conflict}`);
  return { labels, samples, histograms };
}

function onceEach(all: readonly Sample[]): { samples: readonly Sample[]; conflict: string | null } {
  const samples: Sample[] = [];
  let conflict: string | null = null;
  for (const sample of all.toSorted(([a], [b]) => a - b)) {
    const last = samples.at(-1);
    if (last === undefined || last[0] !== sample[0]) samples.push(sample);
    else if (last[1] !== sample[1] && Number(last[1]) !== Number(sample[1]))
      conflict ??= `${last[1]} and ${sample[1]} at ${sample[0]}`;
  }
  return { samples, conflict };
}
