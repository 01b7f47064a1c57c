import { parentPort, workerData } from 'node:worker_threads';
import { claim, enterNative, finish, leaveNative } from './claims.ts';
import { lowerPriority } from './priority.ts';
import type {
  DoneParcel,
  ParcelMessage,
  TextResult,
  WorkerMessage,
  WorkerSettings,
  WorkerStart,
} from './protocol.ts';

/** Infers texts together, with one result per text. May throw if no text was inferred. */
export type Infer = (texts: readonly string[], isLone: boolean) => Promise<readonly TextResult[]>;

/** Runs native code, and ends the thread if the main thread gave it up before or during the call. */
export type RunNative = <T>(work: () => Promise<T>) => Promise<T>;

export type Load = (settings: WorkerSettings, loneThreads: number, runNative: RunNative) => Promise<Infer>;

/**
 * The program of a worker thread: it loads the model, reports that it is ready, and infers one parcel after the
 * other.
 */
export async function runWorker(load: Load): Promise<void> {
  const port = parentPort!;
  const send = (message: WorkerMessage) => port.postMessage(message);
  const { settings, loneThreads, claims } = workerData as WorkerStart;
  lowerPriority();
  try {
    const infer = await load(settings, loneThreads, (work) => runNative(claims, work));
    for (const isLone of [false, true]) await infer([longestText], isLone);
    port.on('message', workOff(claims, infer, send));
    send({ kind: 'ready' });
  } catch (error) {
    send({ kind: 'load-failed', message: messageOf(error) });
  }
}

/**
 * A text long enough to fill the input of the model. The runtime keeps the memory that it allocates for this text, so memory
 * does not grow under load.
 */
const longestText = 'word '.repeat(1000);
/**
 * This many results are sent in one message while more texts are ready. Each message costs time on the main thread,
 * and evicts this thread's data from the caches.
 */
const maxResultsPerMessage = 4;
/** With fewer texts ready, results are sent at once, because waiting would gain nothing. */
const readyToHold = 2;
/** Finished results are sent before the inference of a text longer than this. */
const longChars = 500;

/** Infers one parcel after the other; the next parcel begins only when the current one is done. */
function workOff(
  claims: Int32Array,
  infer: Infer,
  send: (message: WorkerMessage) => void,
): (message: ParcelMessage) => Promise<void> {
  const ready: ParcelMessage[] = [];
  let done: (Omit<DoneParcel, 'heldMs'> & { readonly doneMs: number })[] = [];
  let isAtWork = false;

  const work = async ({ id, texts, isLone }: ParcelMessage) => {
    if (!claim(claims, id)) return;
    const startedMs = performance.now();
    const results = await inferEach(infer, texts, isLone);
    const doneMs = performance.now();
    finish(claims, id);
    done.push({ id, results, inferenceMs: doneMs - startedMs, doneMs });
  };
  const mayHold = () =>
    done.length < maxResultsPerMessage && ready.length >= readyToHold && charsOf(ready[0]!) <= longChars;
  const sendResults = () => {
    const nowMs = performance.now();
    const parcels = done.map(({ doneMs, ...parcel }) => ({ ...parcel, heldMs: nowMs - doneMs }));
    done = [];
    if (parcels.length > 0) send({ kind: 'done', parcels });
  };

  return async (message) => {
    ready.push(message);
    if (isAtWork) return;
    isAtWork = true;
    for (let next = ready.shift(); next !== undefined; next = ready.shift()) {
      await work(next);
      if (!mayHold()) sendResults();
    }
    isAtWork = false;
  };
}

const charsOf = ({ texts }: ParcelMessage): number => texts.reduce((sum, text) => sum + text.length, 0);

async function runNative<T>(claims: Int32Array, work: () => Promise<T>): Promise<T> {
  if (!enterNative(claims)) process.exit();
  try {
    return await work();
  } finally {
    if (!leaveNative(claims)) process.exit();
  }
}

/** If a batch fails, its texts are tried one by one, so that only the text that causes the failure fails. */
async function inferEach(
  infer: Infer,
  texts: readonly string[],
  isLone: boolean,
): Promise<readonly TextResult[]> {
  try {
    return await infer(texts, isLone);
  } catch (error) {
    // Libraries often quote what they could not read, but no user's text may get into a log.
    if (texts.length === 1) return [{ failure: messageOf(error).replaceAll(texts[0]!, '[the text]') }];
    const results: TextResult[] = [];
    for (const text of texts) results.push(...(await inferEach(infer, [text], isLone)));
    return results;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
