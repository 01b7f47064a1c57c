import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WorkerPool } from './classifier/worker-pool.ts';
import { occlusions, wordsOf } from './explanation.ts';
import { appOf, post, readSeries, startClassifier } from './testing/service.ts';

let classifier: WorkerPool;
beforeAll(async () => {
  classifier = await startClassifier();
});
afterAll(() => classifier[Symbol.asyncDispose]());

interface Explained {
  readonly words: readonly { readonly word: string; readonly weight: number; readonly important: boolean }[];
  readonly importantWords: number;
  readonly sentiment: string;
  readonly confidence: number;
}

test('the word that carries the sentiment has the highest weight; each weight is the probability lost without the word', async () => {
  await using app = appOf(classifier);
  const text = 'The plot is terrible  and the seats were blue';
  const explained: Explained = (await post(app, '/explain', { text })).json();
  const { confidence, sentiment } = (await post(app, '/predict', { text })).json();
  expect(explained).toMatchObject({
    sentiment,
    confidence,
    truncated: false,
    variant: 'a',
    model: 'sentiment-small',
  });
  expect(explained.words.map(({ word }) => word)).toEqual(text.split(/\s+/));
  const heaviest = explained.words.toSorted((a, b) => b.weight - a.weight)[0]!;
  expect(heaviest).toMatchObject({ word: 'terrible', important: true });

  const without = (await post(app, '/predict', { text: text.replace('terrible', '') })).json();
  const left = without.sentiment === sentiment ? without.confidence : 1 - without.confidence;
  expect(heaviest.weight).toBeCloseTo(confidence - left, 10);

  const important = explained.words.filter((word) => word.important);
  expect(explained.importantWords).toBe(important.length);
  const speaking = explained.words.filter(({ weight }) => weight > 0);
  const sum = (words: Explained['words']) => words.reduce((total, { weight }) => total + weight, 0);
  expect(sum(important)).toBeGreaterThanOrEqual(sum(speaking) / 2);
  expect(sum(important) - Math.min(...important.map(({ weight }) => weight))).toBeLessThan(sum(speaking) / 2);
});

test('explanations are counted as explanations, not as predictions', async () => {
  await using app = appOf(classifier);
  const { importantWords }: Explained = (await post(app, '/explain', { text: 'I love it' })).json();
  const series = await readSeries(app);
  const told = {
    'sentiment_feature_uses_total{feature="explain"}': 1,
    sentiment_explanation_important_words_count: 1,
    sentiment_explanation_important_words_sum: importantWords,
    'sentiment_predictions_total{sentiment="POSITIVE",endpoint="/predict"}': 0,
    'sentiment_prediction_confidence_count{sentiment="POSITIVE"}': 0,
    sentiment_drift_window_predictions: 0,
    'http_requests_total{method="POST",handler="/explain",status="200"}': 1,
  };
  expect(Object.fromEntries(Object.keys(told).map((name) => [name, series.get(name)]))).toEqual(told);
});

test('a text of one word is explained; a text with too many words is refused, and the error states the limit', async () => {
  await using app = appOf(classifier, { EXPLAIN_MAX_WORDS: '5' });
  const { words }: Explained = (await post(app, '/explain', { text: ' great ' })).json();
  expect(words).toMatchObject([{ word: 'great' }]);
  expect((await post(app, '/explain', { text: 'one two three four five' })).statusCode).toBe(200);
  const refused = await post(app, '/explain', { text: 'one two three four five six' });
  expect([refused.statusCode, refused.json().error]).toEqual([
    422,
    { code: 'too_many_words', message: '"text" has 6 words; the limit for explanations is 5.' },
  ]);
  expect((await post(app, '/explain', { text: ' ' })).json().error.code).toBe('blank_text');
  const series = await readSeries(app);
  expect(series.get('sentiment_errors_total{error_type="invalid_input",endpoint="/explain"}')).toBe(2);
});

test('a queue shorter than the default limit still explains texts that fit into it', async () => {
  await using app = appOf(classifier, { QUEUE_LIMIT: '4', MAX_BATCH_TEXTS: '4' });
  expect((await post(app, '/explain', { text: 'one two three' })).statusCode).toBe(200);
  const refused = await post(app, '/explain', { text: 'one two three four' });
  expect(refused.json().error.message).toContain('the limit for explanations is 3');
});

test('each occlusion is the text without exactly one of its words', () => {
  const property = fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
    const words = wordsOf(text);
    const [whole, ...without] = occlusions(text, words);
    expect(whole).toBe(text);
    expect(without).toHaveLength(words.length);
    for (const [at, { start, end }] of words.entries()) {
      expect(text.slice(0, start) + text.slice(start, end) + without[at]!.slice(start)).toBe(text);
      expect(text.slice(start, end)).toMatch(/^\S+$/u);
    }
  });
  fc.assert(property, { seed: 1 });
});
