import { once } from 'node:events';
import { type Agent, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

/** Sends the requests of a warm-up over a few keep-alive connections, and counts the responses. */

export interface WarmUpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export interface Sending {
  readonly url: string;
  /** The requests, which are sent in turn. */
  readonly requests: readonly WarmUpRequest[];
  readonly connections: number;
  /** The total number of requests to send. */
  readonly amount: number;
  /** The maximum rate; absent: each connection sends its next request as soon as it has a response. */
  readonly ratePerSecond?: number;
}

export interface Sent {
  /** The number of 2xx responses. */
  readonly successes: number;
  /** The number of other responses. */
  readonly others: number;
  /** The number of requests without a response. */
  readonly errors: number;
  /** The average latency of all responses; 0 if there were none. */
  readonly meanMs: number;
}

const RESPONSE_LIMIT_MS = 10_000;
/** The maximum number of errors, so that a service that refuses connections does not get hundreds of requests. */
const MAX_ERRORS = 20;

/** Stops early after {@link MAX_ERRORS} errors, or when the signal aborts; requests in progress are awaited in any case. */
export async function sendAll(sending: Sending, signal: AbortSignal): Promise<Sent> {
  const { url, requests, connections, amount, ratePerSecond } = sending;
  const agent = agentFor(url, connections);
  const count = { successes: 0, others: 0, errors: 0, totalMs: 0 };
  const startedMs = performance.now();
  let next = 0;
  const isOver = () => signal.aborted || next >= amount || count.errors >= MAX_ERRORS;
  const connection = async () => {
    while (!isOver()) {
      const index = next++;
      if (ratePerSecond !== undefined) await until(startedMs + (index / ratePerSecond) * 1000, signal);
      if (signal.aborted) return;
      const beganMs = performance.now();
      const status = await sendOne(url, requests[index % requests.length]!, agent);
      if (status === null) count.errors++;
      else {
        count[status >= 200 && status < 300 ? 'successes' : 'others']++;
        count.totalMs += performance.now() - beganMs;
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, connection));
  } finally {
    agent.destroy();
  }
  const { totalMs, ...counts } = count;
  return { ...counts, meanMs: totalMs / Math.max(1, counts.successes + counts.others) };
}

/** A separate agent ensures that no proxy from the environment responds in place of the service. */
function agentFor(url: string, connections: number): Agent {
  const options = { keepAlive: true, maxSockets: connections };
  return url.startsWith('https:') ? new HttpsAgent(options) : new HttpAgent(options);
}

async function until(timeMs: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, timeMs - performance.now()), null, { signal }).catch(() => {});
}

/** Resolves to the status once the whole response was read; null if there was none. */
async function sendOne(
  url: string,
  { method, path, headers, body }: WarmUpRequest,
  agent: Agent,
): Promise<number | null> {
  const send = url.startsWith('https:') ? requestHttps : requestHttp;
  const signal = AbortSignal.timeout(RESPONSE_LIMIT_MS);
  const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  try {
    const request = send(url + path, { method, headers: { ...length, ...headers }, agent, signal });
    request.end(body ?? undefined);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    return response.statusCode!;
  } catch {
    return null;
  }
}
