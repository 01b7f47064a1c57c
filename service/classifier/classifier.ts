import type { Sentiment } from '../metric-names.ts';

/** One text's answer. */
export interface Classification {
  readonly sentiment: Sentiment;
  /** The probability of that sentiment, 0.5 to 1 for a two-way model. */
  readonly confidence: number;
  /** True when the text had more pieces than the model reads, so that its end was not seen. */
  readonly truncated: boolean;
}

export interface ClassifyOptions {
  /** Milliseconds from now after which the request is given up and what still waits is dropped. */
  readonly deadlineMs: number;
  /** Asked before each text is inferred: a client that went away costs no inference. */
  readonly isAbandoned: () => boolean;
}

/** Why a classification was not made. `abandoned`: the client was gone before its turn. */
export type ClassifierFailure = 'inference_error' | 'overloaded' | 'timeout' | 'abandoned';

export class ClassifierError extends Error {
  readonly failure: ClassifierFailure;

  constructor(failure: ClassifierFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** What tells sentiments. A text's answer depends on that text alone, never on what else is in flight. */
export interface Classifier extends AsyncDisposable {
  /** The model's name, as given in answers. */
  readonly model: string;
  /** True while at least one worker can answer. */
  isLoaded(): boolean;
  /**
   * Classifies the texts of one request, in their order: all of them, or none.
   * Rejects with ClassifierError.
   */
  classify(texts: readonly string[], options: ClassifyOptions): Promise<readonly Classification[]>;
}
