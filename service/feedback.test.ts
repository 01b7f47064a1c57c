import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildApp } from './app.ts';
import type { WorkerPool } from './classifier/worker-pool.ts';
import { RecentPredictions } from './recent-predictions.ts';
import { appOf, configOf, post, readSeries, startClassifier } from './testing/service.ts';

let classifier: WorkerPool;
beforeAll(async () => {
  classifier = await startClassifier();
});
afterAll(() => classifier[Symbol.asyncDispose]());

test('each prediction accepts feedback once, including each prediction of a batch', async () => {
  await using app = appOf(classifier, { VALUE_PER_PREDICTION: '0.25' });
  const { id } = (await post(app, '/predict', { text: 'I love it' })).json();
  const { predictions } = (await post(app, '/predict/batch', { texts: ['good', 'bad'] })).json();
  const feedback = async (about: string, agrees: boolean) => {
    const answer = await post(app, '/feedback', { id: about, agrees });
    return [answer.statusCode, answer.json().counted ?? answer.json().error.code];
  };
  expect(await feedback(id, true)).toEqual([200, true]);
  expect(await feedback(id, true)).toEqual([200, false]);
  expect(await feedback(id, false)).toEqual([409, 'feedback_conflict']);
  expect(await feedback(predictions[0].id, false)).toEqual([200, true]);
  expect(await feedback(predictions[1].id, true)).toEqual([200, true]);
  for (const unknown of [
    '',
    '-',
    'x',
    `${id}0`,
    id.replace(/.$/, (last: string) => (last === '0' ? '1' : '0')),
  ]) {
    expect(await feedback(unknown, true)).toEqual([404, 'unknown_prediction']);
  }
  const series = await readSeries(app);
  const told = {
    'sentiment_feedback_total{agreement="agree",variant="a"}': 2,
    'sentiment_feedback_total{agreement="disagree",variant="a"}': 1,
    'sentiment_feedback_total{agreement="agree",variant="b"}': 0,
    'sentiment_value_total{endpoint="/predict",variant="a"}': 0.25,
    'sentiment_value_total{endpoint="/predict/batch",variant="a"}': 0.5,
    'sentiment_feature_uses_total{feature="predict"}': 1,
    'sentiment_feature_uses_total{feature="batch"}': 1,
    'sentiment_feature_uses_total{feature="feedback"}': 4,
  };
  expect(Object.fromEntries(Object.keys(told).map((name) => [name, series.get(name)]))).toEqual(told);
  const again = await readSeries(app);
  expect(again.get('sentiment_value_total{endpoint="/predict",variant="a"}')).toBe(0.25);
});

test.each([
  [{ id: 'x' }, 'missing_field'],
  [{ id: 'x', agrees: 'yes' }, 'wrong_type'],
  [{ id: 7, agrees: true }, 'wrong_type'],
  [{ id: 'x', agrees: true, text: 'y' }, 'unknown_field'],
])('%j is %s', async (body, code) => {
  await using app = appOf(classifier);
  const answer = await post(app, '/feedback', body);
  expect([answer.statusCode, answer.json().error.code]).toEqual([400, code]);
});

test('only the most recent predictions are known, each by its id and variant', () => {
  const recent = new RecentPredictions(1500);
  const ids = Array.from({ length: 4000 }, (_, at) => recent.add(at % 3 === 0 ? 'b' : 'a'));
  expect(new Set(ids).size).toBe(4000);
  for (const [at, id] of ids.entries()) {
    const expected = at < 2500 ? { kind: 'unknown' } : { kind: 'counted', variant: at % 3 === 0 ? 'b' : 'a' };
    expect([at, recent.tell(id, 'agree')]).toEqual([at, expected]);
  }
  expect(new RecentPredictions(1500).tell(ids.at(-1)!, 'agree')).toEqual({ kind: 'unknown' });
});

test('explanations and feedback require a token like predictions; the pages require none', async () => {
  const tokens = { predict: ['a-token-for-predictions'], metrics: ['a-token-for-metrics'] };
  await using app = buildApp(configOf({}), classifier, { tokens });
  const right = { authorization: 'Bearer a-token-for-predictions' };
  for (const [path, body, status] of [
    ['/explain', { text: 'good' }, 200],
    ['/feedback', { id: 'x', agrees: true }, 404],
  ] as const) {
    expect([path, (await post(app, path, body)).statusCode]).toEqual([path, 401]);
    expect([path, (await post(app, path, body, right)).statusCode]).toEqual([path, status]);
  }
  for (const url of ['/', '/docs']) expect((await app.inject(url)).statusCode).toBe(200);
});
