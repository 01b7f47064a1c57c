import { parentPort, workerData } from 'node:worker_threads';
import { claim, enterNative, finish, leaveNative } from './claims.ts';
import { goBehind } from './priority.ts';
import type {
  DoneParcel,
  ParcelMessage,
  TextResult,
  WorkerMessage,
  WorkerSettings,
  WorkerStart,
} from './protocol.ts';

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
    for (const isLone of [false, true]) await infer([longestText], isLone);
    port.on('message', workOff(claims, infer, send));
    send({ kind: 'ready' });
  } catch (error) {
    send({ kind: 'load-failed', message: messageOf(error) });
  }
}

/** As long as texts get: what the runtime takes for one it keeps, so that memory does not grow under load. */
const longestText = 'word '.repeat(1000);
/** So many answers are told at once while more texts lie ready: each time costs the main thread, and the caches of this one. */
const mostToldAtOnce = 4;
/** With fewer lying ready what is done is told at once: there is no hurry that would be served by waiting. */
const readyToHold = 2;
/** What is done does not wait for a text longer than this. */
const longChars = 500;

/** One parcel after the other: what lies ready is not begun before the one in hand is done. */
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
    done.length < mostToldAtOnce && ready.length >= readyToHold && charsOf(ready[0]!) <= longChars;
  const tell = () => {
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
      if (!mayHold()) tell();
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
