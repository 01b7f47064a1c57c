import { cp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Asker, apiEndpoint } from '../../slas/prometheus/http.ts';
import { get } from '../../slas/prometheus/transport.ts';
import { HarnessError } from '../cli/errors.ts';

/** Requests to Prometheus other than queries: the version of any server, and a snapshot of one that was started here. */

const VERSION_LIMIT_MS = 2_000;
const SNAPSHOT_LIMIT_MS = 60_000;

/** null if the server does not report its version; compatible servers need not. */
export async function prometheusVersion({ url, access, signal }: Asker): Promise<string | null> {
  try {
    const { endpoint, credentials } = apiEndpoint(url, 'status/buildinfo', access);
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(VERSION_LIMIT_MS)]);
    const { text } = await get(endpoint, credentials, access?.tls, bounded);
    const { data } = JSON.parse(text) as { data?: { version?: string } };
    return data?.version ?? null;
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

/**
 * Copies all stored samples, including the newest, from a Prometheus that was started here into a folder. The folder appears
 * once it is complete. Throws HarnessError `no-snapshot`.
 */
export async function takeSnapshot(
  url: string,
  dataFolder: string,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const made = await makeSnapshot(url, signal);
  const temporary = join(dirname(folder), `.${basename(folder)}.tmp`);
  try {
    await cp(join(dataFolder, 'snapshots', made), temporary, { recursive: true });
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

async function makeSnapshot(url: string, signal: AbortSignal): Promise<string> {
  try {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(SNAPSHOT_LIMIT_MS)]);
    const response = await fetch(`${url}/api/v1/admin/tsdb/snapshot`, { method: 'POST', signal: bounded });
    const { data, error } = (await response.json()) as { data?: { name?: string }; error?: string };
    if (typeof data?.name === 'string') return data.name;
    throw new Error(error ?? `status ${response.status}`);
  } catch (cause) {
    signal.throwIfAborted();
    throw new HarnessError(
      'no-snapshot',
      `Prometheus could not create a snapshot: ${(cause as Error).message}`,
      {
        nextStep: 'see logs/prometheus.log in the run folder, or run without --snapshot',
        cause,
      },
    );
  }
}
