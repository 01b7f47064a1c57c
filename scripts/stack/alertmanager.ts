import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Running, start } from '../process/processes.ts';
import { listeningAddress } from './listening.ts';

export interface AlertmanagerOptions {
  readonly path: string;
  /** The address that receives notifications; null: none, alerts can only be viewed. */
  readonly webhookUrl: string | null;
}

export interface Alertmanager {
  readonly process: Running;
  readonly url: string;
}

/**
 * The configuration of an Alertmanager started here. It sends alerts at once, because its Prometheus evaluates the rules every
 * second. `webhookFile` is the name of a file with the receiver's address.
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

/** The Alertmanager is stopped, and then its files are removed, when the caller's cleanup stack is disposed of. */
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
    // There is only one instance; otherwise it would listen for peers on every network of the machine.
    '--cluster.listen-address=',
  ];
  const logFile = join(folder, 'alertmanager.log');
  const process = cleanup.use(await start('Alertmanager', path, args, { cwd: folder, env, logFile }));
  return { process, url: await listeningAddress(process, signal) };
}

/** The address may contain a token, so it is in no log and in no configuration file that is kept. */
async function writeAddress(webhookUrl: string | null, data: string): Promise<string | null> {
  if (webhookUrl === null) return null;
  const file = join(data, 'webhook-url');
  await writeFile(file, webhookUrl, { mode: 0o600 });
  await chmod(file, 0o600);
  return file;
}
