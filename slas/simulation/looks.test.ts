import { expect, test } from 'vitest';
import { simulateLooks } from './looks.ts';
import { SERVICES } from './queues.ts';

const service = (name: string) => SERVICES.find((one) => one.name === name)!;
const RUNS = 100;

// 9 of 100 are more than chance has in 95% of all such simulations if 5% are true.
test.each(['independent', 'M/G/2 at 0.5', 'M/G/2 at 0.8', 'AR(1)'])(
  'exactly at the limit, looks at %s call at most 9 of 100 runs met, and as few missed',
  (name) => {
    const { met, missed } = simulateLooks(service(name), 95, 300, 1, RUNS, 5);
    expect(met).toBeLessThanOrEqual(0.09);
    expect(missed).toBeLessThanOrEqual(0.09);
  },
  60_000,
);

test('independent requests far within the limit are met in a third of the maximum, all of them', () => {
  const { met, meanSeconds } = simulateLooks(service('independent'), 95, 300, 3, 50, 5);
  expect(met).toBe(1);
  expect(meanSeconds).toBeLessThan(100);
});

test('a service beyond its limit is missed in a third of the maximum', () => {
  const { missed, meanSeconds } = simulateLooks(service('independent'), 95, 300, 0.7, 50, 5);
  expect(missed).toBe(1);
  expect(meanSeconds).toBeLessThan(100);
});
