import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseDocument } from '../../slas/document/document.ts';
import { type PrometheusServer, startPrometheus } from '../../slas/testing/prometheus-server.ts';
import { knownDocument } from '../selftest/at-limit/known-document.ts';
import { moreFiguresOf } from './more-figures.ts';

/** A real Prometheus with cAdvisor metrics for two pods of the service, and for other pods. */

const START = 1_750_000_000;
const SECONDS = 120;

/**
 * Samples of one series every 5 s.
 * @param at its value after this many seconds
 */
const samples = (series: string, at: (seconds: number) => number) =>
  Array.from(
    { length: SECONDS / 5 + 1 },
    (_, index) => `${series} ${at(5 * index)} ${START + 5 * index}\n`,
  ).join('');

interface Container {
  readonly pod: string;
  readonly name: string;
  readonly throttledShare: number;
  readonly limitCores: number | null;
}

const containers: readonly Container[] = [
  { pod: 'known-1', name: 'api', throttledShare: 0.4, limitCores: 1 },
  { pod: 'known-2', name: 'api', throttledShare: 0.2, limitCores: 1 },
  { pod: 'unlimited-1', name: 'api', throttledShare: 0, limitCores: 2 },
  { pod: 'unlimited-1', name: 'sidecar', throttledShare: 0, limitCores: null },
  { pod: 'other', name: 'db', throttledShare: 0.9, limitCores: 4 },
];

const labels = ({ pod, name }: Container) => `{namespace="a",pod="${pod}",container="${name}"}`;
const families: readonly (readonly [string, (one: Container) => (seconds: number) => number])[] = [
  ['container_cpu_cfs_periods_total', () => (seconds) => 1000 + 10 * seconds],
  [
    'container_cpu_cfs_throttled_periods_total',
    ({ throttledShare }) =>
      (seconds) =>
        500 + throttledShare * 10 * seconds,
  ],
  ['container_spec_cpu_period', () => () => 100_000],
  [
    'container_spec_cpu_quota',
    ({ limitCores }) =>
      () =>
        100_000 * (limitCores ?? 0),
  ],
];
const up = (job: string, pod: string) => samples(`up{job="${job}",instance="${pod}",pod="${pod}"}`, () => 1);
const text = [
  ...families.flatMap(([name, of]) => containers.map((one) => samples(`${name}${labels(one)}`, of(one)))),
  ...[up('known', 'known-1'), up('known', 'known-2'), up('unlimited', 'unlimited-1'), up('bare', '')],
  ...['sum', 'count'].map((suffix) =>
    samples(
      `http_request_duration_seconds_${suffix}{job="known",status="200"}`,
      (seconds) => 100 + (suffix === 'sum' ? 1 : 25) * seconds,
    ),
  ),
].join('');

let server: PrometheusServer;
beforeAll(async () => {
  server = await startPrometheus(text);
});
afterAll(async () => await server?.[Symbol.asyncDispose]());

async function figures(job: string, url = server.url) {
  const source = knownDocument({ ratePerSecond: 20, maxSeconds: 60, atLeastSeconds: 20 });
  const read = parseDocument(source.replace('job: known', `job: ${job}`));
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const window = { fromSeconds: START + 30, toSeconds: START + 110 };
  const asker = { url, signal: AbortSignal.timeout(20_000) };
  return await moreFiguresOf(read.value, { window }, asker);
}

test('with two pods, throttled periods, CPU limit and histogram durations include both', async () => {
  const { timed, timedSeconds, throttledShare, cpuLimitCores } = await figures('known');
  expect(throttledShare).toBeCloseTo(0.3, 6);
  expect(cpuLimitCores).toBe(2);
  expect(timed! / 25).toBeCloseTo(timedSeconds!, 6);
});

test('if a second container has no limit, the CPU limit of the service is unknown', async () => {
  expect(await figures('unlimited')).toMatchObject({ throttledShare: 0, cpuLimitCores: null, timed: null });
});

test.each(['bare', 'unscraped'])(
  '%s: without pods all figures are unknown, and other pods are not counted',
  async (job) => {
    const nothing = { timed: null, timedSeconds: null, throttledShare: null, cpuLimitCores: null };
    expect(await figures(job)).toEqual(nothing);
  },
);

test('if Prometheus does not respond, all figures are left out', async () => {
  expect(await figures('known', 'http://127.0.0.1:1')).toMatchObject({ throttledShare: null });
});
