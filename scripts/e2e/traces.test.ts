import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ReceivedSpan } from '../../service/testing/collector.ts';
import { toolPath } from '../../slas/testing/prometheus-server.ts';
import { jaegerConfig } from '../stack/jaeger.ts';
import { type LocalStackOptions, startLocalStack } from '../stack/local.ts';
import type { Stack } from '../stack/stack.ts';
import { ROOT, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { findTool } from '../tools/find-tool.ts';

/** Traces of the real service in a real Jaeger, and the exemplars in a real Prometheus that link to them. */

const PATIENCE = { timeout: 60_000, interval: 100 };
/** Jaeger is built once per machine, which takes minutes. */
const BUILD_LIMIT_MS = 20 * 60_000;
const CALLER_SPAN = '00f067aa0ba902b7';

const traceIdOf = (number: number) => number.toString(16).padStart(32, 'a');

async function predict(url: string, traceId: string, isKept = true): Promise<number> {
  const response = await fetch(`${url}/predict`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      traceparent: `00-${traceId}-${CALLER_SPAN}-0${isKept ? 1 : 0}`,
    },
    body: JSON.stringify({ text: 'These words are all alike' }),
    signal: AbortSignal.timeout(30_000),
  });
  await response.arrayBuffer();
  return response.status;
}

const json = async <T>(url: string) =>
  (await (await fetch(url, { signal: AbortSignal.timeout(10_000) })).json()) as T;

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const stackOf = (env: Readonly<Record<string, string>>, more: Partial<LocalStackOptions> = {}) =>
  startLocalStack({
    root: ROOT,
    env: { ...process.env, SERVICE_WORKERS: '1', OTEL_BSP_SCHEDULE_DELAY: '50', ...env },
    prometheusPath: toolPath('PROMETHEUS_BIN'),
    selector: { job: 'sentiment-api' },
    folder: folder.path,
    signal: new AbortController().signal,
    ...more,
  });

interface ExemplarAnswer {
  readonly data: readonly {
    readonly seriesLabels: Readonly<Record<string, string>>;
    readonly exemplars: readonly { readonly labels: { readonly trace_id: string }; readonly value: string }[];
  }[];
}

const exemplarsIn = (prometheusUrl: string) => {
  const query = new URLSearchParams({
    query: 'http_request_duration_seconds_bucket{handler="/predict"}',
    start: String(Date.now() / 1000 - 600),
    end: String(Date.now() / 1000 + 60),
  });
  return json<ExemplarAnswer>(`${prometheusUrl}/api/v1/query_exemplars?${query}`);
};

test("a stack's Prometheus stores the exemplars of the latency, each linking to a sampled trace", async () => {
  // No collector receives these traces, because exemplars do not depend on one.
  await using stack = await stackOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
  const kept = [traceIdOf(1), traceIdOf(2)];
  for (const traceId of kept) expect(await predict(stack.serviceUrl, traceId)).toBe(200);
  expect(await predict(stack.serviceUrl, traceIdOf(3), false)).toBe(200);
  const { data } = await vi.waitUntil(async () => {
    const answer = await exemplarsIn(stack.prometheusUrl);
    return answer.data.length > 0 && answer;
  }, PATIENCE);
  const found = data.flatMap(({ exemplars }) => exemplars);
  expect(found.length).toBeGreaterThan(0);
  expect(found.filter(({ labels }) => !kept.includes(labels.trace_id))).toEqual([]);
  for (const { seriesLabels, exemplars } of data) {
    expect(seriesLabels).toMatchObject({ job: 'sentiment-api', method: 'POST', status: '200' });
    for (const { value } of exemplars) expect(Number(value)).toBeLessThanOrEqual(Number(seriesLabels.le));
  }
});

// ---------------------------------------------------------------------------------------------- Jaeger

test('Jaeger listens on loopback only', () => {
  const endpoints = [...jaegerConfig({ http: 1, grpc: 2, otlp: 3 }).matchAll(/endpoint: (\S+)/g)];
  expect(endpoints.map(([, address]) => address).toSorted()).toEqual([
    '127.0.0.1:1',
    '127.0.0.1:2',
    '127.0.0.1:3',
  ]);
});

type Attributes = ReceivedSpan['attributes'];
interface TraceAnswer {
  readonly result?: {
    readonly resourceSpans: readonly {
      readonly resource: { readonly attributes: Attributes };
      readonly scopeSpans: readonly { readonly spans: readonly ReceivedSpan[] }[];
    }[];
  };
}

describe('in Jaeger', () => {
  const REQUESTS = 24;
  let stack: Stack;
  let jaegerUrl: string;
  let resources: readonly Attributes[];
  let spans: readonly ReceivedSpan[];

  const traceOf = async (traceId: string) => {
    const { result } = await json<TraceAnswer>(`${jaegerUrl}/api/v3/traces/${traceId}`);
    return result?.resourceSpans ?? [];
  };
  const spansOf = async (traceId: string) =>
    (await traceOf(traceId)).flatMap(({ scopeSpans }) => scopeSpans).flatMap((scope) => scope.spans);

  beforeAll(async () => {
    const { path: jaegerPath } = await findTool('jaeger', { env: process.env, progress: () => {} });
    stack = await stackOf({ BATCH_TEXTS: '8', BATCH_WAIT_MS: '50' }, { jaegerPath });
    jaegerUrl = stack.others!.Jaeger!;
    const ids = Array.from({ length: REQUESTS }, (_, number) => traceIdOf(number + 100));
    const answered = await Promise.all(ids.map((id) => predict(stack.serviceUrl, id)));
    expect(new Set(answered)).toEqual(new Set([200]));
    expect(await predict(stack.serviceUrl, traceIdOf(99), false)).toBe(200);
    // Spans of a request are exported together or shortly after each other; the spans `queue` and `inference` are
    // last.
    const traces = await vi.waitUntil(async () => {
      const all = await Promise.all(ids.map(spansOf));
      const isWhole = all.every((trace) => trace.some(({ name }) => name === 'POST /predict'));
      return isWhole && all;
    }, PATIENCE);
    spans = traces.flat();
    resources = (await traceOf(ids[0]!)).map(({ resource }) => resource.attributes);
  }, BUILD_LIMIT_MS);
  afterAll(() => stack?.[Symbol.asyncDispose]());

  const called = (name: string) => spans.filter((span) => span.name === name);
  const [START, END] = ['startTimeUnixNano', 'endTimeUnixNano'] as const;
  const isWithin = (inner: ReceivedSpan, outer: ReceivedSpan) =>
    BigInt(inner[START]) >= BigInt(outer[START]) && BigInt(inner[END]) <= BigInt(outer[END]);
  const parentOf = ({ traceId, parentSpanId }: ReceivedSpan) =>
    spans.find((span) => span.traceId === traceId && span.spanId === parentSpanId);

  test("each request is a trace that continues the caller's, with its queueing and its inference", () => {
    expect(called('POST /predict')).toHaveLength(REQUESTS);
    for (const http of called('POST /predict')) {
      expect(http.parentSpanId).toBe(CALLER_SPAN);
      const inside = spans.filter((span) => span.traceId === http.traceId && span !== http);
      expect(inside.map(({ name }) => name)).toEqual(expect.arrayContaining(['queue', 'inference']));
      expect(inside.filter((span) => parentOf(span) !== http || !isWithin(span, http))).toEqual([]);
      const [queue, inference] = ['queue', 'inference'].map(
        (name) => inside.find((span) => span.name === name)!,
      );
      expect(BigInt(queue![END])).toBe(BigInt(inference![START]));
    }
  });

  test('the span of a batch lies within each linked inference span, by one clock, and no span links to its own parent', () => {
    const batches = called('batch');
    expect(batches.length).toBeGreaterThan(0);
    expect(batches.length).toBeLessThan(REQUESTS);
    const joined = batches.flatMap(({ parentSpanId, links = [] }) => [
      parentSpanId,
      ...links.map(({ spanId }) => spanId),
    ]);
    expect(joined.toSorted()).toEqual(
      called('POST /predict')
        .map(({ spanId }) => spanId)
        .toSorted(),
    );
    for (const inference of called('inference')) {
      const [link, ...others] = inference.links ?? [];
      expect(others).toEqual([]);
      const batch = batches.find(
        ({ spanId, traceId }) => spanId === link?.spanId && traceId === link.traceId,
      )!;
      expect(isWithin(batch, inference)).toBe(true);
    }
    for (const { links = [], parentSpanId } of spans)
      expect(links.map(({ spanId }) => spanId)).not.toContain(parentSpanId);
  });

  test('no link leads to a missing trace', () => {
    const there = new Set(spans.map(({ traceId, spanId }) => `${traceId} ${spanId}`));
    const led = spans.flatMap(({ links = [] }) => links.map(({ traceId, spanId }) => `${traceId} ${spanId}`));
    expect(led.filter((one) => !there.has(one))).toEqual([]);
  });

  test('the resource identifies the instance and its host', () => {
    const [resource] = resources;
    const text = Object.fromEntries(
      resource!.map(({ key, value }) => [key, value.stringValue ?? value.intValue]),
    );
    expect(text).toMatchObject({
      'service.name': 'sentiment-api',
      'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'host.name': hostname(),
    });
  });

  test('scrapes and health checks are not operations in Jaeger', async () => {
    const { data } = await json<{ data: readonly string[] }>(
      `${jaegerUrl}/api/services/sentiment-api/operations`,
    );
    expect(data.toSorted()).toEqual(['POST /predict', 'batch', 'inference', 'queue']);
  });

  test('an exemplar in Prometheus links to its trace', async () => {
    const { data } = await vi.waitUntil(async () => {
      const answer = await exemplarsIn(stack.prometheusUrl);
      return answer.data.length > 0 && answer;
    }, PATIENCE);
    const { trace_id } = data[0]!.exemplars[0]!.labels;
    expect((await spansOf(trace_id)).map(({ name }) => name)).toContain('POST /predict');
  });
});
