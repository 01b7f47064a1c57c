import { expect, test } from 'vitest';
import { columnsOf } from '../client/columns.ts';
import type { RunRecord } from '../model/model.ts';
import { ORIGIN_SECONDS } from '../testing/case-text.ts';
import { healthy } from '../testing/cases.ts';
import { cutWindow } from './cut-window.ts';
import { prefixOf } from './prefix.ts';

/**
 * How many requests a look may lack. 25 requests a second from second 10.2, judged after 40 s, when 1,000 were due. slas/cases/looks.yaml
 * and looks-unseen.yaml test what this means for verdicts.
 */

const BEGAN = 10.2;
const RATE = 25;
const LOOK_SECONDS = 40;

/** The seconds since the start of the load at which requests were sent; null: sent, and never recorded. */
type Starts = readonly (number | null)[];

const evenly = (count: number): Starts => Array.from({ length: count }, (_, index) => index / RATE);
const gone = (starts: Starts, from: number, count: number): Starts =>
  starts.map((start, index) => (index >= from && index < from + count ? null : start));

/** The number of requests that may be open at the look; null: unknown. */
function openAtLook(starts: Starts, recordedUntil: number, requestTimeoutSeconds = 10): number | null {
  const given = healthy({ phases: { hold: { from: BEGAN } } });
  const load = { ...given.plan.load!, arrivals: 'even' as const, requestTimeoutSeconds };
  const plan = { ...given.plan, load };
  const client = columnsOf(
    ORIGIN_SECONDS + BEGAN,
    starts
      .filter((start) => start !== null)
      .map((startSeconds) => ({
        startSeconds,
        ...{ durationSeconds: 0.05, blockedSeconds: 0, status: 200, path: '/predict' },
      })),
  );
  const fromSeconds = ORIGIN_SECONDS + BEGAN;
  const window = { fromSeconds, toSeconds: fromSeconds + recordedUntil };
  const run: RunRecord = { ...given.run, window, load: { ...given.run.load!, client } };
  const prefix = prefixOf(LOOK_SECONDS, plan, run, given.evidence, cutWindow(plan, run, given.evidence));
  if (!prefix.ok) return null;
  return prefix.value.worst?.(plan.objectives[0]!).open ?? 0;
}

test('no request is open if all that were due are recorded', () => {
  expect(openAtLook(evenly(1000), 41)).toBe(0);
});

test('requests that were due and are not recorded may be open', () => {
  expect(openAtLook(evenly(993), 41)).toBe(7);
});

test('they may be open even if later requests have ended, and however much time has passed', () => {
  expect(openAtLook(gone(evenly(1050), 990, 7), 42)).toBe(7);
  expect(openAtLook(gone(evenly(1400), 990, 7), 56)).toBe(7);
});

test('requests that were only sent late are not open', () => {
  const late = evenly(1050).map((start, index) => (index < 990 ? start : Math.max(start!, 40.3)));
  expect(openAtLook(late, 42)).toBe(0);
  expect(openAtLook(gone(late, 500, 3), 42)).toBe(3);
});

test('requests that were due after the look do not count', () => {
  expect(openAtLook(evenly(1000), 45)).toBe(0);
  expect(openAtLook(gone(evenly(1050), 1001, 20), 42)).toBe(0);
});

test('it is unknown while a request before the first recorded one may be open', () => {
  expect(openAtLook(evenly(1050), 42, 45)).toBeNull();
  expect(openAtLook(evenly(1200), 46, 45)).toBe(0);
});
