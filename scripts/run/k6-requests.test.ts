import { expect, test } from 'vitest';
import { parseLine } from './k6-requests.ts';

const columns = ['metric_name', 'timestamp', 'metric_value', 'status', 'extra_tags'];

test.each([
  ['/predict', '/predict'],
  ['/near?at=52.5%2C13.4%26within=5', '/near?at=52.5,13.4&within=5'],
  ['/predict/%25C3%2528', '/predict/%C3%28'],
])('the request that is tagged %s went to %s', (tag, path) => {
  const line = `sla_request_ms,1700000000000000,12.5,200,blocked=5&path=${tag}`;
  expect(parseLine(line, columns)).toEqual([
    { endMs: 1_700_000_000_000, durationMs: 12.5, status: '200', path, blocked: '5' },
  ]);
});

test('a truncated line is not a request', () => {
  expect(parseLine('sla_request_ms,1700000000000000,12.5,2', columns)).toEqual([]);
});
