import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { start } from '../process/processes.ts';
import { makeFolder } from '../run/disk.ts';
import { listeningAddress } from '../stack/listening.ts';

export interface SnapshotPrometheus extends AsyncDisposable {
  readonly url: string;
}

/**
 * Starts a Prometheus on a copy of a snapshot. A copy is necessary because Prometheus writes into its data folder, but the
 * run folder is sealed.
 */
export async function startOnSnapshot(
  snapshot: string,
  prometheusPath: string,
  folder: string,
  {
    env,
    signal,
  }: { readonly env: Readonly<Record<string, string | undefined>>; readonly signal: AbortSignal },
): Promise<SnapshotPrometheus> {
  await using cleanup = new AsyncDisposableStack();
  const data = join(folder, 'data');
  await rm(folder, { recursive: true, force: true });
  await makeFolder(folder);
  cleanup.defer(() => rm(data, { recursive: true, force: true }));
  await cp(snapshot, data, { recursive: true });
  const config = join(folder, 'prometheus.yml');
  await writeFile(config, 'scrape_configs: []\n');
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${data}`,
    // With this retention, Prometheus does not delete the data of an old run.
    '--storage.tsdb.retention.time=100y',
    '--web.listen-address=127.0.0.1:0',
  ];
  const logFile = join(folder, 'prometheus.log');
  const prometheus = cleanup.use(
    await start('Prometheus', prometheusPath, args, { env, cwd: folder, logFile }),
  );
  const url = await listeningAddress(prometheus, signal);
  const owned = cleanup.move();
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
