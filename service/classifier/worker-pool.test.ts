import { expect, test } from 'vitest';
import { ClassifierError } from './classifier.ts';
import { locateModel } from './model-files.ts';
import { WorkerPool } from './worker-pool.ts';

const program = new URL('../testing/troubled-worker.ts', import.meta.url);
const patient = { deadlineMs: 30_000, isAbandoned: () => false };

async function startPool(options: { workers?: number; queueLimit?: number } = {}) {
  const settings = await locateModel({ kind: 'embedded' });
  const lost: string[] = [];
  const onWorkerLost = (reason: string) => void lost.push(reason);
  const pool = new WorkerPool({ settings, workers: 1, queueLimit: 10, ...options, program, onWorkerLost });
  await pool.start();
  return { pool, lost, [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose]() };
}

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'answered',
    (error) => (error instanceof ClassifierError ? error.failure : error),
  );

test('past the limit of the queue a request is refused at once, and what was accepted is answered', async () => {
  await using parts = await startPool({ queueLimit: 2 });
  const { pool } = parts;
  const running = pool.classify(['sleep 200 ms'], patient);
  const waiting = pool.classify(['good', 'bad'], patient);
  expect(await failureOf(pool.classify(['one more'], patient))).toBe('overloaded');
  expect(await running).toHaveLength(1);
  expect((await waiting).map(({ sentiment }) => sentiment)).toEqual(['POSITIVE', 'NEGATIVE']);
  expect(await pool.classify(['good'], patient)).toHaveLength(1);
});

test('at its deadline a request fails, and what waits of it is never inferred', async () => {
  await using parts = await startPool();
  const { pool, lost } = parts;
  const running = pool.classify(['sleep 200 ms'], patient);
  expect(await failureOf(pool.classify(['die'], { ...patient, deadlineMs: 10 }))).toBe('timeout');
  await running;
  expect(await pool.classify(['good'], patient)).toHaveLength(1);
  expect(lost).toEqual([]);
});

test('a text whose client is gone is never inferred', async () => {
  await using parts = await startPool();
  const { pool, lost } = parts;
  const running = pool.classify(['sleep 50 ms'], patient);
  const gone = failureOf(pool.classify(['die'], { ...patient, isAbandoned: () => true }));
  await running;
  expect(await gone).toBe('abandoned');
  expect(await pool.classify(['good'], patient)).toHaveLength(1);
  expect(lost).toEqual([]);
});

test('a dead worker fails only the request that it had, and is replaced', async () => {
  await using parts = await startPool();
  const { pool, lost } = parts;
  const fatal = failureOf(pool.classify(['die'], patient));
  const waiting = pool.classify(['good'], patient);
  expect(await fatal).toBe('inference_error');
  expect(pool.isLoaded()).toBe(false);
  expect(await waiting).toMatchObject([{ sentiment: 'POSITIVE' }]);
  expect(pool.isLoaded()).toBe(true);
  expect(lost).toEqual([expect.stringContaining('exit code 7')]);
});

test('while another worker can answer, the model counts as loaded', async () => {
  await using parts = await startPool({ workers: 2 });
  const { pool } = parts;
  expect(await failureOf(pool.classify(['die'], patient))).toBe('inference_error');
  expect(pool.isLoaded()).toBe(true);
  expect(await pool.classify(['good'], patient)).toMatchObject([{ sentiment: 'POSITIVE' }]);
});

test('a text gets the same score whatever is in flight beside it', async () => {
  await using parts = await startPool({ workers: 2, queueLimit: 200 });
  const texts = Array.from(
    { length: 40 },
    (_, index) => `I ${index % 3 ? 'liked' : 'hated'} it ${'so '.repeat(index)}much`,
  );
  const alone = [];
  for (const text of texts) alone.push(...(await parts.pool.classify([text], patient)));
  const together = await Promise.all([
    parts.pool.classify(texts, patient),
    parts.pool.classify(texts.toReversed(), patient),
  ]);
  expect(together[0]).toEqual(alone);
  expect(together[1]).toEqual(alone.toReversed());
});

test('a model that cannot be loaded stops the start and is named', async () => {
  const settings = {
    modelName: 'no-such-model',
    version: '1',
    source: import.meta.dirname,
    isLocal: true,
    dtype: 'q8',
  } as const;
  await using pool = new WorkerPool({ settings, workers: 1, queueLimit: 1 });
  await expect(pool.start()).rejects.toThrow('could not load the model no-such-model');
  expect(pool.isLoaded()).toBe(false);
});

test('a pool that stops refuses what waits, and everything after', async () => {
  const parts = await startPool();
  const running = failureOf(parts.pool.classify(['sleep 50 ms'], patient));
  const waiting = failureOf(parts.pool.classify(['good'], patient));
  await parts.pool[Symbol.asyncDispose]();
  expect(await waiting).toBe('overloaded');
  expect(await running).not.toBe('answered');
  expect(await failureOf(parts.pool.classify(['good'], patient))).toBe('overloaded');
});
