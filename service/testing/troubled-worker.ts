/** The real worker, which also dies or sleeps when a text tells it to. */
import { parentPort } from 'node:worker_threads';
import type { TextMessage } from '../classifier/protocol.ts';

parentPort!.on('message', ({ text }: TextMessage) => {
  if (text === 'die') process.exit(7);
  const sleepMs = /^sleep (\d+) ms$/.exec(text)?.[1];
  if (sleepMs !== undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(sleepMs));
});
await import('../classifier/worker.ts');
