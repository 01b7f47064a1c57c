import { keyOf } from '../model/labels.ts';
import type { Reading, Series } from '../model/model.ts';
import { fail, ok, type Result } from '../model/result.ts';
import { type Answer, doubtsOfHeaders, type HttpResponse, readAnswer, type Unanswered } from './answer.ts';
import { rangeMs, rawSamples } from './promql.ts';
import { type Access, connectionCause, get, isStillStarting } from './transport.ts';

export type { Answer } from './answer.ts';

/**
 * Client for Prometheus's HTTP API (`query` and `query_range`). A failed response is data (a reading with an
 * error), not an exception, because it will be judged.
 */
export interface Asker {
  readonly url: string;
  readonly signal: AbortSignal;
  /** The transport's headers take precedence over a user and password in the URL. */
  readonly access?: Access;
  readonly progress?: (line: string) => void;
  /** The maximum time to wait for a sample after its time, if the user sets one. */
  readonly ingestDelaySeconds?: number;
  /** The longest delay of samples seen before the load. */
  readonly lagSeconds?: number;
  /** Removes secrets from a server's message before it is cut: half a secret would not be recognised. */
  readonly redact?: (text: string) => string;
  /** The timeout of one query; 10 s by default. */
  readonly queryTimeoutMs?: number;
}

const QUERY_TIMEOUT_MS = 10_000;

/** The raw samples of a selector in the seconds before a given time. */
export async function readSamples(
  selector: string,
  seconds: number,
  atSeconds: number,
  asker: Asker,
): Promise<Reading> {
  const at = Number(atSeconds.toFixed(3));
  const query = rawSamples(selector, seconds);
  const response = await request(asker, 'query', { query, time: String(at) });
  const rangeSeconds = rangeMs(seconds) / 1000;
  return { selector, query, atSeconds: at, rangeSeconds, ...readAnswer(response, 'matrix', asker.redact) };
}

/** The current values, one per series. */
export const askOnce = async (query: string, atSeconds: number, asker: Asker): Promise<Answer> =>
  readAnswer(await request(asker, 'query', { query, time: String(atSeconds) }), 'vector', asker.redact);

/** The values at several times, or at one time. */
export async function askRange(query: string, range: Range, asker: Asker): Promise<Answer> {
  const { fromSeconds, toSeconds, stepSeconds } = range;
  const at = (seconds: number) => String(Number(seconds.toFixed(3)));
  const parameters = { query, start: at(fromSeconds), end: at(toSeconds), step: at(stepSeconds) };
  return readAnswer(await request(asker, 'query_range', parameters), 'matrix', asker.redact);
}

export interface Range {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly stepSeconds: number;
}

/** The server's response to a query, or why there is none. Throws if aborted. */
export async function request(
  { url, signal, access, queryTimeoutMs = QUERY_TIMEOUT_MS }: Asker,
  path: 'query' | 'query_range' | 'targets',
  parameters: Record<string, string>,
): Promise<Result<HttpResponse, Unanswered>> {
  try {
    const { endpoint, credentials } = apiEndpoint(url, path, access);
    // Compressing large responses takes longer than sending them. Query frontends skip their cache when asked
    // to.
    const headers = { 'accept-encoding': 'identity', 'cache-control': 'no-store', ...credentials };
    endpoint.search = new URLSearchParams(parameters).toString();
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(queryTimeoutMs)]);
    const { status, headers: received, text } = await get(endpoint, headers, access?.tls, bounded);
    const location = new Map(received).get('location');
    const redirectsTo =
      location === undefined ? {} : { redirectsTo: withoutSecrets(new URL(location, endpoint).href) };
    return ok({ status, text, doubts: doubtsOfHeaders(status, received), ...redirectsTo });
  } catch (error) {
    signal.throwIfAborted();
    const cause = causeOf(error, queryTimeoutMs);
    return fail({ url: withoutSecrets(url), cause, isStarting: isStillStarting(error) });
  }
}

/** An API URL without credentials, and the headers with them. */
export function apiEndpoint(
  url: string,
  path: string,
  access: Access | undefined,
): { endpoint: URL; credentials: Readonly<Record<string, string>> } {
  const base = new URL(url.endsWith('/') ? url : `${url}/`);
  const endpoint = new URL(`api/v1/${path}`, base);
  const { username, password } = base;
  endpoint.username = '';
  endpoint.password = '';
  const given = access?.headers ?? {};
  const isGiven = Object.keys(given).some((name) => name.toLowerCase() === 'authorization');
  if (isGiven || username === '') return { endpoint, credentials: given };
  const basic = basicAuthorization(decodeURIComponent(username), decodeURIComponent(password));
  return { endpoint, credentials: { ...given, authorization: basic } };
}

export const basicAuthorization = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** A URL without user, password and query, so that it can be stored. */
export function withoutSecrets(url: string): string {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  bare.search = '';
  return bare.href;
}

function causeOf(error: unknown, queryTimeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no response within ${queryTimeoutMs / 1000} s`;
  return connectionCause(error);
}

/**
 * Which of these series have ended: they have samples, but no value at this time, because Prometheus marks the series of a removed
 * target as stale. A series that is only late keeps its value for five minutes. Resolves to none if the server does not respond.
 */
export async function endedIn(
  series: readonly Series[],
  selector: string,
  asker: Asker,
  atSeconds = Date.now() / 1000,
): Promise<readonly Series[]> {
  if (series.length === 0) return [];
  const current = await askOnce(selector, Number(atSeconds.toFixed(3)), asker);
  if (current.error !== null) return [];
  const present = new Set(current.series.map(({ labels }) => keyOf(labels)));
  return series.filter(({ labels }) => !present.has(keyOf(labels)));
}
