import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseJson, readAnswer, type Unanswered } from '../../slas/prometheus/answer.ts';
import { type Asker, request, withoutSecrets } from '../../slas/prometheus/http.ts';
import { connectionCause, isStillStarting } from '../../slas/prometheus/transport.ts';
import { HarnessError } from '../cli/errors.ts';
import type { Io } from '../cli/io.ts';
import type { Stack } from '../stack/stack.ts';
import { askerOf } from './prometheus-access.ts';

/**
 * Checks before the load that a service and a Prometheus that were not started here respond at their addresses. Waits
 * briefly, and only if the cause can disappear by itself, as with a server that was just started.
 */

const STARTING_MS = 15_000;
const POLL_MS = 200;
const CONNECT_MS = 5_000;

/** The time of day, in the format that the verdict uses. */
export const clockIn = (unixMs: number) => `${new Date(unixMs).toISOString().slice(11, 19)} UTC`;

/** Why an address cannot be used. `mayPass`: the cause may disappear, because the server may still be starting. */
interface Obstacle {
  readonly cause: string;
  readonly mayPass: boolean;
  readonly nextStep: string;
  readonly code: string;
}

export async function awaitReachable(
  up: string,
  stack: Pick<Stack, 'serviceUrl' | 'prometheusUrl' | 'remote'>,
  io: Io,
  startingMs = STARTING_MS,
): Promise<void> {
  const asker = askerOf(stack.prometheusUrl, io);
  // In a cluster, only the load generators need to reach the service; this machine may not be able to.
  if (stack.remote === undefined)
    await awaitOne(
      { what: 'the service', url: stack.serviceUrl, look: () => serviceObstacle(stack.serviceUrl, io) },
      startingMs,
      io,
    );
  await awaitOne(
    { what: 'Prometheus', url: stack.prometheusUrl, look: () => prometheusObstacle(up, asker) },
    startingMs,
    io,
  );
}

interface Place {
  readonly what: string;
  readonly url: string;
  readonly look: () => Promise<Obstacle | null>;
}

async function awaitOne({ what, url, look }: Place, startingMs: number, io: Io): Promise<void> {
  const deadlineMs = Date.now() + startingMs;
  for (let isFirst = true; ; isFirst = false) {
    const found = await look();
    if (found === null) return;
    const shown = withoutSecrets(url);
    if (!found.mayPass || Date.now() >= deadlineMs) {
      const waited = found.mayPass ? ` within ${startingMs / 1000} s` : '';
      throw new HarnessError(
        found.code,
        `${what} cannot be reached at ${shown}${waited}: ${found.cause}; no load was sent`,
        { nextStep: found.nextStep },
      );
    }
    if (isFirst)
      io.progress(
        `waiting for ${what} at ${shown} until ${clockIn(deadlineMs)} (${startingMs / 1000} s): ${found.cause}`,
      );
    await sleep(POLL_MS, undefined, { signal: io.signal });
  }
}

// ---------------------------------------------------------------------------------------------- the service

/** Only opens a connection, because the service would count a request. */
async function serviceObstacle(url: string, io: Io): Promise<Obstacle | null> {
  const { hostname, port, protocol } = new URL(url);
  const socket = connect({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
  });
  const limit = AbortSignal.timeout(CONNECT_MS);
  try {
    await once(socket, 'connect', { signal: AbortSignal.any([io.signal, limit]) });
    return null;
  } catch (error) {
    io.signal.throwIfAborted();
    const cause = limit.aborted
      ? `no connection within ${CONNECT_MS / 1000} s`
      : connectionCause(error as Error);
    const nextStep = 'start the service, or correct --target';
    return { cause, mayPass: isStillStarting(error), nextStep, code: 'service-unreachable' };
  } finally {
    socket.destroy();
  }
}

// ---------------------------------------------------------------------------------------------- Prometheus

const NEXT: Readonly<Record<string, string>> = {
  'prometheus-closed':
    'set PROMETHEUS_TOKEN, PROMETHEUS_USER and PROMETHEUS_PASSWORD, or PROMETHEUS_HEADERS (see docs/prometheus.md)',
  'prometheus-unreachable': 'start Prometheus, or correct --prometheus',
  'not-prometheus': 'correct --prometheus: the address of the server, without /graph or /api/v1',
};

async function prometheusObstacle(up: string, asker: Asker): Promise<Obstacle | null> {
  const answered = await request(asker, 'query', { query: up, time: String(Date.now() / 1000) });
  if (!answered.ok) return unanswered(answered.error);
  const { error } = readAnswer(answered, 'vector', asker.redact);
  if (error === null) return null;
  const { status, text } = answered.value;
  const found = (code: string, cause: string, mayPass = false): Obstacle => ({
    ...{ code, cause, mayPass },
    nextStep: NEXT[code]!,
  });
  if (status === 401 || status === 403)
    return found('prometheus-closed', `it rejected the credentials: ${error}`);
  // The server may be loading its data, or a proxy in front of it may have responded.
  if (status === 429 || status >= 500) return found('prometheus-unreachable', error, true);
  const isPrometheus = (parseJson(text) as { status?: unknown } | undefined)?.status !== undefined;
  return found(
    'not-prometheus',
    isPrometheus ? error : `it does not respond like a Prometheus server: ${error}`,
  );
}

const unanswered = ({ cause, isStarting }: Unanswered): Obstacle => ({
  cause,
  mayPass: isStarting,
  code: 'prometheus-unreachable',
  nextStep: NEXT['prometheus-unreachable']!,
});
