import { describe, expect, test } from 'vitest';
import type { LabelMatcher } from '../model/model.ts';
import { deadStatusOf } from './dead-statuses.ts';
import { alternativesOf, textOf, wholly } from './patterns.ts';
import { claimedCodes, claimsCode, codesOf, isStatusLabel, statusPattern } from './statuses.ts';
import { foreignTo, isAlike, isGoodWord, spellingsOf } from './vocabularies.ts';

test('status labels are recognised by their names', () => {
  const status = ['status', 'code', 'status_code', 'statusCode', 'http_status', 'http_response_status_code'];
  const others = ['response_code_class', 'envoy_response_code', 'grpc_code', 'rpc_grpc_status_code'];
  expect([...status, ...others].filter((label) => !isStatusLabel(label))).toEqual([]);
  const none = ['handler', 'outcome', 'exit_code', 'statuses', 'country_code', 'order_status'];
  expect(none.filter(isStatusLabel)).toEqual([]);
});

describe('a matcher that can match no status', () => {
  const dead = (match: LabelMatcher, label = 'status') => deadStatusOf(label, match);
  const of = (pattern: string, label?: string) => dead({ matches: pattern }, label);

  test.each(['5x.', '5x', '5.', '[45]...', '6000', '5.x', '50 ', '\\d\\dx', '6..', '999', '000', '6xx'])(
    '%s matches none',
    (pattern) => {
      expect(of(pattern)).toEqual({ part: pattern, why: 'none' });
    },
  );
  test.each([
    '5..',
    '[1235]..|429|499',
    '5\\d\\d',
    '^5..$',
    '(?i)5..',
    '50[0-4]',
    '.+',
    '(5|4)..',
    '52[0-7]|530',
  ])('%s matches a status', (pattern) => {
    expect(of(pattern)).toBeNull();
  });
  test.each([
    '5xx',
    '[45]xx',
    '4XX|5XX',
    '5xx|429',
    '1|2|13',
    'error',
    'Internal|Unavailable',
    '(?i)fail.*',
    '',
  ])('%s selects classes, codes or words', (pattern) => {
    expect(of(pattern)).toBeNull();
  });
  test('one of several alternatives is reported, at any position', () => {
    expect(of('5x.|429')?.part).toBe('5x.');
    expect(of('429|(?:5x.|499)')?.part).toBe('5x.');
    expect(of('^((429|5x.))$')?.part).toBe('5x.');
    expect(of('5[0|1].|5x.')?.part).toBe('5x.');
    expect(of('5[\\]|0-3].')).toBeNull();
    expect(of('(?i)5x.|429')?.part).toBe('(?i)5x.');
  });
  test('an exact text is not a regular expression', () => {
    expect(dead('5..')?.part).toBe('5..');
    expect(dead('500|503')?.part).toBe('500|503');
    expect([dead('503'), dead('5xx'), dead('')]).toEqual([null, null, null]);
    expect(dead('999')?.why).toBe('none');
  });
  test('numbers that no server sends are reported as such', () => {
    expect(dead('599')).toEqual({ part: '599', why: 'unknown' });
    expect(of('5..|57.')).toEqual({ part: '57.', why: 'unknown' });
    expect(['499', '444', '520', '530', '418'].map((code) => dead(code))).toEqual([
      null,
      null,
      null,
      null,
      null,
    ]);
  });
  test('a label that holds classes has no codes', () => {
    expect(of('5..|429', 'response_code_class')).toEqual({ part: '429', why: 'code' });
    expect(of('5|5xx|5..', 'response_code_class')).toBeNull();
    expect(of('6', 'response_code_class')?.why).toBe('none');
  });
  test('20,000 alternatives are checked quickly', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => `5[0-${index % 10}]${index}`).join('|');
    const startedMs = performance.now();
    of(many);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });
});

describe('status codes', () => {
  const claimed = (matches: string, label = 'status') => statusPattern({ [label]: { matches } });

  test("that a label's value stands for", () => {
    expect(codesOf('status', '503', [])).toEqual(['503']);
    expect(codesOf('status', '5xx', [])).toHaveLength(100);
    expect(codesOf('status', '5XX', [])![99]).toBe('599');
    expect(codesOf('response_code_class', '4', [])![0]).toBe('400');
    expect(codesOf('status', '4', ['2', '4'])![0]).toBe('400');
    expect(codesOf('status', '4', ['0', '4'])).toBeNull();
    expect(codesOf('grpc_code', '4', ['2', '4'])).toBeNull();
    expect(codesOf('outcome', 'SERVER_ERROR', [])![0]).toBe('500');
    expect(codesOf('status', '999', [])).toBeNull();
  });
  test('selected by a matcher become a pattern for the client’s responses', () => {
    expect(statusPattern({ status: '5xx' })).toBe('5..');
    expect(statusPattern({ status: '503' })).toBe('503');
    expect(statusPattern({ response_code_class: '5' })).toBe('5..');
    expect(statusPattern({ outcome: 'SERVER_ERROR' })).toBe('5..');
    expect(claimed('5..|429')).toBe('5..|429');
    expect(claimed('(?i)5XX|429')).toBe('429|5..');
    expect(claimed('5xx|500')).toBe('5..');
    expect(claimed('Unavailable', 'code')).toBeNull();
    expect(statusPattern({ handler: '/predict' })).toBeNull();
    expect(statusPattern({ status: '5..', outcome: 'error' })).toBeNull();
    expect(claimedCodes('status', { matches: '5[1-9].' }).has('500')).toBe(false);
  });
  test('matched by a pattern of a stored plan include the classes that the document wrote', () => {
    expect(claimsCode('5xx')('503')).toBe(true);
    expect(claimsCode('5xx|429')('429')).toBe(true);
    expect(claimsCode('5..')('404')).toBe(false);
    expect(claimsCode('50.')('511')).toBe(false);
  });
});

describe('the spelling of values that a matcher never matches', () => {
  test('is recognised for numbers and classes', () => {
    expect(foreignTo('5xx', ['200', '404'])).toBe('three-digits');
    expect(foreignTo({ matches: '50.' }, ['2xx'])).toBe('class');
    expect(foreignTo({ matches: '50.' }, ['2XX', '4XX'])).toBe('class');
    expect(foreignTo('5XX', ['2xx'])).toBe('class');
  });
  test('is recognised for gRPC words, true and false', () => {
    expect(foreignTo('Unavailable', ['OK', 'NOT_FOUND'], 'grpc_code')).toBe('grpc-capitals');
    expect(foreignTo('Unavailable', ['OK'], 'grpc_code')).toBeNull();
    expect(foreignTo('true', ['False'], 'error')).toBe('boolean-capital');
  });
  test('a value that may match has no foreign spelling', () => {
    expect(foreignTo({ matches: '5..' }, ['200'])).toBeNull();
    expect(foreignTo({ matches: '5..' }, ['2xx'])).toBeNull();
    expect(foreignTo('5XX', ['2XX'])).toBeNull();
  });
  test('is unknown for mixed spellings, other spellings, and no values', () => {
    expect(foreignTo('5xx', ['200', 'none'])).toBeNull();
    expect(foreignTo('5xx', ['2000'])).toBeNull();
    expect(foreignTo('5xx', [])).toBeNull();
  });
});

test('different spellings of one word are recognised', () => {
  expect(spellingsOf('grpc_code', 'DEADLINE_EXCEEDED')).toEqual(
    expect.arrayContaining(['DeadlineExceeded', '4']),
  );
  expect(spellingsOf('grpc_code', '14')).toContain('UNAVAILABLE');
  expect(spellingsOf('outcome', 'SERVER_ERROR')).toEqual(
    expect.arrayContaining(['server_error', 'ServerError']),
  );
  expect(spellingsOf('error', '1')).toContain('true');
  expect([isAlike('overload', 'overloaded'), isAlike('timeout', 'time_out'), isAlike('ok', 'okay')]).toEqual([
    ...[true, true, false],
  ]);
  expect([isGoodWord('error', 'None'), isGoodWord('error', 'true'), isGoodWord('success', 'true')]).toEqual([
    ...[true, false, true],
  ]);
});

test('a matcher is split into its alternatives, without enclosing groups and anchors', () => {
  const parts = (pattern: string) => alternativesOf({ matches: pattern }).map(textOf);
  expect(parts('5..|429')).toEqual(['5..', '429']);
  expect(parts('^(?:(5..)|(429))$')).toEqual(['5..', '429']);
  expect(parts('(5|4)..')).toEqual(['(5|4)..']);
  expect(parts('5[|]0')).toEqual(['5[|]0']);
});

test('Prometheus regular expressions match the whole value, and may start with flags', () => {
  expect(wholly('5..').test('5000')).toBe(false);
  expect(wholly('5..|429').test('429')).toBe(true);
  expect(wholly('(?i)err').test('ERR')).toBe(true);
  expect(wholly('(?sU)a.b').test('a\nb')).toBe(true);
  expect(wholly('err').test('ERR')).toBe(false);
});
