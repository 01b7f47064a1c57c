import { describe, expect, test } from 'vitest';
import type { Given } from '../testing/case-text.ts';
import { cutOf } from '../testing/frames.ts';
import { boundBySeconds, uncountedOf, unobservedOf } from './uncounted.ts';

/**
 * Replica b ends; replica a, always there, answers one request per second. After its last scrape, b may
 * have continued at twice the rate of the busiest interval of any replica, and served one request more.
 * docs/verdict.md has the rule.
 */

const cut = (changes: Partial<Given>) =>
  cutOf({
    ...{ scenario: null, load: null, service: { replicas: 'elastic' }, replicas: { a: {}, b: { last: 40 } } },
    ...changes,
    series: { 'answers 200': '0*2 5+5*11 60*1', 'answers 200 @b': '0+100*8', ...changes.series },
  });
const bound = (changes: Partial<Given>) => {
  const { frame, plan, grown } = cut(changes);
  return boundBySeconds(grown(plan.requests!), frame);
};

describe('uncounted requests that only the service saw', () => {
  test("are twice the busiest interval's rate, plus one", () => {
    expect(bound({})).toBe(201);
    expect(bound({ series: { 'answers 200 @b': '0*4 40 40 90 90' } })).toBe(101);
  });
  test('are zero if no replica ended', () => {
    expect(bound({ replicas: { a: {}, b: {} }, series: { 'answers 200 @b': '0+100*16' } })).toBe(0);
    expect(bound({ replicas: { a: {} } })).toBe(0);
  });
  test('use the busiest interval of any replica', () => {
    expect(bound({ series: { 'answers 200 @b': 'always 7' } })).toBe(11);
    expect(bound({ series: { 'answers 200 @b': 'always 7', 'answers 200': '0*10 300*5' } })).toBe(601);
  });
  test('exclude counts from before the window', () => {
    expect(bound({ series: { 'answers 200 @b': '0 900 1000*6' } })).toBe(11);
  });
  test('use a longer interval where a scrape lacks a sample', () => {
    expect(bound({ series: { 'answers 200 @b': '0*5 _ 60*1' } })).toBe(61);
  });
  test('add all series of a replica', () => {
    expect(bound({ series: { 'answers 500 @b': '0+20*8' } })).toBe(241);
  });
  test('add the unseen time of each terminated replica, plus one request each', () => {
    const replicas = { a: {}, b: { last: 40 }, c: { last: 55 } };
    expect(bound({ replicas, series: { 'answers 200 @c': '0+10*11' } })).toBe(402);
    // The last scrape of c is at 67 s, and the window closes 2.8 s later.
    const late = { a: {}, b: { last: 40 }, c: { first: 2, last: 67 } };
    expect(bound({ replicas: late, series: { 'answers 200 @c': '0+10*13' } })).toBe(201 + 112);
  });
});

describe('uncounted requests of a replica that started mid-window', () => {
  const born = (started: number, values: string) =>
    bound({
      replicas: { a: {}, b: { first: 20, last: 40 } },
      series: { 'process start @b': `always @${started}`, 'answers 200 @b': values },
    });

  test('spread the counts of its first scrape over the time since its start', () => {
    expect(born(16, '200*4')).toBe(501);
    expect(born(17.5, '200*4')).toBe(801);
  });
  test('use at least half an interval when a scrape follows the start closely', () => {
    expect(born(19.9, '200*4')).toBe(801);
  });
  test('use a busier interval if there is one', () => {
    expect(born(16, '40*1 300*2')).toBe(521);
  });
});

test("start at 0 for a replacement process, without its predecessor's counts", () => {
  const series = { 'process start @b': '1000*7 @36*3', 'answers 200 @b': '0+10*7 200+5*3' };
  // The new process counted 200 in the 4 s from its start to its first scrape. Each process was unseen for 5 s.
  expect(bound({ replicas: { a: {}, b: { last: 55 } }, series })).toBe(2 * 501);
  // The old process had errors; the new process has none.
  const errors = { 'answers 500 @b': '0+14*7 _*4' };
  expect(bound({ replicas: { a: {}, b: { last: 55 } }, series: { ...series, ...errors } })).toBe(2 * 501);
});

describe('uncounted requests of a client that knows every request', () => {
  const known = (answered: number, lost = 0, values = '0 -> 280') =>
    cut({
      scenario: 'steady',
      load: { sent: 1500, '2xx': answered, lost },
      series: { 'answers 200': '0 -> 1200', 'answers 200 @b': values },
    });
  const ofMean = (observed: number, { frame, grown, plan }: ReturnType<typeof known>) => {
    const one = grown(plan.requests!)[0]!;
    return unobservedOf([{ ...one, increase: observed }], frame);
  };

  test('are the requests that the client saw answered and that no counter has', () => {
    const { frame, grown, plan } = known(1500);
    expect(uncountedOf(grown(plan.requests!), frame)).toBe(20);
    const lossy = known(1490, 10);
    expect(uncountedOf(lossy.grown(plan.requests!), lossy.frame)).toBe(20);
    // The service counted more requests than the client saw answered, so only unanswered requests can be missing.
    const more = known(1470, 30);
    expect(uncountedOf(more.grown(plan.requests!), more.frame)).toBe(30);
  });
  test('allow several observations per request: as many as counted requests made, rounded up, and at least one', () => {
    const given = known(1500);
    expect(ofMean(1480, given)).toBe(20);
    expect(ofMean(1481, given)).toBe(40);
    expect(ofMean(2960, given)).toBe(40);
    expect(ofMean(200, given)).toBe(20);
  });
  test('are bounded by time alone if no request was counted', () => {
    const silent = cut({
      scenario: 'steady',
      load: { sent: 1500, '2xx': 1500 },
      series: { 'answers 200': 'always 0', 'answers 200 @b': 'always 0' },
    });
    const observed = silent.grown('sentiment_prediction_confidence_count{job="sentiment-api"}');
    expect(unobservedOf(observed, silent.frame)).toBe(501);
  });
});
