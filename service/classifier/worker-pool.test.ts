import { expect, test } from 'vitest';
import { ClassifierError } from './classifier.ts';
import { locateModel } from './model-files.ts';
import { type PoolOptions, WorkerPool } from './worker-pool.ts';

const program = new URL('../testing/faulty-worker.ts', import.meta.url);
const patient = { deadlineMs: 30_000, isAbandoned: () => false };

async function startPool(options: Partial<PoolOptions> = {}) {
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

test('a text counts as lone only at the first worker, and only while no other text is inferred or waiting', async () => {
  const answerOf = (pool: WorkerPool) =>
    pool.classify(['who else?'], patient).catch((error: Error) => error.message);
  await using calm = await startPool({ workers: 2 });
  expect(await answerOf(calm.pool)).toBe('nobody');

  await using busy = await startPool({ workers: 2 });
  const running = busy.pool.classify(['sleep 100 ms'], patient);
  expect(await answerOf(busy.pool)).toBe('somebody');
  await running;

  await using several = await startPool({ workers: 1 });
  const both = several.pool.classify(['good', 'who else?'], patient);
  await expect(both).rejects.toThrow('somebody');
});

test('a text gets a bit-identical score whether or not it is alone, with any number of threads', async () => {
  const texts = [
    'good',
    'The soup was cold, but nobody who works there minded.',
    `${'fine and '.repeat(90)}dull`,
  ];
  const answers = [];
  for (const loneThreads of [1, 2, 3]) {
    await using parts = await startPool({ workers: 3, loneThreads, queueLimit: 20 });
    const alone = [];
    for (const text of texts) alone.push(...(await parts.pool.classify([text], patient)));
    answers.push(alone, await parts.pool.classify(texts, patient));
  }
  for (const others of answers) expect(others).toEqual(answers[0]);
});

test('while more texts are ready, results are sent together, each with its own waiting time', async () => {
  await using parts = await startPool();
  const { pool } = parts;
  const waitedMs: number[] = [];
  pool.onInference((inference) => waitedMs.push(...inference.waitedMs));
  let turn = 0;
  const turns = setInterval(() => turn++, 1);
  const answeredIn: number[] = [];
  // While the worker is busy, the other texts are handed to it in advance.
  const busy = pool.classify(['sleep 100 ms'], patient);
  const texts = ['good', 'sleep 200 ms', 'bad', 'fine', 'dull'];
  await Promise.all(
    texts.map(async (text, at) => {
      await pool.classify([text], patient);
      answeredIn[at] = turn;
    }),
  );
  await busy;
  clearInterval(turns);
  // Results in one message arrive in the same turn of the event loop; those in separate messages would be 200 ms
  // apart.
  expect(answeredIn[1]).toBe(answeredIn[0]);
  // Index 0 is the text that kept the worker busy, because it began first.
  expect(waitedMs[3]! - waitedMs[1]!).toBeGreaterThanOrEqual(200);
});

test('texts that a worker had inferred but not sent when it died still get their predictions', async () => {
  await using parts = await startPool();
  const { pool, lost } = parts;
  const texts = ['good', 'bad', 'die', 'fine', 'dull', 'great'];
  const outcomes = texts.map((text) => failureOf(pool.classify([text], patient)));
  expect(await Promise.all(outcomes)).toEqual(
    texts.map((text) => (text === 'die' ? 'inference_error' : 'answered')),
  );
  expect(lost).toHaveLength(1);
});

test('with a full queue a request is refused at once, and accepted requests get their predictions', async () => {
  await using parts = await startPool({ queueLimit: 2 });
  const { pool } = parts;
  const running = pool.classify(['sleep 200 ms'], patient);
  const waiting = pool.classify(['good', 'bad'], patient);
  expect(await failureOf(pool.classify(['one more'], patient))).toBe('overloaded');
  expect(await running).toHaveLength(1);
  expect((await waiting).map(({ sentiment }) => sentiment)).toEqual(['POSITIVE', 'NEGATIVE']);
  expect(await pool.classify(['good'], patient)).toHaveLength(1);
});

test('a request fails at its deadline, and its waiting texts are never inferred', async () => {
  await using parts = await startPool();
  const { pool, lost } = parts;
  const running = pool.classify(['sleep 200 ms'], patient);
  expect(await failureOf(pool.classify(['die'], { ...patient, deadlineMs: 10 }))).toBe('timeout');
  await running;
  expect(await pool.classify(['good'], patient)).toHaveLength(1);
  expect(lost).toEqual([]);
});

test('a text whose client has left is never inferred', async () => {
  await using parts = await startPool();
  const { pool, lost } = parts;
  const running = pool.classify(['sleep 50 ms'], patient);
  const gone = failureOf(pool.classify(['die'], { ...patient, isAbandoned: () => true }));
  await running;
  expect(await gone).toBe('abandoned');
  expect(await pool.classify(['good'], patient)).toHaveLength(1);
  expect(lost).toEqual([]);
});

test('a text whose client leaves after a worker received it is not inferred', async () => {
  await using parts = await startPool();
  const { pool, lost } = parts;
  const running = pool.classify(['sleep 100 ms'], patient);
  let leave = () => {};
  let isGone = false;
  const onAbandoned = (giveUp: () => void) => {
    leave = giveUp;
  };
  const gone = failureOf(pool.classify(['die'], { ...patient, isAbandoned: () => isGone, onAbandoned }));
  const waiting = pool.classify(['good'], patient);
  expect(pool.waitingTexts()).toBe(2);
  isGone = true;
  leave();
  expect(await gone).toBe('abandoned');
  expect(pool.waitingTexts()).toBe(1);
  expect(await running).toHaveLength(1);
  expect(await waiting).toHaveLength(1);
  expect(lost).toEqual([]);
});

test('a request whose deadline has already passed is refused', async () => {
  await using parts = await startPool();
  const late = { ...patient, deadlineMs: 100, elapsedMs: 100 };
  expect(await failureOf(parts.pool.classify(['die'], late))).toBe('timeout');
  expect(parts.lost).toEqual([]);
});

test('an idle worker takes over texts that are ready at a busy one', async () => {
  await using parts = await startPool({ workers: 2 });
  const { pool } = parts;
  const long = pool.classify(['sleep 2000 ms'], patient);
  const short = pool.classify(['sleep 50 ms'], patient);
  // One of these texts was handed to the worker with the long text; the idle worker takes it over.
  const others = Promise.all(['good', 'bad', 'fine'].map((text) => pool.classify([text], patient)));
  const first = await Promise.race([others.then(() => 'others'), long.then(() => 'long')]);
  expect(first).toBe('others');
  await Promise.all([long, short]);
});

test('a request that could not be served in time is refused at once, before the queue is full', async () => {
  await using parts = await startPool({ queueLimit: 100, defaultDeadlineMs: 3000 });
  const { pool } = parts;
  // The pool measures at least 50 ms per text; on a busy machine it may measure three times as much.
  for (let sent = 0; sent < 10; sent++) await pool.classify(['sleep 50 ms'], patient);
  const sent = Array.from({ length: 20 }, () => pool.classify(['sleep 50 ms'], patient));
  const hasty = { ...patient, deadlineMs: 100 };
  expect(await failureOf(pool.classify(['die'], hasty))).toBe('overloaded');
  expect(pool.hasRoom()).toBe(true);
  while (pool.hasRoom()) sent.push(pool.classify(['sleep 50 ms'], patient));
  expect(sent.length).toBeLessThan(100);
  expect(await Promise.all(sent)).toHaveLength(sent.length);
  expect([pool.hasRoom(), parts.lost]).toEqual([true, []]);
});

test('a hung worker is replaced, and only the request in progress fails', async () => {
  await using parts = await startPool({ inferenceLimitMs: 300 });
  const { pool, lost } = parts;
  const hung = failureOf(pool.classify(['sleep 60000 ms'], patient));
  const behind = pool.classify(['good'], patient);
  expect(pool.isLoaded()).toBe(true);
  expect(await hung).toBe('inference_error');
  expect([pool.isLoaded(), pool.readyWorkers(), pool.lostWorkers()]).toEqual([false, 0, 1]);
  expect(await behind).toMatchObject([{ sentiment: 'POSITIVE' }]);
  expect(pool.isLoaded()).toBe(true);
  expect(lost).toEqual([expect.stringContaining('over 300 ms')]);
});

const longText = 'It was good and then it was bad again, so I do not know. '.repeat(60);

test('abandoning a worker while the runtime computes does not crash the process', async () => {
  await using parts = await startPool({ inferenceLimitMs: 10 });
  const { pool } = parts;
  for (let sent = 0; sent < 3; sent++) {
    expect(await failureOf(pool.classify([longText], patient))).toBe('inference_error');
  }
  expect(pool.lostWorkers()).toBeGreaterThanOrEqual(3);
});

test('a pool can be stopped while the runtime computes, and while it loads', async () => {
  const computing = await startPool();
  const running = failureOf(computing.pool.classify([longText], patient));
  await new Promise((resolve) => setTimeout(resolve, 10));
  await computing.pool[Symbol.asyncDispose]();
  expect(await running).toBe('overloaded');
  const loading = new WorkerPool({ settings: await locateModel({ kind: 'embedded' }), queueLimit: 1 });
  loading.start().catch(() => {});
  await loading[Symbol.asyncDispose]();
  expect(loading.isLoaded()).toBe(false);
});

test('threads that hang in native code and cannot be terminated are also replaced, up to a limit', async () => {
  await using parts = await startPool({ inferenceLimitMs: 200 });
  const { pool } = parts;
  for (const text of ['block 3000 ms', 'block 3001 ms']) {
    expect(await failureOf(pool.classify([text], patient))).toBe('inference_error');
  }
  // Two threads are still hanging: the worker slot waits for the first of them to end.
  const startedMs = performance.now();
  expect(await pool.classify(['good'], patient)).toHaveLength(1);
  expect(performance.now() - startedMs).toBeGreaterThan(500);
});

test('a text that was waiting at a worker that died gets its prediction from another worker', async () => {
  await using parts = await startPool();
  const { pool } = parts;
  const fatal = failureOf(pool.classify(['die'], patient));
  const behind = pool.classify(['good', 'bad'], patient);
  expect(await fatal).toBe('inference_error');
  expect((await behind).map(({ sentiment }) => sentiment)).toEqual(['POSITIVE', 'NEGATIVE']);
});

const batching = { maxTexts: 8, longestWaitMs: 0 };

test.each(['poison', 'die'])('in a batch, only the text "%s" fails', async (bad) => {
  await using parts = await startPool({ batching });
  const { pool } = parts;
  const sizes: number[] = [];
  pool.onInference(({ texts }) => sizes.push(texts));
  const running = pool.classify(['sleep 100 ms'], patient);
  const outcomes = ['good', 'bad', bad, 'fine'].map((text) => failureOf(pool.classify([text], patient)));
  await running;
  expect(await Promise.all(outcomes)).toEqual(['answered', 'answered', 'inference_error', 'answered']);
  expect(sizes).toEqual(bad === 'poison' ? [1, 4] : [1, 1, 1, 1]);
});

test('an error message does not contain the text', async () => {
  await using parts = await startPool();
  await expect(parts.pool.classify(['poison'], patient)).rejects.toThrow('cannot bear "[the text]"');
});

test('a partial batch is inferred when all workers are idle, or after its maximum wait', async () => {
  await using parts = await startPool({ workers: 2, batching: { maxTexts: 4, longestWaitMs: 200 } });
  const { pool } = parts;
  const sizes: number[] = [];
  pool.onInference(({ texts }) => sizes.push(texts));
  // All workers are idle, so the partial batch is inferred immediately.
  expect(await pool.classify(['good'], patient)).toHaveLength(1);
  // One worker is busy, so the other one waits for more texts, but only for a limited time.
  const busy = pool.classify(['sleep 1500 ms'], patient);
  const startedMs = performance.now();
  const two = await Promise.all([pool.classify(['good'], patient), pool.classify(['fine'], patient)]);
  expect(two).toHaveLength(2);
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(199);
  expect(sizes).toEqual([1, 2]);
  await busy;
});

test('when a worker dies, only the request in progress fails, and the worker is replaced', async () => {
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

test('the model counts as loaded while another worker is ready', async () => {
  await using parts = await startPool({ workers: 2 });
  const { pool } = parts;
  expect(await failureOf(pool.classify(['die'], patient))).toBe('inference_error');
  expect(pool.isLoaded()).toBe(true);
  expect(await pool.classify(['good'], patient)).toMatchObject([{ sentiment: 'POSITIVE' }]);
});

test('a text gets the same score with any other requests in flight', async () => {
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

test('a model that cannot be loaded stops the start, and the error names it', async () => {
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

test('a stopping pool refuses waiting and new texts', async () => {
  const parts = await startPool();
  const running = failureOf(parts.pool.classify(['sleep 50 ms'], patient));
  const waiting = failureOf(parts.pool.classify(['good'], patient));
  await parts.pool[Symbol.asyncDispose]();
  expect(await waiting).toBe('overloaded');
  expect(await running).not.toBe('answered');
  expect(await failureOf(parts.pool.classify(['good'], patient))).toBe('overloaded');
});
