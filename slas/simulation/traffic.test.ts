import { describe, expect, test } from 'vitest';
import { TrafficCounter } from '../capacity/traffic/counter.ts';
import {
  BIN_SECONDS,
  HOUR_SECONDS,
  type Outlook,
  type Traffic,
  WEEK_SECONDS,
} from '../capacity/traffic/model.ts';
import { outlookOf } from '../capacity/traffic/outlook.ts';
import type { Period } from '../capacity/traffic/periods.ts';
import { weeksOf } from '../capacity/traffic/weeks.ts';
import { seeded } from './queues.ts';
import { BEGIN, BURST, type LoadTest, type TrafficLaw, trafficOf } from './traffic.ts';

/** What the report may say about traffic with known growth. */

function counted(law: TrafficLaw, seed = 1, excluded: readonly Period[] = []): Traffic {
  const counter = new TrafficCounter(BEGIN, BEGIN + law.weeks * WEEK_SECONDS, excluded);
  counter.add(trafficOf(law, seeded(seed)));
  return counter.traffic();
}

const outlook = (law: TrafficLaw, perSecond: number, seed = 1): Outlook =>
  outlookOf(counted(law, seed), { perSecond, confidence: 0.95 }, seeded(seed));

const flat = () => 100;
const byShare = (share: number) => (week: number) => 100 * (1 + share) ** week;
const at = (week: number) => BEGIN + week * WEEK_SECONDS;
const trendIn = (seen: Outlook) => {
  if (seen.kind !== 'trend') throw new Error(`no trend: ${JSON.stringify({ ...seen, weeks: [] })}`);
  return seen;
};
/** Times of the week, in hours since Monday, 0:00. */
const hourOfWeek = (seconds: number) => (seconds % WEEK_SECONDS) / HOUR_SECONDS;

describe('in at least 18 of 20 histories, the interval contains the date at which the peak reaches the limit', () => {
  test.each([
    [8, 'by a share', byShare(0.02)],
    [16, 'by a share', byShare(0.02)],
    [16, 'by an amount', (week: number) => 100 + 2 * week],
  ] as const)('%d weeks, growth %s', (weeks, _, peakAt) => {
    const truth = at(1.5 * weeks);
    const seen = Array.from({ length: 20 }, (__, seed) =>
      outlook({ weeks, peakAt }, peakAt(1.5 * weeks), seed + 1),
    );
    const right = seen.filter(
      (one) =>
        one.kind === 'trend' &&
        (one.earliestSeconds ?? one.horizonSeconds) <= truth &&
        truth <= (one.latestSeconds ?? Number.POSITIVE_INFINITY),
    );
    expect(right.length).toBeGreaterThanOrEqual(18);
  });

  test('constant traffic is not reported as growing in at least 18 of 20 histories', () => {
    const seen = Array.from({ length: 20 }, (_, seed) => outlook({ weeks: 12, peakAt: flat }, 150, seed + 1));
    const none = seen.filter(
      (one) => one.kind === 'trend' && one.perWeek[0] <= 0 && one.latestSeconds === null,
    );
    expect(none.length).toBeGreaterThanOrEqual(18);
  });
});

describe('load tests', () => {
  const weeks = 12;
  const growing = { weeks, peakAt: byShare(0.02) };
  /** Twice a week at night, for 40 minutes, at four times the peak. They last longer every week. */
  const nightly = Array.from({ length: 2 * weeks }, (_, index): LoadTest => {
    const fromSeconds = index * (WEEK_SECONDS / 2) + 3 * HOUR_SECONDS + 70;
    return { fromSeconds, toSeconds: fromSeconds + 2400 + 30 * index, perSecond: 400 + 20 * index };
  });
  const periodsOf = (tests: readonly LoadTest[]) =>
    tests.map(({ fromSeconds, toSeconds }) => ({
      ...{ fromSeconds: BEGIN + fromSeconds, toSeconds: BEGIN + toSeconds },
    }));
  const outlookIn = (traffic: Traffic) => outlookOf(traffic, { perSecond: 200, confidence: 0.95 }, seeded(1));
  const without = trendIn(outlookIn(counted(growing)));

  test('that are excluded leave the trend as it is without them', () => {
    const traffic = counted({ ...growing, loadTests: nightly }, 1, periodsOf(nightly));
    const seen = trendIn(outlookIn(traffic));
    // Samples are whole numbers, so rates differ by a request in five minutes.
    for (const [index, bound] of seen.perWeek.entries())
      expect(bound).toBeCloseTo(without.perWeek[index]!, 4);
    expect(seen.nowPerSecond).toBeCloseTo(without.nowPerSecond, 1);
    const days = (seconds: number | null) => Math.round(seconds! / 86_400);
    expect(Math.abs(days(seen.earliestSeconds) - days(without.earliestSeconds))).toBeLessThanOrEqual(1);
    expect([seen.usedWeeks, seen.lowWeeks, seen.changedAtSeconds]).toEqual([weeks, [], null]);
    expect(seen.weeks.every(({ isWhole }) => isWhole)).toBe(true);
    // Each test touches 9 to 12 periods of five minutes.
    expect(traffic.excludedHours).toBeGreaterThan(24 * 0.7);
    expect(traffic.excludedHours).toBeLessThan(24 * 1.1);
  });

  test('that are not excluded would count as traffic', () => {
    expect(outlookIn(counted({ ...growing, loadTests: nightly })).kind).not.toBe('trend');
  });

  test('in the busiest hours make the peak of that week unknown, and not lower or higher', () => {
    const inPeaks = [2, 5].map((week): LoadTest => {
      const fromSeconds = week * WEEK_SECONDS + 31 * HOUR_SECONDS;
      return { fromSeconds, toSeconds: fromSeconds + 7 * HOUR_SECONDS, perSecond: 900 };
    });
    const seen = outlookIn(counted({ ...growing, loadTests: inPeaks }, 1, periodsOf(inPeaks)));
    expect(seen.weeks.map(({ isWhole }) => isWhole)).toEqual(
      Array.from({ length: weeks }, (_, week) => week !== 2 && week !== 5),
    );
    const { perWeek } = trendIn(seen);
    for (const [index, bound] of perWeek.entries())
      expect(Math.abs(bound - without.perWeek[index]!)).toBeLessThan(0.01);
  });

  test('taint a whole hour in a store that keeps one sample an hour', () => {
    const one = { fromSeconds: 5000, toSeconds: 5300, perSecond: 900 };
    const law = { ...growing, everySeconds: () => HOUR_SECONDS, loadTests: [one] };
    const traffic = counted(law, 1, periodsOf([one]));
    expect(traffic.excludedHours).toBe(1);
    expect(traffic.hours[1]).toMatchObject({ perSecond: null, atLeastPerSecond: 0 });
  });
});

describe('too little history', () => {
  test.each([1, 2, 5])('%d weeks are not enough', (weeks) => {
    expect(outlook({ weeks, peakAt: byShare(0.05) }, 1000)).toMatchObject({
      ...{ kind: 'not-enough', days: 7 * weeks, usableWeeks: weeks, neededWeeks: 6 },
    });
  });

  test('a peak above the limit is reported, however short the history is', () => {
    const seen = outlook({ weeks: 1, peakAt: flat }, 90);
    expect(seen.kind).toBe('reached');
  });

  test('an empty store is not enough', () => {
    const traffic = new TrafficCounter(BEGIN, at(3)).traffic();
    expect(outlookOf(traffic, { perSecond: 9, confidence: 0.95 }, seeded(1))).toMatchObject({
      ...{ kind: 'not-enough', days: 0, usableWeeks: 0 },
    });
  });
});

describe('growth is not underestimated', () => {
  const grown = byShare(0.03);
  const truth = at(21);

  test('two weeks of holidays at the end are reported, and do not count', () => {
    const seen = trendIn(
      outlook({ weeks: 14, peakAt: (week) => grown(week) * (week > 12 ? 0.5 : 1) }, grown(21)),
    );
    expect(seen.lowWeeks).toEqual([at(12), at(13)]);
    expect(seen.earliestSeconds).toBeLessThan(truth);
    expect(seen.perWeek[0]).toBeGreaterThan(0.015);
  });

  test('a week whose busy hours are missing does not count as a week with a low peak', () => {
    const isMissing = (seconds: number) => {
      const hour = hourOfWeek(seconds);
      return seconds > 11 * WEEK_SECONDS && hour % 24 > 7 && hour % 24 < 14;
    };
    const law = { weeks: 14, peakAt: grown, isMissing };
    const { weeks } = weeksOf(counted(law));
    expect(weeks.map(({ isWhole }) => isWhole)).toEqual([...Array(11).fill(true), false, false, false]);
    const seen = trendIn(outlook(law, grown(21)));
    expect(seen.usedWeeks).toBe(11);
    expect(seen.earliestSeconds).toBeLessThan(truth);
    expect(seen.latestSeconds ?? Number.POSITIVE_INFINITY).toBeGreaterThan(truth);
  });

  test('a week with gaps counts if its known peak is above the trend', () => {
    const isMissing = (seconds: number) => seconds > 13 * WEEK_SECONDS && hourOfWeek(seconds) < 24;
    const seen = outlook({ weeks: 14, peakAt: (week) => 100 * (week > 13 ? 1.4 : 1), isMissing }, 500);
    expect(seen).toMatchObject({ kind: 'jumped', highWeeks: 1 });
  });

  test('requests lost in restarts during the busiest hour are not mistaken for low traffic', () => {
    const restarts = Array.from(
      { length: 12 },
      (_, week) => week * WEEK_SECONDS + (24 + 10) * HOUR_SECONDS + 900,
    );
    const law = { weeks: 12, peakAt: flat, noise: 0.001 };
    const [restarted, steady] = [weeksOf(counted({ ...law, restarts })), weeksOf(counted(law))];
    for (const [index, { peakPerSecond }] of restarted.weeks.entries())
      expect(peakPerSecond / steady.weeks[index]!.peakPerSecond).toBeCloseTo(1, 1);
  });

  test('a restart adds no requests', () => {
    const { hours } = counted({ weeks: 1, peakAt: flat, restarts: [3 * 24 * HOUR_SECONDS + BIN_SECONDS] });
    for (const { perSecond } of hours) expect(perSecond ?? 0).toBeLessThan(110);
  });
});

describe('what is not growth', () => {
  test('if traffic doubled suddenly long ago, only the weeks since then count', () => {
    const seen = trendIn(outlook({ weeks: 20, peakAt: (week) => (week < 9 ? 100 : 200) }, 400));
    expect(seen.changedAtSeconds).toBe(at(9));
    expect(seen.earliestSeconds).toBeNull();
    expect(seen.nowPerSecond).toBeGreaterThan(185);
  });

  test('traffic that suddenly halved does not hide the growth before and after', () => {
    const peakAt = (week: number) => 100 * 1.03 ** week * (week < 9 ? 1 : 0.5);
    const seen = trendIn(outlook({ weeks: 22, peakAt }, peakAt(30)));
    expect(seen.changedAtSeconds).toBe(at(9));
    expect(seen.earliestSeconds).toBeLessThan(at(30));
  });

  test('if traffic doubled four weeks ago, the history since then is too short', () => {
    expect(outlook({ weeks: 20, peakAt: (week) => (week < 16 ? 100 : 200) }, 400)).toMatchObject({
      ...{ kind: 'not-enough', usableWeeks: 4, changedAtSeconds: at(16) },
    });
  });

  test('if traffic doubled last week, nothing is predicted from the weeks before', () => {
    const seen = outlook({ weeks: 20, peakAt: (week) => (week < 19 ? 100 : 200) }, 400);
    expect(seen).toMatchObject({ kind: 'jumped', highWeeks: 1 });
    if (seen.kind === 'jumped') expect(seen.times).toBeCloseTo(2, 0);
  });

  test('if growth speeds up, the slow weeks before do not delay the predicted date', () => {
    const peakAt = (week: number) => 100 * 1.05 ** Math.max(0, week - 10);
    const seen = trendIn(outlook({ weeks: 20, peakAt }, peakAt(25)));
    expect(seen.changedAtSeconds).toBe(at(10));
    expect(seen.earliestSeconds).toBeLessThan(at(25));
    expect(seen.perWeek[0]).toBeGreaterThan(0.04);
  });

  test('if the store keeps only hourly samples of older weeks, all peaks are compared at that resolution', () => {
    const everySeconds = (week: number) => (week < 8 ? HOUR_SECONDS : BIN_SECONDS);
    const law = { weeks: 16, peakAt: flat, noise: 0.01, everySeconds };
    const { weeks } = weeksOf(counted(law));
    expect(weeks[0]!.burst).toBeNull();
    expect(weeks.at(-1)!.burst).toBeCloseTo(BURST, 1);
    const seen = trendIn(outlook(law, 150));
    expect(seen.perWeek[1]).toBeLessThan(0.005);
    expect(seen.isOfWholeHours).toBe(false);
  });

  test('replicas that are added share the same load', () => {
    const law = { weeks: 12, peakAt: flat, noise: 0.01, replicasAt: (week: number) => (week < 6 ? 2 : 4) };
    expect(counted(law).replicas).toBe(4);
    const seen = trendIn(outlook(law, 150));
    expect(seen.perWeek[0]).toBeLessThanOrEqual(0);
    expect(seen.changedAtSeconds).toBeNull();
  });

  test('a process that another server scraped before does not look like a burst of requests', () => {
    const [first, second] = trafficOf({ weeks: 2, peakAt: flat }, seeded(1));
    const late = { ...second!, samples: second!.samples.filter(([time]) => time > at(1)) };
    const counter = new TrafficCounter(BEGIN, at(2));
    counter.add([first!, late]);
    for (const { perSecond } of counter.traffic().hours) expect(perSecond ?? 0).toBeLessThan(110);
  });
});
