import type { Classification } from './classifier.ts';

/** What a worker is started with. */
export interface WorkerSettings {
  /** The model's name as given in answers. */
  readonly modelName: string;
  /** The first 12 digits of the SHA-256 of the ONNX file; `hub` for a model of the hub, which is not seen before it is loaded. */
  readonly version: string;
  /** The model's folder (absolute), or its id on the hub. */
  readonly source: string;
  /** A local model is read from its folder and from nowhere else. */
  readonly isLocal: boolean;
  /** Which of the model's ONNX files: `q8` is model_quantized.onnx, `fp32` is model.onnx. */
  readonly dtype: 'q8' | 'fp32';
}

/** What a worker's thread is given: its settings, and the memory in which parcels are claimed (claims.ts). */
export interface WorkerStart {
  readonly settings: WorkerSettings;
  /** Threads that infer a lone text; 1 where lone texts are none of this worker's. */
  readonly loneThreads: number;
  readonly claims: Int32Array;
}

/** Main thread to worker: the texts of one inference. One text, so that no score depends on a neighbour, unless batching is on. */
export interface ParcelMessage {
  readonly id: number;
  readonly texts: readonly string[];
  /** Nothing else is inferred meanwhile. */
  readonly isLone: boolean;
}

/** What came of one text. */
export type TextResult = { readonly answer: Classification } | { readonly failure: string };

/** Worker to main thread. `ready` comes once, after the model answered a first text. */
export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'load-failed'; readonly message: string }
  | { readonly kind: 'done'; readonly parcels: readonly DoneParcel[] };

export interface DoneParcel {
  readonly id: number;
  /** One for each text, in their order. */
  readonly results: readonly TextResult[];
  /** From taking the parcel to the last result, by the worker's clock. */
  readonly inferenceMs: number;
  /** From the last result until it was told. */
  readonly heldMs: number;
}
