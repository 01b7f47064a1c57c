import { expect, test } from 'vitest';
import { clientOf, type Sent } from '../testing/client.ts';
import { maxInFlight } from './requests.ts';

const most = (...requests: readonly Sent[]) => maxInFlight(clientOf(requests));

test('the maximum number of requests in flight does not depend on the order of responses', () => {
  expect(most()).toBe(0);
  expect(most([0, 0.005], [0.01, 0.005], [0.02, 0.005])).toBe(1);
  expect(most([0.01, 0.015], [0, 0.1], [0.02, 0.005])).toBe(3);
  expect(most([0, 0.015], [0.01, 0.01], [0.02, 0.01])).toBe(2);
});

test('a request sent at the moment when another one is answered is not concurrent with it', () => {
  expect(most([0, 0.01], [0.01, 0.01], [0.02, 0.01])).toBe(1);
});
