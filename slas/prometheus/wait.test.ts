import { describe, expect, test } from 'vitest';

import type { Evidence, Plan, RunRecord } from '../model/model.ts';
import { planWindow } from '../plan/plan.ts';
import { healthy } from '../testing/cases.ts';
import { judgeInWords } from '../testing/judge-in-words.ts';
import { type LateSeries, startLateServer } from '../testing/late-server.ts';
import { awaitScrapeAfter } from './await-scrape.ts';
import { collectEvidence } from './prometheus.ts';
import { awaitAggregates } from './wait.ts';

/** Servers that show samples with a delay, in real time: every wait is for data, and has a limit. */

const STEP = 0.2;
const SECONDS = 6;

/**
 * Scraped every 0.2 s, until a little after now; the window covers the last seconds and ends a moment ago.
 */
const scrapes = (untilSeconds: number) => {
  const now = Date.now() / 1000;
  const times = Array.from({ length: Math.round((SECONDS + untilSeconds) / STEP) }, (_, index) =>
    Number((now - SECONDS + index * STEP).toFixed(3)),
  );
  return { now, times };
};

const seriesOf = (
  name: string,
  times: readonly number[],
  lateSeconds: number,
  { value = (_: number) => '1', labels = {} }: { value?: (at: number) => string; labels?: object } = {},
): LateSeries => ({
  labels: { __name__: name, job: 'sentiment-api', instance: 'a', ...labels },
  samples: times.map((at) => [at, value(at)]),
  lateSeconds,
});

const requests = (status: string) => ({ method: 'POST', handler: '/predict', status });

function planOf(replicas = 'stable'): Plan {
  const plan = planWindow(healthy({ scenario: null, load: null }).document);
  return replicas === 'elastic' ? { ...plan, replicas } : plan;
}

const runOf = (fromSeconds: number, toSeconds: number): RunRecord => ({
  schema: 'sla-harness/run/v1',
  id: 'window',
  window: { fromSeconds, toSeconds },
  load: null,
  incidents: [],
});

const newestOf = ({ readings }: Evidence, name: string) =>
  Math.max(
    ...readings.flatMap(({ series }) =>
      series
        .filter(({ labels }) => labels.__name__ === name)
        .flatMap(({ samples }) => samples.map(([at]) => at)),
    ),
  );

const signal = () => AbortSignal.timeout(20_000);

describe('evidence is read once the samples that close the window have arrived', () => {
  test('even if all samples are late', async () => {
    const { now, times } = scrapes(5);
    await using server = await startLateServer([
      seriesOf('up', times, 3),
      seriesOf('http_requests_total', times, 3, { labels: requests('200') }),
    ]);
    const told: string[] = [];
    const asker = { url: server.url, signal: signal(), progress: (line: string) => told.push(line) };
    const evidence = await collectEvidence(planOf(), runOf(now - 4, now), asker);
    expect(newestOf(evidence, 'http_requests_total')).toBeGreaterThanOrEqual(now);
    expect(evidence.arrival).toMatchObject({ boundBy: 'default', boundSeconds: 60, missing: [] });
    expect(evidence.arrival!.lagSeconds).toBeGreaterThanOrEqual(3);
    expect(Date.now() / 1000).toBeGreaterThanOrEqual(now + 3);
    expect(told).toEqual([
      expect.stringMatching(/^waiting for the samples .* at most 60 s \(--ingest-delay\)$/),
    ]);
  });

  test('even if the counters arrive after up', async () => {
    const { now, times } = scrapes(5);
    await using server = await startLateServer([
      seriesOf('up', times, 0),
      seriesOf('http_requests_total', times, 1.2, { labels: requests('200') }),
    ]);
    const evidence = await collectEvidence(planOf(), runOf(now - 4, now), {
      url: server.url,
      signal: signal(),
    });
    expect(newestOf(evidence, 'http_requests_total')).toBeGreaterThanOrEqual(now);
  });

  test('even if errors began in the last scrape, and arrive last', async () => {
    const { now, times } = scrapes(5);
    const closing = times.find((at) => at >= now)!;
    await using server = await startLateServer([
      seriesOf('up', times, 0.1),
      seriesOf('http_requests_total', times, 0.1, { labels: requests('200') }),
      seriesOf('http_requests_total', [closing, closing + STEP], 1, { labels: requests('500') }),
    ]);
    const asker = { url: server.url, signal: signal(), lagSeconds: 1.1 };
    const { readings } = await collectEvidence(planOf(), runOf(now - 4, now), asker);
    const errors = readings.flatMap(({ series }) => series).filter(({ labels }) => labels.status === '500');
    expect(errors.length).toBeGreaterThan(0);
    expect(errors[0]!.samples.map(([at]) => at)).toContain(closing);
  });

  test('immediately if they are already there', async () => {
    const { now, times } = scrapes(1);
    await using server = await startLateServer([seriesOf('up', times, 0)]);
    const { arrival } = await collectEvidence(planOf(), runOf(now - 4, now - 1), {
      url: server.url,
      signal: signal(),
    });
    expect(arrival!.waitedSeconds).toBeLessThan(1);
  });

  test.each([
    [true, 'is not waited for'],
    [undefined, 'is waited for if it is still a target'],
  ] as const)('a replica that ended before the window (ended: %s) %s', async (isGone, _) => {
    const { now, times } = scrapes(5);
    const early = times.filter((at) => at < now - 4 - 4 * STEP);
    const other = seriesOf('up', early, 0, { labels: { instance: 'b' } });
    await using server = await startLateServer([
      seriesOf('up', times, 0),
      isGone === undefined ? other : { ...other, isGone },
    ]);
    const asker = { url: server.url, signal: signal(), ingestDelaySeconds: 1 };
    const { arrival } = await collectEvidence(planOf(), runOf(now - 4, now - 1), asker);
    expect(arrival!.missing.map(({ what }) => what)).toEqual(isGone ? [] : ['a scrape of b']);
  });

  test('a replica whose samples stopped arriving before a long window is waited for, although it has no current value', async () => {
    const now = Date.now() / 1000;
    const every = (from: number, to: number) =>
      Array.from({ length: (to - from) / 5 + 1 }, (_, index) => Number((now + from + 5 * index).toFixed(3)));
    await using server = await startLateServer([
      seriesOf('up', every(-500, 0), 0),
      seriesOf('up', every(-500, -450), 0, { labels: { instance: 'b' } }),
    ]);
    const asker = { url: server.url, signal: signal(), ingestDelaySeconds: 1 };
    const { arrival } = await collectEvidence(planOf(), runOf(now - 400, now - 100), asker);
    expect(arrival!.missing).toMatchObject([{ what: 'a scrape of b' }]);
  });

  test('a replica that ended in the window is waited for', async () => {
    const { now, times } = scrapes(5);
    const early = times.filter((at) => at < now - 3);
    await using server = await startLateServer([
      seriesOf('up', times, 0),
      { ...seriesOf('up', early, 0, { labels: { instance: 'b' } }), isGone: true },
    ]);
    const asker = { url: server.url, signal: signal(), ingestDelaySeconds: 1 };
    const { arrival } = await collectEvidence(planOf(), runOf(now - 4, now - 1), asker);
    expect(arrival!.missing).toMatchObject([{ what: 'a scrape of b' }]);
  });

  test('an elastic replica that ended is not waited for', async () => {
    const { now, times } = scrapes(5);
    const gone = times.filter((at) => at < now - 3);
    await using server = await startLateServer([
      seriesOf('up', times, 0),
      seriesOf('up', gone, 0, { labels: { instance: 'b' } }),
    ]);
    const { arrival } = await collectEvidence(planOf('elastic'), runOf(now - 4, now), {
      url: server.url,
      signal: signal(),
    });
    expect(arrival!.missing).toEqual([]);
    expect(arrival!.waitedSeconds).toBeLessThan(3);
  });
});

test('the wait ends at its limit; the verdict reports what was missing and which option helps', async () => {
  const { now, times } = scrapes(0);
  const early = times.filter((at) => at < now - 1);
  await using server = await startLateServer([seriesOf('up', early, 0)]);
  const asker = { url: server.url, signal: signal(), ingestDelaySeconds: 0.5 };
  const plan = planOf();
  const run = runOf(now - 4, now);
  const evidence = await collectEvidence(plan, run, asker);
  expect(evidence.arrival).toMatchObject({
    boundBy: 'option',
    missing: [{ kind: 'scrape', what: 'a scrape of a', newestSeconds: early.at(-1) }],
  });
  expect(evidence.arrival!.boundSeconds).toBeCloseTo(0.7);
  const { detail } = judgeInWords(plan, run, evidence).preconditions.find(
    ({ id }) => id === 'edges-scraped',
  )!;
  expect(detail).toMatch(
    /the server did not return a scrape of a \(the newest is from [\d:.]+\) within 0\.7 s of the end of the window \(set by --ingest-delay\); if samples arrive later, set --ingest-delay$/,
  );
});

test('a server without any samples yet is waited for if the user says that samples are late', async () => {
  const { now, times } = scrapes(8);
  const series = [seriesOf('up', times, 8)];
  const run = runOf(now - 4, now);
  await using server = await startLateServer(series);
  const asker = { url: server.url, signal: signal() };
  const { arrival } = await collectEvidence(planOf(), run, asker);
  expect(arrival!.missing).toEqual([]);
  expect(arrival!.waitedSeconds).toBeLessThan(5);
  const late = await collectEvidence(planOf(), run, { ...asker, ingestDelaySeconds: 15 });
  expect(newestOf(late, 'up')).toBeGreaterThanOrEqual(now);
});

describe('functions that do not see the last samples yet', () => {
  const thinned = (now: number, times: readonly number[]) => {
    const at = times.findLast((time) => time <= now)!;
    return { fromSeconds: at - 4, stepSeconds: 2, blocks: 2, intervalSeconds: STEP, cutsAtSeconds: [] };
  };

  test('are waited for', async () => {
    const { now, times } = scrapes(5);
    await using server = await startLateServer([seriesOf('up', times, 0)], 3);
    const asker = { url: server.url, signal: signal() };
    expect(await awaitAggregates(planOf(), thinned(now, times), asker)).toBeNull();
    expect(Date.now() / 1000).toBeGreaterThanOrEqual(now + 1);
  });

  test('are no longer waited for after the limit', async () => {
    const { now, times } = scrapes(5);
    await using server = await startLateServer([seriesOf('up', times, 0)], 100);
    const asker = { url: server.url, signal: signal(), ingestDelaySeconds: 0.3 };
    const missing = await awaitAggregates(planOf(), thinned(now, times), asker);
    expect(missing?.what).toContain("the server's functions over up{");
  });
});

test.each([
  [true, 'is not waited for', true],
  [undefined, 'is waited for if it is still a target', false],
] as const)('a replica that was not scraped since (ended: %s) %s', async (isGone, _, isScraped) => {
  const { now, times } = scrapes(5);
  const ended = seriesOf('up', times.slice(0, 5), 0, { labels: { instance: 'b' } });
  const replaced = isGone === undefined ? ended : { ...ended, isGone };
  await using server = await startLateServer([seriesOf('up', times, 0), replaced]);
  const settled = await awaitScrapeAfter('up', now, 1500, { url: server.url, signal: signal() });
  expect(settled.isScraped).toBe(isScraped);
});

test('after a replica has ended, a run waits until its last scrapes are too old to be read with the window', async () => {
  const { now, times } = scrapes(5);
  const last = times.findLast((at) => at <= now)!;
  const ended = {
    ...seriesOf(
      'up',
      times.filter((at) => at <= now),
      0,
      { labels: { instance: 'b' } },
    ),
    isGone: true,
  } as const;
  await using server = await startLateServer([seriesOf('up', times, 0), ended]);
  const asker = { url: server.url, signal: signal() };
  // If replicas are elastic, a window may contain replicas that ended.
  expect(await awaitScrapeAfter('up', now, 3000, asker, { margin: 0 })).toMatchObject({
    isScraped: true,
  });
  const seen: string[] = [];
  const waiting = (one: string) => void seen.push(one);
  const settled = await awaitScrapeAfter('up', now, 3000, asker, { waiting, margin: 5 });
  expect(settled.isScraped).toBe(true);
  expect(seen).toContain('ended');
  expect(Date.now() / 1000).toBeGreaterThanOrEqual(last + 5 * STEP);
});

test.each([
  [true, 'every scrape of every target has failed for 15 s: waiting ends, long before its limit'],
  [false, 'one of two targets is scraped, so the other may recover: it is waited for'],
])('(all fail: %s) %s', async (allFail) => {
  const { now, times } = scrapes(5);
  const since = now - 16;
  const of = (instance: string, value: string) => ({
    labels: { __name__: 'up', instance },
    samples: times.filter((at) => at <= now).map((at): [number, string] => [at, value]),
    lateSeconds: 0,
  });
  await using server = await startLateServer([of('a', '0'), of('b', allFail ? '0' : '1')]);
  const settled = await awaitScrapeAfter('up', since, 2000, { url: server.url, signal: signal() });
  expect(settled).toMatchObject({ isScraped: false, obstacle: 'failing' });
  expect(settled.waitedSeconds).toBe(allFail ? 0 : 2);
});

test('before the load, the lag is learned from whole batches', async () => {
  const { now, times } = scrapes(5);
  await using server = await startLateServer([seriesOf('up', times, 1)]);
  const settled = await awaitScrapeAfter('up', now, 15_000, { url: server.url, signal: signal() });
  expect(settled.isScraped).toBe(true);
  expect(settled.lagSeconds).toBeGreaterThanOrEqual(1);
  expect(settled.lagSeconds).toBeLessThan(5);
});
