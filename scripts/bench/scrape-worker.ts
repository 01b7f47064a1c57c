/** Requests /metrics repeatedly in its own thread, so that this process's other work does not affect the times. */
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
// The first request opened the connection.
parentPort!.postMessage(durationsMs.slice(1));
parentPort!.close();
