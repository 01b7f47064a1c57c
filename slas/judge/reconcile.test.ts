import { describe, expect, test } from 'vitest';
import type { Evidence, Plan, RunRecord } from '../model/model.ts';
import type { Given } from '../testing/case-text.ts';
import { healthy } from '../testing/cases.ts';
import { judgeInWords } from '../testing/judge-in-words.ts';

/** The counts of client and service side by side, as in verdict.json. cases/ tests their effect on a verdict. */

function rowsOf(changes: Partial<Given>) {
  const { plan, run, evidence } = healthy(changes);
  return reconciled(plan, run, evidence);
}
const reconciled = (plan: Plan, run: RunRecord, evidence: Evidence) =>
  judgeInWords(plan, run, evidence).reconciliation.map(({ reasons: _, ...one }) => one);

interface Changes {
  readonly lost?: number;
  readonly ok?: boolean;
  readonly note?: string;
}
const row = (what: string, client: number, service: number, changes: Changes = {}) => ({
  ...{ what, client, service, lost: 0, ok: true, note: '' },
  ...changes,
});
const MISSING = 'responses are missing from its counter';
const TRAFFIC = 'there was other traffic in the window';

describe('reconciliation rows', () => {
  test('cover all requests, and each status class that either side saw', () => {
    expect(rowsOf({})).toEqual([row('requests', 1500, 1500), row('2xx', 1500, 1500)]);
    const load = { '2xx': 1490, '4xx': 7, '5xx': 3 };
    const series = { 'answers 200': '400 -> 1890', 'answers 429': '0 -> 7', 'answers 503': '0 -> 3' };
    expect(rowsOf({ load, series })).toEqual([
      row('requests', 1500, 1500),
      ...[row('2xx', 1490, 1490), row('4xx', 7, 7), row('5xx', 3, 3)],
    ]);
  });
  test('include a status that only one side saw', () => {
    expect(rowsOf({ load: { '2xx': 1490, '5xx': 10 } })).toEqual([
      row('requests', 1500, 1500),
      row('2xx', 1490, 1500, { ok: false, note: TRAFFIC }),
      row('5xx', 10, 0, { ok: false, note: MISSING }),
    ]);
    expect(rowsOf({ series: { 'answers 503': '0 -> 2' } })).toEqual([
      row('requests', 1500, 1502, { ok: false, note: TRAFFIC }),
      row('2xx', 1500, 1500),
      row('5xx', 0, 2, { ok: false, note: TRAFFIC }),
    ]);
  });
  test('are not split by status if a label value does not have three digits', () => {
    const names = {
      'answers 503': 'http_requests_total{method="POST",handler="/predict",status="503 gone"}',
    };
    expect(rowsOf({ names })).toEqual([row('requests', 1500, 1500)]);
  });
  test('are not split by status if label values merely end in three digits', () => {
    const names = {
      'answers 503': 'http_requests_total{method="POST",handler="/predict",status="was 503"}',
    };
    expect(rowsOf({ names })).toEqual([row('requests', 1500, 1500)]);
  });
  test("use the service's own status label", () => {
    const names = Object.fromEntries(
      ['200', '400', '429', '500', '503'].map((status) => [
        `answers ${status}`,
        `http_requests_total{method="POST",handler="/predict",code="${status}"}`,
      ]),
    );
    expect(rowsOf({ names })).toEqual([row('requests', 1500, 1500), row('2xx', 1500, 1500)]);
  });
  test('count a request that the client gave up on as unanswered, not as a client error', () => {
    const names = { 'answers 499': 'http_requests_total{method="POST",handler="/predict",status="499"}' };
    const load = { '2xx': 1498, lost: 2 };
    const series = { 'answers 200': '400 -> 1898', 'answers 499': '0 -> 2' };
    expect(rowsOf({ names, load, series })).toEqual([
      row('requests', 1498, 1500, { lost: 2 }),
      row('2xx', 1498, 1498, { lost: 2 }),
    ]);
  });
  test('include every histogram of latencies and means once, if each request was recorded', () => {
    expect(rowsOf({ client: '1500x0.05' })).toEqual([
      row('requests', 1500, 1500),
      row('2xx', 1500, 1500),
      row('latencies of /predict', 1500, 1500),
      row('observations of confidence', 1500, 1500),
    ]);
  });
  test('for a mean may have more observations than responses, but not fewer', () => {
    const more = rowsOf({
      client: '1500x0.05',
      series: { 'positive count': '0 -> 1500', 'positive sum': '0 -> 1410' },
    });
    expect(more.at(-1)).toEqual(row('observations of confidence', 1500, 2100));
    const fewer = rowsOf({ client: '1500x0.05', series: { 'positive count': '0 -> 899' } });
    expect(fewer.at(-1)).toEqual(row('observations of confidence', 1500, 1499, { ok: false, note: MISSING }));
  });
  test('for latencies and means count successful responses only', () => {
    const load = { '2xx': 1497, '5xx': 3 };
    const series = { 'answers 200': '400 -> 1897', 'answers 503': '0 -> 3' };
    const rows = rowsOf({ load, series, client: '1497x0.05 3x0.05=503' });
    expect(rows.slice(3)).toEqual([
      row('latencies of /predict', 1497, 1500, { ok: false, note: TRAFFIC }),
      row('observations of confidence', 1497, 1500),
    ]);
    expect(
      rowsOf({ client: '1500x0.05=503', load: { '2xx': 0, '5xx': 1500 } }).map(({ what }) => what),
    ).toEqual([...['requests', '2xx', '5xx', 'latencies of /predict']]);
  });
  test('for a path include only the responses to that path', () => {
    const { plan, run, evidence } = healthy({ client: '1500x0.05' });
    const client = {
      ...run.load!.client!,
      path: Uint16Array.from({ length: 1500 }, (_, index) => (index < 600 ? 1 : 0)),
      paths: ['/predict', '/batch'],
    };
    const rows = reconciled(plan, { ...run, load: { ...run.load!, client } }, evidence);
    expect(rows.slice(2)).toEqual([
      row('latencies of /predict', 900, 1500, { ok: false, note: TRAFFIC }),
      row('observations of confidence', 900, 1500),
    ]);
  });
  test('leave out what could not be counted', () => {
    const client = '1500x0.05';
    const without = { latency: null, 'positive count': '0 -> 900; 40=NaN' };
    expect(rowsOf({ client, series: without }).map(({ what }) => what)).toEqual(['requests', '2xx']);
    expect(rowsOf({ series: { 'answers 200': '400 -> 1900; 40=NaN' } })).toEqual([]);
    expect(rowsOf({ scenario: null, load: null })).toEqual([]);
  });
});

describe('a difference', () => {
  const first = (load: Given['load'], changes: Partial<Given> = {}) => rowsOf({ load, ...changes })[0];

  test('from unanswered requests is allowed: the service may have counted each of them or not', () => {
    const load = { '2xx': 1495, lost: 5 };
    expect(first(load)).toEqual(row('requests', 1495, 1500, { lost: 5 }));
    const series = { 'answers 200': '400 -> 1901' };
    expect(first(load, { series })).toEqual(
      row('requests', 1495, 1501, { lost: 5, ok: false, note: TRAFFIC }),
    );
  });
  test('from requests in flight when the load was cut short is allowed', () => {
    const load = { sent: 1400, '2xx': 1400, completed: false };
    expect(first(load)).toEqual(row('requests', 1400, 1500));
    const series = { 'answers 200': '400 -> 1799' };
    expect(first(load, { series })).toEqual(row('requests', 1400, 1399, { ok: false, note: MISSING }));
  });
  test('from other clients is allowed and reported if other clients are expected', () => {
    const service = { isolated: false };
    expect(first({ sent: 1400, '2xx': 1400 }, { service })).toEqual(
      row('requests', 1400, 1500, {
        note: '100 more came from other clients, which are expected (isolated: false)',
      }),
    );
    expect(first({ sent: 1501, '2xx': 1501 }, { service })).toEqual(
      row('requests', 1501, 1500, { ok: false, note: MISSING }),
    );
  });
  test('from terminated replicas is allowed up to a bound', () => {
    const elastic = (counted: number): Partial<Given> => ({
      service: { replicas: 'elastic' },
      replicas: { a: {}, b: { last: 40 } },
      series: {
        'process start': 'always 1000',
        'answers 200': '0 -> 1200',
        'answers 200 @b': `0 -> ${counted}`,
      },
    });
    const load = { sent: 1500, '2xx': 1500 };
    const note = '20 were lost with terminated replicas (at most 201 after their last scrapes)';
    expect(first(load, elastic(280))).toEqual(row('requests', 1500, 1480, { note }));
    expect(first(load, elastic(99))).toMatchObject({ ok: true, service: 1299 });
    expect(first(load, elastic(98))).toEqual(
      row('requests', 1500, 1298, {
        ok: false,
        note: `${MISSING}, and at most 201 of them were lost with terminated replicas`,
      }),
    );
    expect(first(load, elastic(300))).toEqual(row('requests', 1500, 1500));
  });
});
