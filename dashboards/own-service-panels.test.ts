import { expect, test } from 'vitest';
import { parseDocument } from '../slas/document/document.ts';
import type { SlaDocument } from '../slas/model/model.ts';
import { unwrap } from '../slas/model/result.ts';
import { dashboardsOf } from './dashboards.ts';
import { drawnRows } from './report/courses.ts';
import { reportQueries, runView } from './run-panels.ts';

const parsed = (text: string): SlaDocument => {
  return unwrap(parseDocument(text));
};

const SHOP = parsed(`
apiVersion: sla-harness/v1
kind: SLA
name: shop
service:
  selector: { job: shop }
  requests: { counter: http_requests_total }
  buckets: { http_request_duration_ms: [100, 250, 500] }
objectives:
  - id: fast
    latency: { histogram: http_request_duration_ms, where: { code: { matches: 2.. } }, percentile: 90 }
    target: < 250ms
  - id: errors
    ratio:
      bad: { counter: http_requests_total, where: { code: { matches: 5.. } }, absent: zero }
      total: { counter: http_requests_total }
    target: < 1%
`);
const time = { rangeSeconds: 4, wholeSeconds: 30 };

test('the queries of a report cover what the document measures, and nothing else', () => {
  const queries = reportQueries(SHOP, time);
  expect(queries.map(({ query }) => query).join('\n')).not.toMatch(/sentiment|predict/);
  expect([...new Set(queries.map(({ panel }) => panel))]).toEqual([
    'http-request-rate',
    'error-rate',
    'api-latency',
    ...['cpu', 'memory', 'event-loop'],
  ]);
  expect(queries.filter(({ panel, over }) => panel === 'api-latency' && over === 'time')).toMatchObject([
    { legend: 'p50' },
    { legend: 'p90' },
  ]);
  expect(queries.find(({ panel }) => panel === 'http-request-rate')?.query).toContain('by (code)');
});

test('without data, only the panels of objectives are missing', () => {
  const window = { fromSeconds: 0, toSeconds: 30, stepSeconds: 1 };
  const answers = reportQueries(SHOP, time).map((query) => ({
    ...query,
    series: [],
    warnings: [],
    error: null,
  }));
  const run = { load: null, window } as never;
  const plan = { load: null, objectives: [] } as never;
  const grid = { steps: 31, fromSeconds: 0, stepSeconds: 1 } as never;
  const rows = drawnRows(
    { document: SHOP, plan, run },
    { schema: 'sla-harness/series/v1', window, answers },
    grid,
  );
  expect(rows.flatMap(({ missing }) => missing.map(({ panel }) => panel.title))).toEqual([
    'Error rate',
    'Latency p50/p90',
  ]);
});

test('the dashboards of another service contain no metrics of the sentiment service', () => {
  const dashboards = dashboardsOf(SHOP, runView(SHOP, time));
  expect(JSON.stringify(dashboards)).not.toMatch(/sentiment|[Pp]redict|model/);
  expect(dashboards.map(({ uid }) => uid)).toEqual(['sla-service', 'sla-over-time']);
});

test('a latency that only the client measures has no panel, and is not reported as missing', () => {
  const alone = parsed(`
apiVersion: sla-harness/v1
kind: SLA
name: shop
service: { selector: { job: shop }, requests: { counter: http_requests_total } }
objectives:
  - { id: fast, latency: { client: /orders, percentile: 90 }, target: < 250ms }
`);
  const queries = reportQueries(alone, time);
  expect(queries.map(({ panel }) => panel)).not.toContain('api-latency');
  expect(queries.map(({ query }) => query).join('\n')).not.toContain('_bucket');
});
