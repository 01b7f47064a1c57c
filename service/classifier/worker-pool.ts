import { aTextAtATime, type Batching } from './batching.ts';
import {
  type Classification,
  type Classifier,
  ClassifierError,
  type ClassifyOptions,
  type Inference,
  type WorkReport,
} from './classifier.ts';
import { usableCores } from './cores.ts';
import { type Job, PendingRequest, timedOut } from './pending-request.ts';
import type { WorkerSettings } from './protocol.ts';
import { TextQueue } from './text-queue.ts';
import { type Done, WorkerSlot } from './worker-slot.ts';

export interface PoolOptions {
  readonly settings: WorkerSettings;
  /** Threads, each with one session; by default one for each core that the process may use. */
  readonly workers?: number | undefined;
  /** Threads that infer a text while no other text is inferred: at most one per worker, and by default up to 4. */
  readonly loneThreads?: number | undefined;
  /** Texts that may wait for a worker. */
  readonly queueLimit: number;
  /**
   * The default deadline of requests. The queue counts as full while the waiting texts would take longer than this.
   * Without a value, this is not checked.
   */
  readonly defaultDeadlineMs?: number;
  /** How texts are batched; by default each text is inferred alone. */
  readonly batching?: Batching;
  /** A worker that spends longer on one inference is considered hung: it is given up and replaced. */
  readonly inferenceLimitMs?: number;
  /** Called when a worker has died or hung, and is being replaced. */
  readonly onWorkerLost?: (reason: string) => void;
  /** The program that each worker runs. */
  readonly program?: URL;
}

const longestRestartDelayMs = 5000;
const maxParcelsWithBatching = 2;
/** A text is inferred in a few milliseconds: more threads would spend more time waiting for each other than computing. */
const maxLoneThreads = 4;
/**
 * After a lone text, its threads spin for some milliseconds looking for more work, which would slow down other texts.
 */
const calmMs = 50;
const defaultInferenceLimitMs = 10_000;

// ONNX Runtime would send usage data to its vendor and keep a database for that in the home folder. It reads the environment
// of the process itself, which only the main thread can change.
process.env.ORT_DISABLE_TELEMETRY = '1';

/**
 * Distributes texts in order of arrival to worker threads that each hold the model: one at a time, or similar ones together.
 */
export class WorkerPool implements Classifier, WorkReport {
  readonly model: string;
  readonly version: string;
  readonly dtype: string;
  readonly size: number;
  readonly #options: PoolOptions;
  readonly #batching: Batching;
  readonly #queue: TextQueue;
  readonly #slots: readonly WorkerSlot[];
  readonly #loading = Promise.withResolvers<void>();
  readonly #listeners: ((inference: Inference) => void)[] = [];
  readonly #hangCheck: NodeJS.Timeout;
  #batchTimer: NodeJS.Timeout | undefined;
  #lost = 0;
  /** A worker's time per text, weighted towards the most recent; 0 before the first. */
  #textMs = 0;
  /** When more than one text was last waiting or in progress. */
  #crowdedMs = Number.NEGATIVE_INFINITY;
  #closing = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.model = options.settings.modelName;
    this.version = options.settings.version;
    this.dtype = options.settings.dtype;
    this.size = options.workers ?? usableCores();
    this.#batching = options.batching ?? aTextAtATime;
    this.#queue = new TextQueue(this.#batching);
    // A lone text goes to the first idle worker, so only the first needs a second session.
    const loneThreads = Math.min(options.loneThreads ?? maxLoneThreads, this.size);
    this.#slots = Array.from({ length: this.size }, (_, at) => this.#newSlot(at === 0 ? loneThreads : 1));
    const limitMs = options.inferenceLimitMs ?? defaultInferenceLimitMs;
    this.#hangCheck = setInterval(() => this.#replaceHung(limitMs), Math.min(1000, limitMs / 4)).unref();
  }

  /** Starts the workers. Resolves when each has made its first prediction; rejects if one cannot load the model. */
  start(): Promise<void> {
    for (const slot of this.#slots) slot.start();
    return this.#loading.promise;
  }

  isLoaded(): boolean {
    return this.#slots.some((slot) => slot.isReady);
  }

  hasRoom(texts = 1): boolean {
    const { queueLimit, defaultDeadlineMs = Number.POSITIVE_INFINITY } = this.#options;
    // A free worker takes a text at once, so that text needs no room in the queue.
    const free = this.#slots.filter((slot) => slot.isIdle).length;
    const fits = this.waitingTexts() + texts <= queueLimit + free;
    return !this.#closing && fits && this.#expectedWaitMs() < defaultDeadlineMs;
  }

  /** The expected wait of a text that is accepted now. */
  #expectedWaitMs(): number {
    return (this.waitingTexts() * this.#textMs) / Math.max(1, this.readyWorkers());
  }

  waitingTexts(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.waitingTexts, this.#queue.length);
  }

  readyWorkers(): number {
    return this.#slots.filter((slot) => slot.isReady).length;
  }

  lostWorkers(): number {
    return this.#lost;
  }

  onInference(listener: (inference: Inference) => void): void {
    this.#listeners.push(listener);
  }

  classify(texts: readonly string[], options: ClassifyOptions): Promise<readonly Classification[]> {
    if (!this.hasRoom(texts.length)) return Promise.reject(this.#refusal(texts.length));
    const { deadlineMs, elapsedMs = 0 } = options;
    if (elapsedMs >= deadlineMs) return Promise.reject(timedOut(deadlineMs));
    // This request would time out, and would delay requests that can still be served in time.
    if (this.#expectedWaitMs() >= deadlineMs - elapsedMs) return Promise.reject(this.#refusal(texts.length));
    const request = new PendingRequest(texts.length, options, () => this.#forget(request));
    const queuedMs = performance.now();
    for (const [index, text] of texts.entries()) {
      this.#queue.add({ request, index, text, queuedMs, isSuspect: false });
    }
    this.#deal();
    return request.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    clearInterval(this.#hangCheck);
    clearTimeout(this.#batchTimer);
    const stopping = new ClassifierError('overloaded', 'The service stopped before the model was ready.');
    for (const { request } of this.#queue.takeAll()) request.fail(stopping);
    const inHand = await Promise.all(this.#slots.map((slot) => slot.stop()));
    for (const { request } of inHand.flat()) request.fail(stopping);
  }

  #refusal(texts: number): ClassifierError {
    if (this.#closing) return new ClassifierError('overloaded', 'The service is stopping.');
    const waiting = `${this.waitingTexts()} of at most ${this.#options.queueLimit} texts are waiting`;
    const message = `The queue has no room for ${texts} more: ${waiting}; the expected wait is ${Math.ceil(this.#expectedWaitMs())} ms.`;
    return new ClassifierError('overloaded', message);
  }

  /**
   * Gives texts to idle workers first. Then each worker gets some texts in advance, so that no worker waits for this
   * thread between two texts.
   */
  #deal(): void {
    for (const slot of this.#slots) if (slot.isIdle) this.#giveOrWait(slot);
    for (let slot = this.#nextToGive(); slot !== undefined; slot = this.#nextToGive()) {
      const jobs = this.#queue.take({ onlyFull: true });
      if (jobs.length === 0) break;
      this.#give(slot, jobs);
    }
    if (this.#queue.length === 0) this.#share();
  }

  /** The busy worker with the least work ahead, if one has room and there is a text to give. */
  #nextToGive(): WorkerSlot | undefined {
    if (this.#queue.length === 0) return undefined;
    // A text in the queue can still join similar ones; a text with a worker cannot.
    const most = this.#batching.maxTexts > 1 ? maxParcelsWithBatching : undefined;
    const withRoom = this.#slots.filter((slot) => !slot.isIdle && slot.hasRoom(most));
    return withRoom.toSorted((a, b) => a.parcels - b.parcels)[0];
  }

  #giveOrWait(slot: WorkerSlot): void {
    const leftMs = this.#queue.oldestMs + this.#batching.longestWaitMs - performance.now();
    const mayWait = leftMs > 0 && this.#isAtWork();
    this.#give(slot, this.#queue.take({ onlyFull: mayWait }));
    if (mayWait && this.#queue.length > 0) {
      this.#batchTimer ??= setTimeout(() => {
        this.#batchTimer = undefined;
        this.#deal();
      }, leftMs);
    }
  }

  #give(slot: WorkerSlot, jobs: readonly Job[]): void {
    if (jobs.length === 0) return;
    const nowMs = performance.now();
    if (jobs.length > 1 || this.#queue.length > 0 || this.#isAtWork()) this.#crowdedMs = nowMs;
    slot.give(jobs, { isLone: nowMs - this.#crowdedMs >= calmMs });
  }

  #isAtWork(): boolean {
    return this.#slots.some((slot) => slot.isReady && !slot.isIdle);
  }

  /** If the queue is empty, idle workers take over texts that are ready at a busy worker. */
  #share(): void {
    if (!this.#slots.some((slot) => slot.isIdle)) return;
    const busy = this.#slots.find((each) => each.waitingTexts > 0);
    const jobs = busy?.takeBackWaiting() ?? [];
    if (jobs.length === 0) return;
    this.#queue.putBack(jobs);
    this.#deal();
  }

  #forget(request: PendingRequest): void {
    this.#queue.drop(request);
    for (const slot of this.#slots) {
      this.#queue.putBack(slot.takeBack((job) => job.request === request));
    }
    // Deferred, because the caller may be distributing texts at this moment.
    if (this.#queue.length > 0) queueMicrotask(() => this.#deal());
  }

  #newSlot(loneThreads: number): WorkerSlot {
    const slot: WorkerSlot = new WorkerSlot({
      settings: this.#options.settings,
      loneThreads,
      program: this.#options.program ?? new URL('./worker.ts', import.meta.url),
      onReady: () => {
        if (this.#slots.every((each) => each.isReady)) this.#loading.resolve();
        this.#deal();
      },
      onDone: (done) => {
        // The worker gets its next texts before we respond to these.
        this.#deal();
        for (const parcel of done) this.#answer(parcel);
      },
      onLost: (reason, begun, untouched) => this.#replace(slot, reason, begun, untouched),
    });
    return slot;
  }

  #answer({ jobs, results, inferenceMs: durationMs, heldMs }: Done): void {
    const textMs = durationMs / jobs.length;
    this.#textMs = this.#textMs === 0 ? textMs : 0.95 * this.#textMs + 0.05 * textMs;
    // The times come from the worker's own clock, so the start is limited to the arrival of the last text.
    const lastQueuedMs = Math.max(...jobs.map(({ queuedMs }) => queuedMs));
    const beganMs = Math.max(lastQueuedMs, performance.now() - heldMs - durationMs);
    const waitedMs = jobs.map(({ queuedMs }) => beganMs - queuedMs);
    const journeys = jobs.flatMap(({ request }) => request.journey ?? []);
    const inference = { texts: jobs.length, waitedMs, beganMs, durationMs, journeys };
    for (const listener of this.#listeners) listener(inference);
    for (const [position, { request, index }] of jobs.entries()) {
      const result = results[position]!;
      request.begun(beganMs);
      if ('answer' in result) request.answer(index, result.answer);
      else request.fail(new ClassifierError('inference_error', result.failure));
    }
  }

  #replaceHung(limitMs: number): void {
    const nowMs = performance.now();
    for (const slot of this.#slots) {
      if (slot.busyMs(nowMs) > limitMs) slot.abandon(`one inference took over ${limitMs} ms`);
    }
  }

  #replace(slot: WorkerSlot, reason: string, begun: readonly Job[], untouched: readonly Job[]): void {
    // One text of a batch may have killed the worker, so each of its texts is tried alone. A text that was alone is
    // not tried again.
    const [only] = begun;
    if (begun.length === 1) {
      only!.request.fail(
        new ClassifierError('inference_error', `The worker failed while it had the text: ${reason}`),
      );
    }
    const suspects = begun.length === 1 ? [] : begun.map((job) => ({ ...job, isSuspect: true }));
    if (this.#closing) return;
    this.#lost += 1;
    this.#queue.putBack([...suspects, ...untouched]);
    this.#loading.reject(new Error(`A worker died while loading: ${reason}`));
    this.#options.onWorkerLost?.(reason);
    const failed = slot.failedStarts;
    const delayMs = failed === 0 ? 0 : Math.min(longestRestartDelayMs, 100 * 2 ** (failed - 1));
    setTimeout(async () => {
      await slot.mayStart();
      if (!this.#closing) slot.start();
    }, delayMs);
    this.#deal();
  }
}
