import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildApp } from './app.ts';
import { locateModel } from './classifier/model-files.ts';
import { WorkerPool } from './classifier/worker-pool.ts';
import { apiErrors } from './errors.ts';
import { appOf, configOf, post, readSeries, startClassifier } from './testing/service.ts';

let classifier: WorkerPool;
beforeAll(async () => {
  classifier = await startClassifier();
});
afterAll(() => classifier[Symbol.asyncDispose]());

describe('predictions', () => {
  test.each([
    ['I love this, it works great and looks good', 'POSITIVE'],
    ['Terrible. It broke after a day and nobody answered me', 'NEGATIVE'],
  ])('%s: %s', async (text, sentiment) => {
    await using app = appOf(classifier);
    const response = await post(app, '/predict', { text });
    expect(response.statusCode).toBe(200);
    const { confidence, id, ...rest } = response.json();
    expect(rest).toEqual({ sentiment, truncated: false, model: 'sentiment-small', variant: 'a' });
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-z]+-[0-9a-z]+$/);
    expect(confidence).toBeGreaterThan(0.8);
    expect(confidence).toBeLessThanOrEqual(1);
  });

  test('each text of a batch gets the same prediction as when sent alone, and the order is kept', async () => {
    await using app = appOf(classifier);
    const texts = [
      'Good.',
      `A long story, and a bad one. ${'It went on and on. '.repeat(40)}`,
      'so-so 🙂',
      'mal \ud800 gut',
    ];
    const alone = [];
    for (const text of texts) alone.push((await post(app, '/predict', { text })).json());
    const batch = (await post(app, '/predict/batch', { texts })).json();
    const withoutId = ({ id: _, ...prediction }: { id: string }) => prediction;
    expect(batch.predictions.map(withoutId)).toEqual(
      alone.map(({ model: _, variant: __, ...prediction }) => withoutId(prediction)),
    );
    expect(batch.model).toBe('sentiment-small');
  });

  test('a text that exceeds the input length of the model is predicted, and marked as truncated', async () => {
    await using app = appOf(classifier);
    // The model reads 512 pieces, including the two special tokens around the text.
    for (const [words, truncated] of [
      [510, false],
      [511, true],
    ] as const) {
      const response = await post(app, '/predict', { text: 'good '.repeat(words) });
      expect(response.json()).toMatchObject({ sentiment: 'POSITIVE', truncated });
    }
  });
});

const longest = 'ä'.repeat(20);
const env = { MAX_TEXT_CHARS: '20', MAX_BATCH_TEXTS: '3' };

const badInput: [name: string, url: string, body: unknown, status: number, code: string, message: string][] =
  [
    ['malformed JSON', '/predict', '{"text":', 400, 'malformed_json', 'not valid JSON'],
    ['a body that is not UTF-8 JSON', '/predict', '\ufffd', 400, 'malformed_json', 'not valid JSON'],
    ['an empty body', '/predict', '', 400, 'empty_body', 'empty'],
    ['null', '/predict', 'null', 400, 'empty_body', 'empty'],
    ['an array as body', '/predict', [], 400, 'wrong_type', 'must be a JSON object'],
    ['a body without text', '/predict', {}, 400, 'missing_field', '"text"'],
    ['a number as text', '/predict', { text: 1 }, 400, 'wrong_type', '"text" must be a JSON string'],
    ['null as text', '/predict', { text: null }, 400, 'wrong_type', '"text" must be a JSON string'],
    ['an empty text', '/predict', { text: '' }, 400, 'blank_text', '"text" is blank'],
    ['a blank text', '/predict', { text: ' \t\n\u00a0\u200b\u0000' }, 400, 'blank_text', '"text" is blank'],
    [
      'a text that is too long',
      '/predict',
      { text: `${longest}😀` },
      400,
      'text_too_long',
      '21 characters; the limit is 20',
    ],
    ['an unknown field', '/predict', { text: 'a', lang: 'en' }, 400, 'unknown_field', '"lang"'],
    ['__proto__', '/predict', '{"text":"a","__proto__":{}}', 400, 'unknown_field', '"__proto__"'],
    [
      'a body that is too large',
      '/predict',
      'x'.repeat(1048577),
      413,
      'body_too_large',
      'limit of 1048576 bytes',
    ],
    ['the field of the other path', '/predict/batch', { text: 'a' }, 400, 'missing_field', '"texts"'],
    ['a string as texts', '/predict/batch', { texts: 'a' }, 400, 'wrong_type', '"texts" must be an array'],
    ['a batch without texts', '/predict/batch', { texts: [] }, 400, 'no_texts', 'at least 1'],
    [
      'too many texts',
      '/predict/batch',
      { texts: ['a', 'b', 'c', 'd'] },
      400,
      'too_many_texts',
      '4 entries; the limit is 3',
    ],
    ['a batch with a blank text', '/predict/batch', { texts: ['a', ' '] }, 400, 'blank_text', '"texts[1]"'],
    [
      'a batch with a number instead of a text',
      '/predict/batch',
      { texts: ['a', 2] },
      400,
      'wrong_type',
      '"texts[1]"',
    ],
    [
      'a batch with a text that is too long',
      '/predict/batch',
      { texts: ['a', `${longest}b`] },
      400,
      'text_too_long',
      '"texts[1]" has 21',
    ],
  ];

describe('bad input', () => {
  test.each(badInput)('%s is refused', async (_name, url, body, status, code, message) => {
    await using app = appOf(classifier, env);
    const response = await post(app, url, body);
    expect(response.statusCode).toBe(status);
    expect(response.json()).toEqual({ error: { code, message: expect.stringContaining(message) } });
    const series = await readSeries(app);
    expect(series.get(`sentiment_errors_total{error_type="invalid_input",endpoint="${url}"}`)).toBe(1);
    expect(series.get(`http_requests_total{method="POST",handler="${url}",status="${status}"}`)).toBe(1);
    const predicted = [...series].filter(([name]) => name.startsWith('sentiment_predictions_total'));
    expect(predicted.every(([, value]) => value === 0)).toBe(true);
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'nonsense',
    'application/json; charset=iso-8859-1',
    'application/json;charset="utf-16"',
  ])('content type %s is refused', async (type) => {
    await using app = appOf(classifier);
    const response = await post(app, '/predict', '{"text":"a"}', { 'content-type': type });
    expect(response.statusCode).toBe(415);
    expect(response.json().error.code).toBe('unsupported_media_type');
  });

  test.each([
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json; charset=us-ascii',
  ])('content type %s is accepted', async (type) => {
    await using app = appOf(classifier);
    const response = await post(app, '/predict', '{"text":"good"}', { 'content-type': type });
    expect(response.statusCode).toBe(200);
  });

  test('a body that is not UTF-8 is refused, even if it is valid in another encoding', async () => {
    await using app = appOf(classifier);
    const response = await app.inject({
      method: 'POST',
      url: '/predict',
      headers: { 'content-type': 'application/json' },
      payload: Buffer.from('{"text":"caf\xe9 is bad"}', 'latin1'),
    });
    expect(response.statusCode).toBe(400);
    expect(response.json().error).toEqual({
      code: 'malformed_json',
      message: expect.stringContaining('UTF-8'),
    });
  });

  test('a request exactly at the limits is accepted', async () => {
    await using app = appOf(classifier, env);
    expect((await post(app, '/predict', { text: longest })).statusCode).toBe(200);
    expect((await post(app, '/predict/batch', { texts: [longest, 'b', 'c'] })).statusCode).toBe(200);
  });

  test('a batch of the longest allowed texts fits into the body limit, even if every character is escaped', async () => {
    await using app = appOf(classifier, { MAX_TEXT_CHARS: '5000', MAX_BATCH_TEXTS: '60' });
    // Each character is an escaped surrogate pair (12 bytes). The last text is blank, so the batch is refused before
    // inference.
    const texts = Array.from({ length: 59 }, () => `"${'\\ud83d\\ude00'.repeat(5000)}"`);
    const response = await post(app, '/predict/batch', `{"texts":[${texts.join(',')}," "]}`);
    expect(response.json().error.code).toBe('blank_text');
  });
});

test('any body gets a prediction or a 4xx that says why', async () => {
  await using app = appOf(classifier, env);
  const text = fc.string({ unit: 'binary', maxLength: 25 });
  const bodies = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.record({ text: fc.oneof(text, fc.jsonValue()) }).map((value) => JSON.stringify(value)),
    fc.record({ texts: fc.array(text, { maxLength: 4 }) }).map((value) => JSON.stringify(value)),
  );
  const urls = fc.constantFrom('/predict', '/predict/batch');
  const property = fc.asyncProperty(urls, bodies, async (url, body) => {
    const response = await post(app, url, body);
    const { error } = response.json();
    if (response.statusCode === 200) expect(error).toBeUndefined();
    else expect([response.statusCode, error.code in apiErrors]).toEqual([400, true]);
  });
  await fc.assert(property, { seed: 1, numRuns: 400 });
});

describe('overload, deadlines, readiness and logging', () => {
  test('a full queue gets a 503 at once, with Retry-After', async () => {
    // The pool is not started, so no worker takes a text, and the queue has room for only one of the two.
    await using waiting = new WorkerPool({
      settings: await locateModel({ kind: 'embedded' }),
      queueLimit: 1,
    });
    await using app = appOf(waiting);
    const response = await post(app, '/predict/batch', { texts: ['good', 'bad'] });
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '1']);
    expect(response.json().error).toEqual({
      code: 'overloaded',
      message: expect.stringContaining('at most 1 text'),
    });
    const series = await readSeries(app);
    expect(series.get('sentiment_errors_total{error_type="overloaded",endpoint="/predict/batch"}')).toBe(1);
    expect(series.get('http_requests_total{method="POST",handler="/predict/batch",status="503"}')).toBe(1);
  });

  test('a request that misses its deadline gets a 504', async () => {
    await using waiting = new WorkerPool({
      settings: await locateModel({ kind: 'embedded' }),
      queueLimit: 9,
    });
    await using app = appOf(waiting, { REQUEST_DEADLINE_MS: '10' });
    const response = await post(app, '/predict', { text: 'good' });
    expect(response.statusCode).toBe(504);
    expect(response.json().error).toEqual({ code: 'timeout', message: expect.stringContaining('10 ms') });
    const series = await readSeries(app);
    expect(series.get('sentiment_errors_total{error_type="timeout",endpoint="/predict"}')).toBe(1);
  });

  test('the service is live immediately, and ready once the model has made its first prediction', async () => {
    const settings = await locateModel({ kind: 'embedded' });
    await using starting = new WorkerPool({ settings, workers: 1, queueLimit: 9 });
    await using app = appOf(starting);
    expect((await app.inject('/health/live')).statusCode).toBe(200);
    const early = await app.inject('/health/ready');
    expect([early.statusCode, early.json()]).toEqual([
      503,
      { ready: false, reason: 'no worker is ready yet', model: 'sentiment-small' },
    ]);
    expect((await readSeries(app)).get('sentiment_model_loaded')).toBe(0);
    await starting.start();
    const late = await app.inject('/health/ready');
    expect([late.statusCode, late.json()]).toEqual([200, { ready: true, model: 'sentiment-small' }]);
    expect((await readSeries(app)).get('sentiment_model_loaded')).toBe(1);
  });
});

test.each([
  ['GET', '/nope', 404, 'not_found', undefined],
  ['POST', '/predict/', 404, 'not_found', undefined],
  ['GET', '/predict?x=1', 405, 'method_not_allowed', 'POST'],
  ['HEAD', '/health/live', 405, undefined, 'GET'],
  ['GET', '/%zz', 400, 'bad_url', undefined],
] as const)('%s %s gets a %s', async (method, url, status, code, allow) => {
  await using app = appOf(classifier);
  const response = await app.inject({ method, url });
  expect(response.statusCode).toBe(status);
  expect(response.headers.allow).toBe(allow);
  expect(response.headers['x-request-id']).toBeDefined();
  if (code !== undefined) expect(response.json().error.code).toBe(code);
});

test('the log has one line per request, with its id and without its text', async () => {
  const lines: string[] = [];
  const config = configOf({ LOG_LEVEL: 'trace' });
  await using app = buildApp(config, classifier, { logStream: { write: (line) => lines.push(line) } });
  const text = 'A secret that I would not like to see in a log';
  const good = await post(app, '/predict', { text }, { 'x-request-id': 'abc-1' });
  const bad = await post(app, '/predict', `{"text":"${text}`, { 'x-request-id': 'two words' });
  await post(app, '/predict', { text, [text]: 1 });
  await app.inject(`/nope?${encodeURIComponent(text)}`);
  const entries = lines.map((line) => JSON.parse(line)).filter((entry) => entry.msg === 'request');
  expect(entries).toMatchObject([
    { requestId: 'abc-1', handler: '/predict', status: 200 },
    { requestId: bad.headers['x-request-id'], status: 400 },
    { status: 400 },
    { handler: 'unmatched', status: 404 },
  ]);
  expect(good.headers['x-request-id']).toBe('abc-1');
  expect(bad.headers['x-request-id']).not.toBe('two words');
  expect(lines.join('')).not.toContain('secret');
});
