import { describe, expect, test } from 'vitest';
import type { SearchAnswer } from '../capacity/search.ts';
import { DISTURBED_LAW, type Law, SETTINGS, simulateSearch, trueCapacity } from './capacity.ts';

/** Searches of simulated services of known capacity. */

const LIMIT_SECONDS = 0.2;
const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

interface Interval {
  readonly provenPerSecond: number;
  readonly refutedPerSecond: number | null;
}
const intervals = (answers: readonly SearchAnswer[]) => answers.filter((one) => one.ok);
const holds = ({ provenPerSecond, refutedPerSecond }: Interval, truth: number) =>
  provenPerSecond <= truth && (refutedPerSecond === null || truth <= refutedPerSecond);

/**
 * Each service with the maximum width of its interval. With exponential service times at a high load, a narrow interval would take hours.
 */
const LAWS: readonly (readonly [Law, number])[] = [
  [{ workers: 4, meanSeconds: 0.02, isFixed: true, isEven: true }, 0.1],
  [{ workers: 2, meanSeconds: 0.04, isFixed: true, isEven: true }, 0.1],
  [{ workers: 2, meanSeconds: 0.02 }, 0.28],
  [{ workers: 4, meanSeconds: 0.02 }, 0.22],
  [{ workers: 16, meanSeconds: 0.05 }, 0.2],
];

describe.each(LAWS)('a service with a known distribution of service times: %j', (law, width) => {
  const truth = trueCapacity(law, LIMIT_SECONDS);
  const found = SEEDS.map((seed) => simulateSearch(law, LIMIT_SECONDS, seed));
  const known = intervals(found.map(({ answer }) => answer));

  test('the interval contains the true capacity in at least 18 of 20 searches', () => {
    const right = known.filter((one) => holds(one, truth));
    const seen = JSON.stringify(found.map(({ answer }) => answer));
    expect(right.length, `the truth is ${truth}: ${seen}`).toBeGreaterThanOrEqual(18);
  });

  test('the interval is narrow in at least 18 of 20 searches', () => {
    const widths = known.map(({ provenPerSecond: proven, refutedPerSecond: refuted }) =>
      refuted === null ? 1 : (refuted - proven) / refuted,
    );
    expect(
      widths.filter((one) => one <= width).length,
      widths.map((one) => one.toFixed(3)).join(' '),
    ).toBeGreaterThanOrEqual(18);
  });

  test('the search ends within its budget', () => {
    for (const { log } of found)
      expect(log.reduce((sum, { tookSeconds }) => sum + tookSeconds, 0)).toBeLessThanOrEqual(
        SETTINGS.budgetSeconds,
      );
  });
});

test('a machine that is disturbed every two minutes still leads to an answer that is not far too high', () => {
  const truth = trueCapacity(DISTURBED_LAW, LIMIT_SECONDS);
  const known = intervals(SEEDS.map((seed) => simulateSearch(DISTURBED_LAW, LIMIT_SECONDS, seed).answer));
  expect(known.length).toBeGreaterThanOrEqual(18);
  for (const { provenPerSecond, refutedPerSecond } of known) {
    // A hold during which nothing disturbed the machine can prove a higher rate.
    expect(provenPerSecond).toBeLessThanOrEqual(1.1 * truth);
    expect(refutedPerSecond).toBeGreaterThanOrEqual(truth);
  }
});

// ---------------------------------------------------------------------------------------------- misbehaving services

const FAST: Law = { workers: 4, meanSeconds: 0.02, isFixed: true, isEven: true };
const answersOf = (law: Law) => SEEDS.slice(0, 5).map((seed) => simulateSearch(law, LIMIT_SECONDS, seed));

describe('an unconfirmed rate is never the answer', () => {
  test.each([
    ['a queue that refuses requests when it is full', { ...FAST, maxWaiting: 3 }],
    ['a service that ends at high load', { ...FAST, diesAbovePerSecond: 120 }],
  ] satisfies [string, Law][])('%s', (_, law) => {
    const truth = Math.min(trueCapacity(law, LIMIT_SECONDS), law.diesAbovePerSecond ?? Infinity);
    for (const { answer, log } of answersOf(law)) {
      if (!answer.ok) continue;
      expect(answer.provenPerSecond).toBeLessThanOrEqual(truth);
      expect(answer.refutedPerSecond ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(truth);
      const confirmed = { kind: 'hold', outcome: 'met', ratePerSecond: answer.provenPerSecond };
      expect(log).toContainEqual(expect.objectContaining(confirmed));
    }
  });

  test('with a late load generator there is no upper bound, and the answer names it as the limit', () => {
    for (const { answer } of answersOf({ ...FAST, generatorPerSecond: 90 }))
      expect(answer).toMatchObject({ ok: true, refutedPerSecond: null, openBecause: 'generator' });
    for (const { answer } of answersOf({ ...FAST, generatorPerSecond: 1 }))
      expect(answer).toMatchObject({ ok: false, code: 'generator-limited' });
  });

  test('for a service that slows down under steady load, a rate that only a short step met is not the answer', () => {
    const law: Law = { ...FAST, slowerEachMinute: 0.3 };
    // After two minutes, the workers can handle 125/s, whereas a step of 20 s measures 181/s.
    for (const { answer } of answersOf(law))
      if (answer.ok) expect(answer.provenPerSecond).toBeLessThanOrEqual(130);
  });

  test('a service that was slowed down has proportionally less capacity', () => {
    for (const { answer } of answersOf({ ...FAST, meanSeconds: 0.03 })) {
      expect(answer).toMatchObject({ ok: true });
      if (!answer.ok) continue;
      expect(answer.provenPerSecond).toBeLessThanOrEqual(134);
      expect(answer.refutedPerSecond).toBeGreaterThanOrEqual(133);
    }
  });

  test('a service that misses its limit at every rate has no answer', () => {
    for (const { answer } of answersOf({ ...FAST, meanSeconds: 1 }))
      expect(answer).toMatchObject({ ok: false, code: 'nothing-met' });
  });
});
