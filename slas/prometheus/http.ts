import { type Answer, doubtsOfHeaders, type HttpResponse, readAnswer } from './answer.ts';

export type { Answer } from './answer.ts';

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
  /** How long after its time a sample is waited for at most, where the user says so. */
  readonly ingestDelaySeconds?: number;
  /** How late samples were seen to come before the load. */
  readonly lagSeconds?: number;
  /** Takes secrets out of what a server says, before it is cut: half a secret would not be recognised any more. */
  readonly redact?: (text: string) => string;
  /** The longest that one query may take; 10 s by default. */
  readonly queryTimeoutMs?: number;
}

const QUERY_TIMEOUT_MS = 10_000;

/** Raw samples: a range selector, asked for at one moment. */
export const ask = async (query: string, atSeconds: number, asker: Asker): Promise<Answer> =>
  readAnswer(await request(asker, 'query', { query, time: String(atSeconds) }), 'matrix', asker.redact);

/** The values of the moment, one a series. */
export const askOnce = async (query: string, atSeconds: number, asker: Asker): Promise<Answer> =>
  readAnswer(await request(asker, 'query', { query, time: String(atSeconds) }), 'vector', asker.redact);

/** Values at several moments, or at one. */
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

/** What the server says to a query, or why it says nothing. Aborting throws. */
export async function request(
  { url, signal, token, queryTimeoutMs = QUERY_TIMEOUT_MS }: Asker,
  path: 'query' | 'query_range',
  parameters: Record<string, string>,
): Promise<HttpResponse | string> {
  try {
    const { endpoint, authorization } = apiEndpoint(url, path, token);
    // Packing large answers takes both sides longer than sending them. Query frontends skip their cache when asked to.
    const headers = { 'accept-encoding': 'identity', 'cache-control': 'no-store', ...authorization };
    endpoint.search = new URLSearchParams(parameters).toString();
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(queryTimeoutMs)]);
    const response = await fetch(endpoint, { headers, signal: bounded });
    const { status } = response;
    return { status, text: await response.text(), doubts: doubtsOfHeaders(status, response.headers) };
  } catch (error) {
    signal.throwIfAborted();
    return `${withoutSecrets(url)} did not answer: ${causeOf(error, queryTimeoutMs)}`;
  }
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
