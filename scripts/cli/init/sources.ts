import { withoutSecrets } from '../../../slas/prometheus/http.ts';
import { type Access, connectionCause, get, type RawResponse } from '../../../slas/prometheus/transport.ts';
import type { Exposed, ExposedSample } from '../../../slas/recognise/exposition.ts';
import type { Io } from '../io.ts';

/** The responses of a service, or of the Prometheus that scrapes it. */

export interface Asked {
  readonly exposed: Exposed;
  /** A proposed name for the service. */
  readonly name: string;
  /** The labels of the service; null: no Prometheus was asked. */
  readonly selector: Readonly<Record<string, string>> | null;
  readonly scrapeSeconds: number | null;
  readonly replicas: number | null;
  /** Whether the service declares the format of its metrics. */
  readonly hasContentType: boolean;
  /** Whether a token was sent to the service. If so, its Prometheus and the load also need one. */
  readonly hasToken: boolean;
  /**
   * The requests that were counted although `init` sent none: one per read of the metrics (`scrapes`), or requests of other
   * clients.
   */
  readonly traffic: 'none' | 'scrapes' | 'others';
}

/** How much a series grew between the first and the last read of the metrics. */
export type Growth = (name: string, labels: Readonly<Record<string, string>>) => number;

export interface Answers extends Omit<Asked, 'traffic'> {
  readonly growth: Growth;
  /** How often the metrics of all replicas were read in that time; null: unknown. */
  readonly asks: number | null;
}

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 64 * 2 ** 20;

/** The address has no metrics. The message includes the next step. */
export class NotRead extends Error {
  readonly code: 'not-reached' | 'not-readable';

  constructor(code: NotRead['code'], message: string, nextStep: string, cause?: unknown) {
    super(`${message}; ${nextStep}`, { cause });
    this.name = 'NotRead';
    this.code = code;
  }
}

/** Requests an address and resolves to its response. Throws NotRead. */
export async function responseAt(
  url: URL,
  { headers, tls }: Access,
  what: string,
  io: Io,
): Promise<RawResponse> {
  const shown = withoutSecrets(url.href);
  const bounded = AbortSignal.any([io.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  let response: RawResponse;
  try {
    response = await get(url, headers, tls, bounded);
  } catch (error) {
    io.signal.throwIfAborted();
    throw new NotRead(
      'not-reached',
      `${shown} cannot be read: ${causeOf(error as Error)}`,
      `check that ${what} is running, and its address`,
      error,
    );
  }
  const { status, text } = response;
  if (status === 200 && text.length <= MAX_BYTES) return response;
  const location = new Map(response.headers).get('location');
  const why = status === 200 ? `its response is longer than ${MAX_BYTES / 2 ** 20} MiB` : `status ${status}`;
  const redirect =
    location === undefined ? '' : `, it redirects to ${withoutSecrets(new URL(location, url).href)}`;
  throw new NotRead('not-readable', `${shown} cannot be read: ${why}${redirect}`, nextStep(status, what));
}

function causeOf(error: Error): string {
  if (error.name === 'TimeoutError') return `no response within ${TIMEOUT_MS / 1000} s`;
  return connectionCause(error);
}

function nextStep(status: number, what: string): string {
  const isPrometheus = what === 'Prometheus';
  if (status === 401 || status === 403)
    return isPrometheus
      ? 'set the credentials that it asks for: docs/prometheus.md'
      : 'set SLA_TARGET_TOKEN to a token that the service accepts';
  if (status === 404 && !isPrometheus)
    return 'name the path of its metrics; a service without metrics needs a metrics client first, see docs/adoption.md';
  return `check the address of ${what}`;
}

export const slug = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '') || 'my-service';

const keyOf = (name: string, labels: Readonly<Record<string, string>>) =>
  JSON.stringify([name, Object.entries(labels).sort()]);

/** A new series does not count as growth, because it may have counted events from before. */
export function growthOf(before: readonly ExposedSample[], after: readonly ExposedSample[]): Growth {
  const values = (samples: readonly ExposedSample[]) =>
    new Map(samples.map(({ name, labels, value }) => [keyOf(name, labels), value]));
  const [first, last] = [values(before), values(after)];
  return (name, labels) => {
    const key = keyOf(name, labels);
    const now = last.get(key) ?? 0;
    return now - (first.get(key) ?? now);
  };
}
