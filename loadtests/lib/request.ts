import { check } from 'k6';
import http, { type RefinedResponse } from 'k6/http';
import { Counter, Trend } from 'k6/metrics';
import { awaitArrival, load, phaseBeganMs, phaseName, target } from './load.ts';
import { asTag } from './tag.ts';

/**
 * Everything that the harness reads about a run. Each request is sent once, and then has a response or
 * remains unanswered. It is never retried.
 */
const sent = new Counter('sla_requests_sent');
const lost = new Counter('sla_requests_lost');
const answered = ['1xx', '2xx', '3xx', '4xx', '5xx'].map(
  (status) => new Counter(`sla_requests_answered_${status}`),
);
/** When requests were sent and responses received, in Unix milliseconds: their minimum and maximum define the window. */
const sentAt = new Trend('sla_sent_at_ms');
const answeredAt = new Trend('sla_answered_at_ms');
/** Each request as the caller experienced it, including connecting and TLS; the status is 0 if there was no response. */
const request = new Trend('sla_request_ms');
/**
 * How late requests were sent: a load generator that is starved of CPU sends less load than planned, and measures its own
 * delays.
 */
const late = new Trend('sla_started_late_ms');

/** When each phase's schedule began, in Unix milliseconds: one sample per virtual user. */
const phaseBegan = new Trend('sla_phase_began_at_ms');

const budgets = load.budgets.map((budget) => ({
  ...budget,
  bad: new Counter(budget.metric),
  badStatus: budget.badStatus === null ? null : new RegExp(`^(?:${budget.badStatus})$`),
}));

/** Counts a request against every error budget that it uses up. */
function spend(path: string, status: number, seconds: number): void {
  for (const budget of budgets) {
    if (budget.path !== null && budget.path !== path) continue;
    if (budget.phase !== null && budget.phase !== phaseName()) continue;
    const isSlow =
      budget.overSeconds !== null && status >= 200 && status < 300 && seconds > budget.overSeconds;
    const isBad = status === 0 || isSlow || budget.badStatus?.test(String(status)) === true;
    if (isBad) budget.bad.add(1);
  }
}

/** From the environment, because other users can read arguments. A scenario may send its own Authorization header instead. */
const authorization: Readonly<Record<string, string>> = __ENV.SLA_TARGET_TOKEN
  ? { Authorization: `Bearer ${__ENV.SLA_TARGET_TOKEN}` }
  : {};

const JSON_BODY = { 'Content-Type': 'application/json' };

const STEPS_MS = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000];

/** Rounded up to one of a few steps, because a k6 tag must have few distinct values. */
const upTo = (ms: number) => String(STEPS_MS.find((step) => ms < step + 0.5) ?? STEPS_MS.at(-1));

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The recorded path if it is not one of the service's own; there are only a few distinct ones. */
  readonly recordedAs?: string;
}

export type Answer = RefinedResponse<'text'>;

/** Sends one request at its scheduled time, and counts how it ended. */
export function send({ method, path, body, headers, recordedAs = path }: Sent): Answer {
  // "@elsewhere/" after an address would turn it into another address.
  if (!path.startsWith('/')) throw new Error(`the path "${path}" does not begin with /`);
  late.add(awaitArrival());
  const beganMs = phaseBeganMs();
  if (beganMs !== null) phaseBegan.add(beganMs);
  sentAt.add(Date.now());
  sent.add(1);
  const response = http.request(method, target + path, body ?? null, {
    headers: { ...authorization, ...headers },
    responseType: 'text',
    // A redirect is a response like any other; load goes only to the address it was sent to.
    redirects: 0,
    timeout: load.requestTimeoutSeconds * 1000,
    tags: { name: recordedAs },
  });
  answeredAt.add(Date.now());
  // k6 counts connecting and TLS as blocked; http_req_duration excludes them.
  const { blocked, duration } = response.timings;
  request.add(blocked + duration, {
    path: asTag(recordedAs),
    status: String(response.status),
    blocked: upTo(blocked),
  });
  spend(recordedAs, response.status, (blocked + duration) / 1000);
  // k6 gives status 0 to requests without a response: refused, reset or timed out.
  if (response.status === 0) lost.add(1);
  else answered[Math.floor(response.status / 100) - 1]?.add(1);
  return response;
}

/** Posts JSON. */
export const post = (path: string, body: object, headers: Sent['headers'] = {}): Answer =>
  send({ method: 'POST', path, body: JSON.stringify(body), headers: { ...JSON_BODY, ...headers } });

export const get = (path: string, headers: Sent['headers'] = {}): Answer =>
  send({ method: 'GET', path, headers });

/** Wrong responses: a pass must not be based on them. */
const wrong = new Counter('sla_answers_wrong');
/** Successful responses that were checked, each once; nothing is known about the others. */
const looked = new Counter('sla_good_answers_looked_into');
const seen = new WeakSet<Answer>();
/** Refusals that were requested and came as documented. */
const refusedAsDocumented = new Counter('sla_refusals_expected');

/** Checks a successful response; `isRight` says whether its JSON is as requested. */
export function expectAnswer(response: Answer, isRight: (body: unknown) => boolean): void {
  if (!isGood(response)) return;
  noteLook(response);
  const right = check(response, { 'the answer is what was asked for': ({ body }) => isRight(parsed(body)) });
  wrong.add(right ? 0 : 1);
}

/**
 * Expects a refusal: this status, and this code in `{"error":{"code"}}`. A request without a response is unanswered, not
 * wrong.
 */
export function expectRefusal(response: Answer, status: number, code: string): void {
  if (response.status === 0) return;
  noteLook(response);
  const right = check(response, {
    [`${code} is refused with ${status}`]: ({ body, status: given }) =>
      given === status && (parsed(body) as { error?: { code?: unknown } } | undefined)?.error?.code === code,
  });
  wrong.add(right ? 0 : 1);
  if (right) refusedAsDocumented.add(1);
}

const isGood = ({ status }: Answer) => status >= 200 && status <= 299;

function noteLook(response: Answer): void {
  if (!isGood(response) || seen.has(response)) return;
  seen.add(response);
  looked.add(1);
}

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
