import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WorkerPool } from './classifier/worker-pool.ts';
import { dealEvenly, lowerTo } from './faults.ts';
import { appOf, post, readSeries, startClassifier } from './testing/service.ts';

let classifier: WorkerPool;
beforeAll(async () => {
  classifier = await startClassifier();
});
afterAll(() => classifier[Symbol.asyncDispose]());

test.each([
  [2, 500, 10, 50],
  [4, 500, 20, 25],
  [0.8, 1000, 8, 125],
  [30, 1000, 300, 4],
  [100, 10, 10, 1],
  [0, 1000, 0, 0],
])(
  'with errors=%s%%, %s requests contain %s failures, the first at number %s',
  (percent, requests, expected, first) => {
    const isNextToFail = dealEvenly(percent);
    const failed = Array.from({ length: requests }, isNextToFail);
    expect(failed.filter(Boolean)).toHaveLength(expected);
    expect(failed.indexOf(true) + 1).toBe(first);
  },
);

test('errors=4% turns exactly 20 of 500 requests into a 500, and invalid requests are not counted', async () => {
  await using app = appOf(classifier, { SLA_FAULTS: 'errors=4%' });
  const statuses: number[] = [];
  for (let sent = 0; sent < 500; sent++) {
    statuses.push((await post(app, '/predict', { text: 'I like it' })).statusCode);
    if (sent % 10 === 0) expect((await post(app, '/predict', { text: '' })).statusCode).toBe(400);
  }
  expect(statuses.filter((status) => status === 500)).toHaveLength(20);
  expect(statuses.filter((status) => status === 200)).toHaveLength(480);
  const series = await readSeries(app);
  expect(series.get('sentiment_errors_total{error_type="inference_error",endpoint="/predict"}')).toBe(20);
  expect(series.get('http_requests_total{method="POST",handler="/predict",status="500"}')).toBe(20);
});

test('added latency is never shorter than requested, and affects only predictions', async () => {
  await using app = appOf(classifier, { SLA_FAULTS: 'latency=60ms' });
  for (let sent = 0; sent < 5; sent++) await post(app, '/predict', { text: 'I like it' });
  const series = await readSeries(app);
  const sum = series.get('http_request_duration_seconds_sum{method="POST",handler="/predict",status="200"}')!;
  expect(sum / 5).toBeGreaterThanOrEqual(0.06);
});

test('predictions are padded to the minimum duration, or to that of the tail; refused requests are not', async () => {
  await using app = appOf(classifier, { SLA_FAULTS: 'latency-to=20ms,tail=3%@400ms' });
  for (let sent = 0; sent < 100; sent++) await post(app, '/predict', { text: 'I like it' });
  await post(app, '/predict', { text: '' });
  const series = await readSeries(app);
  const upTo = (le: string, status: string) =>
    series.get(
      `http_request_duration_seconds_bucket{le="${le}",method="POST",handler="/predict",status="${status}"}`,
    );
  expect(upTo('+Inf', '200')).toBe(100);
  expect(upTo('0.015', '200')).toBe(0);
  // A busy machine may make other requests as slow, but cannot make these three faster.
  expect(upTo('0.3', '200')).toBeLessThanOrEqual(97);
  expect(upTo('0.3', '200')).toBeGreaterThan(80);
  expect(upTo('0.3', '400')).toBe(1);
});

/** Confidences like a model's: most of them high, some low, by a fixed formula. */
function plausibleConfidences(count: number): number[] {
  return Array.from({ length: count }, (_, index) => 0.98 - 0.4 * ((index * 0.618034) % 1) ** 4);
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

test.each([0.5, 0.6, 0.78, 0.8, 0.88])(
  'confidences are lowered to a mean of %s in every long window',
  (mean) => {
    const given = plausibleConfidences(3000);
    expect(meanOf(given)).toBeGreaterThan(0.89);
    const lowered = given.map(lowerTo(mean));
    for (let from = 0; from < 3000; from += 300) {
      expect(Math.abs(meanOf(lowered.slice(from, from + 300)) - mean)).toBeLessThan(0.002);
    }
    expect(lowered.every((value, index) => value >= 0.5 && value <= given[index]!)).toBe(true);
  },
);

test('lowered confidences still differ from text to text', () => {
  const lowered = plausibleConfidences(300).map(lowerTo(0.8));
  expect(new Set(lowered.map((value) => value.toFixed(2))).size).toBeGreaterThan(10);
});

test('lowered confidences appear in responses and in metrics', async () => {
  await using app = appOf(classifier, { SLA_FAULTS: 'confidence=0.70' });
  const texts = Array.from({ length: 50 }, (_, index) => `I love product number ${index}, it works well`);
  const answers = (await post(app, '/predict/batch', { texts })).json().predictions;
  const mean = meanOf(answers.map((answer: { confidence: number }) => answer.confidence));
  const series = await readSeries(app);
  const sums = ['POSITIVE', 'NEGATIVE'].map(
    (sentiment) => series.get(`sentiment_prediction_confidence_sum{sentiment="${sentiment}"}`)!,
  );
  expect(mean).toBeCloseTo(0.7, 2);
  expect((sums[0]! + sums[1]!) / 50).toBeCloseTo(mean, 9);
});

test('readiness and log report injected faults', async () => {
  await using faulty = appOf(classifier, { SLA_FAULTS: 'latency=1ms,errors=2%' });
  await using healthy = appOf(classifier);
  expect((await faulty.inject('/health/ready')).json().faults).toBe('latency=1ms,errors=2%');
  expect((await healthy.inject('/health/ready')).json()).not.toHaveProperty('faults');
});
