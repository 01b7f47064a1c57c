import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentedQueries } from '../../dashboards/operating-panels.ts';
import { awaitScrapeAfter } from '../../slas/prometheus/await-scrape.ts';
import { highestFactor } from '../../slas/testing/extrapolation.ts';
import { startRelay } from '../selftest/relay.ts';
import { serviceAddress, serviceReady, startService } from '../stack/local.ts';
import { startPrometheusFrom } from '../testing/scraping.ts';
import { ROOT, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';

/** The four queries of docs/operations.md, sent to a real Prometheus that scrapes the real service. */

const signal = new AbortController().signal;
const page = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
/** The dashboard panels that answer the same questions. */
const panels = JSON.parse(
  readFileSync(join(ROOT, 'dashboards/generated/sentiment-production.json'), 'utf8'),
) as { panels: { title: string; targets?: { expr: string; legendFormat: string }[] }[] };

let folder: TemporaryFolder;
const owned = new AsyncDisposableStack();
/** Two replicas, and a Prometheus that scrapes both. */
let replicas: readonly string[];
let prometheus: string;
/** A second Prometheus, whose only target is an address that forwards to the replicas in turn. */
let behindAService: string;
let beforeLoad: number;

beforeAll(async () => {
  folder = await temporaryFolder();
  replicas = await Promise.all(['a', 'b'].map(serve));
  let turn = 0;
  const front = owned.use(await startRelay(replicas[0]!));
  front.behaviour = (_, forward) => {
    front.upstream = replicas[turn++ % 2]!;
    return forward();
  };
  [prometheus, behindAService] = await Promise.all([
    scraping('each-replica', replicas),
    scraping('behind-a-service', [front.url]),
  ]);
  beforeLoad = Date.now() / 1000;
  // A rate needs two scrapes of each replica.
  await until('count(count_over_time(up[5m]) > 1) == 2');
  await until('count_over_time(up[5m]) > 1', behindAService);
});
afterAll(async () => {
  await owned.disposeAsync();
  await folder?.[Symbol.asyncDispose]();
});

async function serve(name: string): Promise<string> {
  const own = join(folder.path, name);
  await mkdir(own);
  const options = { root: ROOT, env: process.env, selector: {}, prometheusPath: '', folder: own, signal };
  const service = owned.use(await startService(options));
  const url = await serviceAddress(service, signal);
  await serviceReady(service, url, signal);
  return url;
}

async function scraping(job: string, targets: readonly string[]): Promise<string> {
  const own = join(folder.path, job);
  await mkdir(own);
  const hosts = targets.map((target) => new URL(target).host);
  const config = {
    global: { scrape_interval: '500ms', scrape_timeout: '500ms' },
    scrape_configs: [{ job_name: job, static_configs: [{ targets: hosts }] }],
  };
  await writeFile(join(own, 'prometheus.yml'), JSON.stringify(config));
  const { url } = owned.use(await startPrometheusFrom(join(own, 'prometheus.yml'), join(own, 'data')));
  return url;
}

/** Waits until both servers have scraped everything that happened before the call. */
async function scraped(): Promise<void> {
  const now = Date.now() / 1000;
  for (const url of [prometheus, behindAService])
    expect(await awaitScrapeAfter('up', now, 30_000, { url, signal })).toMatchObject({ isScraped: true });
}

/** Waits until a query has a result. */
async function until(query: string, url = prometheus): Promise<void> {
  const deadline = Date.now() + 30_000;
  while ((await ask(query, { url })).length === 0) {
    if (Date.now() > deadline) throw new Error(`no result for 30 s: ${query}`);
    await sleep(100);
  }
}

type Values = readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];

async function ask(query: string, { url = prometheus, at = Date.now() / 1000 } = {}): Promise<Values> {
  const parameters = new URLSearchParams({ query, time: String(at) });
  const response = await fetch(`${url}/api/v1/query?${parameters}`);
  const { data, error } = (await response.json()) as {
    error?: string;
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  expect(error).toBeUndefined();
  return data.result.map(({ metric, value }) => ({
    labels: metric,
    value: Number(value[1].replace('Inf', 'Infinity')),
  }));
}

/** The value of a query with a single result. */
async function one(query: string, where: Parameters<typeof ask>[1] = {}): Promise<number> {
  const values = await ask(query, where);
  expect(values).toHaveLength(1);
  return values[0]!.value;
}

const queryOfPanel = (title: string, legend?: string) =>
  panels.panels
    .find((panel) => panel.title === title)!
    .targets!.find(({ legendFormat }) => legend === undefined || legendFormat === legend)!
    .expr.replaceAll(/\$(namespace|pod)/g, '.*')
    // The replicas here have one job each; the dashboards are about the job of the document.
    .replaceAll('job="sentiment-api"', 'job="each-replica"');

const panelQueries = {
  rate: queryOfPanel('Predictions per second (5m)'),
  errors: queryOfPanel('Errors per prediction (5m)'),
  latency: queryOfPanel('Mean prediction time (5m)'),
  share: queryOfPanel('Share of positive predictions', 'since the start'),
};

async function post(url: string, body: unknown): Promise<{ status: number; sentiment?: string }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/predict`, { method: 'POST', headers, body: JSON.stringify(body) });
  const { sentiment } = (await response.json()) as { sentiment?: string };
  return { status: response.status, ...(sentiment === undefined ? {} : { sentiment }) };
}

/** The value of a series in the service's own metrics: the expected result of a query. */
async function exposed(series: RegExp): Promise<number> {
  const texts = await Promise.all(replicas.map(async (url) => (await fetch(`${url}/metrics`)).text()));
  const values = texts.flatMap((text) => [...text.matchAll(series)].map(([, value]) => Number(value)));
  return values.reduce((sum, value) => sum + value, 0);
}

test('the page contains each query exactly as these tests execute it', () => {
  for (const query of Object.values(documentedQueries)) expect(page).toContain(query);
});

describe('before the first scrape', () => {
  test.each(Object.entries(documentedQueries))('%s has no result, rather than 0', async (_, query) => {
    expect(await ask(query, { at: beforeLoad - 600 })).toEqual([]);
  });
});

describe('without traffic', () => {
  test('the rate is 0, and every quotient is NaN', async () => {
    expect(await one(documentedQueries['prediction-rate-5m'])).toBe(0);
    expect(await one(documentedQueries['error-percentage-5m'])).toBeNaN();
    expect(await one(documentedQueries['positive-share'])).toBeNaN();
    const latencies = await ask(documentedQueries['average-latency-5m']);
    // The result has one value for each endpoint of each replica.
    expect(latencies.map(({ value }) => value)).toEqual([NaN, NaN, NaN, NaN]);
  });

  test('the panels show nothing instead of NaN', async () => {
    expect(await one(panelQueries.rate)).toBe(0);
    for (const query of [panelQueries.errors, panelQueries.latency, panelQueries.share])
      expect(await ask(query)).toEqual([]);
  });
});

describe('with failed requests only', () => {
  beforeAll(async () => {
    for (let sent = 0; sent < 3; sent++) expect((await post(replicas[0]!, {})).status).toBe(400);
    await scraped();
  });

  test('the error percentage is infinite, because failed requests produce no predictions', async () => {
    expect(await one(documentedQueries['error-percentage-5m'])).toBe(Infinity);
    expect(await ask(panelQueries.errors)).toEqual([]);
  });

  test('a counter that does not start at 0 gives no percentage at all before its first error', async () => {
    const unseen = documentedQueries['error-percentage-5m'].replace(
      'sentiment_errors_total',
      'sentiment_errors_total{error_type="first_seen_later"}',
    );
    expect(await ask(unseen)).toEqual([]);
  });
});

describe('with traffic', { timeout: 60_000 }, () => {
  const TEXTS = ['I love it.', 'A fine day.', 'Terrible, never again.'];
  const sentiments: string[] = [];
  /** How far `rate` and `increase` may be above the exact count. */
  let factor: number;

  beforeAll(async () => {
    for (let sent = 0; sent < 60; sent++) {
      const { status, sentiment } = await post(replicas[sent % 4 === 0 ? 1 : 0]!, {
        text: TEXTS[sent % TEXTS.length],
      });
      expect(status).toBe(200);
      sentiments.push(sentiment!);
    }
    await scraped();
    const scrapes = await ask('count_over_time(up[5m])');
    factor = Math.max(...scrapes.map(({ value }) => highestFactor(value)));
  });

  const expectBetween = (value: number, low: number, high: number) => {
    expect(value).toBeGreaterThanOrEqual(low * (1 - 1e-9));
    expect(value).toBeLessThanOrEqual(high * (1 + 1e-9));
  };

  test('the prediction rate counts the texts of both replicas', async () => {
    const at = Date.now() / 1000;
    const value = await one(documentedQueries['prediction-rate-5m'], { at });
    expectBetween(value * 300, 60, 60 * factor);
    expect(await one(panelQueries.rate, { at })).toBe(value);
  });

  test('the rate includes restarts that never happened if replicas are scraped through a shared address', async () => {
    // Prometheus takes each switch to the replica with the lower count for a restart, so the rate grows without
    // traffic.
    await until(`${documentedQueries['prediction-rate-5m']} * 300 > ${2 * 60 * factor}`, behindAService);
    expect(await ask('resets(sentiment_predictions_total[5m]) > 0', { url: behindAService })).toHaveLength(2);
  });

  test('the error percentage is the number of failed requests per predicted text', async () => {
    const share = (3 / 60) * 100;
    const value = await one(documentedQueries['error-percentage-5m']);
    expectBetween(value, share / factor, share * factor);
    expectBetween((await one(panelQueries.errors)) * 100, share / factor, share * factor);
  });

  test('the average latency has a line for each endpoint of each replica, and the panel has a line for each endpoint', async () => {
    const duration = 'sentiment_prediction_duration_seconds';
    const mean =
      (await exposed(new RegExp(`^${duration}_sum\\{endpoint="/predict"\\} (\\S+)$`, 'gm'))) /
      (await exposed(new RegExp(`^${duration}_count\\{endpoint="/predict"\\} (\\S+)$`, 'gm')));
    const lines = await ask(documentedQueries['average-latency-5m']);
    expect(lines).toHaveLength(4);
    expect(lines.filter(({ value }) => value > 0)).toHaveLength(2);
    const [whole, ...others] = await ask(panelQueries.latency);
    expect(others).toEqual([]);
    expectBetween(whole!.value, mean / factor, mean * factor);
  });

  test('a percentile requires the sum of the buckets of all replicas by le; without it, each series has its own percentile', async () => {
    const buckets = 'rate(sentiment_prediction_duration_seconds_bucket{endpoint="/predict"}[5m])';
    expect(await ask(`histogram_quantile(0.95, sum by (le) (${buckets}))`)).toHaveLength(1);
    expect(await ask(`histogram_quantile(0.95, ${buckets})`)).toHaveLength(2);
    // Without le, no buckets remain to interpolate between.
    expect(await ask(`histogram_quantile(0.95, sum(${buckets}))`)).toEqual([]);
  });

  test('the positive share is exact, and excludes a replica that has stopped', async () => {
    const positive = sentiments.filter((sentiment) => sentiment === 'POSITIVE').length;
    expect(positive).toBeGreaterThan(0);
    expect(positive).toBeLessThan(60);
    expect(await one(documentedQueries['positive-share'])).toBeCloseTo(positive / 60, 12);
    expect(await one(panelQueries.share)).toBeCloseTo(positive / 60, 12);
    const oneReplica = documentedQueries['positive-share'].replaceAll(
      /_total(\{)?/g,
      (_, open?: string) =>
        `_total{instance="${new URL(replicas[1]!).host}"${open === undefined ? '}' : ','}`,
    );
    const ofOne = sentiments.filter((_, sent) => sent % 4 === 0);
    expect(await one(oneReplica)).toBeCloseTo(
      ofOne.filter((sentiment) => sentiment === 'POSITIVE').length / ofOne.length,
      12,
    );
  });

  const reviewed = [...page.matchAll(/```promql\n([\s\S]*?)```/g)].flatMap(([, text]) =>
    text!.split('\n').flatMap((line) => line.trim() || []),
  );

  test.each(reviewed)('every query of the reviews is accepted without warnings: %s', async (query) => {
    const parameters = new URLSearchParams({ query });
    const response = await fetch(`${prometheus}/api/v1/query?${parameters}`);
    const {
      status,
      warnings = [],
      infos = [],
    } = (await response.json()) as {
      status: string;
      warnings?: string[];
      infos?: string[];
    };
    expect({ status, warnings, infos }).toEqual({ status: 'success', warnings: [], infos: [] });
  });

  test('both servers logged no error', async () => {
    for (const name of ['each-replica', 'behind-a-service'])
      expect(await readFile(join(folder.path, name, 'data', 'prometheus.log'), 'utf8')).not.toContain(
        'level=ERROR',
      );
  });
});
