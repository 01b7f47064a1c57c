import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { parseDocument } from '../../../slas/document/document.ts';
import { unwrap } from '../../../slas/model/result.ts';
import { SHIPPED_YAML } from '../../../slas/testing/cases.ts';
import { exportOpenSlo } from './export.ts';
import { importOpenSlo } from './import.ts';
import { readQuantile, readSeries } from './query.ts';

/** An SLO in OpenSLO v1. */
const slo = (indicator: object, objective: object = { target: 0.99 }, spec: object = {}) => ({
  apiVersion: 'openslo/v1',
  kind: 'SLO',
  metadata: { name: 'checkout' },
  spec: {
    service: 'checkout',
    indicator: { metadata: { name: 'checkout-sli' }, spec: indicator },
    timeWindow: [{ duration: '28d', isRolling: true }],
    budgetingMethod: 'Occurrences',
    objectives: [objective],
    ...spec,
  },
});
const query = (text: string) => ({ metricSource: { type: 'Prometheus', spec: { query: text } } });
const ratio = (name: 'good' | 'bad', part: string, total: string) => ({
  ratioMetric: { counter: true, [name]: query(part), total: query(total) },
});

const imported = (object: object, selector: Record<string, string> | null = null) =>
  unwrap(importOpenSlo(JSON.stringify(object), 'slo.yaml', selector));
const objectiveOf = (object: object) => {
  const { text, left } = imported(object);
  expect(left).toEqual([]);
  expect(parseDocument(text!)).toMatchObject({ ok: true });
  const { service, objectives } = parse(text!);
  return { selector: service.selector, ...objectives[0] };
};
const leftOf = (object: object) => {
  const { text, left } = imported(object);
  expect(text).toBeNull();
  return left.join('\n');
};

const SERVED = 'http_requests_total{job="checkout"}';

describe('import', () => {
  test('a ratio of bad events becomes an error rate, and `or vector(0)` becomes absent: zero', () => {
    const bad = 'sum(rate(http_requests_total{job="checkout",code=~"5.."}[5m])) or vector(0)';
    expect(objectiveOf(slo(ratio('bad', bad, `sum(rate(${SERVED}[5m]))`)))).toEqual({
      id: 'checkout',
      selector: { job: 'checkout' },
      ratio: {
        bad: { counter: 'http_requests_total', where: { code: { matches: '5..' } }, absent: 'zero' },
        total: { counter: 'http_requests_total' },
      },
      target: '<= 1%',
    });
  });

  test('good events that exclude the errors become an error rate', () => {
    const good = 'sum(http_requests_total{job="checkout",code!~"5.."})';
    expect(objectiveOf(slo(ratio('good', good, `sum(${SERVED})`)))).toMatchObject({
      ratio: { bad: { where: { code: { matches: '5..' } }, absent: 'zero' } },
      target: '<= 1%',
    });
  });

  test('a ratio of good events becomes a ratio objective', () => {
    const good = 'sum(http_requests_total{job="checkout",code=~"2.."})';
    expect(objectiveOf(slo(ratio('good', good, `sum(${SERVED})`), { targetPercent: 99.5 }))).toMatchObject({
      ratio: { good: { where: { code: { matches: '2..' } } }, total: { counter: 'http_requests_total' } },
      target: '>= 99.5%',
    });
  });

  test.each([
    ['http_request_duration_seconds', '0.3', '< 300ms'],
    ['istio_request_duration_milliseconds', '250', '< 250ms'],
  ])('%s up to a bucket edge becomes a latency objective', (histogram, le, target) => {
    const good = `sum(${histogram}_bucket{job="checkout",le="${le}"})`;
    expect(objectiveOf(slo(ratio('good', good, `sum(${histogram}_count{job="checkout"})`)))).toMatchObject({
      latency: { histogram, percentile: 99 },
      target,
    });
  });

  test('a quantile with an upper limit becomes a latency, and a rate with a lower limit becomes a throughput', () => {
    const quantile =
      'histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{job="checkout"}[5m])))';
    const above = { op: 'lte', value: 0.2, target: 0.99 };
    expect(objectiveOf(slo({ thresholdMetric: query(quantile) }, above))).toMatchObject({
      latency: { percentile: 95 },
      target: '< 200ms',
    });
    const rate = `sum(rate(${SERVED}[1m]))`;
    expect(objectiveOf(slo({ thresholdMetric: query(rate) }, { op: 'gte', value: 50 }))).toMatchObject({
      throughput: { counter: 'http_requests_total' },
      target: '>= 50/s',
    });
  });

  test('a bucket edge in several notations is recognised', () => {
    const good = 'sum(x_seconds_bucket{job="a",le=~"1|1\\\\.0"})';
    expect(objectiveOf(slo(ratio('good', good, 'sum(x_seconds_count{job="a"})')))).toMatchObject({
      latency: { histogram: 'x_seconds' },
      target: '< 1000ms',
    });
  });

  test('a separate indicator and several objectives are imported', () => {
    const good = 'http_requests_total{job="checkout",code=~"2.."}';
    const indicator = {
      apiVersion: 'openslo/v1',
      kind: 'SLI',
      metadata: { name: 'served' },
      spec: ratio('good', good, SERVED),
    };
    const referring = slo(
      {},
      {},
      { indicator: undefined, indicatorRef: 'served', objectives: [{ target: 0.99 }, { target: 0.999 }] },
    );
    const text = [indicator, referring].map((one) => JSON.stringify(one)).join('\n---\n');
    const { text: document, translated } = unwrap(importOpenSlo(text, 'slo.yaml', null));
    expect(translated).toBe(2);
    expect(parse(document!).objectives).toMatchObject([
      { id: 'checkout-1', target: '>= 99%' },
      { id: 'checkout-2', target: '>= 99.9%' },
    ]);
  });

  test.each<[string, object, RegExp]>([
    [
      'a query that is grouped by labels',
      slo(ratio('bad', 'sum by (pod) (errors_total{job="a"})', SERVED)),
      /grouped by labels/,
    ],
    [
      'arithmetic',
      slo(ratio('bad', 'sum(a_total) - sum(b_total)', SERVED)),
      /not the selector of one counter/,
    ],
    [
      'a subtraction inside sum()',
      slo(ratio('bad', 'sum((a_total) - (b_total))', SERVED)),
      /not the selector/,
    ],
    [
      'excluded values',
      slo(ratio('bad', 'x_total{job="checkout",code!="200"}', SERVED)),
      /excludes values of code/,
    ],
    [
      'time slices',
      slo(ratio('bad', SERVED, SERVED), { target: 0.9 }, { budgetingMethod: 'Timeslices' }),
      /not timeslices/,
    ],
    [
      'a source other than Prometheus',
      slo({
        ratioMetric: {
          bad: { metricSource: { type: 'Datadog', spec: { query: 'x' } } },
          total: query(SERVED),
        },
      }),
      /Datadog/,
    ],
    [
      'an unknown unit',
      slo(ratio('good', 'latency_bucket{job="a",le="0.3"}', 'latency_count{job="a"}')),
      /does not contain a unit of time/,
    ],
    [
      'a ratio whose total counts other requests',
      slo(ratio('good', 'x_seconds_bucket{job="a",le="1"}', 'x_seconds_count{job="a",code="200"}')),
      /different requests/,
    ],
    ['no target', slo(ratio('bad', SERVED, SERVED), {}), /no target/],
  ])('%s is left out, with the reason', (_, object, why) => {
    expect(leftOf(object)).toMatch(why);
  });

  test.each([
    ['', 'it has no objects'],
    ['- [', 'not valid YAML'],
    ['apiVersion: openslo/v1alpha\nkind: SLO\n', 'only openslo/v1 can be imported'],
    ['hello', 'only openslo/v1 can be imported'],
  ])('%o is not an OpenSLO file', (text, why) => {
    const result = importOpenSlo(text, 'slo.yaml', null);
    expect(result.ok ? '' : result.error).toContain(why);
  });

  test('if the queries have no labels in common, the import asks for the labels of the service', () => {
    const object = slo(ratio('bad', 'errors_total', 'requests_total'));
    const result = importOpenSlo(JSON.stringify(object), 'slo.yaml', null);
    expect(result.ok ? '' : result.error).toContain('--selector');
    expect(parse(imported(object, { job: 'checkout' }).text!).service.selector).toEqual({ job: 'checkout' });
  });
});

describe('export', () => {
  const document = unwrap(parseDocument(SHIPPED_YAML));
  const { text, exported, left } = exportOpenSlo(document, '28d');

  test('writes shares of events as ratios, and lists what it leaves out', () => {
    const [service, ...slos] = parseAllDocuments(text).map((one) => one.toJS());
    expect(service).toMatchObject({ apiVersion: 'openslo/v1', kind: 'Service' });
    const targets = slos.map(({ metadata, spec }) => [metadata.name, spec.objectives[0].target]);
    expect(exported).toBe(slos.length);
    expect(targets.slice(0, 4)).toEqual([
      ['latency-p95', 0.95],
      ['latency-p99', 0.99],
      ['error-rate', 0.99],
      ['model-uptime', 0.999],
    ]);
    for (const what of ['throughput', 'confidence', 'scenarios', 'lost: bad', 'client-side latency'])
      expect(left.join('\n')).toContain(what);
  });

  test('the result can be imported again, with the same limits', () => {
    const { text: again, left: leftAgain } = unwrap(importOpenSlo(text, 'exported.yaml', null));
    expect(leftAgain).toEqual([expect.stringContaining('model-uptime: its ratio is not of counters')]);
    const read = unwrap(parseDocument(again!));
    expect(read.service.selector).toEqual(document.service.selector);
    for (const id of ['latency-p95', 'latency-p99', 'error-rate']) {
      const [before, after] = [document, read].map(
        ({ objectives }) => objectives.find((one) => one.id === id)!,
      );
      expect(after!.target.value).toBeCloseTo(before!.target.value, 12);
      expect(after!.measure).toMatchObject({ kind: before!.measure.kind });
    }
  });
});

describe('a latency that OpenSLO cannot express exactly', () => {
  const exported = (service: string, latency: string) =>
    exportOpenSlo(
      unwrap(
        parseDocument(`apiVersion: sla-harness/v1
kind: SLA
name: n
service: { selector: { job: j }, ${service} }
objectives:
- { id: slow, target: "< 200ms", latency: { percentile: 95, ${latency} } }
`),
      ),
      '28d',
    );

  test('a limit between two bucket edges becomes the lower edge, which is stricter', () => {
    const { text, left } = exported('buckets: { h_seconds: [0.1, 0.25] }', 'histogram: h_seconds');
    expect(text).toContain(String.raw`le=~"0\\.1"`);
    expect(left).toContain('slow: "< 200ms" becomes 100 ms, the bucket edge below it, which is stricter');
  });

  test('if there is no lower edge, the limit becomes the lowest edge', () => {
    const { text, left } = exported('buckets: { h_seconds: [0.25] }', 'histogram: h_seconds');
    expect(text).toContain(String.raw`le=~"0\\.25"`);
    expect(left).toContain('slow: "< 200ms" becomes 250 ms, the lowest bucket edge, which is less strict');
  });

  test('objectives with a native histogram, or measured client-side only, are left out', () => {
    expect(exported('nativeHistograms: [h_seconds]', 'histogram: h_seconds')).toMatchObject({
      exported: 0,
      left: expect.arrayContaining([
        'slow: a native histogram has no series that counts the requests within a limit',
      ]),
    });
    expect(exported('lag: { gauge: l_seconds }', 'client: /orders').left).toContain(
      'slow: it is judged client-side only, and no query can express that',
    );
  });
});

describe('queries', () => {
  test.each([
    ['up', 'up', []],
    ['sum(rate(x{a="1",b=~"2|3"}[5m]))', 'x', ['a="1"', 'b=~"2|3"']],
    ["sum(increase(x{a='q\"uo'}[30d]))", 'x', ['a="q"uo"']],
    ['( sum ( x{ a = "}" , } ) )', 'x', ['a="}"']],
    ['sum(rate(x[{{.window}}]))', 'x', []],
  ])('%s', (text, metric, matchers) => {
    const found = unwrap(readSeries(text));
    expect(found.metric).toBe(metric);
    expect(found.matchers.map(({ label, operator, value }) => `${label}${operator}"${value}"`)).toEqual(
      matchers,
    );
  });

  test.each([
    '',
    'sum(a) / sum(b)',
    'rate(x)',
    'sum(a) or sum(b)',
    'x offset 5m',
    'x{a=}',
    '{a="b"}',
    'max(x)',
  ])('%o is rejected', (text) => {
    expect(readSeries(text).ok).toBe(false);
  });

  test('a quantile of a sum by le is parsed in both notations', () => {
    for (const sum of ['sum by (le) (rate(x_bucket[5m]))', 'sum(rate(x_bucket[5m])) by (le)'])
      expect(unwrap(readQuantile(`histogram_quantile(0.99, ${sum})`))).toMatchObject({
        quantile: 0.99,
        series: { metric: 'x_bucket' },
      });
  });
});
