/** A worker thread: one single-threaded onnxruntime session that infers one text at a time. */
import { parentPort, workerData } from 'node:worker_threads';
import { env, LogLevel, pipeline, type Tensor } from '@xenova/transformers';
import { type Sentiment, sentiments } from '../metric-names.ts';
import type { Classification } from './classifier.ts';
import type { TextMessage, WorkerMessage, WorkerSettings } from './protocol.ts';

type Classify = (text: string) => Promise<Classification>;

const port = parentPort!;
const send = (message: WorkerMessage) => port.postMessage(message);

try {
  const classify = await load(workerData as WorkerSettings);
  await classify('The first text is for warming up.');
  port.on('message', (message: TextMessage) => void answer(classify, message.text));
  send({ kind: 'ready' });
} catch (error) {
  send({ kind: 'load-failed', message: messageOf(error) });
}

async function answer(classify: Classify, text: string): Promise<void> {
  try {
    send({ kind: 'classified', classification: await classify(text) });
  } catch (error) {
    send({ kind: 'failed', message: messageOf(error) });
  }
}

async function load(settings: WorkerSettings): Promise<Classify> {
  env.logLevel = LogLevel.ERROR;
  env.allowRemoteModels = !settings.isLocal;
  // The library's cache of downloads comes before the folder: a model of the same name in it would be taken instead.
  env.useFSCache = !settings.isLocal;
  const { tokenizer, model } = await pipeline('sentiment-analysis', settings.source, {
    dtype: settings.dtype,
    session_options: { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential' },
  });
  const labels = readLabels(model.config as ModelConfig);
  const maxPieces = readMaxPieces(tokenizer.model_max_length, model.config as ModelConfig);
  return async (text) => {
    const { inputs, truncated } = encode(tokenizer as unknown as Tokenize, text, maxPieces);
    const { logits } = (await model(inputs)) as { logits: Tensor };
    const counts = countPieces(inputs.input_ids, tokenizer.unk_token_id);
    return { ...mostLikely(logits.data as Float32Array, labels), truncated, ...counts };
  };
}

interface ModelConfig {
  readonly id2label?: Readonly<Record<string, string>>;
  readonly max_position_embeddings?: number;
}
interface TokenizeOptions {
  readonly truncation: boolean;
  readonly max_length?: number;
}
interface Encoded {
  readonly input_ids: Tensor;
}
type Tokenize = (text: string, options: TokenizeOptions) => Encoded;

/** Cutting is asked for only where it is needed, so that we know whether it was. */
function encode(tokenize: Tokenize, text: string, maxPieces: number) {
  const whole = tokenize(text, { truncation: false });
  if (whole.input_ids.dims[1]! <= maxPieces) return { inputs: whole, truncated: false };
  return { inputs: tokenize(text, { truncation: true, max_length: maxPieces }), truncated: true };
}

function countPieces({ data, dims }: Tensor, unknownId: number | undefined) {
  // Ids are 64 bits wide and small: their lower halves tell them apart, and are read without making a BigInt of each.
  const ids = new Int32Array(
    (data as BigInt64Array).buffer,
    (data as BigInt64Array).byteOffset,
    data.length * 2,
  );
  let unknownPieces = 0;
  for (let at = 0; at < ids.length; at += 2) if (ids[at] === unknownId) unknownPieces += 1;
  return { pieces: dims[1]!, unknownPieces };
}

/** Some tokenizers state no limit (1e30); the model's own is then the number of its positions. */
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

function mostLikely(logits: Float32Array, labels: readonly Sentiment[]) {
  const [first, second] = [logits[0]!, logits[1]!];
  const confidence = 1 / (1 + Math.exp(-Math.abs(first - second)));
  if (!Number.isFinite(confidence)) throw new Error(`the model gave ${first} and ${second}, not two numbers`);
  return { sentiment: first >= second ? labels[0]! : labels[1]!, confidence };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
