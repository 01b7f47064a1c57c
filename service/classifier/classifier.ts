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
  /** Whether the answer was kept from an earlier request; only where a cache is on. */
  readonly cached?: boolean;
}

/** When a request went through the classifier, by performance.now(): filled in for who asks, and asked for by tracing only. */
export interface Journey {
  /** When the first of its texts was begun by a worker; until then all of them waited. */
  dealtMs?: number;
}

export interface ClassifyOptions {
  /** Milliseconds after which the request is given up and what still waits is dropped. */
  readonly deadlineMs: number;
  /** What of the deadline is over already: the request was read in it. */
  readonly elapsedMs?: number;
  /** Asked before each text is handed out: a client that went away costs no inference. */
  readonly isAbandoned: () => boolean;
  /** Given what to call when the client goes away later: texts that were handed out and not begun are taken back then. */
  readonly onAbandoned?: (giveUp: () => void) => void;
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

/** What was inferred in one go: one text, or several when batching is on. */
export interface Inference {
  readonly texts: number;
  /** Milliseconds that each of the texts had waited for it. */
  readonly waitedMs: readonly number[];
  /** When a worker began it, by performance.now(). */
  readonly beganMs: number;
  readonly durationMs: number;
  /** Those of its texts' requests that asked for one. */
  readonly journeys: readonly Journey[];
}

/** What a classifier tells of its work, for metrics. */
export interface WorkReport {
  /** Texts that wait for a worker now. */
  waitingTexts(): number;
  /** Workers that can answer now. */
  readyWorkers(): number;
  /** Workers that died or hung since the start. */
  lostWorkers(): number;
  /** Calls the listener after each inference. */
  onInference(listener: (inference: Inference) => void): void;
}

/**
 * What tells sentiments. A text's answer depends on that text alone, never on what else is in flight, unless batching is on:
 * then neighbours may move its confidence a little (by up to 0.1 in the embedded model).
 */
export interface Classifier extends AsyncDisposable {
  /** The model's name, as given in answers. */
  readonly model: string;
  /** What of that model is loaded. */
  readonly version: string;
  /** The type that its weights are stored in. */
  readonly dtype: string;
  /** True while at least one worker can answer. */
  isLoaded(): boolean;
  /** True while one more text would find a place; what is refused for the lack of it costs nothing. */
  hasRoom(): boolean;
  /**
   * Classifies the texts of one request, in their order: all of them, or none.
   * Rejects with ClassifierError.
   */
  classify(texts: readonly string[], options: ClassifyOptions): Promise<readonly Classification[]>;
}
