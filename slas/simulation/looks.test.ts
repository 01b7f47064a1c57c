import { describe, expect, test } from 'vitest';
import { FRESH_SERVICES } from './fresh-services.ts';
import { brokenPromises, LIMIT_TIMES, type LooksCell, simulateAllLooks, simulateLooks } from './looks.ts';
import { SERVICES, type Service } from './queues.ts';

/** A reduced `./sla simulate --until-decided`: the table in docs/performance.md has all services in 400 runs each. */
const RUNS = 100;
/** If the true rate is 5%, 95% of such simulations have at most 9 wrong verdicts in 100 runs. */
const SLACK = 0.04;

const named = (services: readonly Service[], ...names: readonly string[]) =>
  names.map((name) => services.find((one) => one.name === name)!);

test.each(named(SERVICES, 'independent', 'M/G/2 at 0.5', 'M/G/2 at 0.8', 'AR(1)', 'stalls'))(
  'runs of $name, at most 300 s long, keep the promises about wrong verdicts and power',
  (service) => {
    const cells = simulateAllLooks(service, 300, RUNS, 5);
    expect(cells).toHaveLength(2 * LIMIT_TIMES.length);
    expect(cells.flatMap((cell) => brokenPromises(cell, SLACK)).filter((one) => one !== 'time')).toEqual([]);
  },
  60_000,
);

test.each(named(FRESH_SERVICES, 'pauses every 10 s', 'a slow replica in four', 'M/G/2 at 0.5, 5/s'))(
  'runs of $name, which was not used to develop the method, also keep the promises',
  (service) => {
    const { met, missed } = simulateLooks(service, 95, 300, 1, RUNS, 5);
    expect([met <= 0.05 + SLACK, missed <= 0.05 + SLACK]).toEqual([true, true]);
  },
  60_000,
);

test('for rare stalls, which no early look can decide, the last look has at most 5 points less power than a single look', () => {
  const [stalls] = named(SERVICES, 'stalls');
  const { met, metOnce } = simulateLooks(stalls!, 99, 600, 3, 2 * RUNS, 11);
  expect(metOnce).toBeGreaterThan(0.2);
  expect(metOnce - met).toBeLessThan(0.05);
});

test.each(named(SERVICES, 'independent', 'M/G/2 at 0.5'))(
  '$name, three times as good as promised, is met in a third of the maximum',
  (service) => {
    const cell = simulateLooks(service, 95, 600, 3, 50, 5);
    expect(cell.met).toBe(1);
    expect(brokenPromises(cell)).toEqual([]);
  },
);

test('a service beyond its limit is missed within a third of the maximum', () => {
  const [independent] = named(SERVICES, 'independent');
  const { missed, meanSeconds } = simulateLooks(independent!, 95, 300, 0.7, 50, 5);
  expect(missed).toBe(1);
  expect(meanSeconds).toBeLessThan(100);
});

describe('the promises that a cell breaks are reported', () => {
  const cell: LooksCell = {
    ...{ service: 'M/G/2 at 0.5', percentile: 95, maxSeconds: 600, limitTimes: 1, runs: 400 },
    ...{ met: 0.05, missed: 0.05, metOnce: 0.05, missedOnce: 0.05, meanSeconds: 600 },
  };
  test.each<[string, Partial<LooksCell>, readonly string[]]>([
    ['exactly 5% wrong verdicts', {}, []],
    ['more false met', { met: 0.0525 }, ['false met']],
    ['more false missed', { missed: 0.0525 }, ['false missed']],
    ['8% for stalls', { service: 'stalls', met: 0.08 }, []],
    ['more than 8% for stalls', { service: 'stalls', met: 0.0825 }, ['false met']],
    [
      'met, with a limit at which that is correct',
      { limitTimes: 3, met: 1, metOnce: 1, meanSeconds: 200 },
      [],
    ],
    ['met too late', { limitTimes: 3, met: 1, metOnce: 1, meanSeconds: 201 }, ['time']],
    ['met late, for a p99', { percentile: 99, limitTimes: 3, met: 1, metOnce: 1 }, []],
    ['less power to see a pass', { limitTimes: 3, met: 0.9, metOnce: 0.96, meanSeconds: 200 }, ['power']],
    ['less power to see a miss', { limitTimes: 0.7, missed: 0.9, missedOnce: 0.96 }, ['power']],
  ])('%s', (_, changed, broken) => {
    expect(brokenPromises({ ...cell, ...changed })).toEqual(broken);
  });
});
