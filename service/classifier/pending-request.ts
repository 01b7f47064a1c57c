import { type Classification, ClassifierError, type ClassifyOptions, type Journey } from './classifier.ts';

/** One text of a request, waiting for inference. */
export interface Job {
  readonly request: PendingRequest;
  readonly index: number;
  readonly text: string;
  /** When the text arrived, by `performance.now()`. */
  readonly queuedMs: number;
  /**
   * True if the text was in a batch whose worker died. Such a text is tried once more, alone, because it may have
   * killed the worker.
   */
  readonly isSuspect: boolean;
}

export const timedOut = (deadlineMs: number): ClassifierError =>
  new ClassifierError(
    'timeout',
    `The request took longer than ${deadlineMs} ms; its remaining work was dropped.`,
  );

/**
 * The texts of one request on their way through the pool: either all of them get results, or the request fails as a
 * whole.
 */
export class PendingRequest {
  readonly promise: Promise<readonly Classification[]>;
  readonly #answers: Classification[];
  readonly #resolvers = Promise.withResolvers<readonly Classification[]>();
  readonly #isAbandoned: () => boolean;
  readonly #onOver: () => void;
  readonly journey: Journey | undefined;
  readonly #deadline: NodeJS.Timeout;
  #missing: number;

  /** `onOver` is called when the request fails: its waiting texts need not be inferred. */
  constructor(texts: number, options: ClassifyOptions, onOver: () => void) {
    this.promise = this.#resolvers.promise;
    this.#answers = new Array(texts);
    this.#missing = texts;
    this.#isAbandoned = options.isAbandoned;
    this.#onOver = onOver;
    this.journey = options.journey;
    const { deadlineMs, elapsedMs = 0 } = options;
    // Rounded to whole milliseconds, because Node keeps a list of timers per distinct duration, and would otherwise
    // create one per request.
    this.#deadline = setTimeout(
      () => {
        this.fail(timedOut(deadlineMs));
      },
      Math.ceil(deadlineMs - elapsedMs),
    );
    options.onAbandoned?.(() => this.giveUpIfAbandoned());
  }

  get isOver(): boolean {
    return this.#missing === 0;
  }

  /** Records when a worker began one of its texts. */
  begun(atMs: number): void {
    if (this.journey !== undefined) this.journey.finishedMs ??= atMs;
  }

  answer(index: number, classification: Classification): void {
    if (this.isOver) return;
    this.#answers[index] = classification;
    if (--this.#missing > 0) return;
    clearTimeout(this.#deadline);
    this.#resolvers.resolve(this.#answers);
  }

  fail(error: ClassifierError): void {
    if (this.isOver) return;
    this.#missing = 0;
    clearTimeout(this.#deadline);
    this.#onOver();
    this.#resolvers.reject(error);
  }

  /** True if the request has ended, or is abandoned now because its client has left. */
  giveUpIfAbandoned(): boolean {
    if (!this.isOver && this.#isAbandoned()) {
      this.fail(new ClassifierError('abandoned', 'The client disconnected before its turn.'));
    }
    return this.isOver;
  }
}
