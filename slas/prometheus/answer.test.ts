import { describe, expect, test } from 'vitest';
import { ok } from '../model/result.ts';
import { doubtsOfHeaders, readAnswer } from './answer.ts';

const UP = { metric: { __name__: 'up', instance: 'a' }, values: [[1, '1']] };
const matrix = (...result: object[]) => ({ resultType: 'matrix', result });
const read = (extra: object, result: object[] = [UP], status = 200, doubts: string[] = []) =>
  readAnswer(
    ok({ status, doubts, text: JSON.stringify({ status: 'success', data: matrix(...result), ...extra }) }),
    'matrix',
  );

describe('a result that a server marks as incomplete has a warning', () => {
  test.each([
    ['VictoriaMetrics cluster', { isPartial: true }],
    ['the same, as text', { isPartial: 'true' }],
    ['snake case', { is_partial: true }],
    ['a strategy', { partialResponse: 'store api-2 is gone' }],
    ['inside data', { data: { ...matrix(UP), isPartial: true } }],
    ['inside statistics', { stats: { query: { partial: true } } }],
    ['an object', { partialResults: { partialResultsDetected: true } }],
    ['truncated', { truncated: true }],
    ['a limit', { limitReached: 1 }],
    ['not complete', { complete: false }],
    ['not exhaustive', { metadata: { exhaustive: false } }],
    ['in a list', { stores: [{ name: 'a' }, { name: 'b', isPartial: true }] }],
    ['in a list of a list', { stats: [[{ shard: { complete: false } }]] }],
    ['next to the samples', { data: matrix({ ...UP, partial: true }) }],
  ])('%s', (_, extra) => {
    const { series, warnings, error } = read(extra);
    expect(warnings).toEqual([expect.stringContaining('marked its result as incomplete')]);
    expect([series.length, error]).toEqual([1, null]);
  });

  test.each([
    ['206', 206, [], 'HTTP status 206'],
    ['203', 203, [], 'HTTP status 203'],
    ['M3', 200, [['m3-results-limited', 'max_fetch_series_limit_applied']], 'm3-results-limited'],
    ['a proxy', 200, [['warning', '110 - "Response is Stale"']], 'Response is Stale'],
  ] as const)('%s, by status or header', (_, status, headers, said) => {
    expect(read({}, [UP], status, [...doubtsOfHeaders(status, headers)]).warnings).toEqual([
      expect.stringContaining(said),
    ]);
  });

  test.each([
    ['a list', { warnings: ['results truncated due to limit'] }, ['results truncated due to limit']],
    ['one text', { warnings: 'store is down' }, ['store is down']],
    ['an object', { warnings: { store: 'is down' } }, ['{"store":"is down"}']],
    ['infos', { infos: ['metric might not be a counter'] }, ['metric might not be a counter']],
    ['an error next to a success', { error: 'one shard failed' }, ['one shard failed']],
    ['inside data', { data: { ...matrix(UP), warnings: ['w'] } }, ['w']],
  ])('messages are kept: %s', (_, extra, expected) => {
    expect(read(extra).warnings).toEqual(expected);
  });
});

test.each([
  { isPartial: false },
  { isPartial: 'false', warnings: [], infos: null, error: '' },
  { partialResults: { partialResultsDetected: false } },
  { complete: true, exhaustive: true },
  { stats: { seriesFetched: '3', executionTimeMsec: 2 } },
  {
    stats: {
      samplesPerStep: [
        [1, 0],
        [2, 0],
      ],
      shards: [{ partial: false, warnings: [] }],
    },
  },
  { trace: { message: 'partial search', warnings: ['of the trace'] } },
])('an annotation that does not concern the result is not a warning: %j', (extra) => {
  expect(read(extra).warnings).toEqual([]);
});

test('ordinary headers cause no warning', () => {
  const headers = [
    ['content-type', 'application/json'],
    ['x-ratelimit-limit', '100'],
    ['x-partial-response', 'false'],
  ] as const;
  expect(doubtsOfHeaders(200, headers)).toEqual([]);
});

test('an error status from the server counts as a failure, regardless of the body', () => {
  expect(read({}, [UP], 503)).toMatchObject({ series: [], error: expect.stringContaining('status 503') });
});

describe('duplicate samples and series from a server', () => {
  const labels = { instance: 'a' };
  const samplesOf = (...result: object[]) => read({}, result).series.map(({ samples }) => samples);

  test('two samples with the same time and value count once', () => {
    const values = [
      [1, '5'],
      [1, '5.0'],
      [2, '6'],
    ];
    expect(samplesOf({ metric: labels, values })).toEqual([
      [
        [1, '5'],
        [2, '6'],
      ],
    ]);
    expect(read({}, [{ metric: labels, values }]).warnings).toEqual([]);
  });

  test('samples are sorted by time', () => {
    const values = [
      [2, '6'],
      [1, '5'],
    ];
    expect(samplesOf({ metric: labels, values })).toEqual([
      [
        [1, '5'],
        [2, '6'],
      ],
    ]);
  });

  test('a series in two pieces is merged', () => {
    const pieces = [
      { metric: labels, values: [[2, '6']] },
      {
        metric: labels,
        values: [
          [1, '5'],
          [2, '6'],
        ],
      },
    ];
    expect(samplesOf(...pieces)).toEqual([
      [
        [1, '5'],
        [2, '6'],
      ],
    ]);
  });

  test('two values with the same time are a warning, because the correct one is unknown', () => {
    const values = [
      [1, '5'],
      [1, '7'],
    ];
    expect(read({}, [{ metric: labels, values }]).warnings).toEqual([
      'series {"instance":"a"} has several values with the same time: 5 and 7 at 1',
    ]);
  });
});
