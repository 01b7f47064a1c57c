import { describe, expect, test } from 'vitest';
import { columnsOf } from '../client/columns.ts';
import type { ClientRequests, LoadRecord } from '../model/model.ts';
import { reason } from '../model/reasons.ts';
import type { Given } from '../testing/case-text.ts';
import { cutOf } from '../testing/frames.ts';
import type { Measured } from './measured.ts';
import { measureMean, measureThroughput } from './numbers.ts';

/**
 * The seconds and the blocks over which a rate is computed. The healthy service answers 1,500 requests in 60
 * s.
 */

/** Requests that were answered at these seconds of the load, 10 ms after they were sent, in this order. */
const answeredAt = (ends: readonly number[]): ClientRequests =>
  columnsOf(
    1000,
    ends.map((end) => ({
      startSeconds: (end * 1000 - 10) / 1000,
      ...{ durationSeconds: 0.01, blockedSeconds: 0, status: 200, path: '/predict' },
    })),
  );

const seconds = (count: number, of: (index: number) => number) =>
  Array.from({ length: count }, (_, index) => of(index));

type Number_ = Measured & { kind: 'number' };

function throughput(
  load: Partial<LoadRecord>,
  changes: Partial<Given> = {},
  counted: { readonly status?: string } = { status: '2..' },
): Number_ {
  const { measure, run, plan, frame } = cutOf(changes);
  const { counter } = measure('throughput');
  const planned = { kind: 'throughput', counter, ...counted } as const;
  const record = { ...run, load: { ...run.load!, ...load } };
  return measureThroughput(planned, record, frame, plan.requests, false) as Number_;
}

describe('a service that fell behind', () => {
  // 100 responses, one per second from 1 s on: 98 s lie between the first and the 99th.
  const behind = seconds(100, (index) => 1 + index);
  const drained = (98 * 100) / 99;

  test('is measured over the seconds in which responses arrived, excluding the last 1% of responses', () => {
    const { value, reasons, blocks } = throughput({ client: answeredAt(behind) });
    expect(value).toBeCloseTo(1500 / drained, 9);
    const covered = { samples: 1500, seconds: expect.closeTo(drained, 9), scheduledSeconds: 60 };
    expect(reasons).toEqual([reason('responses-after-load', covered)]);
    expect(blocks).toHaveLength(98);
    expect(blocks.slice(0, 97)).toEqual(Array(97).fill({ part: 1, total: 1 }));
    expect(blocks.at(-1)).toEqual({ part: 2, total: 1 });
  });
  test('is recognised regardless of the order of its responses', () => {
    const shuffled = behind.toSorted((a, b) => ((a * 37) % 101) - ((b * 37) % 101));
    expect(throughput({ client: answeredAt(shuffled) })).toEqual(throughput({ client: answeredAt(behind) }));
  });
  test('took over 2% longer than the scheduled time to respond', () => {
    const over = (most: number) => answeredAt(seconds(50, (index) => 1 + (index * most) / 49));
    const scheduled = { plannedRequests: 1500, scheduledSeconds: 100 };
    const codesOf = (most: number) =>
      throughput({ ...scheduled, client: over(most) }).reasons.map(({ code }) => code);
    expect(codesOf(102)).toEqual(['responses-over-load']);
    expect(codesOf(102.2)).toEqual(['responses-after-load']);
  });
  test('is not recognised if it counted nothing, or if the plan does not say what is counted', () => {
    const none = { series: { 'answers 200': 'always 400' } };
    expect(throughput({ client: answeredAt(behind) }, none)).toMatchObject({
      ...{ value: 0, reasons: [reason('responses-over-load', { samples: 0, seconds: 60 })] },
    });
    const stored = throughput({ client: answeredAt(behind) }, {}, {});
    expect(stored).toMatchObject({
      ...{ value: 25, reasons: [reason('responses-over-load', { samples: 1500, seconds: 60 })] },
    });
    // Such a plan has no blocks by second, only blocks between scrapes.
    const seen = answeredAt(seconds(1500, (index) => 1 + index / 25));
    expect(throughput({ client: seen }, {}, {}).blocks).toEqual(throughput({}).blocks);
    expect(throughput({ client: seen }).blocks).not.toEqual(throughput({}).blocks);
  });
  test('may have answered requests that terminated replicas did not report, which would raise the rate', () => {
    const elastic: Partial<Given> = {
      service: { replicas: 'elastic' },
      replicas: { a: {}, b: { last: 40 } },
      load: { sent: 1520, '2xx': 1520 },
      series: { 'process start': 'always 1000', 'answers 200': '0 -> 1200', 'answers 200 @b': '0 -> 300' },
    };
    const { value, uncounted } = throughput({ client: answeredAt(behind) }, elastic);
    const { atMost, low, high } = uncounted!;
    expect(atMost).toBe(20);
    expect(value).toBeCloseTo(1500 / drained, 9);
    expect(low).toBeCloseTo(1500 / drained, 9);
    expect(high).toBeCloseTo((1500 + atMost) / drained, 9);
  });
});

describe('a window without a load', () => {
  const bare = (changes: Partial<Given> = {}) => {
    const { measure, run, plan, frame } = cutOf({ scenario: null, load: null, ...changes });
    const requests = (selector: string | null) =>
      measureThroughput(measure('throughput'), run, frame, selector, false);
    return { requests, asked: plan.requests };
  };

  test('is measured between its first and last scrape, if requests were made', () => {
    const { requests, asked } = bare();
    expect(requests(asked)).toMatchObject({ value: 25, samples: 1500 });
    expect(requests(null)).toMatchObject({ value: 25, samples: 1500 });
  });
  test('may include the first response with a given status', () => {
    const { requests, asked } = bare({ series: { 'answers 503': '_*5 0 5+0*10' } });
    expect(requests(asked)).toMatchObject({ value: 25, samples: 1500 });
  });
  test('reports why requests could not be counted', () => {
    expect(bare().requests('gone{job="sentiment-api"}')).toEqual({
      kind: 'nothing',
      reasons: [reason('no-evidence', { selector: 'gone{job="sentiment-api"}' })],
    });
  });
});

test('the mean of a ratio is bounded by unseen observations of 0 and of 1', () => {
  const { measure, frame } = cutOf({
    ...{ scenario: null, load: null },
    service: { replicas: 'elastic' },
    replicas: { a: {}, b: { last: 40 } },
    series: {
      'process start': 'always 1000',
      'positive sum @b': '0 -> 180',
      'positive count @b': '0 -> 200',
      'negative sum @b': 'always 0',
      'negative count @b': 'always 0',
    },
  });
  const { samples, value, uncounted } = measureMean(measure('mean'), 'ratio', frame) as Number_;
  const { atMost, low, high } = uncounted!;
  expect([samples, value]).toEqual([1700, (846 + 540 + 180) / 1700]);
  expect(atMost).toBeGreaterThan(0);
  expect(low).toBeCloseTo((846 + 540 + 180) / (1700 + atMost), 9);
  expect(high).toBeCloseTo((846 + 540 + 180 + atMost) / (1700 + atMost), 9);
});

test('a mean without a known range is unbounded if an observation was not seen', () => {
  const { measure, frame } = cutOf({
    ...{ scenario: null, load: null, service: { replicas: 'elastic' }, replicas: { a: {}, b: { last: 40 } } },
    series: { 'process start': 'always 1000', 'positive count': '0 -> 900', 'positive sum': '0 -> 846' },
  });
  const { uncounted } = measureMean(measure('mean'), 'number', frame) as Number_;
  expect(uncounted).toMatchObject({ low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY });
});
