import { describe, expect, test } from 'vitest';
import { columnsOf } from '../../slas/client/columns.ts';
import type { Load, LoadRecord } from '../../slas/model/model.ts';
import { healthy } from '../../slas/testing/cases.ts';
import { clientCourse } from './client-course.ts';

/** Overdue requests, computed from the plan and the record of sent requests. */

const { plan, run } = healthy();
const GRID = { fromSeconds: 0, stepSeconds: 1, steps: 121 };

/** A planned load of two minutes at 10/s whose requests were sent at these moments. */
function behindOf(sentAtSeconds: readonly number[], more: Partial<Load> = {}) {
  const client = columnsOf(
    0,
    sentAtSeconds.map((at) => ({
      startSeconds: Math.round(at * 1000) / 1000,
      ...{ durationSeconds: 0.02, blockedSeconds: 0, status: 200, path: '/predict' },
    })),
  );
  const load: LoadRecord = { ...run.load!, client };
  const phases = [{ name: 'hold', ratePerSecond: 10, fromSeconds: 0, toSeconds: 120, words: '' }];
  return clientCourse(load, { ...plan.load!, arrivals: 'even', ...more }, phases, GRID, 4)!.behind.values;
}

const evenly = Array.from({ length: 1200 }, (_, index) => index / 10);

describe('overdue requests', () => {
  test('do not exist if every request was sent at most half a second late', () => {
    expect(new Set(behindOf(evenly))).toEqual(new Set([0]));
    expect(new Set(behindOf(evenly.map((at) => at + 0.4)))).toEqual(new Set([0]));
  });

  test('grow in number while nothing is sent, and dropped requests remain overdue', () => {
    const behind = behindOf(evenly.filter((at) => at < 30 || at >= 34));
    expect(behind.slice(0, 31)).toEqual(Array.from({ length: 31 }, () => 0));
    expect(behind[32]).toBe(21);
    expect(behind.slice(35)).toEqual(Array.from({ length: 86 }, () => 40));
  });

  test('return to 0 once late requests have been sent', () => {
    const late = evenly.map((at) => (at >= 30 && at < 34 ? 34 + (at - 30) / 100 : at));
    const behind = behindOf(late);
    expect(behind[33]).toBe(31);
    expect(behind.slice(35)).toEqual(Array.from({ length: 86 }, () => 0));
  });

  test('Poisson arrivals are compared with the plan at whole minutes only, because arrivals within a minute are random', () => {
    // All requests of a minute are sent in its last ten seconds.
    const clustered = evenly.map((at) => 60 * Math.floor(at / 60) + 50 + (at % 60) / 6);
    const behind = behindOf(clustered, { arrivals: 'poisson' });
    expect(new Set(behind)).toEqual(new Set([0]));
    const short = behindOf(clustered.slice(0, 590), { arrivals: 'poisson' });
    expect(short[59]).toBe(0);
    expect(short[61]).toBe(10);
    expect(short[119]).toBe(10);
    expect(short[120]).toBe(610);
  });

  test('visits are compared with the plan only at the end, because their later requests are not due at a fixed time', () => {
    const slowly = evenly.slice(10).map((at) => at + 8);
    const behind = behindOf(slowly, { requestsPerArrival: 4 });
    expect(new Set(behind.slice(0, 120))).toEqual(new Set([0]));
    expect(behind[120]).toBe(10);
  });
});
