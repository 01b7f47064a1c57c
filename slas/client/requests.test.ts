import { expect, test } from 'vitest';
import { mostInFlight, requestsOf } from './requests.ts';

const record = (startMs: string, durationMs: string) =>
  requestsOf({
    originSeconds: 0,
    startMs,
    durationMs,
    blockedMs: startMs.replace(/\d+/g, '0'),
    status: startMs.replace(/\d+/g, '200'),
    path: startMs.replace(/\d+/g, '0'),
    paths: ['/predict'],
  });

test('the maximum number of requests in flight does not depend on the order of responses', () => {
  expect(mostInFlight([])).toBe(0);
  expect(mostInFlight(record('0 10 20', '5 5 5'))).toBe(1);
  expect(mostInFlight(record('10 0 20', '15 100 5'))).toBe(3);
  expect(mostInFlight(record('0 10 20', '15 10 10'))).toBe(2);
});

test('a request that is sent when another is answered is not concurrent with it', () => {
  expect(mostInFlight(record('0 10 20', '10 10 10'))).toBe(1);
});
