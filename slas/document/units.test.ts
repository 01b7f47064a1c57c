import { expect, test } from 'vitest';
import type { TimeUnit } from '../model/model.ts';
import { fromSeconds, inSeconds, toSeconds, unitInName } from './units.ts';

test.each([
  ['http_request_duration_seconds', 'seconds'],
  ['http_request_duration_highr_seconds', 'seconds'],
  ['istio_request_duration_milliseconds', 'milliseconds'],
  ['http_server_duration_milliseconds_histogram', 'milliseconds'],
  ['request_latency_ms', 'milliseconds'],
  ['requestLatencyMs', 'milliseconds'],
  ['apiserver_latency_microseconds', 'microseconds'],
  ['queue_wait_us', 'microseconds'],
  ['rpc_nanos', 'nanoseconds'],
  ['envoy_cluster_upstream_rq_time', null],
  ['us_east_latency', null],
  ['ms_gateway_latency', null],
  // The name contains two units, so neither is assumed.
  ['seconds_or_milliseconds', null],
] satisfies [string, TimeUnit | null][])('the name %s says %s', (name, unit) => {
  expect(unitInName(name)).toBe(unit);
});

test('conversions return the decimal numbers that people write', () => {
  expect(toSeconds(0.1, 'milliseconds')).toBe(0.0001);
  expect(toSeconds(70, 'milliseconds')).toBe(0.07);
  expect(toSeconds(300_000, 'microseconds')).toBe(0.3);
  expect(toSeconds(1.1e9, 'nanoseconds')).toBe(1.1);
  expect(toSeconds(Number.POSITIVE_INFINITY, 'milliseconds')).toBe(Number.POSITIVE_INFINITY);
  expect(toSeconds(0.30000000000000004)).toBe(0.30000000000000004);
  expect(fromSeconds(0.3, 'milliseconds')).toBe(300);
  expect(fromSeconds(0.07, 'microseconds')).toBe(70_000);
  expect(inSeconds('a / b', 'milliseconds')).toBe('(a / b) / 1000');
  expect(inSeconds('a / b')).toBe('a / b');
});
