import { expect, test } from 'vitest';
import { environmentOf, segmentsOf } from './k6-arguments.ts';

test('one load generator runs the whole load; several run one segment each', () => {
  expect(segmentsOf(1)).toEqual([{ name: 'k6', args: [] }]);
  expect(segmentsOf(3).map(({ name, args }) => [name, args[1], args[3]])).toEqual([
    ['k6-1', '0:1/3', '0,1/3,2/3,1'],
    ['k6-2', '1/3:2/3', '0,1/3,2/3,1'],
    ['k6-3', '2/3:1', '0,1/3,2/3,1'],
  ]);
});

test('k6 gets the environment without variables that change or redirect the load, and without the Prometheus token', () => {
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
