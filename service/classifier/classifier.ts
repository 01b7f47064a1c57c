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
  /** How many of those the vocabulary does not contain: other scripts, most emoji. */
  readonly unknownPieces: number;
  /** Whether the prediction came from the cache; set only if a cache is on. */
  readonly cached?: boolean;
}

/** When a request passed through the classifier, by performance.now(). Filled in on request; only tracing requests it. */
export interface Journey {
  /** When a worker began its first text; until then all of its texts were waiting. */
  finishedMs?: number;
}

export interface ClassifyOptions {
  /** Milliseconds after which the request fails and its waiting texts are dropped. */
  readonly deadlineMs: number;
  /** How much of the deadline has already passed while the request was read. */
  readonly elapsedMs?: number;
  /** Called before each text is handed to a worker: after the client has left, nothing more is inferred. */
  readonly isAbandoned: () => boolean;
  /** Receives a callback for when the client leaves later; texts at a worker that have not begun are then taken back. */
  readonly onAbandoned?: (giveUp: () => void) => void;
  /** Filled in along the way. */
  readonly journey?: Journey | undefined;
}

/** Why a classification failed. `abandoned`: the client left before its turn. */
export type ClassifierFailure = 'inference_error' | 'overloaded' | 'timeout' | 'abandoned';

export class ClassifierError extends Error {
  readonly failure: ClassifierFailure;

  constructor(failure: ClassifierFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** What was inferred together: one text, or several if batching is on. */
export interface Inference {
  readonly texts: number;
  /** Milliseconds that each text had waited for it. */
  readonly waitedMs: readonly number[];
  /** When a worker began it, by performance.now(). */
  readonly beganMs: number;
  readonly durationMs: number;
  /** The timings of its requests that asked for them. */
  readonly journeys: readonly Journey[];
}

/** What a classifier reports for metrics. */
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
 * Classifies sentiments. A text's prediction depends on that text alone, never on what else is in flight, unless batching is
 * on: then the other texts of a batch may change its confidence slightly (by up to 0.1 in the embedded model).
 */
export interface Classifier extends AsyncDisposable {
  /** The model's name, as it appears in responses. */
  readonly model: string;
  /** What is loaded of that model. */
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
