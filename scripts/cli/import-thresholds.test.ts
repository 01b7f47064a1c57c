import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseDocument } from '../../slas/document/document.ts';
import { importThresholds } from './import-thresholds.ts';

const imported = (thresholds: Record<string, string[]>) => importThresholds(thresholds, 'shop', 'shop.js');

/** The generated document, parsed. `./sla check` must accept it. */
function documentOf(thresholds: Record<string, string[]>) {
  const { text } = imported(thresholds);
  const parsed = parseDocument(text!);
  expect(parsed.ok ? [] : parsed.error).toEqual([]);
  return parse(text!);
}

const whyNot = (metric: string, expression: string) => {
  const { left } = imported({ [metric]: [expression], http_req_failed: ['rate<0.01'] });
  expect(left).toHaveLength(1);
  return left[0]!.why;
};

test('latencies, failures, throughput and checks become a valid document', () => {
  const document = documentOf({
    http_req_duration: ['p(95)<500', 'p(99.9)<=1500', 'med<200', 'avg<250'],
    http_req_failed: ['rate<0.01'],
    http_reqs: ['rate>100'],
    checks: ['rate>0.99'],
  });
  expect(document.checks).toBe('> 99%');
  expect(document.service.buckets.http_request_duration_seconds).toContain(1.5);
  expect(document.objectives.map(({ id, target }: { id: string; target: string }) => [id, target])).toEqual([
    ['latency-p95', '< 500ms'],
    ['latency-p99-9', '<= 1500ms'],
    ['latency-p50', '< 200ms'],
    ['latency-mean', '< 250ms'],
    ['error-rate', '< 1%'],
    ['throughput', '> 100/s'],
  ]);
  expect(document.objectives[4].ratio.lost).toBe('bad');
});

test('tags that the service knows become labels, and name and url become the client’s path', () => {
  const { objectives } = documentOf({
    'http_req_duration{name:checkout}': ['p(95)<500'],
    'http_req_duration{name:http://127.0.0.1:8000/orders/${}?x=1}': ['p(95)<300'],
    'http_req_duration{url:http://127.0.0.1:8000/buy,method:POST}': ['p(95)<400'],
    'http_req_duration{status:404}': ['p(95)<100'],
    'http_req_failed{name:checkout}': ['rate<0.02'],
  });
  expect(objectives.map((one: { latency?: object; ratio?: { total: object } }) => one.latency)).toMatchObject(
    [
      { client: 'checkout', where: { handler: 'checkout', status: { matches: '2..' } } },
      { client: '/orders/:id', where: { handler: '/orders/:id' } },
      { client: '/buy', where: { handler: '/buy', method: 'POST' } },
      { where: { status: '404' } },
      ...[undefined],
    ],
  );
  expect(objectives[4].ratio.total.where).toMatchObject({ handler: 'checkout' });
  expect(objectives.map(({ id }: { id: string }) => id)).toEqual([
    ...['latency-p95-checkout', 'latency-p95-orders-id', 'latency-p95-buy-post', 'latency-p95-404'],
    'error-rate-checkout',
  ]);
});

test('several thresholds of one kind get different ids', () => {
  const { objectives } = documentOf({ http_req_duration: ['p(95)<500', 'p(95)<=400'] });
  expect(objectives.map(({ id }: { id: string }) => id)).toEqual(['latency-p95', 'latency-p95-2']);
});

test('thresholds that cannot be translated are listed with the reason, also in the document', () => {
  expect(whyNot('http_req_duration', 'max<2000')).toContain('a histogram has no exact max');
  expect(whyNot('http_req_duration', 'p(95)>10')).toContain('must have an upper limit');
  expect(whyNot('http_req_duration{scenario:browse}', 'p(95)<500')).toContain(
    'does not know the scenario of k6',
  );
  expect(whyNot('http_req_duration{group:::pay}', 'p(95)<500')).toContain('does not know the group of k6');
  expect(whyNot('http_req_duration{mine:1}', 'p(95)<500')).toContain('does not know the tag mine');
  expect(whyNot('http_req_waiting', 'p(95)<500')).toContain('services do not measure it');
  expect(whyNot('basket_value', 'avg>20')).toContain('it is unknown how the service measures it');
  expect(whyNot('http_reqs', 'count>1000')).toContain('depends on how long the script runs');
  expect(whyNot('checks{check:body}', 'rate>0.9')).toContain('one limit for all checks');
  expect(whyNot('http_req_duration', 'p(20)<500')).toContain('reports it as a separate row');
  const { text } = imported({ http_req_failed: ['rate<0.01'], basket: ['avg>2'] });
  expect(text).toContain('# - basket avg>2: it is unknown how the service measures it');
});

test('text from the script cannot add lines to the document', () => {
  const { text } = importThresholds(
    { 'http_req_duration{name:a"\n  evil: true}': ['p(95)<500'], 'x\ny': ['avg>1'] },
    'shop',
    'a\nb.js',
  );
  const parsed = parseDocument(text!);
  expect(parsed.ok).toBe(true);
  expect(text).not.toMatch(/^\s*evil/m);
});

test('if no threshold can be translated, no document is generated', () => {
  expect(imported({})).toEqual({ text: null, translated: 0, left: [] });
  expect(imported({ checks: ['rate>0.9'] }).text).toBeNull();
});

test('without a histogram, only k6’s measurements judge latencies', () => {
  const { text, left } = importThresholds(
    {
      'http_req_duration{name:checkout}': ['p(95)<500'],
      http_req_duration: ['p(99)<900', 'avg<100'],
      'http_req_duration{status:404}': ['p(95)<100'],
      'http_req_duration{name:checkout,method:POST}': ['p(90)<100'],
      http_req_failed: ['rate<0.01'],
    },
    'shop',
    'shop.js',
    true,
  );
  const parsed = parseDocument(text!);
  expect(parsed.ok ? [] : parsed.error).toEqual([]);
  const { service, objectives } = parse(text!);
  expect(service).not.toHaveProperty('buckets');
  expect(objectives.map(({ latency }: { latency?: object }) => latency)).toEqual([
    { client: 'checkout', percentile: 95 },
    { client: '/', percentile: 99 },
    undefined,
  ]);
  expect(text).toContain('client: "/" # CHANGE: the path of the requests');
  expect(left.map(({ why }) => why.split(';')[0])).toEqual([
    'a mean needs a histogram of the service',
    'without a histogram, a latency covers all successful responses of a path',
    'without a histogram, a latency covers all successful responses of a path',
  ]);
});
