import { describe, expect, test } from 'vitest';
import { unwrap } from '../model/result.ts';
import { parseDocument, warningsOf } from './document.ts';
import { adviseEdge, DEFAULT_EDGES, LIBRARIES, librariesOf } from './edge-advice.ts';

const unit = (changes: Partial<Parameters<typeof adviseEdge>[0]>) =>
  adviseEdge({
    library: 'prom-client',
    histogram: 'h_seconds',
    edges: [0.1, 0.25],
    limitSeconds: 0.2,
    ...changes,
  });

describe('the line that adds an edge', () => {
  test.each([
    ['prom-client', "new Histogram({ name: 'h_seconds', buckets: [0.1, 0.2, 0.25], … })"],
    ['prometheus_client', "Histogram('h_seconds', …, buckets=(0.1, 0.2, 0.25))"],
    ['client_golang', 'prometheus.HistogramOpts{Name: "h_seconds", Buckets: []float64{0.1, 0.2, 0.25}, …}'],
    ['express-prom-bundle', 'promBundle({ buckets: [0.1, 0.2, 0.25], … })'],
    ['prometheus-fastapi-instrumentator', 'latency_lowr_buckets=(0.1, 0.2, 0.25)'],
    ['opentelemetry', 'boundaries: [0.1, 0.2, 0.25]'],
    ['unknown', 'give the histogram h_seconds these bucket edges: 0.1, 0.2, 0.25'],
  ] as const)('of %s', (library, line) => expect(unit({ library })).toContain(line));

  test('of Micrometer names the meter as Micrometer does', () => {
    const line = unit({ library: 'micrometer', histogram: 'http_server_requests_seconds' });
    expect(line).toContain('management.metrics.distribution.slo.http.server.requests=200ms');
  });

  test('is in the unit of the histogram', () => {
    expect(unit({ histogram: 'h_milliseconds', edges: [100, 250] })).toContain('[100, 200, 250]');
    expect(unit({ histogram: 'h', edges: [100, 250], unit: 'milliseconds' })).toContain('[100, 200, 250]');
  });
});

describe('a library is recognised', () => {
  test('by its default edges, which do not include 200 ms', () => {
    for (const library of LIBRARIES) {
      const edges = DEFAULT_EDGES[library];
      if (edges === undefined) continue;
      expect(librariesOf('h_seconds', edges)).toContain(library);
      expect(edges).not.toContain(0.2);
    }
  });

  test.each([
    ['http_server_requests_seconds', [0.1], [], ['micrometer']],
    ['http_server_request_duration_seconds', [0.1], [], ['opentelemetry']],
    ['http_request_duration_highr_seconds', [0.1], [], ['prometheus-fastapi-instrumentator']],
    ['h_seconds', [0.1], ['uri'], ['micrometer']],
    ['h_seconds', [0.1], [], ['unknown']],
    [
      'h_seconds',
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      [],
      ['prom-client', 'client_golang'],
    ],
  ])('%s with edges %j and labels %j', (histogram, edges, labels, libraries) =>
    expect(librariesOf(histogram, edges, labels)).toEqual(libraries),
  );
});

describe('a warning', () => {
  const warningsFor = (target: string, buckets: string) => {
    const yaml = `apiVersion: sla-harness/v1\nkind: SLA\nname: d\nservice: { selector: { job: j }${buckets} }\nobjectives:\n- { id: a, target: ${target}, latency: { histogram: h_ms, percentile: 95 } }\n`;
    const parsed = unwrap(parseDocument(yaml));
    return warningsOf(yaml, parsed).map(({ line, column, message }) => `${line}:${column}: ${message}`);
  };
  const EDGES = ', buckets: { h_ms: [100, 250] }';

  test('names both edges, in seconds, and where the limit is', () => {
    expect(warningsFor('< 200ms', EDGES)[0]).toMatch(
      /^6:20: "< 200ms" is not a bucket edge of h_ms: it lies between 0\.1 s and 0\.25 s, /,
    );
  });
  test('is not given for a limit that is an edge in the histogram’s own unit', () => {
    expect(warningsFor('< 250ms', EDGES)).toEqual([]);
    expect(warningsFor('< 250s', EDGES)).toHaveLength(1);
  });
  test.each([
    ['< 50ms', 'it lies below the lowest edge (0.1 s), so service-side it can never be met'],
    ['< 1s', 'it lies above the highest edge (0.25 s), so service-side it can never be missed'],
  ])('says what %s means', (target, says) => expect(warningsFor(target, EDGES)[0]).toContain(says));
  test('says what alerts assume if the document lists no edges', () => {
    expect(warningsFor('< 1s', '')[0]).toContain(
      'alerting rules and dashboards assume that "< 1s" is one of them',
    );
  });
});
