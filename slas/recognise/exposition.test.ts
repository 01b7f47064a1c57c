import { describe, expect, test } from 'vitest';
import { parseExposition } from './exposition.ts';

const samplesOf = (text: string) => parseExposition(text).samples;

describe('exposition text', () => {
  test('a sample has a name, labels and a value; times and exemplars are skipped', () => {
    const text = [
      '# HELP http_requests_total Requests',
      '# TYPE http_requests_total counter',
      'http_requests_total{method="GET",path="/a,b}",} 3 1796006493000',
      'http_requests_total{ method = "PUT" } 4.0 # {trace_id="17"} 0.2',
      'process_start_time_seconds 1.79600649e+09',
    ].join('\n');
    expect(samplesOf(text)).toEqual([
      { name: 'http_requests_total', labels: { method: 'GET', path: '/a,b}' }, value: 3 },
      { name: 'http_requests_total', labels: { method: 'PUT' }, value: 4 },
      { name: 'process_start_time_seconds', labels: {}, value: 1796006490 },
    ]);
  });

  test('escapes in label values are resolved', () => {
    expect(samplesOf(String.raw`a{b="x\"y\\z\nw"} 1`)[0]!.labels.b).toBe('x"y\\z\nw');
  });

  test('special values are numbers, and NaN is left out', () => {
    expect(samplesOf('a +Inf\nb -Inf\nc NaN\nd x').map(({ value }) => value)).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
  });

  test('a line that is not in the format is skipped', () => {
    expect(samplesOf('<html>\na{b="unclosed} 1\na{b=1} 1\n\n# EOF\nok 1')).toEqual([
      { name: 'ok', labels: {}, value: 1 },
    ]);
  });

  test('types and units are kept; a histogram with no finite bucket is native', () => {
    const { types, units, natives } = parseExposition(
      '# TYPE a histogram\n# UNIT a ms\na_bucket{le="+Inf"} 3\na_count 3\n# TYPE b histogram\nb_bucket{le="1.0"} 3\nb_bucket{le="+Inf"} 3\n',
    );
    expect([...types]).toEqual([
      ['a', 'histogram'],
      ['b', 'histogram'],
    ]);
    expect([...units]).toEqual([['a', 'ms']]);
    expect([...natives]).toEqual(['a']);
  });
});
