import { describe, expect, test } from 'vitest';
import { EXPOSED } from '../testing/exposed-libraries.ts';
import { parseExposition } from './exposition.ts';
import { outcomesOf } from './labels.ts';
import { LIBRARIES } from './libraries.ts';
import { proposeLimit } from './limits.ts';
import { recognise } from './recognise.ts';

const of = (text: string) => recognise(parseExposition(text));
const found = (id: string) => {
  const { library, requests, latency, routes, where } = of(EXPOSED[id]!);
  return {
    library: library.id,
    requests: requests?.metric.name,
    status: requests?.status,
    latency: latency?.metric.name,
    unit: latency?.metric.unit,
    latencyStatus: latency?.status?.label ?? null,
    route: routes[0]?.route ?? null,
    where,
  };
};

const CODES = (label: string) => ({ label, notation: 'codes' });
const seconds = { unit: 'seconds', where: {} };

const EXPECTED: Readonly<Record<string, object>> = {
  'prom-client': {
    ...seconds,
    ...{ requests: 'http_requests_total', status: CODES('status'), latency: 'http_request_duration_seconds' },
    ...{ latencyStatus: 'status', route: '/orders/:id' },
  },
  prometheus_client: {
    ...seconds,
    ...{ requests: 'http_requests_total', status: CODES('code'), latency: 'http_request_duration_seconds' },
    ...{ latencyStatus: null, route: '/orders' },
  },
  client_golang: {
    ...seconds,
    ...{ requests: 'http_requests_total', status: CODES('code'), latency: 'http_request_duration_seconds' },
    ...{ latencyStatus: null, route: null },
  },
  micrometer: {
    ...seconds,
    ...{ requests: 'http_server_requests_seconds_count', status: CODES('status') },
    ...{ latency: 'http_server_requests_seconds', latencyStatus: 'status', route: '/orders/{id}' },
  },
  'express-prom-bundle': {
    ...seconds,
    ...{ requests: 'http_request_duration_seconds_count', status: CODES('status_code') },
    ...{ latency: 'http_request_duration_seconds', latencyStatus: 'status_code', route: null },
  },
  'fastapi-instrumentator': {
    ...seconds,
    ...{ requests: 'http_requests_total', status: { label: 'status', notation: 'classes' } },
    ...{ latency: 'http_request_duration_seconds', latencyStatus: null, route: '/orders/{order_id}' },
  },
  opentelemetry: {
    ...seconds,
    requests: 'http_server_request_duration_seconds_count',
    status: CODES('http_response_status_code'),
    ...{ latency: 'http_server_request_duration_seconds', latencyStatus: 'http_response_status_code' },
    route: '/orders',
  },
  istio: {
    ...{ requests: 'istio_requests_total', status: CODES('response_code') },
    ...{ latency: 'istio_request_duration_milliseconds', unit: 'milliseconds' },
    ...{ latencyStatus: 'response_code', route: null, where: { reporter: 'destination' } },
  },
  envoy: {
    requests: 'envoy_cluster_upstream_rq_xx',
    status: { label: 'envoy_response_code_class', notation: 'class-digits' },
    ...{ latency: 'envoy_cluster_upstream_rq_time', unit: 'milliseconds' },
    ...{ latencyStatus: null, route: null, where: {} },
  },
  grpc: {
    ...seconds,
    requests: 'grpc_server_handled_total',
    status: { label: 'grpc_code', notation: 'grpc' },
    ...{ latency: 'grpc_server_handling_seconds', latencyStatus: null, route: 'Charge' },
  },
  'nginx-ingress': {
    ...seconds,
    ...{ requests: 'nginx_ingress_controller_request_duration_seconds_count', status: CODES('status') },
    ...{ latency: 'nginx_ingress_controller_request_duration_seconds', latencyStatus: 'status' },
    route: '/orders',
  },
  traefik: {
    ...seconds,
    ...{ requests: 'traefik_service_requests_total', status: CODES('code') },
    ...{ latency: 'traefik_service_request_duration_seconds', latencyStatus: 'code', route: null },
  },
  caddy: {
    ...{ requests: 'caddy_http_request_duration_seconds_count', status: CODES('code'), unit: 'seconds' },
    ...{ latency: 'caddy_http_request_duration_seconds', latencyStatus: 'code', route: null },
    where: { handler: 'subroute' },
  },
};

describe('a library is recognised, with the metrics of its requests', () => {
  test.each(LIBRARIES.map(({ id }) => id).filter((id) => id !== 'unknown'))('%s', (id) => {
    expect(found(id)).toEqual({ library: id, ...EXPECTED[id] });
  });
});

describe('an unknown library is recognised by the shape of its metrics', () => {
  test('a counter with a status, and a histogram of durations', () => {
    const { library, requests, latency } = of(
      [
        '# TYPE shop_calls_total counter',
        'shop_calls_total{result="ok"} 9',
        'shop_calls_total{result="error"} 1',
        '# TYPE shop_call_latency_ms histogram',
        'shop_call_latency_ms_bucket{le="100"} 9',
        'shop_call_latency_ms_bucket{le="+Inf"} 10',
        'shop_call_latency_ms_count 10',
        'shop_call_latency_ms_sum 900',
        'cache_hits_total 9000',
        '',
      ].join('\n'),
    );
    expect(library.id).toBe('unknown');
    expect(requests?.metric.name).toBe('shop_calls_total');
    expect(outcomesOf(requests!.status!, requests!.metric.rows)).toEqual({ good: 'ok', bad: 'error' });
    expect(latency?.metric).toMatchObject({
      name: 'shop_call_latency_ms',
      unit: 'milliseconds',
      edges: [100],
    });
  });

  test('runtime metrics and sizes are neither requests nor latencies', () => {
    const { requests, latency } = of(
      '# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 3\n# TYPE go_gc_duration_seconds summary\ngo_gc_duration_seconds_sum 1\ngo_gc_duration_seconds_count 9\n# TYPE http_request_size_bytes histogram\nhttp_request_size_bytes_bucket{le="100"} 1\nhttp_request_size_bytes_count 1\nhttp_request_size_bytes_sum 1\n',
    );
    expect(latency).toBeNull();
    expect(requests).toBeNull();
  });

  test('a unit that is not stated is assumed from the edges', () => {
    const unitOf = (edge: number) =>
      of(
        `# TYPE rpc_latency histogram\nrpc_latency_bucket{le="${edge}"} 1\nrpc_latency_bucket{le="+Inf"} 1\nrpc_latency_count 1\nrpc_latency_sum 1\n`,
      ).latency?.metric;
    expect(unitOf(10)).toMatchObject({ unit: 'seconds', isUnitGuessed: true, isUnitUnnamed: true });
    expect(unitOf(1000)).toMatchObject({ unit: 'milliseconds', isUnitGuessed: true });
  });

  test('a histogram without classic buckets is native, and a histogram without observations is not chosen', () => {
    const native = of(
      '# TYPE http_request_duration_seconds histogram\nhttp_request_duration_seconds_bucket{le="+Inf"} 3\nhttp_request_duration_seconds_count 3\nhttp_request_duration_seconds_sum 1\n',
    );
    expect(native.latency?.metric.kind).toBe('native');
    expect(of('# TYPE http_request_duration_seconds histogram\n').latency).toBeNull();
  });
});

describe('words for failures', () => {
  const words = (label: string, ...values: string[]) => {
    const text = values.map((value) => `rpc_requests_total{${label}="${value}"} 1`).join('\n');
    const { requests } = of(`# TYPE rpc_requests_total counter\n${text}\n`);
    return requests!.status === null ? null : outcomesOf(requests!.status, requests!.metric.rows);
  };

  test('codes, classes and gRPC’s words in the spelling of the service', () => {
    expect(words('status', '200')?.bad).toEqual({ matches: '5..|429' });
    expect(words('code', '2XX')).toEqual({ good: '2XX', bad: '5XX' });
    expect(words('grpc_code', 'OK', 'NOT_FOUND')?.bad).toMatchObject({
      matches: expect.stringContaining('RESOURCE_EXHAUSTED'),
    });
    expect(words('grpc_code', '0')).toEqual({ good: '0', bad: { matches: '2|4|8|12|13|14|15' } });
    expect(words('outcome', 'SUCCESS')).toEqual({ good: 'SUCCESS', bad: 'SERVER_ERROR' });
    expect(words('success', 'true')).toEqual({ good: 'true', bad: 'false' });
  });

  test('a word that has not occurred yet is not guessed', () => {
    expect(words('result', 'ok')).toBeNull();
  });
});

describe('a limit is proposed', () => {
  const propose = (within: readonly number[], count: number, edges = [0.1, 0.25, 0.5, 1]) =>
    proposeLimit(
      {
        ...{ name: 'x', kind: 'classic', unit: 'seconds', isUnitUnnamed: false, isUnitGuessed: false, edges },
        rows: [{ labels: {}, count, within }],
      },
      null,
      () => true,
      95,
    );

  test('of at least 200 ms, however fast the service is', () => {
    expect(propose([100, 100, 100, 100], 100)).toEqual({ seconds: 0.25, nowSeconds: 0.1, responses: 100 });
    expect(propose([0, 0, 0, 0], 0)).toEqual({ seconds: 0.25, nowSeconds: null, responses: 0 });
  });

  test('of at least twice the current value', () => {
    expect(propose([0, 95, 100, 100], 100)).toMatchObject({ seconds: 0.5, nowSeconds: 0.25 });
    expect(propose([0, 94, 100, 100], 100)).toMatchObject({ seconds: 1, nowSeconds: 0.5 });
  });

  test('at most the highest edge', () => {
    expect(propose([0, 0, 0, 10], 100)).toMatchObject({ seconds: 1, nowSeconds: null });
  });
});
