import { describe, expect, test } from 'vitest';
import { reason } from '../model/reasons.ts';
import { fail, ok } from '../model/result.ts';
import type { Given } from '../testing/case-text.ts';
import { ORIGIN_SECONDS } from '../testing/case-text.ts';
import { cutOf } from '../testing/frames.ts';
import { grownBy, total } from './increases.ts';
import { cleanReading, countIncreases } from './window.ts';

/**
 * How series are counted in a window that was cut. The healthy service is scraped every 5 s; the edges are at
 * 10 s and 70 s.
 */

const at = (seconds: number) => ORIGIN_SECONDS + seconds;

/**
 * One replica, whose process was replaced at 43 s: 500 responses by the first instance, 500 by the second.
 */
const restarted = (changes: Partial<Given> = {}): Partial<Given> => ({
  service: { replicas: 'elastic' },
  ...changes,
  series: {
    'process start': 'always 1000; 45..80=@43',
    'answers 200': '400*2 400+100*5 0+100*7',
    ...changes.series,
  },
});

function counted(changes: Partial<Given>) {
  const { measure, frame } = cutOf(changes);
  return countIncreases(measure('throughput').counter, frame);
}

describe('a Prometheus response', () => {
  const { frame } = cutOf();
  const selector = [...frame.readings.keys()][0]!;

  test('is returned unchanged, even if scrape times are unknown', () => {
    expect(cleanReading(selector, frame)).toEqual(ok(frame.readings.get(selector)));
    expect(cleanReading(selector, { ...frame, up: undefined })).toEqual(ok(frame.readings.get(selector)));
  });
  test('is missing for a query that was not sent', () => {
    const selector = 'gone{job="x"}';
    expect(cleanReading(selector, frame)).toEqual(fail(reason('no-evidence', { selector })));
  });
});

describe('a count', () => {
  test('adds up the process instances of a replica', () => {
    const found = counted(restarted());
    expect(found.ok && total(found.value)).toBe(1000);
  });
  test('is the same in a downsampled window: each counter reset was a new process', () => {
    const found = counted(restarted({ blocks: 3 }));
    expect(found.ok && total(found.value)).toBe(1000);
  });
  test('fails for a process without the series, unless the series may be absent', () => {
    const silent = restarted({ series: { 'answers 200': '400*2 400+100*5 _*8' } });
    const { measure, frame } = cutOf(silent);
    const { counter } = measure('throughput');
    const lack = { target: 'a', selector: counter, isUnknown: false, elsewhere: null };
    expect(counted(silent)).toEqual(fail(reason('series-missing', lack)));
    const found = countIncreases(counter, frame, 'zero');
    expect(found.ok && total(found.value)).toBe(500);
  });
  test('depends on whether series may begin mid-window, whichever is asked first', () => {
    // This is more than can have arrived since the previous scrape.
    const begun = { series: { 'answers 200': '_*6 5000 5100+100*8' } };
    for (const first of [true, false]) {
      const { measure, frame } = cutOf(begun);
      const { counter } = measure('throughput');
      const mayBegin = () => countIncreases(counter, frame, null, () => true).ok;
      const mayNot = () => countIncreases(counter, frame).ok;
      expect(first ? [mayBegin(), mayNot()] : [mayNot(), mayBegin()]).toEqual([first, !first]);
    }
  });
});

describe('growth of a series by a scrape', () => {
  const { measure, grown } = cutOf({ series: { 'answers 200': 'at 10=400 70=1900' } });
  const [increase] = grown(measure('throughput').counter);

  test.each([
    [7.5, 0],
    [10, 0],
    [12, 0],
    [13, 125],
    [40, 750],
    [70, 1500],
    [72, 1500],
    [72.5, 1500],
    [80, 1500],
  ])('%f s is %d', (seconds, value) => expect(grownBy(increase!, at(seconds))).toBe(value));
});
