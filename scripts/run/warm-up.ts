import type { Load, WarmUp } from '../../slas/model/model.ts';
import { withoutSecrets } from '../../slas/prometheus/http.ts';
import { HarnessError } from '../cli/errors.ts';
import type { RemoteGenerators, RemoteWarmUp, Stack } from '../stack/stack.ts';
import { onlyToAddresses } from './allowed-addresses.ts';
import { type Sending, type Sent, sendAll, type WarmUpRequest } from './warm-up-requests.ts';

const CONNECTIONS = 4;
const CLOSED_LOOP_REQUESTS = 600;
const FIRST_ROUND = 60;
/** After this time, even a slow service is warm, however few responses it has sent. */
const LONG_ENOUGH_MS = 5_000;
const OPEN_LOOP_SECONDS = 5;
/** The time limit for a service that does not respond. */
const TIMEOUT_MS = 60_000;

/**
 * Warms the service up, so that the judged window contains no cold-start costs. A service that was started here gets a
 * closed loop: each connection sends its next request after a response. An external service gets an open loop at no more
 * than the planned rate. Does nothing if the document has no warm-up. Every response is awaited, because an aborted request would be counted during the window.
 *
 * Resolves to the Unix time of the last response.
 *
 * @param token sent as a bearer token
 */
export async function warmUp(stack: Stack, load: Load, signal: AbortSignal, token?: string): Promise<number> {
  if (load.warmUp === null) return Date.now() / 1000;
  if (stack.remote !== undefined) return await warmUpFrom(stack.remote, load, load.warmUp, signal);
  const requests = requestsOf(load.warmUp, token);
  if (stack.isOurs)
    for (const url of stack.replicaUrls ?? [stack.serviceUrl]) await closedLoop({ url, requests }, signal);
  else await fire({ url: stack.serviceUrl, requests, ...openLoop(load) }, signal);
  return Date.now() / 1000;
}

/** No token is passed, because the load generators already have it. */
async function warmUpFrom(
  { warmUp: send, addresses, serviceUrl }: RemoteGenerators,
  load: Load,
  planned: WarmUp,
  signal: AbortSignal,
): Promise<number> {
  const sent = await send(
    { requests: requestsOf(planned, undefined), ...openLoop(load) },
    onlyToAddresses(addresses),
  );
  signal.throwIfAborted();
  refuseIfNoneGood(sent, withoutSecrets(serviceUrl));
  return Date.now() / 1000;
}

function requestsOf(
  { path, headers, ...warmUp }: WarmUp,
  token: string | undefined,
): readonly WarmUpRequest[] {
  const { bodies = [] } = warmUp;
  const method = warmUp.method ?? (bodies.length > 0 ? 'POST' : 'GET');
  const own = { ...headers, ...(token ? { authorization: `Bearer ${token}` } : {}) };
  if (bodies.length === 0) return [{ method, path, headers: own, body: null }];
  return bodies.map((body) => ({
    method,
    path,
    headers: { 'content-type': 'application/json', ...own },
    body: JSON.stringify(body),
  }));
}

type Target = Pick<Sending, 'url' | 'requests'>;

/** The first round measures the speed of the service, which determines how many further requests fit into the time. */
async function closedLoop(target: Target, signal: AbortSignal): Promise<void> {
  const startedMs = Date.now();
  const first = await fire({ ...target, connections: CONNECTIONS, amount: FIRST_ROUND }, signal);
  const leftMs = LONG_ENOUGH_MS - (Date.now() - startedMs);
  const fitting = Math.floor((CONNECTIONS * leftMs) / Math.max(first.meanMs, 1));
  const amount = Math.min(CLOSED_LOOP_REQUESTS - FIRST_ROUND, fitting);
  if (amount >= CONNECTIONS) await fire({ ...target, connections: CONNECTIONS, amount }, signal);
}

/** The lowest planned rate; one request per second if a k6 script plans no rate. */
function slowestOf({ phases, k6 }: Load): number {
  const stages = k6?.scenarios.flatMap((one) => one.stages ?? []) ?? [];
  const rates = [
    ...phases.map(({ ratePerSecond }) => ratePerSecond),
    ...stages.flatMap(({ fromPerSecond, toPerSecond }) => [fromPerSecond, toPerSecond]),
  ].filter((rate) => rate > 0);
  return rates.length === 0 ? 1 : Math.min(...rates);
}

function openLoop(load: Load): Pick<Sending, 'connections'> & Pick<RemoteWarmUp, 'ratePerSecond' | 'amount'> {
  const ratePerSecond = slowestOf(load);
  // At least one request is sent, even at a very low rate.
  const amount = Math.max(1, Math.floor(ratePerSecond * OPEN_LOOP_SECONDS));
  return { connections: CONNECTIONS, ratePerSecond, amount };
}

/** Ctrl-C or the time limit stops the warm-up once all requests in progress have a response. These responses count. */
async function fire(sending: Sending, signal: AbortSignal): Promise<Sent> {
  const sent = await sendAll(sending, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]));
  signal.throwIfAborted();
  refuseIfNoneGood(sent, withoutSecrets(sending.url));
  return sent;
}

function refuseIfNoneGood({ successes, others, errors }: Sent, url: string): void {
  if (successes > 0) return;
  throw new HarnessError(
    'warm-up',
    `${url} did not respond with 2xx to any warm-up request: ${others} other responses, ${errors} errors`,
    {
      nextStep:
        'check the address, service.warmUp in the SLA document, and SLA_TARGET_TOKEN if the service requires a token',
    },
  );
}
