import autocannon from 'autocannon';
import type { Load } from '../slas/model.ts';
import { HarnessError } from './errors.ts';
import type { Stack } from './stack/stack.ts';

const CONNECTIONS = 4;
const CLOSED_LOOP_REQUESTS = 600;
const OPEN_LOOP_SECONDS = 5;
/** Nothing hangs: a service that does not answer is given up. */
const LONGEST_MS = 60_000;

/**
 * Warms the service up, so that the judged window has no first-time costs in it: in closed loop, each connection sending
 * when it was answered; a service that others may use, in open loop at no more than the planned rate. Does nothing where
 * the document names no warm-up.
 *
 * Resolves to the Unix time of the last answer.
 */
export async function warmUp(stack: Stack, load: Load, signal: AbortSignal): Promise<number> {
  if (load.warmUp === null) return Date.now() / 1000;
  const { path, bodies } = load.warmUp;
  const requests = bodies.map((body) => ({
    method: 'POST' as const,
    path,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }));
  const result = await fire({ url: stack.serviceUrl, timeout: 10, requests, ...pace(stack, load) }, signal);
  if (result['2xx'] === 0) {
    throw new HarnessError(
      'warm-up',
      `${stack.serviceUrl}${path} gave no good answer to the warm-up: ${result.non2xx} refusals, ${result.errors} errors`,
      { nextStep: 'check the address, and service.warmUp in the SLA document' },
    );
  }
  return Date.now() / 1000;
}

function pace({ isOurs }: Stack, { phases }: Load): Partial<autocannon.Options> {
  if (isOurs) return { connections: CONNECTIONS, amount: CLOSED_LOOP_REQUESTS };
  const slowest = Math.min(...phases.map(({ ratePerSecond }) => ratePerSecond));
  const overallRate = Math.max(1, Math.floor(slowest));
  const connections = Math.min(CONNECTIONS, overallRate);
  // With a rate, autocannon's correction for coordinated omission takes seconds for milliseconds.
  return { connections, overallRate, duration: OPEN_LOOP_SECONDS, ignoreCoordinatedOmission: true };
}

/** Ctrl-C and the longest time both stop it; what was answered by then counts. */
async function fire(options: autocannon.Options, signal: AbortSignal): Promise<autocannon.Result> {
  const { promise, resolve, reject } = Promise.withResolvers<autocannon.Result>();
  const instance = autocannon(options, (error, result) => (error ? reject(error) : resolve(result)));
  const stop = () => instance.stop();
  const timer = setTimeout(stop, LONGEST_MS);
  signal.addEventListener('abort', stop);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    signal.throwIfAborted();
  }
}
