import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toolPath } from '../../slas/testing/prometheus-server.ts';
import { type Running, start } from '../process/processes.ts';
import { listeningAddress } from '../stack/listening.ts';
import { startPrometheus } from '../stack/local.ts';
import { ROOT } from './sla.ts';

/** Starts a Prometheus that scrapes this service as `job`; its files are in the folder. */
export async function startScraping(
  serviceUrl: string,
  job: string,
  folder: string,
): Promise<Running & { readonly url: string }> {
  const { signal } = new AbortController();
  const options = {
    ...{ root: ROOT, env: process.env, prometheusPath: process.env.PROMETHEUS_BIN!, signal },
    ...{ selector: { job }, folder },
  };
  await using started = new AsyncDisposableStack();
  const prometheus = started.use(await startPrometheus(options, [serviceUrl], join(folder, 'data')));
  const url = await listeningAddress(prometheus, signal);
  started.move();
  return Object.assign(prometheus, { url });
}

/**
 * Starts a Prometheus with this configuration file and no data.
 *
 * @param program another build, for example one that discovers pods
 */
export async function startPrometheusFrom(
  config: string,
  data: string,
  program = toolPath('PROMETHEUS_BIN'),
): Promise<Running & { readonly url: string }> {
  await mkdir(data, { recursive: true });
  const prometheus = await start(
    'Prometheus',
    program,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      '--web.listen-address=127.0.0.1:0',
      '--scrape.discovery-reload-interval=100ms',
    ],
    { cwd: dirname(data), env: process.env, logFile: join(data, 'prometheus.log') },
  );
  const url = await listeningAddress(prometheus, new AbortController().signal);
  return Object.assign(prometheus, { url });
}
