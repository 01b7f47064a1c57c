import { join } from 'node:path';
import type { Running } from '../process/processes.ts';
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
  const prometheus = started.use(await startPrometheus(options, serviceUrl, join(folder, 'data')));
  const url = await listeningAddress(prometheus, signal);
  started.move();
  return Object.assign(prometheus, { url });
}
