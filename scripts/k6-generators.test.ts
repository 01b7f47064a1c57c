import { expect, test } from 'vitest';
import { environmentOf, segmentsOf } from './k6-generators.ts';
import { summed } from './k6-summary.ts';

test('one generator has the whole load, several have a segment each', () => {
  expect(segmentsOf(1)).toEqual([{ name: 'k6', args: [] }]);
  expect(segmentsOf(3).map(({ name, args }) => [name, args[1], args[3]])).toEqual([
    ['k6-1', '0:1/3', '0,1/3,2/3,1'],
    ['k6-2', '1/3:2/3', '0,1/3,2/3,1'],
    ['k6-3', '2/3:1', '0,1/3,2/3,1'],
  ]);
});

test('summaries are added where they can be, and percentiles are left out', () => {
  const summary = (count: number, min: number, max: number) => ({
    metrics: { sent: { values: { count } }, ms: { values: { min, max, 'p(99)': max } } },
  });
  expect(summed([summary(3, 10, 20), summary(4, 5, 15)])).toEqual({
    metrics: { sent: { values: { count: 7 } }, ms: { values: { min: 5, max: 20 } } },
  });
  expect(summed([summary(3, 10, 20), { metrics: {} }])).toMatchObject({
    metrics: { sent: { values: { count: 3 } } },
  });
});

test('where one left no summary the others are not the whole', () => {
  expect(summed([{ metrics: {} }, null])).toBeNull();
  expect(summed([null])).toBeNull();
});

test('k6 gets the environment but for what would change the load, lead it elsewhere, or is none of its business', () => {
  const kept = { PATH: '/bin', SLA_TARGET_TOKEN: 'for-the-target', MY_PROXY: 'x', MODEL_K6_: 'x' };
  const taken = {
    K6_ITERATIONS: '1',
    HTTP_PROXY: 'x',
    https_proxy: 'x',
    ALL_PROXY: 'x',
    no_proxy: 'x',
    PROMETHEUS_TOKEN: 'x',
    PROMETHEUS_TOKEN_FILE: 'x',
  };
  expect(environmentOf({ ...kept, ...taken })).toEqual(kept);
});
