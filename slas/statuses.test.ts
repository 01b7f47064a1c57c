import { describe, expect, test } from 'vitest';
import { deadStatus, foreignTo, isStatusLabel, wholly } from './statuses.ts';

test('labels that tell a status, by their names', () => {
  const status = ['status', 'code', 'status_code', 'statusCode', 'http_status', 'http_response_status_code'];
  expect(status.filter((label) => !isStatusLabel(label))).toEqual([]);
  expect(['handler', 'outcome', 'exit_code', 'statuses'].filter(isStatusLabel)).toEqual([]);
});

describe('a matcher that can match no status', () => {
  const dead = (pattern: string) => deadStatus({ matches: pattern });
  test.each(['5x.', '5x', '5.', '[45]...', '6000', '5.x', '50 ', '\\d\\dx'])('%s matches none', (pattern) => {
    expect(dead(pattern)).toBe(pattern);
  });
  test.each(['5..', '[1235]..|429|499', '5\\d\\d', '^5..$', '(?i)5..', '50[0-4]', '.+', '000', '(5|4)..'])(
    '%s matches some',
    (pattern) => {
      expect(dead(pattern)).toBeNull();
    },
  );
  test.each(['5xx', '4XX|5XX', '5xx|429', '1|2|13', 'error', 'Internal|Unavailable', '(?i)fail.*', ''])(
    '%s is about classes, codes or words',
    (pattern) => {
      expect(dead(pattern)).toBeNull();
    },
  );
  test('one of several alternatives is told, wherever they stand', () => {
    expect(dead('5x.|429')).toBe('5x.');
    expect(dead('429|(?:5x.|499)')).toBe('5x.');
    expect(dead('(429|5x.)')).toBe('5x.');
    expect(dead('5[0|1].|5x.')).toBe('5x.');
    expect(dead('5[\\]|0-3].')).toBeNull();
    expect(dead('(?i)5x.|429')).toBe('(?i)5x.');
  });
  test('an exact text is none of a regular expression', () => {
    expect(deadStatus('5..')).toBe('5..');
    expect(deadStatus('500|503')).toBe('500|503');
    expect(deadStatus('503')).toBeNull();
    expect(deadStatus('5xx')).toBeNull();
    expect(deadStatus('')).toBeNull();
  });
});

describe('how values are written that a matcher never matches', () => {
  test('numbers, classes', () => {
    expect(foreignTo('5xx', ['200', '404'])).toBe('a number of three digits');
    expect(foreignTo({ matches: '50.' }, ['2xx'])).toBe('a class of statuses');
    expect(foreignTo({ matches: '50.' }, ['2XX', '4XX'])).toBe('a class of statuses');
  });
  test('one that may match is not foreign', () => {
    expect(foreignTo({ matches: '5..' }, ['200'])).toBeNull();
    expect(foreignTo({ matches: '5..' }, ['2xx'])).toBeNull();
    expect(foreignTo('5XX', ['2XX'])).toBeNull();
  });
  test('of values that are written in several ways, of others and of none nothing is known', () => {
    expect(foreignTo('5xx', ['200', 'none'])).toBeNull();
    expect(foreignTo('5xx', ['2000'])).toBeNull();
    expect(foreignTo('5xx', [])).toBeNull();
  });
});

test('regular expressions of Prometheus match the whole, and may begin with flags', () => {
  expect(wholly('5..').test('5000')).toBe(false);
  expect(wholly('5..|429').test('429')).toBe(true);
  expect(wholly('(?i)err').test('ERR')).toBe(true);
  expect(wholly('(?sU)a.b').test('a\nb')).toBe(true);
  expect(wholly('err').test('ERR')).toBe(false);
});
