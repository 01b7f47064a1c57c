import { type Access, get } from '../../slas/prometheus/transport.ts';
import type { Read, Reader, Unread } from './reader.ts';

/** The targets and alerts that Prometheus reports, read through a forwarded port. */
export interface PrometheusState {
  readonly targets: readonly Target[];
  readonly alerts: readonly FiringAlert[];
}

export interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly scrapeUrl: string;
  readonly health: string;
  readonly lastError: string;
}

export interface FiringAlert {
  readonly name: string;
  readonly summary: string;
  readonly runbook: string | undefined;
}

const PORT = 9090;
const LIMIT_MS = 10_000;

export async function readPrometheus(
  reader: Reader,
  service: string,
  access: Access | undefined,
  signal: AbortSignal,
): Promise<Read<PrometheusState>> {
  const forwarded = await reader.forward(service, PORT);
  if (!forwarded.ok) return forwarded;
  await using port = forwarded.value;
  const ask = (path: string) => askJson(new URL(path, port.url), access, signal);
  const targets = await ask('/api/v1/targets?state=active');
  if (!targets.ok) return targets;
  const alerts = await ask('/api/v1/alerts');
  return alerts.ok
    ? { ok: true, value: { targets: targetsIn(targets.value), alerts: firingIn(alerts.value) } }
    : alerts;
}

async function askJson(url: URL, access: Access | undefined, signal: AbortSignal): Promise<Read<unknown>> {
  const failed = (why: string, kind: Unread['kind'] = 'other'): Unread => ({ ok: false, kind, why });
  try {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
    const { status, text } = await get(url, access?.headers ?? {}, access?.tls, bounded);
    if (status === 401 || status === 403)
      return hasCredentials(access)
        ? failed(`Prometheus responds with status ${status}`, 'rejected')
        : failed(`Prometheus responds with status ${status}: ${HOW}`, 'forbidden');
    if (status !== 200) return failed(`Prometheus responds with status ${status}`);
    return { ok: true, value: (JSON.parse(text) as { data: unknown }).data };
  } catch (error) {
    signal.throwIfAborted();
    return failed(`Prometheus does not respond: ${(error as Error).message}`);
  }
}

const hasCredentials = (access: Access | undefined) =>
  Object.keys(access?.headers ?? {}).some((name) => name.toLowerCase() === 'authorization');

const HOW = 'set PROMETHEUS_USER and PROMETHEUS_PASSWORD from its Secret, prometheus-login';

const targetsIn = (data: unknown): readonly Target[] =>
  (data as { activeTargets?: readonly Target[] }).activeTargets ?? [];

interface RawAlert {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

const firingIn = (data: unknown): readonly FiringAlert[] =>
  ((data as { alerts?: readonly RawAlert[] }).alerts ?? [])
    .filter(({ state }) => state === 'firing')
    .map(({ labels, annotations }) => ({
      name: labels.alertname ?? '',
      summary: annotations?.summary ?? '',
      runbook: annotations?.runbook_url,
    }));
