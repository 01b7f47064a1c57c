import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WorkerPool } from './classifier/worker-pool.ts';
import { latencyBucketsSeconds, metrics } from './metric-names.ts';
import { appOf, parseSeries, post, readSeries, startClassifier, until } from './testing/service.ts';

const reference = JSON.parse(readFileSync(join(import.meta.dirname, 'model', 'reference.json'), 'utf8'));

let classifier: WorkerPool;
beforeAll(async () => {
  classifier = await startClassifier();
});
afterAll(() => classifier[Symbol.asyncDispose]());

type Promised = Record<string, [type: string, ...labels: string[]]>;

/**
 * The names, types and labels that the service guarantees, deliberately repeated here. Users rely on these twelve.
 */
const ofTheTables: Promised = {
  sentiment_predictions_total: ['counter', 'sentiment', 'endpoint'],
  sentiment_prediction_duration_seconds: ['histogram', 'endpoint'],
  sentiment_prediction_confidence: ['histogram', 'sentiment'],
  sentiment_batch_size: ['histogram'],
  sentiment_model_loaded: ['gauge'],
  sentiment_errors_total: ['counter', 'error_type', 'endpoint'],
  http_requests_total: ['counter', 'method', 'handler', 'status'],
  http_request_duration_seconds: ['histogram', 'method', 'handler', 'status'],
  http_requests_in_progress: ['gauge', 'method', 'handler'],
  http_request_size_bytes: ['histogram', 'handler'],
  http_response_size_bytes: ['histogram', 'handler'],
  sentiment_model_info: ['gauge', 'model', 'version', 'dtype'],
};

/** Metrics added later. */
const more: Promised = {
  sentiment_queue_length: ['gauge'],
  sentiment_queue_wait_seconds: ['histogram'],
  sentiment_inference_duration_seconds: ['histogram'],
  sentiment_inference_batch_size: ['histogram'],
  sentiment_workers_ready: ['gauge'],
  sentiment_workers_lost_total: ['counter'],
  sentiment_cache_lookups_total: ['counter', 'outcome'],
  sentiment_feature_uses_total: ['counter', 'feature'],
  sentiment_value_total: ['counter', 'endpoint', 'variant'],
  sentiment_feedback_total: ['counter', 'agreement', 'variant'],
  sentiment_explanation_important_words: ['histogram'],
  sentiment_drift_window_predictions: ['gauge'],
  sentiment_drift_psi: ['gauge', 'feature'],
  sentiment_drift_psi_chance_limit: ['gauge', 'feature'],
  sentiment_positive_ratio: ['gauge'],
  sentiment_positive_expected_ratio: ['gauge'],
};

test('the service has exactly the guaranteed metrics', () => {
  const table = Object.values(metrics).map(({ name, type, labelNames }) => [name, [type, ...labelNames]]);
  expect(Object.keys(ofTheTables)).toHaveLength(12);
  expect(Object.fromEntries(table)).toEqual({ ...ofTheTables, ...more });
});

test('sentiment_model_info names the loaded model', async () => {
  await using app = appOf(classifier);
  const { body } = await app.inject('/metrics');
  const sums = readFileSync(join(import.meta.dirname, 'model', 'SHA256SUMS'), 'utf8');
  const [, version] = /^([0-9a-f]{12})[0-9a-f]* .*onnx$/m.exec(sums)!;
  expect(body).toContain(
    `\nsentiment_model_info{model="sentiment-small",version="${version}",dtype="q8"} 1\n`,
  );
});

/** The only values that are not 0 before the first request. They include the scrape itself, which is in progress. */
const notZero: Readonly<Record<string, number>> = {
  'http_requests_in_progress{method="GET",handler="/metrics"}': 1,
  sentiment_model_loaded: 1,
  sentiment_workers_ready: 1,
  sentiment_positive_expected_ratio: reference.positive / reference.predictions,
};

test('every possible label set exists with 0 before the first request', async () => {
  await using app = appOf(classifier);
  const { body, headers } = await app.inject('/metrics');
  expect(headers['content-type']).toContain('version=0.0.4');
  const series = parseSeries(body);
  for (const { name, type, labelSets } of Object.values(metrics)) {
    expect(body).toContain(`# TYPE ${name} ${type}\n`);
    for (const labels of labelSets) {
      const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      const suffix = type === 'histogram' ? '_count' : '';
      const written = `${name}${suffix}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''}`;
      expect([written, series.get(written)]).toEqual([written, notZero[written] ?? 0]);
    }
  }
});

test('the process exposes its own metrics and its start time', async () => {
  await using app = appOf(classifier);
  const series = await readSeries(app);
  const startedSeconds = series.get('process_start_time_seconds')!;
  expect(Math.abs(startedSeconds - (Date.now() / 1000 - process.uptime()))).toBeLessThan(10);
  expect(series.get('process_resident_memory_bytes')).toBeGreaterThan(0);
  expect(series.has('nodejs_eventloop_lag_seconds')).toBe(true);
});

test('latency buckets have an edge at every limit of the SLA', () => {
  for (const limitSeconds of [0.2, 0.3, 0.5, 1]) expect(latencyBucketsSeconds).toContain(limitSeconds);
  expect(metrics.predictionConfidence.buckets).toEqual(expect.arrayContaining([0.7, 0.85]));
});

test('each request updates the right series', async () => {
  await using app = appOf(classifier);
  await post(app, '/predict', { text: 'I love it' });
  await post(app, '/predict/batch', { texts: ['I love it', 'I hate it', 'Awful'] });
  const series = await readSeries(app);
  const expected = {
    'sentiment_predictions_total{sentiment="POSITIVE",endpoint="/predict"}': 1,
    'sentiment_predictions_total{sentiment="POSITIVE",endpoint="/predict/batch"}': 1,
    'sentiment_predictions_total{sentiment="NEGATIVE",endpoint="/predict/batch"}': 2,
    'sentiment_prediction_confidence_count{sentiment="NEGATIVE"}': 2,
    'sentiment_prediction_duration_seconds_count{endpoint="/predict/batch"}': 1,
    sentiment_batch_size_sum: 3,
    sentiment_batch_size_count: 1,
    'http_requests_total{method="POST",handler="/predict",status="200"}': 1,
    'http_request_duration_seconds_count{method="POST",handler="/predict",status="200"}': 1,
    'http_requests_in_progress{method="POST",handler="/predict"}': 0,
    'http_request_size_bytes_sum{handler="/predict"}': '{"text":"I love it"}'.length,
  };
  for (const [name, value] of Object.entries(expected))
    expect([name, series.get(name)]).toEqual([name, value]);
});

test('no request can create a new series', async () => {
  await using app = appOf(classifier);
  const before = [...(await readSeries(app)).keys()];
  for (const url of ['/nope', '/admin?x=1', '/predict/7', '/%zz']) await app.inject({ method: 'GET', url });
  for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'] as const) {
    await app.inject({ method, url: '/predict' });
  }
  await app.inject({ method: 'POST', url: '/nope', payload: '{', headers: { 'content-type': 'text/x' } });
  const series = await readSeries(app);
  expect([...series.keys()].filter((name) => !before.includes(name))).toEqual([]);
  const count = (method: string, status: number) =>
    series.get(`http_requests_total{method="${method}",handler="unmatched",status="${status}"}`);
  expect([count('GET', 404), count('GET', 400), count('OTHER', 405), count('POST', 404)]).toEqual([
    3, 1, 5, 1,
  ]);
});

test('a client that leaves early is counted under 499, and nothing stays in progress', async () => {
  await using app = appOf(classifier, { SLA_FAULTS: 'latency=300ms' });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const body = '{"text":"I will not wait"}';
  const socket = connect(Number(new URL(app.listeningOrigin).port), '127.0.0.1');
  const head = `POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  socket.write(`${head}\r\n\r\n${body}`);
  const value = async (name: string) => (await readSeries(app)).get(name);
  await until(async () => (await value('http_requests_in_progress{method="POST",handler="/predict"}')) === 1);
  socket.destroy();
  await until(
    async () => (await value('http_requests_total{method="POST",handler="/predict",status="499"}')) === 1,
  );
  expect(await value('http_requests_in_progress{method="POST",handler="/predict"}')).toBe(0);
});
