import { expect, test } from 'vitest';
import { buildApp } from './app.ts';
import { locateModel } from './classifier/model-files.ts';
import { WorkerPool } from './classifier/worker-pool.ts';
import { configOf, post, readSeries, startClassifier } from './testing/service.ts';
import { percentileOf } from './variants.ts';

const env = { MODEL_B_DIR: 'any', MODEL_B_SHARE: '25%', VALUE_PER_PREDICTION: '0.5' };

async function bothModels() {
  const a = await startClassifier();
  const settings = { ...(await locateModel({ kind: 'embedded' })), modelName: 'second', version: '2' };
  const modelB = new WorkerPool({ settings, workers: 1, queueLimit: 512 });
  await modelB.start();
  return { a, modelB, app: buildApp(configOf(env), a, { modelB }) };
}

test('requests are distributed by the share, or by their id if they have one, and each model has its own metrics', async () => {
  const { a, modelB, app } = await bothModels();
  await using _a = a;
  await using _b = modelB;
  await using _ = app;
  const variants: string[] = [];
  for (let sent = 0; sent < 12; sent++) {
    const answer = (await post(app, '/predict', { text: 'I love it' })).json();
    expect(answer.model).toBe(answer.variant === 'a' ? 'sentiment-small' : 'second');
    variants.push(answer.variant);
  }
  expect(variants.join('')).toBe('aaabaaabaaab');

  const ids = Array.from({ length: 12 }, (_, at) => `order-${at}`);
  for (const id of [...ids, ...ids]) {
    const batch = await post(app, '/predict/batch', { texts: ['Awful'] }, { 'x-request-id': id });
    expect([id, batch.json().variant]).toEqual([id, percentileOf(id) < 25 ? 'b' : 'a']);
  }

  const series = await readSeries(app);
  const ofB = 3 + 2 * ids.filter((id) => percentileOf(id) < 25).length;
  expect(ofB).toBeGreaterThan(3);
  const told = {
    'sentiment_variant_requests_total{variant="a",outcome="answered"}': 36 - ofB,
    'sentiment_variant_requests_total{variant="b",outcome="answered"}': ofB,
    'sentiment_variant_predictions_total{variant="b",sentiment="POSITIVE"}': 3,
    'sentiment_variant_predictions_total{variant="b",sentiment="NEGATIVE"}': ofB - 3,
    'sentiment_variant_prediction_duration_seconds_count{variant="b"}': ofB,
    'sentiment_variant_confidence_count{variant="a"}': 36 - ofB,
    'sentiment_variant_model_loaded{variant="a"}': 1,
    'sentiment_variant_model_loaded{variant="b"}': 1,
    'sentiment_variant_model_info{variant="b",model="second",version="2",dtype="q8"}': 1,
    'sentiment_value_total{endpoint="/predict",variant="b"}': 1.5,
    // The documented metrics count both variants together.
    'sentiment_predictions_total{sentiment="POSITIVE",endpoint="/predict"}': 12,
    sentiment_model_loaded: 1,
    sentiment_workers_ready: 2,
  };
  expect(Object.fromEntries(Object.keys(told).map((name) => [name, series.get(name)]))).toEqual(told);
});

test('if one model is not ready, the service is not ready, and requests to that model count as failed', async () => {
  await using a = await startClassifier();
  const settings = await locateModel({ kind: 'embedded' });
  await using modelB = new WorkerPool({ settings, workers: 1, queueLimit: 1 });
  const all = { ...env, MODEL_B_SHARE: '100%', REQUEST_DEADLINE_MS: '10' };
  await using app = buildApp(configOf(all), a, { modelB });
  expect((await app.inject('/health/ready')).statusCode).toBe(503);
  expect((await post(app, '/predict', { text: 'x' })).statusCode).toBe(504);
  // A client error is not counted against the model.
  const unreadable = { 'x-request-deadline-ms': 'soon' };
  expect((await post(app, '/predict', { text: 'x' }, unreadable)).statusCode).toBe(400);
  expect((await post(app, '/predict/batch', { texts: ['x', 'y'] })).statusCode).toBe(503);
  const series = await readSeries(app);
  const count = (outcome: string) =>
    series.get(`sentiment_variant_requests_total{variant="b",outcome="${outcome}"}`);
  const outcomes = ['timeout', 'overloaded', 'inference_error', 'answered'];
  expect(outcomes.map(count)).toEqual([1, 1, 0, 0]);
  expect(series.get('sentiment_model_loaded')).toBe(0);
  expect(series.get('sentiment_variant_model_loaded{variant="a"}')).toBe(1);
});

test('with one model, responses say "a" and there are no variant metrics', async () => {
  await using a = await startClassifier();
  await using app = buildApp(configOf({}), a);
  expect((await post(app, '/predict', { text: 'x' })).json().variant).toBe('a');
  expect([...(await readSeries(app)).keys()].filter((name) => name.includes('_variant_'))).toEqual([]);
});

test.each([1, 10, 50])('ids are evenly spread: %d%% of 20,000 fall below that percentile', (percent) => {
  const below = Array.from({ length: 20_000 }, (_, at) => percentileOf(`user-${at}`)).filter(
    (p) => p < percent,
  );
  const share = below.length / 20_000;
  // Four standard errors of random assignment.
  expect(Math.abs(share - percent / 100)).toBeLessThan(
    4 * Math.sqrt(((percent / 100) * (1 - percent / 100)) / 20_000),
  );
});
