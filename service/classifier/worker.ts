/** A worker thread: one single-threaded onnxruntime session that infers one parcel at a time, by default of one text. */
import { loadModel } from './inference.ts';
import { runWorker } from './worker-loop.ts';

await runWorker(loadModel);
