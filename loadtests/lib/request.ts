import { check } from 'k6';
import http, { type RefinedResponse } from 'k6/http';
import { Counter, Trend } from 'k6/metrics';
import { awaitArrival, load, phaseBeganMs, phaseName, target } from './load.ts';
import { asTag } from './tag.ts';

/** What the harness reads of a run: each request is sent once, and then answered or lost. Never retried. */
const sent = new Counter('sla_requests_sent');
const lost = new Counter('sla_requests_lost');
const answered = ['1xx', '2xx', '3xx', '4xx', '5xx'].map(
  (status) => new Counter(`sla_requests_answered_${status}`),
);
/** When requests went out and answers came in, in Unix milliseconds: their least and greatest make the window. */
const sentAt = new Trend('sla_sent_at_ms');
const answeredAt = new Trend('sla_answered_at_ms');
/** Each request as its caller felt it, connecting and TLS included; its status is 0 if it was never answered. */
const request = new Trend('sla_request_ms');
/** How late requests went out: a generator that is starved of CPU loads less than it was told to, and measures itself. */
const late = new Trend('sla_started_late_ms');

/** When each phase's schedule began, in Unix milliseconds: one sample a virtual user. */
const phaseBegan = new Trend('sla_phase_began_at_ms');

const budgets = load.budgets.map((budget) => ({
  ...budget,
  bad: new Counter(budget.metric),
  badStatus: budget.badStatus === null ? null : new RegExp(`^(?:${budget.badStatus})$`),
}));

/** Counts a request against every budget that it breaks into. */
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

/** From the environment: other users may read arguments. A scenario may send an Authorization of its own instead. */
const authorization: Readonly<Record<string, string>> = __ENV.SLA_TARGET_TOKEN
  ? { Authorization: `Bearer ${__ENV.SLA_TARGET_TOKEN}` }
  : {};

const JSON_BODY = { 'Content-Type': 'application/json' };

const STEPS_MS = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000];

/** Rounded up to one of a few steps: a tag of k6 must not have many values. */
const upTo = (ms: number) => String(STEPS_MS.find((step) => ms < step + 0.5) ?? STEPS_MS.at(-1));

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What it is recorded as, where its path is none of the service's; few different ones. */
  readonly recordedAs?: string;
}

export type Answer = RefinedResponse<'text'>;

/** Sends one request at its moment, and counts what became of it. */
export function send({ method, path, body, headers, recordedAs = path }: Sent): Answer {
  // "@elsewhere/" after an address makes it another one.
  if (!path.startsWith('/')) throw new Error(`the path "${path}" does not begin with /`);
  late.add(awaitArrival());
  const beganMs = phaseBeganMs();
  if (beganMs !== null) phaseBegan.add(beganMs);
  sentAt.add(Date.now());
  sent.add(1);
  const response = http.request(method, target + path, body ?? null, {
    headers: { ...authorization, ...headers },
    responseType: 'text',
    // A redirect is an answer like any other: load goes where it was sent, and nowhere else.
    redirects: 0,
    timeout: load.requestTimeoutSeconds * 1000,
    tags: { name: recordedAs },
  });
  answeredAt.add(Date.now());
  // k6 counts connecting and TLS as blocked; http_req_duration leaves all of that out.
  const { blocked, duration } = response.timings;
  request.add(blocked + duration, {
    path: asTag(recordedAs),
    status: String(response.status),
    blocked: upTo(blocked),
  });
  spend(recordedAs, response.status, (blocked + duration) / 1000);
  // k6 gives status 0 to what was never answered: refused, reset, timed out.
  if (response.status === 0) lost.add(1);
  else answered[Math.floor(response.status / 100) - 1]?.add(1);
  return response;
}

/** Posts JSON. */
export const post = (path: string, body: object, headers: Sent['headers'] = {}): Answer =>
  send({ method: 'POST', path, body: JSON.stringify(body), headers: { ...JSON_BODY, ...headers } });

export const get = (path: string, headers: Sent['headers'] = {}): Answer =>
  send({ method: 'GET', path, headers });

/** Answers that are not what was asked for: a pass must not rest on them. */
const wrong = new Counter('sla_answers_wrong');
/** Good answers that were looked into, each once: of the others nobody knows. */
const looked = new Counter('sla_good_answers_looked_into');
const seen = new WeakSet<Answer>();
/** Refusals that were asked for and came as they are documented. */
const refusedAsDocumented = new Counter('sla_refusals_expected');

/** Looks into a good answer; `isRight` says whether its JSON is what was asked for. */
export function expectAnswer(response: Answer, isRight: (body: unknown) => boolean): void {
  if (!isGood(response)) return;
  noteLook(response);
  const right = check(response, { 'the answer is what was asked for': ({ body }) => isRight(parsed(body)) });
  wrong.add(right ? 0 : 1);
}

/** A refusal is what was asked for: this status, and this code in `{"error":{"code"}}`. One never answered is lost, not wrong. */
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

/** Asks for the sentiment of one text, and looks into the answer. */
export function predict(text: string, headers: Sent['headers'] = {}): Answer {
  const response = post('/predict', { text }, headers);
  expectAnswer(response, isPrediction);
  return response;
}

/** Asks for the sentiments of several texts at once, and looks into each. */
export function predictBatch(texts: readonly string[], headers: Sent['headers'] = {}): void {
  expectAnswer(post('/predict/batch', { texts }, headers), (body) => {
    const { predictions } = (body ?? {}) as { predictions?: unknown };
    const isWhole = Array.isArray(predictions) && predictions.length === texts.length;
    return isWhole && predictions.every(isPrediction);
  });
}
