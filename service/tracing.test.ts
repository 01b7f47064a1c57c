import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { attributesOf, Collector, type ReceivedSpan } from './testing/collector.ts';
import { parseSeries, ServiceProcess } from './testing/service.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const callerSpan = '00f067aa0ba902b7';

const predict = (address: unknown, text: string, headers: Record<string, string> = {}) =>
  fetch(`${address}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ text }),
  });

async function start(collector: Collector, env: Record<string, string> = {}) {
  const endpoint = await collector.listen();
  const service = new ServiceProcess({
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    SERVICE_WORKERS: '1',
    ...env,
  });
  const { address } = await service.logged('listening');
  await service.logged('ready');
  return { service, address };
}

const named = (spans: readonly ReceivedSpan[], name: string) => {
  const found = spans.filter((span) => span.name === name);
  expect([name, found.length]).toEqual([name, 1]);
  return found[0]!;
};

test("a request's spans continue the caller's trace, and a collector receives them by OTLP", async () => {
  await using collector = new Collector();
  const { service, address } = await start(collector);
  await using _ = service;
  const text = 'A secret that no trace may tell';
  const response = await predict(address, text, { traceparent: `00-${traceId}-${callerSpan}-01` });

  const spans = await collector.received(traceId, 3);
  const http = named(spans, 'POST /predict');
  const [queue, inference] = [named(spans, 'queue'), named(spans, 'inference')];
  expect(http.parentSpanId).toBe(callerSpan);
  expect([queue.parentSpanId, inference.parentSpanId]).toEqual([http.spanId, http.spanId]);
  expect(attributesOf(http.attributes)).toMatchObject({
    'http.request.method': 'POST',
    'http.route': '/predict',
    'http.response.status_code': 200,
  });
  const times = [http.startTimeUnixNano, queue.startTimeUnixNano, queue.endTimeUnixNano];
  times.push(inference.startTimeUnixNano, inference.endTimeUnixNano, http.endTimeUnixNano);
  expect(times.map(BigInt)).toEqual(times.map(BigInt).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
  expect(attributesOf(collector.resources[0]!)).toMatchObject({
    'service.name': 'sentiment-api',
    'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'host.name': hostname(),
    'process.pid': service.child.pid,
    'deployment.environment.name': 'test',
  });
  expect(JSON.stringify(collector.spans)).not.toContain('secret');

  expect(response.headers.get('traceparent')).toBe(`00-${traceId}-${http.spanId}-01`);
  expect(response.headers.get('traceresponse')).toBe(`00-${traceId}-${http.spanId}-01`);
  const line = await service.logged('request');
  expect(line).toMatchObject({ level: 'info', trace_id: traceId, span_id: http.spanId });
  expect(String(line.time)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

  const accept = { accept: 'application/openmetrics-text;version=1.0.0' };
  const metrics = await (await fetch(`${address}/metrics`, { headers: accept })).text();
  const exemplars = metrics.split('\n').filter((each) => each.includes(`# {trace_id="${traceId}"}`));
  expect(exemplars).toHaveLength(1);
  const [, edge, seconds] = /le="([^"]+)".*"} ([\d.e-]+) \d+/.exec(exemplars[0]!)!;
  expect(Number(seconds)).toBeLessThanOrEqual(edge === '+Inf' ? Number.POSITIVE_INFINITY : Number(edge));

  // Remaining spans are exported before the process ends.
  const last = (await predict(address, text)).headers.get('traceparent')!.split('-')[1]!;
  service.child.kill('SIGTERM');
  expect(await service.exitCode()).toBe(0);
  expect((await collector.received(last, 3)).map(({ name }) => name).sort()).toEqual([
    'POST /predict',
    'inference',
    'queue',
  ]);
});

test("a caller's decision not to sample is respected; errors are marked", async () => {
  await using collector = new Collector();
  const { service, address } = await start(collector, { REQUEST_DEADLINE_MS: '1', MAX_TEXT_CHARS: '20000' });
  await using _ = service;
  await predict(address, 'x', { traceparent: `00-${'a'.repeat(32)}-${callerSpan}-00` });
  const long = 'word '.repeat(4000);
  const response = await predict(address, long, { traceparent: `00-${traceId}-${callerSpan}-01` });
  expect(response.status).toBe(504);
  const http = named(await collector.received(traceId, 2), 'POST /predict');
  expect(http.status).toMatchObject({ code: 2 });
  expect(collector.spans.filter((span) => span.traceId.startsWith('aaa'))).toEqual([]);
});

const spanNanos = ({ startTimeUnixNano, endTimeUnixNano }: ReceivedSpan) =>
  [BigInt(startTimeUnixNano), BigInt(endTimeUnixNano)] as const;
const isWithin = (inner: ReceivedSpan, outer: ReceivedSpan) =>
  spanNanos(inner)[0] >= spanNanos(outer)[0] && spanNanos(inner)[1] <= spanNanos(outer)[1];

test('with batching on, a batch span lies within its first request, by the same clock, and links to the other requests', async () => {
  await using collector = new Collector();
  const batching = { BATCH_TEXTS: '8', BATCH_WAIT_MS: '50' };
  const { service, address } = await start(collector, batching);
  await using _ = service;
  const requests = 24;
  const ids = Array.from({ length: requests }, (_, at) => at.toString(16).padStart(32, 'b'));
  const unwanted = 'c'.repeat(32);
  await Promise.all(
    [...ids, unwanted].map((id) =>
      predict(address, 'These words are all alike', {
        traceparent: `00-${id}-${callerSpan}-0${id === unwanted ? 0 : 1}`,
      }),
    ),
  );
  service.child.kill('SIGTERM');
  expect(await service.exitCode()).toBe(0);
  const called = (name: string) => collector.spans.filter((span) => span.name === name);
  const [batches, https, inferences] = [called('batch'), called('POST /predict'), called('inference')];
  expect([https.length, inferences.length]).toEqual([requests, requests]);
  expect(batches.length).toBeLessThan(requests);
  // Every sampled request is the parent of its batch or linked from it, never both. No link leads to an
  // unsampled trace.
  const joined = batches.flatMap(({ parentSpanId, links = [] }) => [
    parentSpanId,
    ...links.map(({ spanId }) => spanId),
  ]);
  expect(joined.sort()).toEqual(https.map(({ spanId }) => spanId).sort());
  const back = inferences.flatMap(({ links = [] }) => links.map(({ spanId }) => spanId));
  expect(back).toHaveLength(requests);
  expect(new Set(back)).toEqual(new Set(batches.map(({ spanId }) => spanId)));
  for (const batch of batches) {
    const parent = https.find(({ spanId }) => spanId === batch.parentSpanId)!;
    expect(batch.traceId).toBe(parent.traceId);
    expect(isWithin(batch, parent)).toBe(true);
    const members = inferences.filter(({ links = [] }) =>
      links.some(({ spanId }) => spanId === batch.spanId),
    );
    expect(members.map((inference) => isWithin(batch, inference))).toEqual(members.map(() => true));
  }
});

const probe = async (address: unknown, headers: Record<string, string> = {}) => {
  const paths = ['/metrics', '/health/live', '/health/ready'];
  const responses = await Promise.all(paths.map((path) => fetch(`${address}${path}`, { headers })));
  return responses.map(({ headers: sent }) => sent.get('traceparent'));
};

test.each([
  ['are not traced', {}, {}, []],
  ['are not traced by a sampler that keeps all', { OTEL_TRACES_SAMPLER: 'always_on' }, {}, []],
  [
    'are not traced for a caller whose trace is not kept',
    {},
    { traceparent: `00-${traceId}-${callerSpan}-00` },
    [],
  ],
  [
    "are part of a caller's trace that is kept",
    {},
    { traceparent: `00-${traceId}-${callerSpan}-01` },
    ['GET /health/live', 'GET /health/ready', 'GET /metrics'],
  ],
  [
    'are traced with TRACE_PROBES=1',
    { TRACE_PROBES: '1' },
    {},
    ['GET /health/live', 'GET /health/ready', 'GET /metrics'],
  ],
] as const)('health checks and scrapes %s', async (_name, env, headers, spans) => {
  await using collector = new Collector();
  const { service, address } = await start(collector, env);
  await using _ = service;
  const answered = await probe(address, headers);
  expect(answered.filter((traceparent) => traceparent !== null)).toHaveLength(spans.length);
  await predict(address, 'fine');
  service.child.kill('SIGTERM');
  expect(await service.exitCode()).toBe(0);
  const http = collector.spans.map(({ name }) => name).filter((name) => /^[A-Z]+ /.test(name));
  expect(http.sort()).toEqual([...spans, 'POST /predict']);
});

test("without tracing, the log still names a caller's trace, and the response does not", async () => {
  await using service = new ServiceProcess({ SERVICE_WORKERS: '1' });
  const { address } = await service.logged('listening');
  await service.logged('ready');
  const response = await predict(address, 'x', { traceparent: `00-${traceId}-${callerSpan}-01` });
  expect([response.status, response.headers.get('traceparent')]).toEqual([200, null]);
  expect(await service.logged('request')).toMatchObject({ trace_id: traceId });
});

test('an unreachable collector fails no request, and is reported once', async () => {
  const collector = new Collector();
  const endpoint = await collector.listen();
  await collector[Symbol.asyncDispose]();
  await using service = new ServiceProcess({
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_BSP_SCHEDULE_DELAY: '20',
    OTEL_BSP_EXPORT_TIMEOUT: '200',
    SERVICE_WORKERS: '1',
  });
  const { address } = await service.logged('listening');
  await service.logged('ready');
  expect((await predict(address, 'fine')).status).toBe(200);
  await service.logged('traces could not be exported');
  expect((await predict(address, 'fine')).status).toBe(200);
  const series = parseSeries(await (await fetch(`${address}/metrics`)).text());
  expect(series.get('http_requests_total{method="POST",handler="/predict",status="200"}')).toBe(2);
  // Stopping does not wait for the exporter's timeout.
  service.child.kill('SIGTERM');
  expect(await service.exitCode()).toBe(0);
  const told = service.logLines.filter(({ msg }) => msg === 'traces could not be exported');
  expect(told).toHaveLength(1);
});
