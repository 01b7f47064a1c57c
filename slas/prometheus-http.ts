import type { Reading } from './model.ts';

/**
 * A server of Prometheus's HTTP API, of which `query` and `query_range` are used. An answer that does not come is data (a
 * reading with an error), never an exception: it will be judged.
 */
export interface Asker {
  readonly url: string;
  readonly signal: AbortSignal;
  /** Sent as a bearer token, in place of a user and password in the address. */
  readonly token?: string;
  readonly progress?: (line: string) => void;
  /** The longest that one query may take; 10 s by default. */
  readonly queryTimeoutMs?: number;
}

const QUERY_TIMEOUT_MS = 10_000;

export type Answer = Pick<Reading, 'series' | 'warnings' | 'error'>;

const silent = (error: string): Answer => ({ series: [], warnings: [], error });

/** Raw samples: a range selector, asked for at one moment. */
export const ask = async (query: string, atSeconds: number, asker: Asker): Promise<Answer> =>
  readAnswer(await request(asker, 'query', { query, time: String(atSeconds) }), 'matrix');

/** The values of the moment, one a series. */
export const askOnce = async (query: string, atSeconds: number, asker: Asker): Promise<Answer> =>
  readAnswer(await request(asker, 'query', { query, time: String(atSeconds) }), 'vector');

/** Values at several moments, or at one. */
export async function askRange(query: string, range: Range, asker: Asker): Promise<Answer> {
  const { fromSeconds, toSeconds, stepSeconds } = range;
  const at = (seconds: number) => String(Number(seconds.toFixed(3)));
  const parameters = { query, start: at(fromSeconds), end: at(toSeconds), step: at(stepSeconds) };
  return readAnswer(await request(asker, 'query_range', parameters), 'matrix');
}

export interface Range {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly stepSeconds: number;
}

/** What the server says to a query, or why it says nothing. Aborting throws. */
export async function request(
  { url, signal, token, queryTimeoutMs = QUERY_TIMEOUT_MS }: Asker,
  path: 'query' | 'query_range',
  parameters: Record<string, string>,
): Promise<{ readonly status: number; readonly text: string } | string> {
  try {
    const { endpoint, authorization } = apiEndpoint(url, path, token);
    // Packing large answers takes both sides longer than sending them.
    const headers = { 'accept-encoding': 'identity', ...authorization };
    endpoint.search = new URLSearchParams(parameters).toString();
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(queryTimeoutMs)]);
    const response = await fetch(endpoint, { headers, signal: bounded });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    signal.throwIfAborted();
    return `${withoutSecrets(url)} did not answer: ${causeOf(error, queryTimeoutMs)}`;
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readAnswer(answered: Awaited<ReturnType<typeof request>>, expected: 'matrix' | 'vector'): Answer {
  if (typeof answered === 'string') return silent(answered);
  const { status, text: body } = answered;
  const what = expected === 'matrix' ? 'raw samples' : 'one value a series';
  const answer = parseJson(body) as ApiAnswer | null | undefined;
  if (answer === undefined) return silent(`status ${status}, and no JSON: ${body.slice(0, 120)}`);
  if (answer?.status !== 'success') return silent(`status ${status}: ${answer?.error ?? body.slice(0, 120)}`);
  if (answer.data?.resultType !== expected)
    return silent(`expected ${what}, got ${answer.data?.resultType ?? 'nothing'}`);
  const { result } = answer.data;
  if (!Array.isArray(result) || !result.every(isSeries))
    return silent(`expected ${what}, got ${JSON.stringify(result).slice(0, 120)}`);
  return {
    series: result.map(({ metric, values, value }) => ({
      labels: metric,
      samples: values ?? (value === undefined ? [] : [value]),
    })),
    warnings: [...(answer.warnings ?? []), ...(answer.infos ?? [])],
    error: null,
  };
}

/** A server that only resembles Prometheus must not have a null of its own read as 0. */
const isSeries = (one: ApiSeries) =>
  typeof one?.metric === 'object' &&
  one.metric !== null &&
  !('histograms' in one) &&
  [...(one.values ?? []), ...(one.value === undefined ? [] : [one.value])].every(
    ([at, value]) => Number.isFinite(at) && typeof value === 'string',
  );

interface ApiAnswer {
  readonly status: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
  readonly data?: {
    readonly resultType: string;
    readonly result: readonly ApiSeries[];
  };
}

interface ApiSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values?: readonly (readonly [number, string])[];
  readonly value?: readonly [number, string];
}

/** A path of the API, and what opens it. A user and password in the address go into a header: fetch refuses them in the address. */
export function apiEndpoint(
  url: string,
  path: string,
  token: string | undefined,
): { endpoint: URL; authorization: Record<string, string> } {
  const base = new URL(url.endsWith('/') ? url : `${url}/`);
  const endpoint = new URL(`api/v1/${path}`, base);
  const { username, password } = base;
  endpoint.username = '';
  endpoint.password = '';
  if (token !== undefined) return { endpoint, authorization: { authorization: `Bearer ${token}` } };
  if (username === '') return { endpoint, authorization: {} };
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const basic = Buffer.from(credentials).toString('base64');
  return { endpoint, authorization: { authorization: `Basic ${basic}` } };
}

/** An address without user, password and query: fit to be written down. */
export function withoutSecrets(url: string): string {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  bare.search = '';
  return bare.href;
}

function causeOf(error: unknown, queryTimeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${queryTimeoutMs / 1000} s`;
  const cause = error.cause as { code?: string; message?: string } | undefined;
  return cause?.code ?? cause?.message ?? error.message;
}
