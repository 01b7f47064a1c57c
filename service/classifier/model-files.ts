import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ModelChoice } from '../config.ts';
import type { WorkerSettings } from './protocol.ts';

const checksumFile = 'SHA256SUMS';
const embeddedDir = join(import.meta.dirname, '..', 'model', 'sentiment-small');

/** The folder of a model that does not come from the hub. */
export function folderOf(choice: Exclude<ModelChoice, { kind: 'hub' }>): string {
  return resolve(choice.kind === 'embedded' ? embeddedDir : choice.dir);
}

/** The model's files cannot be used. The message says which file, and what to do. */
export class ModelError extends Error {}

/**
 * Finds the files of the chosen model. If there is a SHA256SUMS in the model's folder or its parent, checks the files that
 * will be loaded against it. Throws ModelError. transformers.js handles models from the hub.
 */
export async function locateModel(choice: ModelChoice): Promise<WorkerSettings> {
  if (choice.kind === 'hub') {
    return { modelName: choice.id, version: 'hub', source: choice.id, isLocal: false, dtype: 'q8' };
  }
  const dir = folderOf(choice);
  const dtype = existsSync(join(dir, 'onnx', 'model_quantized.onnx')) ? 'q8' : 'fp32';
  const onnxFile = dtype === 'q8' ? 'onnx/model_quantized.onnx' : 'onnx/model.onnx';
  const loaded = ['config.json', 'tokenizer.json', 'tokenizer_config.json', onnxFile];
  const missing = loaded.filter((file) => !existsSync(join(dir, file)));
  if (missing.length > 0) {
    const hint =
      'MODEL_DIR, or MODEL_B_DIR for the second model, names the folder that holds config.json and onnx/';
    throw new ModelError(`the model in ${dir} lacks ${missing.join(', ')}; ${hint}`);
  }
  await checkSums(dir, loaded);
  const version = (await sha256(join(dir, onnxFile))).slice(0, 12);
  return { modelName: basename(dir), version, source: dir, isLocal: true, dtype };
}

async function checkSums(dir: string, files: readonly string[]): Promise<void> {
  const sums = await readSums(dir);
  if (sums === undefined) return;
  const findings = await Promise.all(files.map((file) => checkSum(join(dir, file), sums.expected.get(file))));
  const wrong = findings.filter((finding) => finding !== undefined);
  if (wrong.length === 0) return;
  throw new ModelError(
    `the model differs from ${sums.path}:\n${wrong.join('\n')}\nRestore the files (git checkout, or git lfs pull), or update the checksums if you changed the model on purpose.`,
  );
}

async function checkSum(path: string, expected: string | undefined): Promise<string | undefined> {
  if (expected === undefined) return `  ${path}: needed, but not listed`;
  const found = await sha256(path);
  return found === expected ? undefined : `  ${path}: expected ${expected}, found ${found}`;
}

interface Sums {
  readonly path: string;
  /** Maps a file's path inside the model's folder to its checksum. */
  readonly expected: ReadonlyMap<string, string>;
}

/** A list in the parent folder counts only if it mentions this folder, because it may be about other models. */
async function readSums(dir: string): Promise<Sums | undefined> {
  const inside = join(dir, checksumFile);
  if (existsSync(inside)) return { path: inside, expected: await parseSums(inside, '') };
  const inParent = join(dirname(dir), checksumFile);
  if (!existsSync(inParent)) return undefined;
  const expected = await parseSums(inParent, `${basename(dir)}/`);
  return expected.size > 0 ? { path: inParent, expected } : undefined;
}

async function parseSums(path: string, prefix: string): Promise<Map<string, string>> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  const rows = lines.map((line) => /^([0-9a-f]{64}) [ *](?:\.\/)?(.+)$/.exec(line.trimEnd()));
  const named = rows.filter((row) => row?.[2]?.startsWith(prefix));
  return new Map(named.map((row) => [row![2]!.slice(prefix.length), row![1]!]));
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
