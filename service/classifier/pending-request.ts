import { type Classification, ClassifierError, type ClassifyOptions, type Journey } from './classifier.ts';

/** The texts of one request on their way through the pool: answered all together, or failed once. */
export class PendingRequest {
  readonly texts: readonly string[];
  readonly promise: Promise<readonly Classification[]>;
  readonly #answers: Classification[];
  readonly #resolvers = Promise.withResolvers<readonly Classification[]>();
  readonly #isAbandoned: () => boolean;
  readonly #onOver: () => void;
  readonly #journey: Journey | undefined;
  readonly #deadline: NodeJS.Timeout;
  #missing: number;

  /** `onOver` is called when the request failed: what still waits of it need not be inferred. */
  constructor(texts: readonly string[], options: ClassifyOptions, onOver: () => void) {
    this.texts = texts;
    this.promise = this.#resolvers.promise;
    this.#answers = new Array(texts.length);
    this.#missing = texts.length;
    this.#isAbandoned = options.isAbandoned;
    this.#onOver = onOver;
    this.#journey = options.journey;
    const { deadlineMs } = options;
    this.#deadline = setTimeout(() => {
      this.fail(new ClassifierError('timeout', `No answer within ${deadlineMs} ms; the work is dropped.`));
    }, deadlineMs);
  }

  /** One of its texts is handed to a worker. */
  dealt(): void {
    if (this.#journey !== undefined) this.#journey.dealtMs ??= performance.now();
  }

  answer(index: number, classification: Classification): void {
    if (this.#missing === 0) return;
    this.#answers[index] = classification;
    if (--this.#missing > 0) return;
    clearTimeout(this.#deadline);
    this.#resolvers.resolve(this.#answers);
  }

  fail(error: ClassifierError): void {
    if (this.#missing === 0) return;
    this.#missing = 0;
    clearTimeout(this.#deadline);
    this.#onOver();
    this.#resolvers.reject(error);
  }

  /** True when the request is over, or is given up now because nobody waits for it. */
  giveUpIfAbandoned(): boolean {
    if (this.#missing > 0 && this.#isAbandoned()) {
      this.fail(new ClassifierError('abandoned', 'The client was gone before its turn came.'));
    }
    return this.#missing === 0;
  }
}
