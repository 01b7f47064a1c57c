import type { Sentiment } from '../metric-names.ts';

/** The prediction for one text. */
export interface Classification {
  readonly sentiment: Sentiment;
  /** The probability of that sentiment, 0.5 to 1 for a two-way model. */
  readonly confidence: number;
  /** True if the text had more word pieces than the model reads, so its end was ignored. */
  readonly truncated: boolean;
  /** Word pieces that the model read, including the special tokens around the text. */
  readonly pieces: number;
  /** How many of these pieces are not in the vocabulary, such as other scripts and most emoji. */
  readonly unknownPieces: number;
  /** Whether the prediction came from the cache; set only if a cache is on. */
  readonly cached?: boolean;
}

/** Times at which a request passed through the classifier, by performance.now(). Only tracing asks for them. */
export interface Journey {
  /** When a worker began the first text of the request; until then, all texts of the request were waiting. */
  finishedMs?: number;
}

export interface ClassifyOptions {
  /** Milliseconds after which the request fails and its waiting texts are dropped. */
  readonly deadlineMs: number;
  /** Milliseconds of the deadline that had already passed when the request was read. */
  readonly elapsedMs?: number;
  /** Called before each text is handed to a worker. Once the client has left, no more of its texts are inferred. */
  readonly isAbandoned: () => boolean;
  /**
   * Registers a callback to call when the client leaves later. It takes back the texts that a worker has received but
   * not begun.
   */
  readonly onAbandoned?: (giveUp: () => void) => void;
  /** The classifier fills in the times of this journey. */
  readonly journey?: Journey | undefined;
}

/** Why a classification failed. `abandoned`: the client left before its texts were inferred. */
export type ClassifierFailure = 'inference_error' | 'overloaded' | 'timeout' | 'abandoned';

export class ClassifierError extends Error {
  readonly failure: ClassifierFailure;

  constructor(failure: ClassifierFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** One inference: of a single text, or of several if batching is on. */
export interface Inference {
  readonly texts: number;
  /** Milliseconds that each text had waited for this inference. */
  readonly waitedMs: readonly number[];
  /** When a worker began this inference, by performance.now(). */
  readonly beganMs: number;
  readonly durationMs: number;
  /** The journeys of those requests that asked for their times. */
  readonly journeys: readonly Journey[];
}

/** The figures of a classifier that are exposed as metrics. */
export interface WorkReport {
  /** Texts waiting for a worker now. */
  waitingTexts(): number;
  /** Workers available now. */
  readyWorkers(): number;
  /** Workers that died or hung since startup. */
  lostWorkers(): number;
  /** Calls the listener after each inference. */
  onInference(listener: (inference: Inference) => void): void;
}

/**
 * Classifies sentiments. A text's prediction depends only on that text, not on other requests in flight. With
 * batching on, the other texts of a batch may change its confidence slightly (by up to 0.1 in the embedded model).
 */
export interface Classifier extends AsyncDisposable {
  /** The model's name, as it appears in responses. */
  readonly model: string;
  /** The version of the loaded weights, as in `sentiment_model_info`. */
  readonly version: string;
  /** The data type of its weights. */
  readonly dtype: string;
  /** True while at least one worker is available. */
  isLoaded(): boolean;
  /** True while there is room for one more text, so that a request can be refused before any work is done. */
  hasRoom(): boolean;
  /** Classifies the texts of one request, in order: all of them, or none. Rejects with ClassifierError. */
  classify(texts: readonly string[], options: ClassifyOptions): Promise<readonly Classification[]>;
}
