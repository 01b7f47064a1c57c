import { describe, expect, test } from 'vitest';
import type { ObjectiveVerdict, Verdict } from '../model/model.ts';
import { wordsOf } from '../render/reasons/words.ts';
import type { Given } from '../testing/case-text.ts';
import { healthy } from '../testing/cases.ts';
import { judge } from './judge.ts';

/** What a verdict reports of each objective besides its outcome; outcomes are in cases/. */

function verdictOf(changes: Partial<Given> = {}): Verdict {
  const { plan, run, evidence } = healthy(changes);
  return judge(plan, run, evidence);
}
function row(id: string, changes: Partial<Given> = {}): ObjectiveVerdict {
  return verdictOf(changes).objectives.find((one) => one.id === id)!;
}

test('a verdict names its window', () => {
  expect(verdictOf().window).toEqual({ from: '2025-01-01T00:00:10.200Z', to: '2025-01-01T00:01:09.800Z' });
});

test('a query is shown as it was sent, one per line', () => {
  expect(row('error-rate').query.split('\n')).toEqual([
    'http_requests_total{job="sentiment-api",method="POST",handler="/predict",status=~"3..|5..|429|499"}[90s]',
    'http_requests_total{job="sentiment-api",method="POST",handler="/predict",status=~"[1235]..|429|499"}[90s]',
  ]);
});

describe('a census', () => {
  test('reports its share and the distance from the limit', () => {
    const { share, value, margin } = row('model-uptime', { series: { 'model loaded': 'always 1; 40=0' } });
    expect([share, value]).toEqual([12 / 13, 12 / 13]);
    expect(margin).toBeCloseTo(12 / 13 - 0.999, 9);
  });
  test('that is undecided reports no share and no distance; the summary has the reason', () => {
    const changes = { series: { 'model loaded': 'always 1; 40=_' } };
    expect(row('model-uptime', changes)).toMatchObject({
      ...{ verdict: 'undecided', share: null, value: null, margin: null },
    });
    expect(wordsOf([verdictOf(changes).summary])).toBe(
      'undecided: model-uptime (up at 12 of 13 scrapes (one scrape is 7.7 percentage points); 1 unknown: a scrape failed or is missing)',
    );
  });
});

test('an undecided share has no bucket', () => {
  expect(row('latency-p95')).toMatchObject({ verdict: 'met', bucket: [0.15, 0.2] });
  expect(row('latency-p95', { incidents: ['the service died'] })).toMatchObject({
    ...{ verdict: 'undecided', value: null, share: null, bucket: null },
  });
});

test('uncounted requests are not reported if there cannot be any', () => {
  for (const one of verdictOf().objectives) expect(Object.keys(one)).not.toContain('uncounted');
});

test('for a miss seen only by the client, the verdict says where the time was spent', () => {
  const gap = expect.objectContaining({ code: 'client-slower-in-between' });
  const client = '1400x0.05 100x0.5';
  const slow = { latency: { le: '0.1=1200 0.15=1300 0.2=1400 0.3=1400 0.5=1500 1.0=1500 +Inf=1500' } };
  expect(row('latency-p95', { client })).toMatchObject({
    ...{ verdict: 'missed', reasons: expect.arrayContaining([gap]) },
  });
  expect(row('latency-p95', { client, series: slow })).toMatchObject({
    ...{ verdict: 'missed', reasons: expect.not.arrayContaining([gap]) },
  });
});

describe('how many more observations are needed', () => {
  // Each response makes ten observations. Blocks alternate between sums of 600 and 800, so the standard error is 0.024.
  const points = (from: number) =>
    Array.from({ length: 13 }, (_, index) => `${10 + 5 * index}=${700 * index - (index % 2) * from}`);
  const mean = (negative: number): Partial<Given> => ({
    series: {
      'positive sum': `at ${points(100).join(' ')}`,
      'positive count': '0 -> 9000',
      'negative sum': `0 -> ${negative}`,
      'negative count': '0 -> 6000',
    },
  });

  test('is reported if a day of this load produces that many', () => {
    const { value, needed } = row('confidence', mean(4500));
    expect(value).toBe(12_900 / 15_000);
    expect(needed!.more80).toBeGreaterThan(0);
    expect(needed!.more80).toBeLessThan(86_400 * 25);
  });
  test('is not reported if it would take more than a day of this load', () => {
    const { value, needed } = row('confidence', mean(4392));
    expect(value).toBe(12_792 / 15_000);
    expect(needed).toEqual({ more80: null, moreIfNoneBad: null });
  });
});
