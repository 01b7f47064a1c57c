/**
 * Measures onnxruntime alone: one thread with one session that infers texts as fast as it can, including
 * tokenising.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { AutoTokenizer, env } from '@xenova/transformers';

interface Task {
  readonly texts: readonly string[];
  readonly batch: number;
  readonly seconds: number;
}
interface Encoded {
  readonly data: BigInt64Array;
  readonly dims: readonly number[];
}
type Tensors = Readonly<Record<string, unknown>>;
interface Runtime {
  readonly InferenceSession: {
    create(file: string, options: object): Promise<{ run(feeds: Tensors): Promise<Tensors> }>;
  };
  readonly Tensor: new (type: 'int64', data: BigInt64Array, dims: readonly number[]) => unknown;
}

env.allowRemoteModels = false;
env.useFSCache = false;
const { model, threads } = workerData as { model: string; threads: number };
// Uses the runtime that transformers.js includes, but not transformers.js itself.
const near = createRequire(createRequire(import.meta.url).resolve('@xenova/transformers'));
const { InferenceSession, Tensor } = near('onnxruntime-node') as Runtime;
const tokenizer = await AutoTokenizer.from_pretrained(model);
const session = await InferenceSession.create(join(model, 'onnx', 'model_quantized.onnx'), {
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  executionMode: 'sequential',
});

parentPort!.on('message', async ({ texts, batch, seconds }: Task) => {
  const endMs = performance.now() + seconds * 1000;
  let inferred = 0;
  for (let at = 0; performance.now() < endMs; at = (at + batch) % texts.length) {
    const chosen = texts.slice(at, at + batch);
    const encoded = tokenizer(chosen, { padding: chosen.length > 1 }) as unknown as Record<string, Encoded>;
    const feeds = Object.entries(encoded).map(([name, { data, dims }]) => [
      name,
      new Tensor('int64', data, dims),
    ]);
    await session.run(Object.fromEntries(feeds));
    inferred += chosen.length;
  }
  parentPort!.postMessage(inferred);
});
parentPort!.postMessage('ready');
