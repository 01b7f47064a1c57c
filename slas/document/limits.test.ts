import { describe, expect, test } from 'vitest';
import type { Comparison } from '../model/model.ts';
import { fail, ok } from '../model/result.ts';
import { holds, parseDuration, parseLimit, parseRate } from './limits.ts';

describe('durations', () => {
  test.each([
    ['200ms', 0.2],
    ['300ms', 0.3],
    ['0.2s', 0.2],
    ['1.5s', 1.5],
    ['750us', 0.00075],
    ['60s', 60],
    ['1m30s', 90],
    ['2min', 120],
    ['1h', 3600],
    ['1d', 86_400],
  ])('%s is %d s', (text, seconds) => expect(parseDuration(text)).toBe(seconds));

  test.each(['', '200', 'ms', '-1s', '1 s', '1s ', '1.s', '.5s', '1ms2', '1mh', '1S', '١s', '1e3s', '1,5s'])(
    '"%s" is invalid',
    (text) => expect(parseDuration(text)).toBeNull(),
  );
});

describe('rates', () => {
  test.each([
    ['20/s', 20],
    ['20', 20],
    ['1200/min', 20],
    ['90/m', 1.5],
    ['3600/h', 1],
    ['54000 / hour', 15],
    ['86400/d', 1],
    ['0.5 / s', 0.5],
  ])('%s is %d a second', (text, rate) => expect(parseRate(text)).toBe(rate));
  test.each(['', '/s', '-1/s', '20/w', '20 per s', '20/s/s', 'NaN', 'Infinity'])('"%s" is invalid', (text) =>
    expect(parseRate(text)).toBeNull(),
  );
});

describe('limits', () => {
  test.each([
    ['< 200ms', 'seconds', '<', 0.2],
    ['>1s', 'seconds', '>', 1],
    ['< 1%', 'ratio', '<', 0.01],
    ['>= 99.9%', 'ratio', '>=', 0.999],
    ['<= 0.07', 'ratio', '<=', 0.07],
    ['< 7%', 'ratio', '<', 0.07],
    ['< 0.1%', 'ratio', '<', 0.001],
    ['> 15/s', 'per_second', '>', 15],
    ['> 900/min', 'per_second', '>', 15],
    ['> 0', 'per_second', '>', 0],
    ['<= -2.5', 'number', '<=', -2.5],
  ] as const)('%s in %s', (text, unit, comparison, value) => {
    expect(parseLimit(text, unit)).toEqual(ok({ text, comparison, value }));
  });

  test('the text is kept as written, without surrounding spaces', () => {
    expect(parseLimit('  <  200ms ', 'seconds')).toMatchObject(ok({ text: '<  200ms', value: 0.2 }));
  });

  test.each([
    ['200ms', 'seconds', '"200ms" has no comparison'],
    ['= 200ms', 'seconds', 'has no comparison'],
    ['< ', 'seconds', 'has no comparison'],
    ['< 200', 'seconds', '"200" is not a valid duration: write it as 200ms or 1.5s'],
    ['< 1s', 'ratio', '"1s" is not a valid ratio'],
    ['< 15', 'per_second', '"15" is not a valid rate: write it as 15/s'],
    ['< 1%', 'number', 'is not a valid number'],
    ['< -1%', 'ratio', 'is not a valid ratio'],
    ['<< 1%', 'ratio', 'is not a valid ratio'],
    ['< NaN', 'number', 'is not a valid number'],
  ] as const)('"%s" in %s is refused', (text, unit, message) => {
    const problem = { code: 'bad-limit', path: 'p', message: expect.stringContaining(message) };
    expect(parseLimit(text, unit, 'p')).toEqual(fail(problem));
  });
});

describe('comparing a value with a limit', () => {
  const rows: readonly (readonly [Comparison, boolean, boolean, boolean])[] = [
    ['<', true, false, false],
    ['<=', true, true, false],
    ['>', false, false, true],
    ['>=', false, true, true],
  ];
  test.each(rows)('%s: below, at and above', (comparison, ...expected) => {
    const limit = { text: '', comparison, value: 1 };
    expect([0.999, 1, 1.001].map((value) => holds(value, limit))).toEqual(expected);
  });

  test.each(rows)('%s is never met by NaN', (comparison) => {
    expect(holds(Number.NaN, { text: '', comparison, value: 1 })).toBe(false);
  });
});
