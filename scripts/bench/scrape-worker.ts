/** Asks for /metrics again and again, in a thread of its own: what else this process does must not be in the times. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

const { url, everyMs } = workerData as { url: string; everyMs: number };
const durationsMs: number[] = [];
let stopping = false;
parentPort!.on('message', () => {
  stopping = true;
});

while (!stopping) {
  const startedMs = performance.now();
  const response = await fetch(`${url}/metrics`);
  await response.arrayBuffer();
  durationsMs.push(performance.now() - startedMs);
  await sleep(everyMs);
}
// The first one opened the connection.
parentPort!.postMessage(durationsMs.slice(1));
parentPort!.close();
