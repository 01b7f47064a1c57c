import { describe, expect, test } from 'vitest';
import { guardAgainstErrors } from './error-guard.ts';

/** Creates requests from texts `milliseconds:status`, where the number is the time at which the request ended. */
function reasonAfter(...requests: readonly (readonly [endMs: number, status: number])[]): string | null {
  const guard = guardAgainstErrors('http://127.0.0.1:8080');
  for (const [endMs, status] of requests)
    guard.see({ endMs, status, durationMs: 5, path: '/predict', scenario: 'hold' });
  return guard.reason();
}

const T = 1_700_000_000_000;
/** Creates this many evenly spaced requests per second. */
const many = (count: number, fromMs: number, status: number, everyMs = 10) =>
  Array.from({ length: count }, (_, index) => [T + fromMs + index * everyMs, status] as const);

describe('a service that was already running', () => {
  test.each([500, 503, 429, 0])('is no longer loaded once half of the requests end with %s', (status) => {
    expect(reasonAfter(...many(50, 0, 200), ...many(50, 5, status))).toContain(
      '50 of the 100 requests to http://127.0.0.1:8080 that',
    );
  });

  test.each([200, 302, 400, 401, 404, 422])('is still loaded when all requests end with %s', (status) => {
    expect(reasonAfter(...many(100, 0, status))).toBeNull();
  });

  test('is still loaded while fewer than half of the requests are errors', () => {
    expect(reasonAfter(...many(51, 0, 200), ...many(50, 5, 503))).toBeNull();
  });

  test('continues to be loaded after a single failure at the beginning', () => {
    expect(reasonAfter(...many(4, 0, 503))).toBeNull();
    expect(reasonAfter(...many(5, 0, 503))).not.toBeNull();
  });

  test('is judged by the last five seconds only, even after many successful requests', () => {
    const good = many(1_000, 0, 200);
    expect(reasonAfter(...good, ...many(200, 10_000, 503))).toBeNull();
    expect(reasonAfter(...good, ...many(260, 10_000, 503))).toContain('260 of the 500 requests');
    // Errors before the last five seconds are ignored.
    expect(reasonAfter(...many(100, 0, 503), ...many(5, 6_000, 200))).toBeNull();
  });

  test('is no longer loaded even at one request per second', () => {
    expect(reasonAfter(...many(60, 0, 200, 1_000), ...many(5, 60_000, 0, 1_000))).toContain('5 of the 5');
  });

  test('is treated the same in any order in which the records of load generators are read', () => {
    const requests = [...many(50, 0, 503), ...many(40, 0, 200)];
    expect(reasonAfter(...requests)).toBe(reasonAfter(...requests.toReversed()));
  });

  test('the reason lists the outcomes of the requests, and does not change afterwards', () => {
    const guard = guardAgainstErrors('http://127.0.0.1:8080');
    const see = (status: number, endMs: number, errorCode = '') =>
      guard.see({ endMs, status, errorCode, durationMs: 5, path: '/predict', scenario: 'hold' });
    see(0, T, '1212');
    see(0, T, '1599');
    for (const status of [503, 503, 429, 200, 500]) see(status, T);
    const told =
      '6 of the 7 requests to http://127.0.0.1:8080 that ended within 5 s were errors (1 unanswered: connection refused, 1 unanswered, 1 received a 429, 1 received a 500, 2 received a 503); sla-harness stops the load when half of the requests to a service that it did not start are errors';
    expect(guard.reason()).toBe(told);
    for (let at = 0; at < 100; at++) see(200, T + 60_000 + at);
    expect(guard.reason()).toBe(told);
  });
});
