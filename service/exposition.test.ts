import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WorkerPool } from './classifier/worker-pool.ts';
import { type Exemplar, keepExemplar } from './exemplars.ts';
import { openMetricsType, prefersOpenMetrics, textType, toOpenMetrics } from './exposition.ts';
import { appOf, parseSeries, post, startClassifier } from './testing/service.ts';

let classifier: WorkerPool;
beforeAll(async () => {
  classifier = await startClassifier();
});
afterAll(() => classifier[Symbol.asyncDispose]());

const prometheus3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';

test.each<[string, string | undefined, boolean]>([
  ['a client without an Accept header', undefined, false],
  ['a browser', 'text/html,application/xml;q=0.9,*/*;q=0.8', false],
  ['curl', '*/*', false],
  ['Prometheus 3', prometheus3, true],
  ['a client that prefers text', 'text/plain,application/openmetrics-text;q=0.5', false],
  ['a client without a preference', 'text/plain,application/openmetrics-text', false],
  ['a client that accepts only OpenMetrics', 'application/openmetrics-text', true],
  ['a client that refuses OpenMetrics', 'application/openmetrics-text;q=0', false],
  ['an invalid weight', 'application/openmetrics-text;q=x', false],
])('the metrics format for %s', (_name, accept, isOpenMetrics) => {
  expect(prefersOpenMetrics(accept)).toBe(isOpenMetrics);
});

test('both formats have the same samples under the same names', async () => {
  await using app = appOf(classifier);
  await post(app, '/predict', { text: 'I love it' });
  const text = await app.inject({ url: '/metrics' });
  const open = await app.inject({ url: '/metrics', headers: { accept: prometheus3 } });
  expect([text.headers['content-type'], open.headers['content-type']]).toEqual([textType, openMetricsType]);
  expect(open.body.endsWith('\n# EOF\n')).toBe(true);
  const [before, after] = [parseSeries(text.body), parseSeries(open.body)];
  expect([...after.keys()]).toEqual([...before.keys()]);
  const service = [...before].filter(([name]) => /^sentiment_|^http_.*handler="\/predict/.test(name));
  expect(service.length).toBeGreaterThan(200);
  for (const [name, value] of service) expect([name, after.get(name)]).toEqual([name, value]);
});

test('counter families lose their suffix, each family is described once, and there is no empty line', async () => {
  await using app = appOf(classifier);
  const { body } = await app.inject({ url: '/metrics', headers: { accept: prometheus3 } });
  expect(body).toContain('# TYPE sentiment_predictions counter\nsentiment_predictions_total{');
  expect(body).toContain('# TYPE http_request_duration_seconds histogram\n');
  const families = [...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(new Set(families).size).toBe(families.length);
  expect(body).not.toMatch(/\n\n/);
});

test("a request's trace is the exemplar of its bucket, and of no other", () => {
  const exemplars = new Map<string, Exemplar>();
  const labels = { method: 'POST', handler: '/predict', status: 200 };
  keepExemplar(exemplars, labels, 0.004, 'first');
  keepExemplar(exemplars, labels, 0.0041, 'second');
  keepExemplar(exemplars, labels, 99, 'slow');
  const line = (edge: string) =>
    `http_request_duration_seconds_bucket{le="${edge}",method="POST",handler="/predict",status="200"} 2`;
  const text = ['# HELP http_request_duration_seconds "x"', '# TYPE http_request_duration_seconds histogram'];
  const told = toOpenMetrics([...text, line('0.003'), line('0.005'), line('+Inf'), ''].join('\n'), exemplars);
  expect(told.replace(/ [\d.]+$/gm, ' AT').split('\n')).toEqual([
    '# HELP http_request_duration_seconds \\"x\\"',
    '# TYPE http_request_duration_seconds histogram',
    line('0.003').replace(/2$/, 'AT'),
    `${line('0.005')} # {trace_id="second"} 0.0041 AT`,
    `${line('+Inf')} # {trace_id="slow"} 99 AT`,
    '# EOF',
    '',
  ]);
});
