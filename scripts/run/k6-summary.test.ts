import { expect, test } from 'vitest';
import { checksOf, parseSummary, type Summary, thresholdsOf, wholeOf } from './k6-summary.ts';

/** Summaries in the format of k6's `--summary-export`. */

type Values = Readonly<Record<string, unknown>>;
const group = (checks: Readonly<Record<string, readonly [passes: number, fails: number]>>, path = '') => ({
  checks: Object.fromEntries(
    Object.entries(checks).map(([name, [passes, fails]]) => [
      name,
      { path: `${path}::${name}`, passes, fails },
    ]),
  ),
  groups: {},
});
const summary = (metrics: Readonly<Record<string, Values>>, root = group({})): Summary =>
  parseSummary({ metrics, root_group: root });

test('the name of a check includes its groups', () => {
  const root = {
    ...group({ 'status is 200': [3, 1] }),
    groups: { 'a, b': group({ fast: [2, 0] }, '::a, b') },
  };
  expect(summary({}, root).checks).toEqual([
    { name: 'status is 200', passes: 3, fails: 1 },
    { name: 'a, b::fast', passes: 2, fails: 0 },
  ]);
});

test('checks of several load generators are added up', () => {
  const one = (count: number) => summary({}, group({ right: [count, 1] }));
  expect(checksOf([one(3), one(4)])).toEqual([{ name: 'right', passes: 7, fails: 2 }]);
  expect(checksOf([one(3), summary({})])).toEqual([{ name: 'right', passes: 3, fails: 1 }]);
});

test('if one summary is missing, the others are not used as the total', () => {
  expect(wholeOf([summary({}), null])).toBeNull();
  expect(wholeOf([null])).toBeNull();
  expect(wholeOf([summary({}), summary({})])).toHaveLength(2);
});

const thresholdsOfAll = (all: readonly Summary[]) =>
  thresholdsOf(all).map(({ metric, threshold, isCrossed, value, samples }) => [
    `${metric}: ${threshold}`,
    isCrossed,
    value,
    samples,
  ]);

test('each threshold has the value that k6 compared, and the number of its samples', () => {
  const one = summary({
    checks: { passes: 9, fails: 1, value: 0.9, thresholds: { 'rate>0.99': true } },
    http_req_duration: { 'p(95)': 250.5, count: 10, thresholds: { 'p(95)<200': true, 'p(95.0)<300': false } },
    'http_req_duration{name:x}': { 'p(95)': 0, count: 0, thresholds: { 'p(95)<1': false } },
    'http_req_failed{name:x}': { passes: 0, fails: 0, value: 0, thresholds: { 'rate<0.1': false } },
    http_reqs: { count: 10, rate: 5, thresholds: { 'rate>4': false } },
    'http_reqs{name:x}': { count: 0, rate: 0, thresholds: { 'count<5': false } },
    errors: { count: 0, rate: 0, thresholds: { 'count<5': false } },
    size: { value: 0, min: 0, max: 0, thresholds: { 'value<5': false } },
    unlimited: { count: 3, rate: 1 },
  });
  expect(thresholdsOfAll([one])).toEqual([
    ['checks: rate>0.99', true, 0.9, 10],
    ['errors: count<5', false, 0, null],
    ['http_req_duration: p(95)<200', true, 250.5, 10],
    ['http_req_duration: p(95.0)<300', false, 250.5, 10],
    ['http_req_duration{name:x}: p(95)<1', false, 0, 0],
    ['http_req_failed{name:x}: rate<0.1', false, 0, 0],
    ['http_reqs: rate>4', false, 5, null],
    ['http_reqs{name:x}: count<5', false, 0, 0],
    ['size: value<5', false, 0, 0],
  ]);
});

test('the thresholds of a metric are sorted by their text, because k6 lists them in random order', () => {
  const one = (...order: readonly string[]) =>
    summary({
      size: { avg: 3, count: 1, thresholds: Object.fromEntries(order.map((text) => [text, false])) },
    });
  const [first, second] = ['avg<5', 'max<9'] as const;
  expect(thresholdsOf([one(second, first)])).toEqual(thresholdsOf([one(first, second)]));
});

test('a threshold is crossed if any of several load generators crossed it', () => {
  const one = (p95: number, isCrossed: boolean) =>
    summary({ http_req_duration: { 'p(95)': p95, count: 10, thresholds: { 'p(95)<200': isCrossed } } });
  expect(thresholdsOfAll([one(150, false), one(250, true)])).toEqual([
    ['http_req_duration: p(95)<200', true, 250, 20],
  ]);
  expect(thresholdsOfAll([one(150, false), one(160, false)])).toEqual([
    ['http_req_duration: p(95)<200', false, null, 20],
  ]);
});

test('counts of several load generators are added before the comparison, because each has only a part of them', () => {
  const one = (count: number, thresholds: Values) =>
    summary({ errors: { count, rate: count / 10, thresholds } });
  const upper = { 'count<10': false, 'rate<1': false };
  expect(thresholdsOfAll([one(6, upper), one(6, upper)])).toEqual([
    ['errors: count<10', true, 12, null],
    ['errors: rate<1', true, 1.2, null],
  ]);
  const lower = { 'count>=10': true };
  expect(thresholdsOfAll([one(6, lower), one(6, lower)])).toEqual([['errors: count>=10', false, 12, null]]);
});
