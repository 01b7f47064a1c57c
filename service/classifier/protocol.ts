import type { Classification } from './classifier.ts';

/** The settings that a worker starts with. */
export interface WorkerSettings {
  /** The model's name, as it appears in responses. */
  readonly modelName: string;
  /**
   * The first 12 digits of the SHA-256 of the ONNX file. It is `hub` for a model from the hub, because that file is
   * not known before loading.
   */
  readonly version: string;
  /** The model's folder (absolute path), or its id on the hub. */
  readonly source: string;
  /** True for a local model, which is read only from its folder. */
  readonly isLocal: boolean;
  /** Which of the model's ONNX files to load: `q8` is model_quantized.onnx, `fp32` is model.onnx. */
  readonly dtype: 'q8' | 'fp32';
}

/** What a worker thread receives: its settings, and the shared memory in which parcels are claimed (claims.ts). */
export interface WorkerStart {
  readonly settings: WorkerSettings;
  /** Threads that infer a lone text; 1 if this worker does not handle lone texts. */
  readonly loneThreads: number;
  readonly claims: Int32Array;
}

/**
 * Sent by the main thread to a worker: the texts of one inference. Without batching this is one text, so no score
 * depends on other texts.
 */
export interface ParcelMessage {
  readonly id: number;
  readonly texts: readonly string[];
  /** True if no other text is being inferred at the same time. */
  readonly isLone: boolean;
}

/** The result for one text. */
export type TextResult = { readonly answer: Classification } | { readonly failure: string };

/** Sent by a worker to the main thread. `ready` is sent once, after the model's first prediction. */
export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'load-failed'; readonly message: string }
  | { readonly kind: 'done'; readonly parcels: readonly DoneParcel[] };

export interface DoneParcel {
  readonly id: number;
  /** One result per text, in order. */
  readonly results: readonly TextResult[];
  /** Time from claiming the parcel to the last result, by the worker's clock. */
  readonly inferenceMs: number;
  /** Time from the last result until the results were sent. */
  readonly heldMs: number;
}
