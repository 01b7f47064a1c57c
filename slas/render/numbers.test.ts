import { describe, expect, test } from 'vitest';
import { are, countOf, formatCount, formatInterval, formatMeasured, formatValue, were } from './numbers.ts';

/** How numbers are written: with thousands separators everywhere, and with the singular for one. */

test.each([
  [0, '0 requests were', 'are'],
  [1, '1 request was', 'is'],
  [2, '2 requests were', 'are'],
  [1500, '1,500 requests were', 'are'],
  [1234567, '1,234,567 requests were', 'are'],
])('%i: the noun agrees with the count', (count, told, verb) => {
  expect(`${countOf(count, 'request')} ${were(count)}`).toBe(told);
  expect(are(count)).toBe(verb);
});

test('irregular plurals are supported', () => {
  expect([0, 1, 2].map((count) => countOf(count, 'query', 'queries'))).toEqual([
    '0 queries',
    '1 query',
    '2 queries',
  ]);
});

test('seconds are counted to the millisecond', () => {
  expect([60, 3600, 12.3456].map(formatCount)).toEqual(['60', '3,600', '12.346']);
});

describe('values', () => {
  test.each([
    [0.02333, 'seconds', '23.33 ms'],
    [1234.56, 'seconds', '1,235 s'],
    [0.991234, 'ratio', '99.12%'],
    [1e-74, 'ratio', '0%'],
    [12345, 'per_second', '12,350/s'],
    [0.00000012, 'number', '0.00000012'],
    [-1500, 'number', '-1,500'],
  ] as const)('%d in %s', (value, unit, told) => expect(formatValue(value, unit)).toBe(told));

  test('the bounds of a mean time are written as times, those of a latency as shares', () => {
    const bounds = { low: 0.09, high: 0.11, confidence: 0.95 };
    expect(formatInterval({ ...bounds, eachBound: 0.975 }, 'seconds', '< 200ms')).toBe('90 ms–110 ms');
    expect(formatInterval({ ...bounds, eachBound: 0.95 }, 'seconds', '< 200ms')).toBe('9–11%');
    expect(formatInterval(bounds, 'seconds', '< 200ms')).toBe('9–11%');
  });

  test('and their intervals have thousands separators', () => {
    const interval = { low: 1234.5, high: 23456, confidence: 0.95 };
    expect(formatInterval(interval, 'per_second', '> 15/s')).toBe('1,235–23,460/s');
    const measured = { value: 1500, unit: 'number', bucket: null, target: '< 2000' };
    expect(formatMeasured(measured as unknown as Parameters<typeof formatMeasured>[0])).toBe('1,500');
  });
});
