import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { describe, expect, test } from 'vitest';
import { buildApp } from './app.ts';
import type { Classification } from './classifier/classifier.ts';
import { locateModel } from './classifier/model-files.ts';
import { type PoolOptions, WorkerPool } from './classifier/worker-pool.ts';
import { configOf, post, readSeries, until } from './testing/service.ts';

const program = new URL('./testing/faulty-worker.ts', import.meta.url);

/** The service with workers that misbehave if a text requests it. */
async function startFaulty(env: Record<string, string> = {}, options: Partial<PoolOptions> = {}) {
  const settings = await locateModel({ kind: 'embedded' });
  const pool = new WorkerPool({ settings, workers: 1, queueLimit: 512, program, ...options });
  await pool.start();
  const lines: string[] = [];
  const logStream = { write: (line: string) => lines.push(line) };
  const app = buildApp(configOf({ LOG_LEVEL: 'trace', ...env }), pool, { logStream });
  const stop = async () => {
    await app.close();
    await pool[Symbol.asyncDispose]();
  };
  return { app, pool, lines, [Symbol.asyncDispose]: stop };
}

const predict = (app: FastifyInstance, text: string, headers: Record<string, string> = {}) =>
  post(app, '/predict', { text }, headers);

describe('the deadline', () => {
  test('set by the client applies, and texts that wait longer are never inferred', async () => {
    await using service = await startFaulty();
    const running = predict(service.app, 'sleep 1000 ms');
    const late = await predict(service.app, 'die', { 'x-request-deadline-ms': '20' });
    expect(late.statusCode).toBe(504);
    expect(late.json().error).toEqual({ code: 'timeout', message: expect.stringContaining('than 20 ms') });
    expect((await running).statusCode).toBe(200);
    expect((await predict(service.app, 'good')).statusCode).toBe(200);
    expect(service.pool.lostWorkers()).toBe(0);
  });

  test('can be made shorter by a client, not longer', async () => {
    await using service = await startFaulty({ REQUEST_DEADLINE_MS: '50' });
    const response = await predict(service.app, 'sleep 400 ms', { 'x-request-deadline-ms': '60000' });
    expect(response.json().error.message).toContain('than 50 ms');
  });

  test('must be a whole number of milliseconds, within a limit', async () => {
    await using service = await startFaulty();
    for (const deadline of ['0', '-5', 'soon', '1.5', '', '9999999999']) {
      const response = await predict(service.app, 'good', { 'x-request-deadline-ms': deadline });
      const told = [response.statusCode, response.json().error.code];
      expect(told, `"${deadline}"`).toEqual([400, 'bad_deadline']);
    }
  });
});

test('with a full queue a request is refused before its body arrives', async () => {
  await using service = await startFaulty({}, { queueLimit: 1 });
  const { app } = service;
  await app.listen({ host: '127.0.0.1', port: 0 });
  const busy = [predict(app, 'sleep 1000 ms'), predict(app, 'good')];
  await until(async () => !service.pool.hasRoom());
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(
    'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{',
  );
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1.1 503 /);
  expect(String(answer)).toContain('retry-after: 1');
  socket.destroy();
  expect((await Promise.all(busy)).map(({ statusCode }) => statusCode)).toEqual([200, 200]);
});

test.each([
  ['headers', 'POST /predict HTTP/1.1\r\nHost: x\r\n'],
  [
    'body',
    'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  ],
])('a client that never completes its %s is disconnected', async (_part, begun) => {
  await using service = await startFaulty({ RECEIVE_LIMIT_MS: '200' });
  await service.app.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((service.app.server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(begun);
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1.1 408 /);
  await once(socket, 'close');
  const name = 'http_requests_in_progress{method="POST",handler="/predict"}';
  await until(async () => (await readSeries(service.app)).get(name) === 0);
});

test('a client that leaves while it waits costs no inference', async () => {
  await using service = await startFaulty();
  await service.app.listen({ host: '127.0.0.1', port: 0 });
  const running = predict(service.app, 'sleep 300 ms');
  const body = '{"text":"die"}';
  const socket = connect((service.app.server.address() as AddressInfo).port, '127.0.0.1');
  const head = `POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  socket.write(`${head}\r\n\r\n${body}`);
  await until(async () => service.pool.waitingTexts() === 1);
  socket.destroy();
  await until(async () => service.pool.waitingTexts() === 0);
  expect((await running).statusCode).toBe(200);
  expect(service.pool.lostWorkers()).toBe(0);
});

test('no log line contains a text, even after errors', async () => {
  await using service = await startFaulty(
    {},
    { inferenceLimitMs: 200, batching: { maxTexts: 4, longestWaitMs: 0 } },
  );
  const { app } = service;
  const secret = 'my neighbour is a spy';
  const texts = [secret, 'poison', 'die', 'sleep 1000 ms', secret];
  await Promise.all(texts.map((text) => predict(app, text)));
  await post(app, '/predict/batch', { texts: [secret, 'poison'] });
  await predict(app, secret, { 'x-request-deadline-ms': secret });
  await post(app, '/predict', `{"text":"${secret}`);
  await app.inject({
    method: 'POST',
    url: `/${encodeURIComponent(secret)}?text=${secret.replaceAll(' ', '+')}`,
  });
  const logged = service.lines.join('');
  expect(logged).toContain('"error":"inference_error"');
  for (const text of [secret, 'neighbour', 'poison', 'sleep 1000']) expect(logged).not.toContain(text);
});

test('sentiment_model_loaded is correct while a hung worker is replaced', async () => {
  await using service = await startFaulty({}, { inferenceLimitMs: 200 });
  const loaded = async () => (await readSeries(service.app)).get('sentiment_model_loaded');
  expect(await loaded()).toBe(1);
  expect((await predict(service.app, 'sleep 60000 ms')).statusCode).toBe(500);
  expect(await loaded()).toBe(0);
  expect((await service.app.inject('/health/ready')).statusCode).toBe(503);
  await until(async () => (await loaded()) === 1);
  expect((await readSeries(service.app)).get('sentiment_workers_lost_total')).toBe(1);
});

/** How much other texts in a batch may change a confidence, according to the model card. */
const toleratedMove = 0.1;

/** The score is the confidence for a positive prediction, and 1 minus the confidence for a negative one. */
const scoreOf = ({ sentiment, confidence }: Pick<Classification, 'sentiment' | 'confidence'>) =>
  sentiment === 'POSITIVE' ? confidence : 1 - confidence;

const words = [
  'I',
  'it',
  'the',
  'film',
  'was',
  'not',
  'good',
  'awful',
  'great',
  'slow',
  'and',
  'but',
  '🙂',
  'ü',
  '7',
];
const texts = fc
  .array(fc.constantFrom(...words), { minLength: 1, maxLength: 40 })
  .map((chosen) => chosen.join(' '));
const requests = fc.array(
  fc.oneof(
    texts.map((text) => ({ url: '/predict', body: { text }, all: [text] })),
    fc
      .array(texts, { minLength: 1, maxLength: 6 })
      .map((all) => ({ url: '/predict/batch', body: { texts: all }, all })),
  ),
  { minLength: 1, maxLength: 12 },
);

async function checkTogether(
  options: Partial<PoolOptions>,
  compare: (together: Classification, alone: Classification) => void,
) {
  await using service = await startFaulty({ LOG_LEVEL: 'silent' }, { workers: 2, ...options });
  const { app, pool } = service;
  const patient = { deadlineMs: 60_000, isAbandoned: () => false };
  const property = fc.asyncProperty(requests, async (sent) => {
    const responses = await Promise.all(sent.map(({ url, body }) => post(app, url, body)));
    for (const [position, response] of responses.entries()) {
      expect(response.statusCode).toBe(200);
      const answers = response.json().predictions ?? [response.json()];
      for (const [index, text] of sent[position]!.all.entries()) {
        const [alone] = await pool.classify([text], patient);
        compare(answers[index], alone!);
      }
    }
  });
  await fc.assert(property, { seed: 3, numRuns: 25 });
}

test('each text gets the same prediction as when sent alone, with any other requests in flight', async () => {
  await checkTogether({}, (together, { sentiment, confidence, truncated }) => {
    expect(together).toMatchObject({ sentiment, confidence, truncated });
  });
});

test('with batching on, each text gets its own prediction within the tolerance of the model', async () => {
  await checkTogether({ batching: { maxTexts: 8, longestWaitMs: 2 } }, (together, alone) => {
    expect(Math.abs(scoreOf(together) - scoreOf(alone))).toBeLessThan(toleratedMove);
  });
});
