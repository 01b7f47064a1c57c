import { Worker } from 'node:worker_threads';
import { claim, giveUp, isFinished, maxParcels, newClaims, nextId, offer } from './claims.ts';
import type { Job } from './pending-request.ts';
import type { DoneParcel, ParcelMessage, WorkerMessage, WorkerSettings, WorkerStart } from './protocol.ts';

/** The texts of one inference, given to one worker. */
interface Parcel {
  readonly id: number;
  readonly jobs: readonly Job[];
}

/** The results of a worker's inference. */
export interface Done extends Omit<DoneParcel, 'id'> {
  readonly jobs: readonly Job[];
}

export interface WorkerSlotOptions {
  readonly settings: WorkerSettings;
  readonly loneThreads: number;
  readonly program: URL;
  readonly onReady: () => void;
  readonly onDone: (done: readonly Done[]) => void;
  /**
   * Called when the thread has exited or was abandoned. `begun`: the texts in progress. `untouched`: texts that were
   * not begun, or whose results were not sent.
   */
  readonly onLost: (reason: string, begun: readonly Job[], untouched: readonly Job[]) => void;
}

/** After this many threads hang in native code, their worker slot waits for one of them to end. */
const maxHungThreads = 2;

/** A slot runs one worker thread at a time, and outlives these threads. */
export class WorkerSlot {
  readonly #options: WorkerSlotOptions;
  #worker: Worker | undefined;
  #claims = newClaims();
  #isReady = false;
  #lastId = 0;
  /**
   * The parcels in order of inference: first those whose results are not sent yet, then the one in progress, then
   * those that are ready.
   */
  #parcels: Parcel[] = [];
  /** When the worker last sent a message, or received a parcel while it had none. */
  #sinceMs = 0;
  /** Threads that were given up and have not ended yet. */
  readonly #undead = new Set<Promise<unknown>>();
  /** Consecutive deaths before the model's first prediction; each delays the next start more. */
  failedStarts = 0;

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get isIdle(): boolean {
    return this.#isReady && this.#parcels.length === 0;
  }

  /** Whether the slot may receive another parcel, with at most `most` parcels in total. */
  hasRoom(most = maxParcels): boolean {
    return this.#isReady && this.#parcels.length < most;
  }

  get parcels(): number {
    return this.#parcels.length;
  }

  /** Texts that are ready and not inferred yet. */
  get waitingTexts(): number {
    return this.#waiting().reduce((sum, { jobs }) => sum + jobs.length, 0);
  }

  #waiting(): readonly Parcel[] {
    return this.#parcels.filter(({ id }) => !isFinished(this.#claims, id)).slice(1);
  }

  /**
   * An upper bound for the time that the current text has been in progress. It includes up to three short texts whose
   * results are not sent yet.
   */
  busyMs(nowMs: number): number {
    return this.#parcels.length === 0 ? 0 : nowMs - this.#sinceMs;
  }

  start(): void {
    const { program, settings, loneThreads } = this.#options;
    this.#claims = newClaims();
    const worker = new Worker(program, {
      workerData: { settings, loneThreads, claims: this.#claims } satisfies WorkerStart,
    });
    let reason = 'it exited without an error message';
    this.#worker = worker;
    worker.on('message', (message: WorkerMessage) => {
      if (this.#worker !== worker) return;
      if (message.kind === 'load-failed') {
        reason = `it could not load the model ${settings.modelName}: ${message.message}`;
        void worker.terminate();
      } else this.#hear(message);
    });
    worker.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    worker.on('exit', (code) => {
      if (this.#worker === worker) this.#lose(`${reason} (exit code ${code})`);
    });
  }

  give(jobs: readonly Job[], { isLone }: { readonly isLone: boolean }): void {
    const id = nextId(
      this.#lastId,
      this.#parcels.map((parcel) => parcel.id),
    );
    this.#lastId = id;
    this.#parcels.push({ id, jobs });
    if (this.#parcels.length === 1) this.#sinceMs = performance.now();
    offer(this.#claims, id);
    const texts = jobs.map(({ text }) => text);
    this.#worker!.postMessage({ id, texts, isLone } satisfies ParcelMessage);
  }

  /** Takes back the texts of every parcel that has not begun and contains a matching text. */
  takeBack(isWanted: (job: Job) => boolean): readonly Job[] {
    return this.#takeBack(this.#parcels.filter(({ jobs }) => jobs.some(isWanted)));
  }

  /** Takes back the texts that are ready behind the parcel in progress. */
  takeBackWaiting(): readonly Job[] {
    return this.#takeBack(this.#waiting());
  }

  /** Gives up a thread that hangs; the thread may not even end when terminated. */
  abandon(reason: string): void {
    const gone = endThread(this.#worker!, this.#claims);
    this.#undead.add(gone);
    void gone.finally(() => this.#undead.delete(gone));
    this.#lose(reason);
  }

  /**
   * Resolves when a new thread may start. A thread that hangs in native code does not end when terminated, and keeps
   * its core busy.
   */
  async mayStart(): Promise<void> {
    while (this.#undead.size >= maxHungThreads) await Promise.race(this.#undead);
  }

  /** Ends the thread and returns the texts that it had. */
  async stop(): Promise<readonly Job[]> {
    const worker = this.#worker;
    const parcels = this.#parcels;
    this.#forget();
    if (worker !== undefined) await endThread(worker, this.#claims);
    return jobsOf(parcels);
  }

  #takeBack(parcels: readonly Parcel[]): readonly Job[] {
    const taken = parcels.filter(({ id }) => claim(this.#claims, id));
    this.#parcels = this.#parcels.filter((parcel) => !taken.includes(parcel));
    return jobsOf(taken);
  }

  #hear(message: Exclude<WorkerMessage, { kind: 'load-failed' }>): void {
    if (message.kind === 'ready') {
      this.#isReady = true;
      this.failedStarts = 0;
      this.#options.onReady();
      return;
    }
    const done = message.parcels.map(({ id, ...parcel }) => {
      const { jobs } = this.#parcels.find((each) => each.id === id)!;
      return { ...parcel, jobs };
    });
    this.#parcels = this.#parcels.filter((each) => message.parcels.every(({ id }) => id !== each.id));
    this.#sinceMs = performance.now();
    this.#options.onDone(done);
  }

  #lose(reason: string): void {
    const ready = this.#takeBack(this.#parcels);
    const isOver = ({ id }: Parcel) => isFinished(this.#claims, id);
    const begun = jobsOf(this.#parcels.filter((parcel) => !isOver(parcel)));
    const untouched = [...jobsOf(this.#parcels.filter(isOver)), ...ready];
    if (!this.#isReady) this.failedStarts += 1;
    this.#forget();
    this.#options.onLost(reason, begun, untouched);
  }

  #forget(): void {
    this.#worker = undefined;
    this.#isReady = false;
    this.#parcels = [];
  }
}

/** Resolves when the thread has ended: terminated, or by itself when it leaves native code. */
function endThread(worker: Worker, claims: Int32Array): Promise<void> {
  const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  if (giveUp(claims)) void worker.terminate();
  return gone;
}

const jobsOf = (parcels: readonly Parcel[]): readonly Job[] => parcels.flatMap(({ jobs }) => jobs);
