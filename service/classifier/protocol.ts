import type { Classification } from './classifier.ts';

/** What a worker is started with. */
export interface WorkerSettings {
  /** The model's name, as it appears in responses. */
  readonly modelName: string;
  /**
   * The first 12 digits of the SHA-256 of the ONNX file; `hub` for a model from the hub, whose file is not known before it is
   * loaded.
   */
  readonly version: string;
  /** The model's folder (absolute path), or its id on the hub. */
  readonly source: string;
  /** A local model is read only from its folder. */
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

/** Main thread to worker: the texts of one inference. One text, so that no score depends on others, unless batching is on. */
export interface ParcelMessage {
  readonly id: number;
  readonly texts: readonly string[];
  /** Nothing else is being inferred at the same time. */
  readonly isLone: boolean;
}

/** The result for one text. */
export type TextResult = { readonly answer: Classification } | { readonly failure: string };

/** Worker to main thread. `ready` is sent once, after the model's first prediction. */
export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'load-failed'; readonly message: string }
  | { readonly kind: 'done'; readonly parcels: readonly DoneParcel[] };

export interface DoneParcel {
  readonly id: number;
  /** One per text, in order. */
  readonly results: readonly TextResult[];
  /** Time from claiming the parcel to the last result, by the worker's clock. */
  readonly inferenceMs: number;
  /** Time from the last result until it was sent. */
  readonly heldMs: number;
}
