import { parentPort, workerData } from 'node:worker_threads';
import { claim, enterNative, leaveNative } from './claims.ts';
import { goBehind } from './priority.ts';
import type { ParcelMessage, TextResult, WorkerMessage, WorkerSettings, WorkerStart } from './protocol.ts';

/** Infers texts in one go. Each gets its own result; may throw, when none was inferred. */
export type Infer = (texts: readonly string[], isLone: boolean) => Promise<readonly TextResult[]>;

/** Runs what is at work in native code; ends the thread where it was given up before or meanwhile. */
export type RunNative = <T>(work: () => Promise<T>) => Promise<T>;

export type Load = (settings: WorkerSettings, loneThreads: number, runNative: RunNative) => Promise<Infer>;

/** What a worker's thread does: loads the model, says so, and infers one parcel after the other. */
export async function runWorker(load: Load): Promise<void> {
  const port = parentPort!;
  const send = (message: WorkerMessage) => port.postMessage(message);
  const { settings, loneThreads, claims } = workerData as WorkerStart;
  goBehind();
  try {
    const infer = await load(settings, loneThreads, (work) => runNative(claims, work));
    for (const isLone of [false, true]) await infer(['The first text is for warming up.'], isLone);
    let last = Promise.resolve();
    // One after the other: the parcel that lies ready is not begun before the one in hand is done.
    port.on('message', (message: ParcelMessage) => {
      last = last.then(() => work(message));
    });
    send({ kind: 'ready' });

    const work = async ({ id, texts, isLone }: ParcelMessage) => {
      if (!claim(claims, id)) return;
      const startedMs = performance.now();
      const results = await inferEach(infer, texts, isLone);
      send({ kind: 'done', id, results, inferenceMs: performance.now() - startedMs });
    };
  } catch (error) {
    send({ kind: 'load-failed', message: messageOf(error) });
  }
}

async function runNative<T>(claims: Int32Array, work: () => Promise<T>): Promise<T> {
  if (!enterNative(claims)) process.exit();
  try {
    return await work();
  } finally {
    if (!leaveNative(claims)) process.exit();
  }
}

/** What fails together is tried one by one: a text that the model cannot bear fails alone. */
async function inferEach(
  infer: Infer,
  texts: readonly string[],
  isLone: boolean,
): Promise<readonly TextResult[]> {
  try {
    return await infer(texts, isLone);
  } catch (error) {
    // Libraries like to quote what they could not read; no text of a user may get into a log.
    if (texts.length === 1) return [{ failure: messageOf(error).replaceAll(texts[0]!, '[the text]') }];
    const results: TextResult[] = [];
    for (const text of texts) results.push(...(await inferEach(infer, [text], isLone)));
    return results;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
