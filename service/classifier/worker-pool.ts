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
import { type Done, Seat } from './seat.ts';
import { TextQueue } from './text-queue.ts';

export interface PoolOptions {
  readonly settings: WorkerSettings;
  /** Threads, each with one session; by default one for each core that the process may use. */
  readonly workers?: number | undefined;
  /** Threads that infer a text while nothing else is inferred, at most one per worker; by default up to 4. */
  readonly loneThreads?: number | undefined;
  /** Texts that may wait for a worker. */
  readonly queueLimit: number;
  /**
   * The default deadline of requests: while the waiting texts would take longer, the queue counts as full. By default there
   * is no such check.
   */
  readonly usualDeadlineMs?: number;
  /** By default one text at a time. */
  readonly batching?: Batching;
  /** A worker that spends longer on one inference is considered hung: it is given up and replaced. */
  readonly inferenceLimitMs?: number;
  /** Called when a worker died or hung; it is being replaced. */
  readonly onWorkerLost?: (reason: string) => void;
  /** The program that each worker runs. */
  readonly program?: URL;
}

const longestRestartDelayMs = 5000;
const mostParcelsWithBatching = 2;
/** A text is inferred in a few milliseconds: more threads would spend more time waiting for each other than computing. */
const mostLoneThreads = 4;
/** The threads of a lone text look for more work for some milliseconds, which would slow down other texts. */
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
  readonly #seats: readonly Seat[];
  readonly #loading = Promise.withResolvers<void>();
  readonly #listeners: ((inference: Inference) => void)[] = [];
  readonly #hangCheck: NodeJS.Timeout;
  #batchTimer: NodeJS.Timeout | undefined;
  #lost = 0;
  /** A worker's time per text, weighted towards the most recent; 0 before the first. */
  #textMs = 0;
  /** When there was last more than one text at a time. */
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
    const loneThreads = Math.min(options.loneThreads ?? mostLoneThreads, this.size);
    this.#seats = Array.from({ length: this.size }, (_, at) => this.#newSeat(at === 0 ? loneThreads : 1));
    const limitMs = options.inferenceLimitMs ?? defaultInferenceLimitMs;
    this.#hangCheck = setInterval(() => this.#replaceHung(limitMs), Math.min(1000, limitMs / 4)).unref();
  }

  /** Starts the workers. Resolves when each has made its first prediction; rejects if one cannot load the model. */
  start(): Promise<void> {
    for (const seat of this.#seats) seat.start();
    return this.#loading.promise;
  }

  isLoaded(): boolean {
    return this.#seats.some((seat) => seat.isReady);
  }

  hasRoom(texts = 1): boolean {
    const { queueLimit, usualDeadlineMs = Number.POSITIVE_INFINITY } = this.#options;
    // A free worker takes a text at once, so that text needs no room in the queue.
    const free = this.#seats.filter((seat) => seat.isIdle).length;
    const fits = this.waitingTexts() + texts <= queueLimit + free;
    return !this.#closing && fits && this.#expectedWaitMs() < usualDeadlineMs;
  }

  /** The expected wait of a text that is accepted now. */
  #expectedWaitMs(): number {
    return (this.waitingTexts() * this.#textMs) / Math.max(1, this.readyWorkers());
  }

  waitingTexts(): number {
    return this.#seats.reduce((sum, seat) => sum + seat.waitingTexts, this.#queue.length);
  }

  readyWorkers(): number {
    return this.#seats.filter((seat) => seat.isReady).length;
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
    // The request would only delay those that can still be served, and then time out.
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
    const inHand = await Promise.all(this.#seats.map((seat) => seat.stop()));
    for (const { request } of inHand.flat()) request.fail(stopping);
  }

  #refusal(texts: number): ClassifierError {
    if (this.#closing) return new ClassifierError('overloaded', 'The service is stopping.');
    const waiting = `${this.waitingTexts()} of at most ${this.#options.queueLimit} texts are waiting`;
    const message = `The queue has no room for ${texts} more: ${waiting}; the expected wait is ${Math.ceil(this.#expectedWaitMs())} ms.`;
    return new ClassifierError('overloaded', message);
  }

  /**
   * Idle workers first; then each worker gets some texts in advance, so that none waits for this thread between two texts.
   */
  #deal(): void {
    for (const seat of this.#seats) if (seat.isIdle) this.#giveOrWait(seat);
    for (let seat = this.#nextToGive(); seat !== undefined; seat = this.#nextToGive()) {
      const jobs = this.#queue.take({ onlyFull: true });
      if (jobs.length === 0) break;
      this.#give(seat, jobs);
    }
    if (this.#queue.length === 0) this.#share();
  }

  /** The busy worker with the least work ahead, if one has room and there is a text to give. */
  #nextToGive(): Seat | undefined {
    if (this.#queue.length === 0) return undefined;
    // A text in the queue can still join similar ones; a text with a worker cannot.
    const most = this.#batching.mostTexts > 1 ? mostParcelsWithBatching : undefined;
    const withRoom = this.#seats.filter((seat) => !seat.isIdle && seat.hasRoom(most));
    return withRoom.toSorted((a, b) => a.parcels - b.parcels)[0];
  }

  #giveOrWait(seat: Seat): void {
    const leftMs = this.#queue.oldestMs + this.#batching.longestWaitMs - performance.now();
    const mayWait = leftMs > 0 && this.#isAtWork();
    this.#give(seat, this.#queue.take({ onlyFull: mayWait }));
    if (mayWait && this.#queue.length > 0) {
      this.#batchTimer ??= setTimeout(() => {
        this.#batchTimer = undefined;
        this.#deal();
      }, leftMs);
    }
  }

  #give(seat: Seat, jobs: readonly Job[]): void {
    if (jobs.length === 0) return;
    const nowMs = performance.now();
    if (jobs.length > 1 || this.#queue.length > 0 || this.#isAtWork()) this.#crowdedMs = nowMs;
    seat.give(jobs, { isLone: nowMs - this.#crowdedMs >= calmMs });
  }

  #isAtWork(): boolean {
    return this.#seats.some((seat) => seat.isReady && !seat.isIdle);
  }

  /** If nothing waits in the queue, idle workers take over texts that are ready at a busy one. */
  #share(): void {
    if (!this.#seats.some((seat) => seat.isIdle)) return;
    const busy = this.#seats.find((each) => each.waitingTexts > 0);
    const jobs = busy?.takeBackWaiting() ?? [];
    if (jobs.length === 0) return;
    this.#queue.putBack(jobs);
    this.#deal();
  }

  #forget(request: PendingRequest): void {
    this.#queue.drop(request);
    for (const seat of this.#seats) {
      this.#queue.putBack(seat.takeBack((job) => job.request === request));
    }
    // Not at once, because the caller may be distributing texts at this moment.
    if (this.#queue.length > 0) queueMicrotask(() => this.#deal());
  }

  #newSeat(loneThreads: number): Seat {
    const seat: Seat = new Seat({
      settings: this.#options.settings,
      loneThreads,
      program: this.#options.program ?? new URL('./worker.ts', import.meta.url),
      onReady: () => {
        if (this.#seats.every((each) => each.isReady)) this.#loading.resolve();
        this.#deal();
      },
      onDone: (done) => {
        // The worker gets its next texts before we respond to these.
        this.#deal();
        for (const parcel of done) this.#answer(parcel);
      },
      onLost: (reason, begun, untouched) => this.#replace(seat, reason, begun, untouched),
    });
    return seat;
  }

  #answer({ jobs, results, inferenceMs: durationMs, heldMs }: Done): void {
    const textMs = durationMs / jobs.length;
    this.#textMs = this.#textMs === 0 ? textMs : 0.95 * this.#textMs + 0.05 * textMs;
    // The worker measures with a clock of its own: nothing begins before its last text was there.
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
    for (const seat of this.#seats) {
      if (seat.busyMs(nowMs) > limitMs) seat.abandon(`one inference took over ${limitMs} ms`);
    }
  }

  #replace(seat: Seat, reason: string, begun: readonly Job[], untouched: readonly Job[]): void {
    // One text of a batch may have killed the worker, so each is tried alone. A text that was alone is not tried again.
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
    const failed = seat.failedStarts;
    const delayMs = failed === 0 ? 0 : Math.min(longestRestartDelayMs, 100 * 2 ** (failed - 1));
    setTimeout(async () => {
      await seat.mayStart();
      if (!this.#closing) seat.start();
    }, delayMs);
    this.#deal();
  }
}
