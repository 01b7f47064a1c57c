import { AutoModelForSequenceClassification, env, LogLevel, pipeline, Tensor } from '@xenova/transformers';
import { type Sentiment, sentiments } from '../metric-names.ts';
import type { Classification } from './classifier.ts';
import type { TextResult, WorkerSettings } from './protocol.ts';
import type { Infer, RunNative } from './worker-loop.ts';

/**
 * Loads the model into this thread. One session computes only on this thread; a second session, for lone texts, uses
 * several threads and gives bit-identical scores. Throws if the model cannot be used.
 */
export async function loadModel(
  settings: WorkerSettings,
  loneThreads: number,
  runNative: RunNative,
): Promise<Infer> {
  env.logLevel = LogLevel.ERROR;
  env.allowRemoteModels = !settings.isLocal;
  // The library looks in its download cache before the folder, so a cached model of the same name would be loaded instead.
  env.useFSCache = !settings.isLocal;
  const { tokenizer, model } = await runNative(() =>
    pipeline('sentiment-analysis', settings.source, {
      dtype: settings.dtype,
      session_options: sessionOptions(1),
    }),
  );
  const loneModel =
    loneThreads === 1
      ? model
      : await runNative(() =>
          AutoModelForSequenceClassification.from_pretrained(settings.source, {
            dtype: settings.dtype,
            session_options: sessionOptions(loneThreads),
          }),
        );
  const labels = readLabels(model.config as ModelConfig);
  const maxPieces = readMaxPieces(tokenizer.model_max_length, model.config as ModelConfig);
  const read = tokenizer as unknown as Tokenize;
  return async (texts, isLone) => {
    const encoded = texts.map((text) => encode(read, text, maxPieces));
    const inputs = pad(encoded, tokenizer.pad_token_id ?? 0);
    const { logits } = (await runNative(() => (isLone ? loneModel : model)(inputs))) as { logits: Tensor };
    const scores = logits.data as Float32Array;
    return encoded.map(({ inputs, truncated }, row) => {
      const counts = countPieces(inputs.input_ids, tokenizer.unk_token_id);
      return judge(scores.subarray(2 * row, 2 * row + 2), labels, { truncated, ...counts });
    });
  };
}

const sessionOptions = (threads: number) =>
  ({ intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential' }) as const;

interface ModelConfig {
  readonly id2label?: Readonly<Record<string, string>>;
  readonly max_position_embeddings?: number;
}
interface TokenizeOptions {
  readonly truncation: boolean;
  readonly max_length?: number;
}
/**
 * The model's input: a row of word pieces, an attention mask, and any further input the model needs, all of the same length.
 */
type Inputs = Readonly<Record<string, Tensor>> & { readonly input_ids: Tensor };
interface Encoded {
  readonly inputs: Inputs;
  readonly truncated: boolean;
}
type Tokenize = (text: string, options: TokenizeOptions) => Inputs;

/** Truncation is requested only if needed, so that we know whether it happened. */
function encode(tokenize: Tokenize, text: string, maxPieces: number): Encoded {
  const whole = tokenize(text, { truncation: false });
  if (whole.input_ids.dims[1]! <= maxPieces) return { inputs: whole, truncated: false };
  return { inputs: tokenize(text, { truncation: true, max_length: maxPieces }), truncated: true };
}

function countPieces({ data, dims }: Tensor, unknownId: number | undefined) {
  // Ids are 64 bits wide but small: the lower half identifies them, and reading it avoids creating a BigInt for each.
  const ids = new Int32Array(
    (data as BigInt64Array).buffer,
    (data as BigInt64Array).byteOffset,
    data.length * 2,
  );
  let unknownPieces = 0;
  for (let at = 0; at < ids.length; at += 2) if (ids[at] === unknownId) unknownPieces += 1;
  return { pieces: dims[1]!, unknownPieces };
}

/** Pads texts to the length of the longest with pieces that the mask excludes. A single text is unchanged. */
function pad(encoded: readonly Encoded[], padId: number): Inputs {
  const [first, ...others] = encoded;
  if (others.length === 0) return first!.inputs;
  const width = Math.max(...encoded.map(({ inputs }) => inputs.input_ids.dims[1]!));
  const columns = Object.keys(first!.inputs).map((name) => {
    const filler = name === 'input_ids' ? BigInt(padId) : 0n;
    const rows = new BigInt64Array(encoded.length * width).fill(filler);
    for (const [row, { inputs }] of encoded.entries()) {
      rows.set(inputs[name]!.data as BigInt64Array, row * width);
    }
    return [name, new Tensor('int64', rows, [encoded.length, width])];
  });
  return Object.fromEntries(columns);
}

/** Some tokenizers state no limit (1e30); the limit is then the model's number of positions. */
function readMaxPieces(tokenizerLimit: number | undefined, config: ModelConfig): number {
  return Math.min(tokenizerLimit ?? Number.POSITIVE_INFINITY, config.max_position_embeddings ?? 512);
}

function readLabels(config: ModelConfig): readonly Sentiment[] {
  const given = Object.values(config.id2label ?? {});
  const labels = given.map((label) => sentiments.find((sentiment) => sentiment === label.toUpperCase()));
  if (labels.length === 2 && new Set(labels).size === 2 && labels.every((label) => label !== undefined)) {
    return labels;
  }
  throw new Error(`its labels are ${JSON.stringify(given)}; choose a model with POSITIVE and NEGATIVE`);
}

function judge(
  scores: Float32Array,
  labels: readonly Sentiment[],
  reading: Omit<Classification, 'sentiment' | 'confidence'>,
): TextResult {
  const [first, second] = [scores[0]!, scores[1]!];
  const confidence = 1 / (1 + Math.exp(-Math.abs(first - second)));
  if (!Number.isFinite(confidence)) {
    return { failure: `the model returned ${first} and ${second} instead of two numbers` };
  }
  return { answer: { sentiment: first >= second ? labels[0]! : labels[1]!, confidence, ...reading } };
}
