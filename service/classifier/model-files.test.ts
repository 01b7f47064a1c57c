import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { locateModel } from './model-files.ts';
import { WorkerPool } from './worker-pool.ts';

const files = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx'];
const sumOf = (content: string) => createHash('sha256').update(content).digest('hex');

async function makeModel() {
  const root = await mkdtemp(join(tmpdir(), 'model files '));
  const dir = join(root, 'mine');
  await mkdir(join(dir, 'onnx'), { recursive: true });
  for (const file of files) await writeFile(join(dir, file), file);
  const choice = { kind: 'folder', dir } as const;
  return { root, dir, choice, [Symbol.asyncDispose]: () => rm(root, { recursive: true }) };
}

const sumsOf = (prefix: string) => files.map((file) => `${sumOf(file)}  ${prefix}${file}\n`).join('');

test('the embedded model matches its checksums', async () => {
  expect(await locateModel({ kind: 'embedded' })).toMatchObject({
    modelName: 'sentiment-small',
    dtype: 'q8',
  });
});

test('a folder without checksums is accepted', async () => {
  await using model = await makeModel();
  const version = sumOf('onnx/model.onnx').slice(0, 12);
  const settings = { modelName: 'mine', version, source: model.dir, isLocal: true, dtype: 'fp32' };
  expect(await locateModel(model.choice)).toEqual(settings);
  await writeFile(join(model.root, 'SHA256SUMS'), sumsOf('neighbour/'));
  expect(await locateModel(model.choice)).toEqual(settings);
});

test.each([
  ['inside', 'mine/SHA256SUMS', ''],
  ['beside', 'SHA256SUMS', 'mine/'],
])('with checksums %s, the error names a changed file and both checksums', async (_where, place, prefix) => {
  await using model = await makeModel();
  await writeFile(join(model.root, place), sumsOf(prefix));
  await locateModel(model.choice);
  await writeFile(join(model.dir, 'tokenizer.json'), 'changed');
  const message = `tokenizer.json: expected ${sumOf('tokenizer.json')}, found ${sumOf('changed')}`;
  await expect(locateModel(model.choice)).rejects.toThrow(message);
});

test('a needed file that the checksums do not list is refused', async () => {
  await using model = await makeModel();
  await writeFile(join(model.dir, 'SHA256SUMS'), sumsOf('').split('\n').slice(1).join('\n'));
  await expect(locateModel(model.choice)).rejects.toThrow('config.json: needed, but not listed');
});

test('one error names all missing files', async () => {
  await using model = await makeModel();
  await rm(join(model.dir, 'config.json'));
  await rm(join(model.dir, 'onnx'), { recursive: true });
  await expect(locateModel(model.choice)).rejects.toThrow('lacks config.json, onnx/model.onnx; MODEL_DIR');
});

test('MODEL_DIR loads a model from any folder, even if the path contains a space', async () => {
  await using model = await makeModel();
  const dir = join(model.root, 'a model');
  await cp(join(import.meta.dirname, '..', 'model', 'sentiment-small'), dir, { recursive: true });
  const settings = await locateModel({ kind: 'folder', dir });
  await using pool = new WorkerPool({ settings, workers: 1, queueLimit: 1 });
  await pool.start();
  const answers = await pool.classify(['I love it'], { deadlineMs: 30_000, isAbandoned: () => false });
  expect(answers).toMatchObject([{ sentiment: 'POSITIVE' }]);
});
