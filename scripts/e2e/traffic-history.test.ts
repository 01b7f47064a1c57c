import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CapacityRecord } from '../../slas/capacity/record.ts';
import { TrafficCounter } from '../../slas/capacity/traffic/counter.ts';
import { type History, WEEK_SECONDS } from '../../slas/capacity/traffic/model.ts';
import { startPrometheus } from '../../slas/testing/prometheus-server.ts';
import { readHistory } from '../capacity/history.ts';
import { CAPACITY_FILES } from '../capacity/storage.ts';
import { makeSearch } from '../capacity/test-search.ts';
import { linesOf, type Past, pastTraffic, WEEKS } from '../testing/past-traffic.ts';
import { slaHere, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { BUILD_MS, importInto, startVictoriaMetrics } from '../testing/victoria-metrics.ts';

/**
 * Eight weeks of traffic in a real Prometheus and a real VictoriaMetrics, stored by two servers that scraped the same
 * service.
 */

const signal = new AbortController().signal;
const owned = new AsyncDisposableStack();
const past: Past = pastTraffic(Date.now() / 1000);
const urls = new Map<string, string>();
let folder: TemporaryFolder;

beforeAll(async () => {
  folder = owned.use(await temporaryFolder());
  const prometheus = owned.use(await startPrometheus(openMetrics(), { blocks: '8d' }));
  const victoria = owned.use(await startVictoriaMetrics(['-retentionPeriod=2y']));
  await importInto(
    victoria,
    linesOf(past.stored, (seconds) => 1000 * seconds),
  );
  await fetch(`${victoria.url}/internal/force_flush`);
  urls.set('Prometheus', prometheus.url).set('VictoriaMetrics', victoria.url);
}, BUILD_MS);
afterAll(() => owned.disposeAsync());

/** Without a type, Prometheus would treat the counter as a gauge. */
function openMetrics(): string {
  const of = (name: string) => past.stored.filter(({ labels }) => labels.__name__ === name);
  const counters = linesOf(of('http_requests_total'), (seconds) => seconds);
  return `# TYPE http_requests counter\n${counters}# TYPE up gauge\n${linesOf(of('up'), (seconds) => seconds)}`;
}

const QUESTION = {
  requests: 'http_requests_total{job="sentiment-api",method="POST",handler="/predict"}',
  up: 'up{job="sentiment-api"}',
  nowSeconds: past.nowSeconds + 60,
};

describe.each(['Prometheus', 'VictoriaMetrics'])('%s', (store) => {
  test('returns each counted request once', async () => {
    const read = await readHistory({ ...QUESTION, weeks: WEEKS }, { url: urls.get(store)!, signal });
    if (!read.ok) throw new Error(JSON.stringify(read.error));
    const { traffic, copiedBy, doubtfulDays } = read.value;
    expect({ copiedBy, doubtfulDays, replicas: traffic.replicas }).toEqual({
      ...{ copiedBy: ['server'], doubtfulDays: 0, replicas: 2 },
    });
    const counter = new TrafficCounter(past.nowSeconds - WEEKS * WEEK_SECONDS, past.nowSeconds);
    counter.add(past.requests);
    for (const [index, { perSecond }] of counter.traffic().hours.entries())
      expect(traffic.hours[index]!.perSecond ?? 0).toBeCloseTo(perSecond ?? 0, 3);
  });

  test('returns no rate for the hours before the first sample', async () => {
    const read = await readHistory({ ...QUESTION, weeks: WEEKS + 2 }, { url: urls.get(store)!, signal });
    if (!read.ok) throw new Error(JSON.stringify(read.error));
    const { hours } = read.value.traffic;
    expect(hours.findIndex(({ perSecond }) => perSecond !== null)).toBe(2 * 168);
  });

  test('supplies the history when a finished search is reported again without sending load', async () => {
    const { path, record } = await makeSearch(join(folder.path, store));
    const { code, stdout, stderr } = await slaHere([
      ...['capacity', '--resume', path, '--history', urls.get(store)!, '--history-weeks', String(WEEKS)],
      ...['--headroom', '80%'],
    ]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(
      /The weekly peak, now about 13\d\/s, grows by [\d.]+% to [\d.]+% a week; it reaches 170\/s/,
    );
    const history = JSON.parse(await readFile(join(path, CAPACITY_FILES.history), 'utf8')) as History;
    expect(history.requests).toContain('http_requests_total');
    const html = await readFile(join(path, CAPACITY_FILES.report), 'utf8');
    expect(html).toContain('differ in server: each series is counted once');
    const again = await slaHere(['capacity', '--resume', path]);
    expect(again.stdout).toBe(stdout);
    const { steps } = JSON.parse(await readFile(join(path, CAPACITY_FILES.record), 'utf8')) as CapacityRecord;
    expect(steps).toEqual(record.steps);
  });
});
