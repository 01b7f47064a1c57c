import { Worker } from 'node:worker_threads';
import { type Classification, type Classifier, ClassifierError, type ClassifyOptions } from './classifier.ts';
import { usableCores } from './cores.ts';
import { PendingRequest } from './pending-request.ts';
import type { TextMessage, WorkerMessage, WorkerSettings } from './protocol.ts';

export interface PoolOptions {
  readonly settings: WorkerSettings;
  /** Threads, each with one session; by default one for each core that the process may use. */
  readonly workers?: number | undefined;
  /** Texts that may wait for a worker. */
  readonly queueLimit: number;
  /** Told when a worker died of itself; it is being replaced. */
  readonly onWorkerLost?: (reason: string) => void;
  /** The program that each worker runs. */
  readonly program?: URL;
}

interface Job {
  readonly request: PendingRequest;
  readonly index: number;
}

/** A worker's place: it outlives the threads that come and go in it. */
interface Seat {
  worker: Worker | undefined;
  ready: boolean;
  job: Job | undefined;
  /** Deaths in a row before the model answered; each makes the next start wait longer. */
  failedStarts: number;
}

const longestRestartDelayMs = 5000;

// ONNX Runtime would report its use to its maker, and keep a database for that in the home folder. It reads the environment of
// the process itself, which only the main thread can change.
process.env.ORT_DISABLE_TELEMETRY = '1';

/** Deals texts, one at a time and in order of arrival, to worker threads that each hold the model. */
export class WorkerPool implements Classifier {
  readonly model: string;
  readonly version: string;
  readonly dtype: string;
  readonly size: number;
  readonly #options: PoolOptions;
  readonly #seats: Seat[];
  readonly #loading = Promise.withResolvers<void>();
  #queue: Job[] = [];
  #closing = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.model = options.settings.modelName;
    this.version = options.settings.version;
    this.dtype = options.settings.dtype;
    this.size = options.workers ?? usableCores();
    this.#seats = Array.from({ length: this.size }, () => {
      return { worker: undefined, ready: false, job: undefined, failedStarts: 0 };
    });
  }

  /** Starts the workers. Resolves when each has answered a first text; rejects when one cannot load the model. */
  start(): Promise<void> {
    for (const seat of this.#seats) this.#fill(seat);
    return this.#loading.promise;
  }

  isLoaded(): boolean {
    return this.#seats.some((seat) => seat.ready);
  }

  classify(texts: readonly string[], options: ClassifyOptions): Promise<readonly Classification[]> {
    if (this.#closing) return Promise.reject(new ClassifierError('overloaded', 'The service is stopping.'));
    if (!this.#hasRoom(texts.length)) {
      const limit = this.#options.queueLimit;
      const message = `The queue has no room for ${texts.length} more: ${this.#queue.length} of at most ${limit} texts wait.`;
      return Promise.reject(new ClassifierError('overloaded', message));
    }
    const request = new PendingRequest(texts, options, () => this.#forget(request));
    for (let index = 0; index < texts.length; index++) this.#queue.push({ request, index });
    this.#deal();
    return request.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    const stopping = new ClassifierError('overloaded', 'The service stopped before the model could answer.');
    for (const job of this.#queue) job.request.fail(stopping);
    await Promise.all(this.#seats.map((seat) => seat.worker?.terminate()));
  }

  /** A free worker takes a text at once, so it needs no place in the queue. */
  #hasRoom(texts: number): boolean {
    const free = this.#seats.filter((seat) => seat.ready && seat.job === undefined).length;
    return this.#queue.length + texts <= this.#options.queueLimit + free;
  }

  #deal(): void {
    for (const seat of this.#seats) {
      if (this.#queue.length === 0) return;
      if (seat.ready && seat.job === undefined) this.#give(seat);
    }
  }

  #give(seat: Seat): void {
    let job = this.#queue.shift();
    while (job?.request.giveUpIfAbandoned()) job = this.#queue.shift();
    if (job === undefined) return;
    seat.job = job;
    job.request.dealt();
    seat.worker!.postMessage({ text: job.request.texts[job.index]! } satisfies TextMessage);
  }

  /** A request that is over leaves nothing behind to infer. */
  #forget(request: PendingRequest): void {
    if (this.#queue.some((job) => job.request === request)) {
      this.#queue = this.#queue.filter((job) => job.request !== request);
    }
  }

  #fill(seat: Seat): void {
    if (this.#closing) return;
    const program = this.#options.program ?? new URL('./worker.ts', import.meta.url);
    const worker = new Worker(program, { workerData: this.#options.settings });
    let reason = 'it ended without a word';
    seat.worker = worker;
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'load-failed') reason = this.#loadFailed(seat, message.message);
      else this.#hear(seat, message);
    });
    worker.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    worker.on('exit', (code) => this.#lose(seat, `${reason} (exit code ${code})`));
  }

  #loadFailed(seat: Seat, message: string): string {
    void seat.worker?.terminate();
    return `it could not load the model ${this.model}: ${message}`;
  }

  #hear(seat: Seat, message: Exclude<WorkerMessage, { kind: 'load-failed' }>): void {
    if (message.kind === 'ready') {
      seat.ready = true;
      seat.failedStarts = 0;
      if (this.#seats.every((each) => each.ready)) this.#loading.resolve();
    } else {
      const job = seat.job;
      seat.job = undefined;
      if (message.kind === 'classified') job?.request.answer(job.index, message.classification);
      else job?.request.fail(new ClassifierError('inference_error', message.message));
    }
    this.#deal();
  }

  #lose(seat: Seat, reason: string): void {
    const job = seat.job;
    const wasReady = seat.ready;
    Object.assign(seat, { worker: undefined, ready: false, job: undefined });
    // The text may be what killed the worker: it is not tried again on another.
    job?.request.fail(new ClassifierError('inference_error', `The worker that had the text died: ${reason}`));
    if (this.#closing) return;
    this.#loading.reject(new Error(`A worker died while loading: ${reason}`));
    this.#options.onWorkerLost?.(reason);
    const delayMs = wasReady ? 0 : Math.min(longestRestartDelayMs, 100 * 2 ** seat.failedStarts++);
    setTimeout(() => this.#fill(seat), delayMs);
  }
}
