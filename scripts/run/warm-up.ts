import autocannon from 'autocannon';
import type { Load, WarmUp } from '../../slas/model/model.ts';
import { withoutSecrets } from '../../slas/prometheus/http.ts';
import { HarnessError } from '../cli/errors.ts';
import { onAbort } from '../process/processes.ts';
import type { Stack } from '../stack/stack.ts';

const CONNECTIONS = 4;
const CLOSED_LOOP_REQUESTS = 600;
const FIRST_ROUND = 60;
/** After this time even a slow service is warm, however few requests it answered. */
const LONG_ENOUGH_MS = 5_000;
const OPEN_LOOP_SECONDS = 5;
const MAX_ERRORS = 20;
/** Bounds the warm-up of a service that does not respond. */
const TIMEOUT_MS = 60_000;

/**
 * Warms the service up, so that the judged window contains no cold-start costs: in a closed loop, where each
 * connection sends its next request after a response; an external service in an open loop, at no more than
 * the planned rate. Does nothing if the document has no warm-up. Every request is awaited: an aborted one
 * would be counted inside the window.
 *
 * Resolves to the Unix time of the last response.
 *
 * @param token sent as a bearer token
 */
export async function warmUp(stack: Stack, load: Load, signal: AbortSignal, token?: string): Promise<number> {
  if (load.warmUp === null) return Date.now() / 1000;
  const requests = requestsOf(load.warmUp, token);
  // Without a bail-out, autocannon retries refused connections thousands of times per second.
  const target = { url: stack.serviceUrl, timeout: 10, requests, bailout: MAX_ERRORS };
  if (stack.isOurs) await closedLoop(target, signal);
  else await fire({ ...target, ...openLoop(load) }, signal);
  return Date.now() / 1000;
}

function requestsOf({ path, headers, ...warmUp }: WarmUp, token: string | undefined) {
  const { bodies = [] } = warmUp;
  const method = warmUp.method ?? (bodies.length > 0 ? 'POST' : 'GET');
  const own = { ...headers, ...(token ? { authorization: `Bearer ${token}` } : {}) };
  if (bodies.length === 0) return [{ method, path, headers: own }];
  return bodies.map((body) => ({
    method,
    path,
    headers: { 'content-type': 'application/json', ...own },
    body: JSON.stringify(body),
  }));
}

/** A first round measures the speed of the service, and so how many more requests fit into the time. */
async function closedLoop(target: autocannon.Options, signal: AbortSignal): Promise<void> {
  const startedMs = Date.now();
  const first = await fire({ ...target, connections: CONNECTIONS, amount: FIRST_ROUND }, signal);
  const leftMs = LONG_ENOUGH_MS - (Date.now() - startedMs);
  const fitting = Math.floor((CONNECTIONS * leftMs) / Math.max(first.latency.mean, 1));
  const amount = Math.min(CLOSED_LOOP_REQUESTS - FIRST_ROUND, fitting);
  if (amount >= CONNECTIONS) await fire({ ...target, connections: CONNECTIONS, amount }, signal);
}

/** The lowest planned rate; one request per second for a k6 script without one. */
function slowestOf({ phases, k6 }: Load): number {
  const stages = k6?.scenarios.flatMap((one) => one.stages ?? []) ?? [];
  const rates = [
    ...phases.map(({ ratePerSecond }) => ratePerSecond),
    ...stages.flatMap(({ fromPerSecond, toPerSecond }) => [fromPerSecond, toPerSecond]),
  ].filter((rate) => rate > 0);
  return rates.length === 0 ? 1 : Math.min(...rates);
}

function openLoop(load: Load): Partial<autocannon.Options> {
  const slowest = slowestOf(load);
  const overallRate = Math.max(1, Math.floor(slowest));
  const connections = Math.min(CONNECTIONS, overallRate);
  // autocannon sends at least one request per second: if fewer are planned, send as many as are planned in
  // that time.
  const amount = Math.max(1, Math.floor(Math.min(overallRate, slowest) * OPEN_LOOP_SECONDS));
  // With a rate, autocannon's correction for coordinated omission confuses seconds and milliseconds.
  return { connections, overallRate, amount, ignoreCoordinatedOmission: true };
}

/** Ctrl-C and the time limit both stop it; what was answered by then counts. */
async function fire(options: autocannon.Options, signal: AbortSignal): Promise<autocannon.Result> {
  const { promise, resolve, reject } = Promise.withResolvers<autocannon.Result>();
  const instance = autocannon(options, (error, result) => (error ? reject(error) : resolve(result)));
  const stop = () => instance.stop();
  const timer = setTimeout(stop, TIMEOUT_MS);
  const forget = onAbort(signal, stop);
  try {
    const result = await promise;
    refuseIfNoneGood(result, withoutSecrets(options.url));
    return result;
  } finally {
    clearTimeout(timer);
    forget();
    signal.throwIfAborted();
  }
}

function refuseIfNoneGood(result: autocannon.Result, url: string): void {
  if (result['2xx'] > 0) return;
  throw new HarnessError(
    'warm-up',
    `${url} did not answer any warm-up request with 2xx: ${result.non2xx} other responses, ${result.errors + result.resets} errors`,
    {
      nextStep:
        'check the address, service.warmUp in the SLA document, and SLA_TARGET_TOKEN if the service requires a token',
    },
  );
}
