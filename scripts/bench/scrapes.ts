import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const everyMs = 20;

/** Measures how long requests to `/metrics` take while `load` runs, in milliseconds. */
export async function timeScrapes(url: string, load: () => Promise<unknown>): Promise<readonly number[]> {
  const program = new URL('./scrape-worker.ts', import.meta.url);
  const worker = new Worker(program, { workerData: { url, everyMs } });
  try {
    await load();
    worker.postMessage('stop');
    const [durationsMs] = (await once(worker, 'message')) as [number[]];
    return durationsMs;
  } finally {
    await worker.terminate();
  }
}
