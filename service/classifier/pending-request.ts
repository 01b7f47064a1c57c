import { type Classification, ClassifierError, type ClassifyOptions, type Journey } from './classifier.ts';

/** One text of a request that waits to be inferred. */
export interface Job {
  readonly request: PendingRequest;
  readonly index: number;
  readonly text: string;
  /** By `performance.now()`. */
  readonly queuedMs: number;
  /** It was in a batch whose worker died: it is tried once more, on its own, to see which text it was. */
  readonly isSuspect: boolean;
}

export const timedOut = (deadlineMs: number): ClassifierError =>
  new ClassifierError('timeout', `No answer within ${deadlineMs} ms; the work is dropped.`);

/** The texts of one request on their way through the pool: answered all together, or failed once. */
export class PendingRequest {
  readonly promise: Promise<readonly Classification[]>;
  readonly #answers: Classification[];
  readonly #resolvers = Promise.withResolvers<readonly Classification[]>();
  readonly #isAbandoned: () => boolean;
  readonly #onOver: () => void;
  readonly journey: Journey | undefined;
  readonly #deadline: NodeJS.Timeout;
  #missing: number;

  /** `onOver` is called when the request failed: what still waits of it need not be inferred. */
  constructor(texts: number, options: ClassifyOptions, onOver: () => void) {
    this.promise = this.#resolvers.promise;
    this.#answers = new Array(texts);
    this.#missing = texts;
    this.#isAbandoned = options.isAbandoned;
    this.#onOver = onOver;
    this.journey = options.journey;
    const { deadlineMs, elapsedMs = 0 } = options;
    // In whole milliseconds: Node keeps a list for each length of time, and would make one for every request.
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

  /** A worker began one of its texts then. */
  begun(atMs: number): void {
    if (this.journey !== undefined) this.journey.dealtMs ??= atMs;
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

  /** True when the request is over, or is given up now because nobody waits for it. */
  giveUpIfAbandoned(): boolean {
    if (!this.isOver && this.#isAbandoned()) {
      this.fail(new ClassifierError('abandoned', 'The client was gone before its turn came.'));
    }
    return this.isOver;
  }
}
