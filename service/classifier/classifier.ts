import type { Sentiment } from '../metric-names.ts';

/** One text's answer. */
export interface Classification {
  readonly sentiment: Sentiment;
  /** The probability of that sentiment, 0.5 to 1 for a two-way model. */
  readonly confidence: number;
  /** True when the text had more pieces than the model reads, so that its end was not seen. */
  readonly truncated: boolean;
  /** Word pieces that the model read, the marks around the text included. */
  readonly pieces: number;
  /** Of those, the ones that the vocabulary does not know: other scripts, most emoji. */
  readonly unknownPieces: number;
}

/** When a request went through the classifier, by performance.now(): filled in for who asks, and asked for by tracing only. */
export interface Journey {
  /** When the first of its texts was handed to a worker; until then all of them waited. */
  dealtMs?: number;
}

export interface ClassifyOptions {
  /** Milliseconds from now after which the request is given up and what still waits is dropped. */
  readonly deadlineMs: number;
  /** Asked before each text is inferred: a client that went away costs no inference. */
  readonly isAbandoned: () => boolean;
  /** Filled in on the way. */
  readonly journey?: Journey | undefined;
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
  /** What of that model is loaded. */
  readonly version: string;
  /** The type that its weights are stored in. */
  readonly dtype: string;
  /** True while at least one worker can answer. */
  isLoaded(): boolean;
  /**
   * Classifies the texts of one request, in their order: all of them, or none.
   * Rejects with ClassifierError.
   */
  classify(texts: readonly string[], options: ClassifyOptions): Promise<readonly Classification[]>;
}
