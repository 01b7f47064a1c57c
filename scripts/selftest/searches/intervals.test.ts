import { expect, test } from 'vitest';
import { slaHere } from '../../testing/sla.ts';
import { countsOf, exitCodeOf, renderIntervals, type Searched } from './intervals.ts';
import { LAWS, startPerSecond, truthOf } from './laws.ts';

/** Counts the wrong intervals in searches of services with known capacity. */

const [law] = LAWS;
const searched = (
  seed: number,
  provenPerSecond: number | null,
  refutedPerSecond: number | null,
): Searched => ({
  ...{ law: law!, seed, provenPerSecond, refutedPerSecond },
  why: provenPerSecond === null ? 'budget-spent' : null,
});

test('each search of a service starts at a rate of its own, far below the capacity', () => {
  const starts = Array.from({ length: 20 }, (_, index) => startPerSecond(law!, index + 1));
  expect(new Set(starts).size).toBe(20);
  expect(Math.min(...starts)).toBeGreaterThanOrEqual(0.149 * truthOf(law!));
  expect(Math.max(...starts)).toBeLessThanOrEqual(0.351 * truthOf(law!));
});

test('the known capacities follow from the workers and from queueing theory', () => {
  expect(LAWS.map((one) => Number(truthOf(one).toFixed(1)))).toEqual([50, 100, 86.3]);
});

test('an interval counts as wrong if the true capacity lies below or above it', () => {
  const all = [searched(1, 48, 52), searched(2, 51, 53), searched(3, 45, 49), searched(4, 40, null)];
  const [counts] = countsOf(all);
  expect(counts).toMatchObject({ searches: 4, answered: 4, wrong: 2 });
  expect(counts!.widths).toHaveLength(3);
  expect(exitCodeOf([counts!])).toBe(1);
  expect(renderIntervals([counts!])).toContain('| fixed-2 | 50.0/s | 4 | 4 | 2 | 8% | 8% |');
});

test('two of 20 intervals may be wrong, and every search must have an answer', () => {
  const right = Array.from({ length: 18 }, (_, index) => searched(index, 48, 52));
  const wrong = [searched(18, 51, 53), searched(19, 51, 53)];
  expect(exitCodeOf(countsOf([...right, ...wrong]))).toBe(0);
  expect(exitCodeOf(countsOf([...right, ...wrong, searched(20, 51, 52)]))).toBe(1);
  expect(exitCodeOf(countsOf([...right, searched(18, null, 52)]))).toBe(3);
});

test.each([
  [['--searches', '0'], '--searches: "0" is not a whole number of searches from 1 to 100'],
  [
    ['--searches', '2', '--only', 'latency-'],
    '--only: no service is named "latency-": the services are fixed-2',
  ],
  [['--searches', '2', '--quick'], '--searches: runs none of the rows'],
  [['--searches', '2', '--budget', '1m'], '--budget: "1m" is not a valid time budget'],
  [['--budget', '5m'], '--budget: applies to searches: add --searches N'],
  [['--parallel', '2'], '--parallel: applies to searches: add --searches N'],
  [['--searches', '2', '--parallel', '9'], '--parallel: "9" is not a whole number from 1 to 8'],
  [['--first-seed', '7'], '--first-seed: applies to searches: add --searches N'],
  [['--searches', '2', '--first-seed', '0'], '--first-seed: "0" is not a whole number from 1 to'],
  [['--at-limit', '2', '--first-seed', '3'], '--at-limit: runs none of the rows'],
  [['--at-limit', '2', '--searches', '2'], '--at-limit: runs none of the rows'],
])('%j', async (args, message) => {
  const { code, stderr } = await slaHere(['selftest', ...args]);
  expect(stderr).toContain(message);
  expect(code).toBe(2);
});
