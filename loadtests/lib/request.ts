import { check } from 'k6';
import http, { type RefinedResponse } from 'k6/http';
import { Trend } from 'k6/metrics';
import { awaitArrival, countRequest, load, nextTarget, phaseBeganMs } from './load.ts';

/**
 * Requests and checks for scripts of this project. The harness needs none of this: it records the requests of any k6 script from
 * k6's own samples. Each request is sent once and never retried.
 */

/**
 * k6 knows nothing about random arrivals, so the script reports their delays and when their phase began (Unix
 * ms).
 */
const isRandom = load.arrivals === 'poisson';
const late = isRandom ? new Trend('sla_started_late_ms') : null;
const phaseBegan = isRandom ? new Trend('sla_phase_began_at_ms') : null;

/** From the environment, because other users can read arguments. A scenario may send its own Authorization header instead. */
const authorization: Readonly<Record<string, string>> = __ENV.SLA_TARGET_TOKEN
  ? { Authorization: `Bearer ${__ENV.SLA_TARGET_TOKEN}` }
  : {};

const JSON_BODY = { 'Content-Type': 'application/json' };

/** The k6 parameters of every request. */
const params = {
  responseType: 'text' as const,
  // Redirects are not followed, so that load reaches only the configured address. A redirect counts as a response like any other.
  redirects: 0,
  timeout: load.requestTimeoutSeconds * 1000,
  headers: authorization,
};

const byName = new Map<string, typeof params & { readonly tags: { readonly name: string } }>();

/** Requests are named by their path, so that thresholds can be set per path: `http_req_duration{name:/predict}`. */
function paramsFor(name: string) {
  const known = byName.get(name) ?? { ...params, tags: { name } };
  byName.set(name, known);
  return known;
}

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The recorded path of a request to any path that is not the service's own. Scripts request only a few distinct paths of this kind. */
  readonly recordedAs?: string;
}

export type Answer = RefinedResponse<'text'>;

/** Sends one request at its scheduled time. */
export function send({ method, path, body, headers, recordedAs = path }: Sent): Answer {
  // "@elsewhere/" after an address would turn it into another address.
  if (!path.startsWith('/')) throw new Error(`the path "${path}" does not begin with /`);
  if (isRandom) awaitTurn();
  const named = paramsFor(recordedAs);
  const own = headers === undefined ? named : { ...named, headers: { ...authorization, ...headers } };
  const response = http.request(method, nextTarget() + path, body ?? null, own);
  countRequest();
  return response;
}

function awaitTurn(): void {
  const lateMs = awaitArrival();
  if (lateMs !== null) late!.add(lateMs);
  const beganMs = phaseBeganMs();
  if (beganMs !== null) phaseBegan!.add(beganMs);
}

/** Posts JSON. */
export const post = (path: string, body: object, headers: Sent['headers'] = {}): Answer =>
  send({ method: 'POST', path, body: JSON.stringify(body), headers: { ...JSON_BODY, ...headers } });

export const get = (path: string, headers?: Sent['headers']): Answer =>
  send({ method: 'GET', path, ...(headers === undefined ? {} : { headers }) });

const seen = new WeakSet<Answer>();

/**
 * Checks a response. The tag tells the harness what was checked: `body`, a successful response for the first time; `again`, one
 * that was checked before; `refusal`, any other.
 */
function checkBody(response: Answer, name: string, isRight: (response: Answer) => boolean): void {
  const kind = !isGood(response) ? 'refusal' : seen.has(response) ? 'again' : 'body';
  seen.add(response);
  check(response, { [name]: isRight }, { sla: kind });
}

/** Checks a successful response; `isRight` says whether its JSON is as requested. */
export function expectAnswer(response: Answer, isRight: (body: unknown) => boolean): void {
  if (isGood(response))
    checkBody(response, 'the answer is what was asked for', ({ body }) => isRight(parsed(body)));
}

/**
 * Expects a refusal: this status, and this code in `{"error":{"code"}}`. A request without a response is unanswered, not
 * wrong.
 */
export function expectRefusal(response: Answer, status: number, code: string): void {
  if (response.status === 0) return;
  checkBody(
    response,
    `${code} is refused with ${status}`,
    ({ body, status: given }) =>
      given === status && (parsed(body) as { error?: { code?: unknown } } | undefined)?.error?.code === code,
  );
}

const isGood = ({ status }: Answer) => status >= 200 && status <= 299;

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function isPrediction(body: unknown): boolean {
  const { sentiment, confidence } = (body ?? {}) as { sentiment?: unknown; confidence?: unknown };
  const isSure = typeof confidence === 'number' && confidence >= 0.5 && confidence <= 1;
  return isSure && (sentiment === 'POSITIVE' || sentiment === 'NEGATIVE');
}

/** Requests the sentiment of one text, and checks the response. */
export function predict(text: string, headers: Sent['headers'] = {}): Answer {
  const response = post('/predict', { text }, headers);
  expectAnswer(response, isPrediction);
  return response;
}

/** Requests the sentiments of several texts at once, and checks each. */
export function predictBatch(texts: readonly string[], headers: Sent['headers'] = {}): void {
  expectAnswer(post('/predict/batch', { texts }, headers), (body) => {
    const { predictions } = (body ?? {}) as { predictions?: unknown };
    const isWhole = Array.isArray(predictions) && predictions.length === texts.length;
    return isWhole && predictions.every(isPrediction);
  });
}
