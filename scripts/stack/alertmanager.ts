import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Running, start } from '../process/processes.ts';
import { listeningAddress } from './listening.ts';

export interface AlertmanagerOptions {
  readonly path: string;
  /** The address that receives notifications; null: there is none, and alerts can only be viewed. */
  readonly webhookUrl: string | null;
}

export interface Alertmanager {
  readonly process: Running;
  readonly url: string;
}

/**
 * Configures an Alertmanager that is started here. It sends alerts without a delay, because its Prometheus evaluates the
 * rules every second. `webhookFile` is the name of the file that contains the receiver's address.
 */
export function alertmanagerConfig(webhookFile: string | null): string {
  const receiver =
    webhookFile === null
      ? { name: 'nobody' }
      : { name: 'webhook', webhook_configs: [{ url_file: webhookFile, send_resolved: true }] };
  return stringify({
    global: { resolve_timeout: '10s' },
    route: {
      receiver: receiver.name,
      group_by: ['alertname', 'sla'],
      group_wait: '1s',
      group_interval: '1s',
      repeat_interval: '1h',
    },
    receivers: [receiver],
  });
}

/** When the caller's cleanup stack is disposed of, the Alertmanager is stopped, and then its files are deleted. */
export async function startAlertmanager(
  { path, webhookUrl }: AlertmanagerOptions,
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
  cleanup: AsyncDisposableStack,
): Promise<Alertmanager> {
  const data = join(folder, 'alertmanager-data');
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { recursive: true });
  cleanup.defer(() => rm(data, { recursive: true, force: true }));
  const config = join(folder, 'alertmanager.yml');
  await writeFile(config, alertmanagerConfig(await writeAddress(webhookUrl, data)));
  const args = [
    `--config.file=${config}`,
    `--storage.path=${data}`,
    '--web.listen-address=127.0.0.1:0',
    // Disables clustering. Otherwise the Alertmanager would listen for peers on every network interface of the machine.
    '--cluster.listen-address=',
  ];
  const logFile = join(folder, 'alertmanager.log');
  const process = cleanup.use(await start('Alertmanager', path, args, { cwd: folder, env, logFile }));
  return { process, url: await listeningAddress(process, signal) };
}

/** The address may contain a token, so no log and no stored configuration file contains it. */
async function writeAddress(webhookUrl: string | null, data: string): Promise<string | null> {
  if (webhookUrl === null) return null;
  const file = join(data, 'webhook-url');
  await writeFile(file, webhookUrl, { mode: 0o600 });
  await chmod(file, 0o600);
  return file;
}
