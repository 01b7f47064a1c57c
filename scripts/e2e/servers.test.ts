import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDocument } from '../../slas/document/document.ts';
import type { Evidence, Plan, RunRecord } from '../../slas/model/model.ts';
import { planWindow } from '../../slas/plan/plan.ts';
import { awaitScrapeAfter } from '../../slas/prometheus/await-scrape.ts';
import { collectEvidence } from '../../slas/prometheus/prometheus.ts';
import type { VerdictDocument } from '../../slas/render/json.ts';
import { judgeInWords } from '../../slas/testing/judge-in-words.ts';
import { toolPath } from '../../slas/testing/prometheus-server.ts';
import type { Running } from '../process/processes.ts';
import { passOn, type Relay, startRelay } from '../selftest/relay.ts';
import { listeningAddress } from '../stack/listening.ts';
import {
  type LocalStackOptions,
  serviceAddress,
  serviceReady,
  startPrometheus,
  startReceiver,
  startService,
} from '../stack/local.ts';
import { countsAndUptimeDocument } from '../testing/counts-document.ts';
import { ROOT, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { explainIfBusy, objectiveOf, preconditionOf } from '../testing/verdict.ts';
import {
  BUILD_MS,
  importInto,
  startVictoriaMetrics,
  type VictoriaMetrics,
} from '../testing/victoria-metrics.ts';

/**
 * Servers with Prometheus's API other than a Prometheus that scrapes: a real VictoriaMetrics, and a real Prometheus that
 * receives samples late. Each is queried as soon as the load has ended.
 */

const signal = new AbortController().signal;
let folder: TemporaryFolder;
let owned: AsyncDisposableStack;
let services = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  owned = new AsyncDisposableStack();
});
afterAll(async () => {
  await owned.disposeAsync();
  await folder[Symbol.asyncDispose]();
});

async function optionsFor(more: Partial<LocalStackOptions> = {}): Promise<LocalStackOptions> {
  const own = join(folder.path, `part-${++services}`);
  await mkdir(own);
  return {
    root: ROOT,
    env: process.env,
    prometheusPath: toolPath('PROMETHEUS_BIN'),
    selector: { job: 'sentiment-api' },
    folder: own,
    signal,
    ...more,
  };
}

async function serve(more: Partial<LocalStackOptions> = {}): Promise<{ process: Running; url: string }> {
  const process = owned.use(await startService(await optionsFor(more)));
  const url = await serviceAddress(process, signal);
  await serviceReady(process, url, signal);
  return { process, url };
}

async function scrapingVictoriaMetrics(job: string, target: string): Promise<VictoriaMetrics> {
  const config = join(folder.path, 'scrape.yml');
  const scrape = {
    job_name: job,
    scrape_interval: '500ms',
    scrape_timeout: '500ms',
    static_configs: [{ targets: [new URL(target).host] }],
  };
  await writeFile(config, JSON.stringify({ scrape_configs: [scrape] }));
  return owned.use(await startVictoriaMetrics([`-promscrape.config=${config}`]));
}

async function predict(serviceUrl: string, count: number, everyMs: number): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  for (let sent = 0; sent < count; sent++) {
    const due = sleep(everyMs);
    const response = await fetch(`${serviceUrl}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'A fine day.' }),
    });
    await response.text();
    statuses[response.status] = (statuses[response.status] ?? 0) + 1;
    await due;
  }
  return statuses;
}

interface Judged {
  readonly verdict: VerdictDocument;
  readonly evidence: Evidence;
}

function planFor(job: string): Plan {
  const parsed = parseDocument(countsAndUptimeDocument(job));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return planWindow(parsed.value);
}

/** Waits before the load as the gate does, sends the load, and judges immediately. */
async function judged(job: string, url: string, during: () => Promise<unknown>): Promise<Judged> {
  const plan = planFor(job);
  const asker = { url, signal };
  const { isScraped, lagSeconds } = await awaitScrapeAfter(plan.up, Date.now() / 1000, 60_000, asker);
  expect(isScraped).toBe(true);
  const fromSeconds = Date.now() / 1000;
  await during();
  const window = { fromSeconds, toSeconds: Date.now() / 1000 };
  return await judgedAtOnce(job, url, window, lagSeconds);
}

async function judgedAtOnce(
  job: string,
  url: string,
  window: RunRecord['window'],
  lagSeconds: number | null = null,
): Promise<Judged> {
  const plan = planFor(job);
  const run: RunRecord = { schema: 'sla-harness/run/v1', id: 'window', window, load: null, incidents: null };
  const asker = { url, signal, ...(lagSeconds === null ? {} : { lagSeconds }) };
  const evidence = await collectEvidence(plan, run, asker);
  return { evidence, verdict: judgeInWords(plan, run, evidence) };
}

const expectPass = ({ verdict }: Judged) =>
  explainIfBusy(verdict, () => expect(verdict.verdict, JSON.stringify(verdict, null, 1)).toBe('pass'));

describe('VictoriaMetrics', { timeout: 240_000 }, () => {
  let server: VictoriaMetrics;
  let url: string;
  let faulty: { process: Running; url: string };
  let scrape: Relay;

  beforeAll(async () => {
    faulty = await serve();
    scrape = owned.use(await startRelay(faulty.url));
    server = await scrapingVictoriaMetrics('troubled', scrape.url);
    url = server.url;
    await predict(faulty.url, 1, 0);
  }, BUILD_MS);

  test('a healthy service passes, although the server shows samples seconds late', async () => {
    const result = await judged('troubled', url, () => predict(faulty.url, 80, 100));
    expectPass(result);
    expect(objectiveOf(result.verdict, 'error-rate').samples).toBe(80);
    expect(result.evidence.arrival).toMatchObject({ boundBy: 'learned', missing: [] });
  });

  test('a failed scrape counts as unknown, and not as a restart', async () => {
    const result = await judged('troubled', url, async () => {
      await predict(faulty.url, 40, 100);
      let failed = 0;
      scrape.behaviour = async (exchange, forward) =>
        ++failed === 1 ? { status: 500, type: 'text/plain', body: 'no' } : await passOn(exchange, forward);
      await predict(faulty.url, 40, 100);
    });
    expect(preconditionOf(result.verdict, 'service-not-restarted')).toMatchObject({ ok: true });
    expect(objectiveOf(result.verdict, 'error-rate')).toMatchObject({ verdict: 'met', samples: 80 });
    expect(objectiveOf(result.verdict, 'model-uptime').verdict).toBe('undecided');
    expect(objectiveOf(result.verdict, 'model-uptime').reason).toContain('unknown');
    const values = result.evidence.readings.flatMap(({ series }) =>
      series.flatMap(({ samples }) => samples.map(([, value]) => value)),
    );
    // These are the stale markers; without them the test would prove nothing.
    expect(values).toContain('NaN');
  });

  test('a window of more than 500 scrapes that has just ended is judged in full', async () => {
    const now = Math.floor(Date.now() / 1000);
    const times = Array.from({ length: 613 }, (_, index) => now - 610 + index);
    const labels = 'job="long",instance="a"';
    const predictions = `http_requests_total{${labels},handler="/predict",method="POST",status="200"}`;
    const lines = times.flatMap((at, index) =>
      [
        `up{${labels}} 1`,
        `process_start_time_seconds{${labels}} 1000`,
        `sentiment_model_loaded{${labels}} 1`,
        `${predictions} ${index * 3}`,
      ].map((line) => `${line} ${at * 1000}`),
    );
    await importInto(server, `${lines.join('\n')}\n`);
    // The first of its samples are visible, but its functions return none of the last 30 s.
    expect(await awaitScrapeAfter('up{job="long"}', now - 30, 30_000, { url, signal })).toMatchObject({
      isScraped: true,
    });
    const result = await judgedAtOnce('long', url, { fromSeconds: now - 600, toSeconds: now });
    expect(result.evidence.thinned).toBeDefined();
    expect(result.evidence.arrival!.missing).toEqual([]);
    expectPass(result);
    expect(objectiveOf(result.verdict, 'error-rate').samples).toBe(1_800);
    expect(objectiveOf(result.verdict, 'model-uptime').samples).toBe(601);
  });

  test('a process restart is reported as a restart', async () => {
    const result = await judged('troubled', url, async () => {
      await predict(faulty.url, 30, 100);
      await faulty.process.stop();
      await serve({ servicePort: Number(new URL(faulty.url).port) });
      await predict(faulty.url, 30, 100);
    });
    expect(result.verdict.verdict).not.toBe('pass');
    expect(objectiveOf(result.verdict, 'error-rate').verdict).toBe('undecided');
    expect(preconditionOf(result.verdict, 'service-not-restarted')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('restarted (detected at'),
    });
  });
});

describe('a Prometheus that receives samples in batches', { timeout: 120_000 }, () => {
  test('of 8 s, gets enough time and counts exactly', async () => {
    const service = await serve();
    const options = await optionsFor();
    const receiver = owned.use(await startReceiver(options, options.folder));
    const url = await listeningAddress(receiver, signal);
    const remoteWrite = { url: `${url}/api/v1/write`, batchSeconds: 8 };
    const scraping = { ...options, remoteWrite };
    owned.use(await startPrometheus(scraping, [service.url], join(options.folder, 'data')));
    await predict(service.url, 1, 0);
    const result = await judged('sentiment-api', url, () => predict(service.url, 120, 100));
    expectPass(result);
    expect(objectiveOf(result.verdict, 'error-rate').samples).toBe(120);
    expect(result.evidence.arrival!.lagSeconds).toBeGreaterThan(5);
    expect(result.evidence.arrival!.missing).toEqual([]);
  });
});
