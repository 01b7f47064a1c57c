import { HarnessError } from '../cli/errors.ts';
import { accept, badOption, type Input } from '../cli/inputs.ts';
import { PROXIED_PORT, SERVICE_PORT } from './containers/parts.ts';

/** The network fault to add to every response. */
export interface Toxic {
  readonly latencyMs: number;
}

const LONGEST_LATENCY_MS = 30_000;
const CALL_LIMIT_MS = 10_000;

/** Parses `latency=300ms`. */
export function readToxic(text: string): Input<Toxic> {
  const found = /^latency=(\d+(?:\.\d+)?)(ms|s)$/.exec(text);
  const latencyMs = found === null ? Number.NaN : Number(found[1]) * (found[2] === 's' ? 1000 : 1);
  if (latencyMs > 0 && latencyMs <= LONGEST_LATENCY_MS) return accept({ latencyMs });
  return badOption(
    '--toxic',
    `"${text}" is not a valid toxic: write latency=300ms, at most ${LONGEST_LATENCY_MS / 1000} s`,
  );
}

/**
 * Configures the toxiproxy whose API is at `api` to forward requests to the service and to add the fault to every response.
 */
export async function standIn(api: string, { latencyMs }: Toxic, signal: AbortSignal): Promise<void> {
  await callToxiproxy(api, 'POST', '/proxies', signal, {
    name: 'service',
    listen: `0.0.0.0:${PROXIED_PORT}`,
    upstream: `service:${SERVICE_PORT}`,
    enabled: true,
  });
  const toxic = {
    type: 'latency',
    stream: 'downstream',
    toxicity: 1,
    attributes: { latency: Math.round(latencyMs) },
  };
  await callToxiproxy(api, 'POST', '/proxies/service/toxics', signal, toxic);
}

/** Resolves to the response body. Throws HarnessError `toxiproxy`. */
export async function callToxiproxy(
  api: string,
  method: string,
  path: string,
  signal: AbortSignal,
  body?: object,
): Promise<unknown> {
  const response = await fetch(api + path, {
    method,
    signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_LIMIT_MS)]),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.ok) return text === '' ? null : JSON.parse(text);
  throw new HarnessError('toxiproxy', `toxiproxy refused ${method} ${path}: ${response.status} ${text}`, {
    nextStep: 'check which toxiproxy is used: ./sla doctor',
  });
}
