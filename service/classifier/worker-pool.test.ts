import { expect, test } from 'vitest';
import { ClassifierError } from './classifier.ts';
import { locateModel } from './model-files.ts';
import { type PoolOptions, WorkerPool } from './worker-pool.ts';

const program = new URL('../testing/troubled-worker.ts', import.meta.url);
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

test('a text is alone while nothing else is inferred or waits, and only with the first of the workers', async () => {
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

test('alone or not, with however many threads, a text gets the same score to the last bit', async () => {
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

test('while more lies ready answers are told together, and each says how long it waited itself', async () => {
  await using parts = await startPool();
  const { pool } = parts;
  const waitedMs: number[] = [];
  pool.onInference((inference) => waitedMs.push(...inference.waitedMs));
  const answeredMs: number[] = [];
  const texts = ['good', 'sleep 200 ms', 'bad', 'fine', 'dull'];
  await Promise.all(
    texts.map(async (text, at) => {
      await pool.classify([text], patient);
      answeredMs[at] = performance.now();
    }),
  );
  expect(answeredMs[1]! - answeredMs[0]!).toBeLessThan(100);
  expect(waitedMs[2]! - waitedMs[0]!).toBeGreaterThanOrEqual(200);
});

test('what a worker had inferred and not told when it died is answered all the same', async () => {
  await using parts = await startPool();
  const { pool, lost } = parts;
  const texts = ['good', 'bad', 'die', 'fine', 'dull', 'great'];
  const outcomes = texts.map((text) => failureOf(pool.classify([text], patient)));
  expect(await Promise.all(outcomes)).toEqual(
    texts.map((text) => (text === 'die' ? 'inference_error' : 'answered')),
  );
  expect(lost).toHaveLength(1);
});

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

test('a client that leaves after its text was handed out costs no inference either', async () => {
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

test('a request whose deadline is over when it comes is not taken in', async () => {
  await using parts = await startPool();
  const late = { ...patient, deadlineMs: 100, elapsedMs: 100 };
  expect(await failureOf(parts.pool.classify(['die'], late))).toBe('timeout');
  expect(parts.lost).toEqual([]);
});

test('an idle worker takes over what lies ready with a busy one', async () => {
  await using parts = await startPool({ workers: 2 });
  const { pool } = parts;
  const long = pool.classify(['sleep 2000 ms'], patient);
  const short = pool.classify(['sleep 50 ms'], patient);
  // One of these lies ready behind the long one; it is not kept there.
  const others = Promise.all(['good', 'bad', 'fine'].map((text) => pool.classify([text], patient)));
  const first = await Promise.race([others.then(() => 'others'), long.then(() => 'long')]);
  expect(first).toBe('others');
  await Promise.all([long, short]);
});

test('what could not be answered in time is refused at once, before the queue is full', async () => {
  await using parts = await startPool({ queueLimit: 100, usualDeadlineMs: 3000 });
  const { pool } = parts;
  // It learns that a text takes 50 ms and more; on a busy machine it may be three times that.
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

test('a worker that hangs is replaced, and fails only what it had in hand', async () => {
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

test('a worker that is given up while the runtime computes does not take the process with it', async () => {
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

test('threads that hang in native code, where nothing ends them, are replaced too, but not without end', async () => {
  await using parts = await startPool({ inferenceLimitMs: 200 });
  const { pool } = parts;
  for (const text of ['block 3000 ms', 'block 3001 ms']) {
    expect(await failureOf(pool.classify([text], patient))).toBe('inference_error');
  }
  // Two threads are undead: the seat waits for the first of them to end.
  const startedMs = performance.now();
  expect(await pool.classify(['good'], patient)).toHaveLength(1);
  expect(performance.now() - startedMs).toBeGreaterThan(500);
});

test('what lay ready with a worker that died is answered by another', async () => {
  await using parts = await startPool();
  const { pool } = parts;
  const fatal = failureOf(pool.classify(['die'], patient));
  const behind = pool.classify(['good', 'bad'], patient);
  expect(await fatal).toBe('inference_error');
  expect((await behind).map(({ sentiment }) => sentiment)).toEqual(['POSITIVE', 'NEGATIVE']);
});

const batching = { mostTexts: 8, longestWaitMs: 0 };

test.each(['poison', 'die'])('in a batch, "%s" fails alone', async (bad) => {
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

test('what is told of a failure does not hold the text', async () => {
  await using parts = await startPool();
  await expect(parts.pool.classify(['poison'], patient)).rejects.toThrow('cannot bear "[the text]"');
});

test('a batch that is not full is inferred as soon as a worker is free, or its wait is over', async () => {
  await using parts = await startPool({ workers: 2, batching: { mostTexts: 4, longestWaitMs: 200 } });
  const { pool } = parts;
  const sizes: number[] = [];
  pool.onInference(({ texts }) => sizes.push(texts));
  // Idle: at once.
  expect(await pool.classify(['good'], patient)).toHaveLength(1);
  // One worker is busy: the other waits for more, but not for ever.
  const busy = pool.classify(['sleep 1500 ms'], patient);
  const startedMs = performance.now();
  const two = await Promise.all([pool.classify(['good'], patient), pool.classify(['fine'], patient)]);
  expect(two).toHaveLength(2);
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(199);
  expect(sizes).toEqual([1, 2]);
  await busy;
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
