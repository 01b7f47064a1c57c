import { describe, expect, test } from 'vitest';
import type { Sample } from '../model/model.ts';
import { reason } from '../model/reasons.ts';
import { fail, ok } from '../model/result.ts';
import { isMissedBetween, processInstancesOf } from './process-instances.ts';

/**
 * Processes of one replica, scraped every 5 s, in a window from 100 s to 160 s. docs/verdict.md has the
 * rules.
 */

const AROUND = { name: 'b', fromSeconds: 100, toSeconds: 160, intervalSeconds: 5, listedUntilSeconds: 1000 };
const every5 = (started: number | string, first: number, last: number): readonly Sample[] =>
  Array.from({ length: Math.round((last - first) / 5) + 1 }, (_, index) => [
    first + index * 5,
    String(started),
  ]);
const found = (starts: readonly Sample[], around: Partial<typeof AROUND> = {}) =>
  processInstancesOf(starts, { ...AROUND, ...around });
const processInstance = (
  beganSeconds: number | null,
  openSeconds: number,
  closeSeconds: number,
  unseenSeconds: number,
) => ({
  ...{ beganSeconds, openSeconds, closeSeconds, unseenSeconds },
});

describe('one process', () => {
  test('that was always there is counted from edge to edge', () => {
    expect(found(every5(50, 88, 173))).toEqual(ok([processInstance(null, 98, 163, 0)]));
    expect(found(every5(50, 90, 170))).toEqual(ok([processInstance(null, 100, 160, 0)]));
    expect(found(every5(50, 100, 170))).toEqual(ok([processInstance(null, 100, 160, 0)]));
  });
  test('that started mid-window is counted from its first scrape', () => {
    expect(found(every5(119, 122, 172))).toEqual(ok([processInstance(119, 122, 162, 0)]));
  });
  test("that ended mid-window is assumed to run until the next due scrape or the window's end", () => {
    expect(found(every5(50, 98, 138), { listedUntilSeconds: 143 })).toEqual(
      ok([processInstance(null, 98, 138, 5)]),
    );
    expect(found(every5(50, 98, 138), { listedUntilSeconds: 163 })).toEqual(
      ok([processInstance(null, 98, 138, 22)]),
    );
    expect(found(every5(119, 122, 132), { listedUntilSeconds: 137 })).toEqual(
      ok([processInstance(119, 122, 132, 5)]),
    );
  });
  test('that was last scraped before the window may have answered requests in it', () => {
    expect(found(every5(50, 78, 98), { listedUntilSeconds: 103 })).toEqual(
      ok([processInstance(null, 98, 98, 3)]),
    );
    expect(found(every5(50, 78, 98), { listedUntilSeconds: 100 })).toEqual(ok([]));
    // No target was scraped for a while, so the missing scrape is not a missed edge.
    expect(found(every5(50, 75, 90), { listedUntilSeconds: 103 })).toEqual(
      ok([processInstance(null, 90, 90, 3)]),
    );
  });
  test('that started after the window is ignored', () => {
    expect(found(every5(161, 163, 178))).toEqual(ok([]));
    expect(found(every5(160, 160, 175))).toEqual(ok([]));
    // A process that started inside the window, and whose first scrape closes it.
    expect(found(every5(158, 163, 178))).toEqual(ok([processInstance(158, 163, 163, 0)]));
    expect(found(every5(158, 160, 175))).toEqual(ok([processInstance(158, 160, 160, 0)]));
    // Start times in whole seconds are rounded up, so a process that was scraped inside the window started inside it.
    expect(found(every5(160, 159.5, 174.5))).toEqual(ok([processInstance(160, 159.5, 164.5, 0)]));
  });
  test('whose start time is later than the scrape that reports it has a wrong clock', () => {
    expect(found(every5(123, 122, 172))).toEqual(ok([processInstance(123, 122, 162, 0)]));
    expect(found(every5(124.5, 122, 172))).toEqual(
      fail(reason('started-after-scrape', { target: 'b', seconds: 2.5 })),
    );
  });
  test('first seen mid-window must have started after the last possible edge', () => {
    expect(found(every5(92.5, 102, 172))).toEqual(ok([processInstance(92.5, 102, 162, 0)]));
    expect(found(every5(92, 102, 172))).toEqual(fail(reason('started-unseen', { target: 'b', seconds: 8 })));
  });
});

describe('missed edges', () => {
  const late = (edge: 'open' | 'close', seconds: number) =>
    fail(reason('edge-scrape-late', { target: 'b', edge, seconds }));

  test('where the window opens', () => {
    expect(found([...every5(50, 80, 91), ...every5(50, 106, 171)])).toEqual(late('open', 10));
    // 5 s earlier another scrape was due, as the gap shows.
    expect(found([...every5(50, 80, 95), ...every5(50, 105, 170)])).toEqual(late('open', 5));
    expect(found([...every5(50, 80, 95), ...every5(50, 101, 171)])).toEqual(
      ok([processInstance(null, 95, 161, 0)]),
    );
  });
  test('where the window closes', () => {
    expect(found([...every5(50, 90, 155), ...every5(50, 169, 179)])).toEqual(late('close', 9));
    expect(found([...every5(50, 90, 155), ...every5(50, 165, 175)])).toEqual(late('close', 5));
    // The scrape is late, with no scrape in between.
    expect(found([...every5(50, 94, 159), ...every5(50, 166, 176)])).toEqual(
      ok([processInstance(null, 99, 166, 0)]),
    );
    expect(found([...every5(119, 122, 152), ...every5(119, 169, 174)])).toEqual(late('close', 9));
  });
  test.each([
    [7.5, 7.5, false],
    [7.6, 7.6, true],
    [5, 7.5, false],
    [5, 7.6, true],
    [4.9, 60, false],
    [0, 5, false],
  ])('%d s from the edge, in a gap of %d s: %s', (distance, gap, isMissed) =>
    expect(isMissedBetween(distance, gap, 5)).toBe(isMissed),
  );
});

describe('several processes', () => {
  const irregular = (started: string, before: string | null) =>
    fail(reason('start-time-went-back', { target: 'b', started, before }));

  test('in sequence at one address', () => {
    expect(found([...every5(50, 88, 128), ...every5(130, 133, 173)])).toEqual(
      ok([processInstance(null, 98, 128, 5), processInstance(130, 133, 163, 0)]),
    );
    expect(found([...every5(50, 88, 108), ...every5(110, 113, 113), ...every5(130, 133, 173)])).toEqual(
      ok([
        processInstance(null, 98, 108, 5),
        processInstance(110, 113, 113, 20),
        processInstance(130, 133, 163, 0),
      ]),
    );
  });
  test('restarts before and after the window are ignored', () => {
    expect(found([...every5(20, 78, 88), ...every5(90, 93, 173)])).toEqual(
      ok([processInstance(null, 98, 163, 0)]),
    );
    expect(found([...every5(20, 78, 158), ...every5(161, 163, 173)])).toEqual(
      ok([processInstance(null, 98, 158, 2)]),
    );
  });
  test('a replacement cannot have responded before its predecessor ended', () => {
    expect(found([...every5(50, 88, 108), ...every5(80, 113, 173)])).toEqual(
      ok([processInstance(null, 98, 108, 5), processInstance(80, 113, 163, 0)]),
    );
    expect(found([...every5(50, 85, 100), ...every5(80, 105, 175)])).toEqual(
      ok([processInstance(null, 100, 100, 5), processInstance(80, 105, 160, 0)]),
    );
    expect(found([...every5(50, 78, 88), ...every5(80, 103, 173)])).toEqual(
      fail(reason('started-unseen', { target: 'b', seconds: 20 })),
    );
  });
  test('that alternate behind one address cannot be distinguished', () => {
    expect(found([...every5(50, 88, 128), ...every5(40, 133, 173)])).toEqual(irregular('40', '50'));
    expect(found(every5('NaN', 98, 163))).toEqual(irregular('NaN', null));
    expect(found([...every5(50, 88, 128), ...every5('+Inf', 133, 173)])).toEqual(irregular('NaN', '50'));
  });
  test('cannot be counted if any of them has an implausible start time', () => {
    expect(found([...every5(50, 88, 128), ...every5(140, 133, 173)])).toEqual(
      fail(reason('started-after-scrape', { target: 'b', seconds: 7 })),
    );
  });
});
