import { describe, expect, test } from 'vitest';
import { slaHere } from '../../testing/sla.ts';
import { exactlyAtLimit } from './at-limit.ts';
import { countsOf, type Ended, exitCodeOf, renderCounts } from './counts.ts';
import { BUDGET, LIMIT_MS } from './known-document.ts';
import { startKnownService } from './known-service.ts';

/** Gates of a service exactly at its limit: what the service does, and how the gates are counted. */

const gate = (outcome: Ended['outcome'], broken: readonly string[] = []): Ended => ({
  ...{ seed: 1, outcome, broken, afterSeconds: null, error: null },
});
const gates = (count: number, outcome: Ended['outcome'], broken?: readonly string[]) =>
  Array.from({ length: count }, () => gate(outcome, broken));

describe('the service', () => {
  test('is slow for exactly the allowed share of requests, in a different order in each run', () => {
    const slowOf = (seed: number) => {
      const treat = exactlyAtLimit(seed);
      return Array.from({ length: 100_000 }, (_, index) => treat(index).afterMs > LIMIT_MS);
    };
    const [first, again, other] = [slowOf(1), slowOf(1), slowOf(2)];
    expect(first.filter(Boolean).length / first.length).toBeCloseTo(BUDGET, 2);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  test('counts every response before its client sees it, and can refuse scrapes', async () => {
    await using service = await startKnownService((index) => ({
      afterMs: 0,
      status: index === 1 ? 503 : 200,
    }));
    for (const status of [200, 503, 200])
      expect((await fetch(`${service.url}/predict`, { method: 'POST' })).status).toBe(status);
    const text = await (await fetch(`${service.url}/metrics`)).text();
    expect(text).toContain('http_requests_total{status="200"} 2\n');
    expect(text).toContain('http_requests_total{status="503"} 1\n');
    expect(text).toContain('http_request_duration_seconds_bucket{status="200",le="+Inf"} 2\n');
    expect(service.received).toBe(3);
    service.isScrapable = false;
    expect((await fetch(`${service.url}/metrics`)).status).toBe(500);
  });
});

describe('the counts', () => {
  test('compare wrong passes and wrong fails with the stated share', () => {
    const counts = countsOf([...gates(1, 'pass'), ...gates(2, 'fail'), ...gates(47, 'inconclusive')]);
    expect(counts).toMatchObject({ pass: { count: 1, of: 50 }, fail: { count: 2, of: 50 }, undecided: 47 });
    // Clopper and Pearson's table: 1 of 50 is at most 9.1%.
    expect(counts.pass.high).toBeCloseTo(0.0914, 3);
    expect(counts.pass.low).toBeCloseTo(0.001, 3);
    expect(exitCodeOf(counts)).toBe(0);
    expect(renderCounts(counts)).toContain(
      'wrong passes: 1 of 50 (95% bounds 0.1% to 9.1%; stated: at most 5%)',
    );
  });

  test('fail if the stated share does not explain them', () => {
    const counts = countsOf([...gates(7, 'pass'), ...gates(43, 'inconclusive')]);
    expect(counts.pass.low).toBeGreaterThan(0.05);
    expect(exitCodeOf(counts)).toBe(1);
    expect(renderCounts(counts)).toContain('more wrong verdicts than the stated share explains');
  });

  test('leave out runs that this machine disturbed, unless their verdict is wrong', () => {
    const late = ['generator-on-time'];
    const counts = countsOf([...gates(3, 'inconclusive', late), ...gates(1, 'fail', late), gate('error')]);
    expect(counts).toMatchObject({
      ...{ pass: { of: 1 }, fail: { count: 1, of: 1 } },
      ...{ undecided: 0, disturbed: 3, errors: 1 },
    });
    expect(exitCodeOf(countsOf(gates(2, 'inconclusive', late)))).toBe(3);
  });
});

test('an invalid number, and options of the rows, are rejected', async () => {
  expect((await slaHere(['selftest', '--at-limit', '0'])).stderr).toContain(
    '"0" is not a whole number of gates from 1 to 1000',
  );
  const both = await slaHere(['selftest', '--at-limit', '2', '--quick']);
  expect(both.stderr).toContain('runs none of the rows');
  expect(both.code).toBe(2);
});
