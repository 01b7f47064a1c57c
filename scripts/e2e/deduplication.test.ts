import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDocument } from '../../slas/document/document.ts';
import type { Plan, RunRecord } from '../../slas/model/model.ts';
import { planWindow } from '../../slas/plan/plan.ts';
import { awaitScrapeAfter } from '../../slas/prometheus/await-scrape.ts';
import { basicAuthorization } from '../../slas/prometheus/http.ts';
import { collectEvidence } from '../../slas/prometheus/prometheus.ts';
import type { VerdictDocument } from '../../slas/render/json.ts';
import { judgeInWords } from '../../slas/testing/judge-in-words.ts';
import { containersOf, named, workloadsOf } from '../kubernetes/manifest.ts';
import { objectsOf } from '../kubernetes/testing/overlays.ts';
import { serviceAddress, serviceReady, startService } from '../stack/local.ts';
import { countsAndUptimeDocument } from '../testing/counts-document.ts';
import { startPrometheusFrom } from '../testing/scraping.ts';
import { ROOT, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { explainIfBusy, objectiveOf, preconditionOf } from '../testing/verdict.ts';
import {
  BUILD_MS,
  importInto,
  startVictoriaMetrics,
  type VictoriaMetrics,
} from '../testing/victoria-metrics.ts';

/**
 * Two Prometheus replicas scrape one real service and write the same series to a real VictoriaMetrics, as in
 * k8s/components/victoriametrics. The stores run with deduplication, without it, or receive labels that prevent it.
 */

const signal = new AbortController().signal;
const INTERVAL_SECONDS = 1;
const REQUESTS = 80;

let folder: TemporaryFolder;
const owned = new AsyncDisposableStack();
let service: string;
/** The stores, named by the fault in their setup. */
let stores: Readonly<Record<'deduplicated' | 'doubled' | 'labelled', string>>;
let window: RunRecord['window'];
/** Stores with and without deduplication, for samples that the test generates. */
let imported: readonly VictoriaMetrics[];

beforeAll(async () => {
  folder = await temporaryFolder();
  const dedup = `-dedup.minScrapeInterval=${INTERVAL_SECONDS}s`;
  const servers = await Promise.all(
    [[dedup], [], [dedup]].map(async (args) => owned.use(await startVictoriaMetrics(args))),
  );
  const [deduplicated, doubled, labelled] = servers.map(({ url }) => url) as [string, string, string];
  stores = { deduplicated, doubled, labelled };
  imported = servers.slice(0, 2);
  service = await serve();
  await Promise.all(['a', 'b'].map((replica) => scraping(replica, service)));
  const plan = planOf();
  for (const url of Object.values(stores))
    expect(await awaitScrapeAfter(plan.up, Date.now() / 1000, 60_000, { url, signal })).toMatchObject({
      isScraped: true,
    });
  const fromSeconds = Date.now() / 1000;
  await predict(REQUESTS);
  window = { fromSeconds, toSeconds: Date.now() / 1000 };
}, BUILD_MS);
afterAll(async () => {
  await owned.disposeAsync();
  await folder?.[Symbol.asyncDispose]();
});

async function serve(): Promise<string> {
  const own = join(folder.path, 'service');
  await mkdir(own);
  const options = { root: ROOT, env: process.env, selector: {}, prometheusPath: '', folder: own, signal };
  const running = owned.use(await startService(options));
  const url = await serviceAddress(running, signal);
  await serviceReady(running, url, signal);
  return url;
}

/** One of the two replicas. Only the samples that it sends to `labelled` carry a label of the replica. */
async function scraping(replica: string, target: string): Promise<void> {
  const own = join(folder.path, `prometheus-${replica}`);
  await mkdir(own);
  const queue_config = { batch_send_deadline: '1s' };
  const config = {
    global: {
      scrape_interval: `${INTERVAL_SECONDS}s`,
      scrape_timeout: `${INTERVAL_SECONDS}s`,
      external_labels: { cluster: 'one' },
    },
    remote_write: [
      { url: `${stores.deduplicated}/api/v1/write`, queue_config },
      { url: `${stores.doubled}/api/v1/write`, queue_config },
      {
        url: `${stores.labelled}/api/v1/write`,
        queue_config,
        write_relabel_configs: [{ target_label: 'prometheus_replica', replacement: replica }],
      },
    ],
    scrape_configs: [{ job_name: 'sentiment-api', static_configs: [{ targets: [new URL(target).host] }] }],
  };
  await writeFile(join(own, 'prometheus.yml'), JSON.stringify(config));
  owned.use(await startPrometheusFrom(join(own, 'prometheus.yml'), join(own, 'data')));
}

async function predict(count: number): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ text: 'A fine day.' });
  for (let sent = 0; sent < count; sent++) {
    const due = sleep(100);
    const response = await fetch(`${service}/predict`, { method: 'POST', headers, body });
    expect(response.status).toBe(200);
    await response.text();
    await due;
  }
}

function planOf(job = 'sentiment-api'): Plan {
  const parsed = parseDocument(countsAndUptimeDocument(job));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return planWindow(parsed.value);
}

async function judgedBy(store: keyof typeof stores): Promise<VerdictDocument> {
  return await judgeOn(stores[store], planOf(), window);
}

async function judgeOn(url: string, plan: Plan, judged: RunRecord['window']): Promise<VerdictDocument> {
  const run: RunRecord = {
    schema: 'sla-harness/run/v1',
    id: 'window',
    window: judged,
    load: null,
    incidents: null,
  };
  return judgeInWords(plan, run, await collectEvidence(plan, run, { url, signal }));
}

describe('two replicas that write the same series', { timeout: 120_000 }, () => {
  test('with deduplication, the replicas are judged as one: each request and each scrape counts once', async () => {
    const verdict = await judgedBy('deduplicated');
    explainIfBusy(verdict, () => expect(verdict.verdict, JSON.stringify(verdict, null, 1)).toBe('pass'));
    expect(objectiveOf(verdict, 'error-rate').samples).toBe(REQUESTS);
    const seconds = window.toSeconds - window.fromSeconds;
    expect(objectiveOf(verdict, 'model-uptime').samples).toBeLessThan(seconds / INTERVAL_SECONDS + 3);
  });

  test('without deduplication, the verdict is undecided or right, because both replicas report the same process', async () => {
    const verdict = await judgedBy('doubled');
    expect(verdict.verdict).not.toBe('fail');
    const { verdict: outcome, samples } = objectiveOf(verdict, 'error-rate');
    if (outcome !== 'undecided') expect(samples).toBe(REQUESTS);
  });

  test('with a label that distinguishes the replicas, each process is counted twice, and the run is refused', async () => {
    const verdict = await judgedBy('labelled');
    expect(verdict.verdict).toBe('inconclusive');
    expect(preconditionOf(verdict, 'targets-distinct')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('prometheus_replica'),
    });
  });
});

/**
 * The samples that the two replicas scrape from one process with 4 requests per second, of which 1 in 10 fails if `isFailing`.
 */
function samplesOf(job: string, phase: number, skew: number, isFailing: boolean): string {
  const lines: string[] = [];
  for (const [offset, ahead] of [
    [0, 0],
    [phase, skew],
  ] as const)
    for (let second = 0; second <= 80; second++) {
      const elapsed = second + offset;
      const requests = Math.floor(4 * elapsed);
      const errors = isFailing ? Math.floor(requests / 10) : 0;
      const at = Math.round((BASE_SECONDS + elapsed + ahead) * 1000);
      const labels = `job="${job}",instance="a"`;
      const counter = (status: string) =>
        `http_requests_total{${labels},handler="/predict",method="POST",status="${status}"}`;
      lines.push(
        `up{${labels}} 1 ${at}`,
        `process_start_time_seconds{${labels}} 1000 ${at}`,
        `sentiment_model_loaded{${labels}} 1 ${at}`,
        `${counter('200')} ${requests - errors} ${at}`,
        `${counter('500')} ${errors} ${at}`,
      );
    }
  return `${lines.join('\n')}\n`;
}

const BASE_SECONDS = Math.floor(Date.now() / 1000) - 3_600;
const JUDGED = { fromSeconds: BASE_SECONDS + 10.2, toSeconds: BASE_SECONDS + 60.2 };

test("the component's command line is accepted: everything but /health asks for the password", async () => {
  const password = join(folder.path, 'password');
  await writeFile(password, 'a-long-password');
  const objects = await objectsOf('production with victoriametrics');
  const [container] = containersOf(named(workloadsOf(objects), 'victoriametrics')!);
  // The helper sets the path and the port.
  const args = container!
    .args!.filter((arg) => !/^-(storageDataPath|httpListenAddr)=/.test(arg))
    .map((arg) =>
      arg.replace('%{LOGIN_USERNAME}', 'sla').replace('/etc/victoriametrics/login/password', password),
    );
  await using server = await startVictoriaMetrics(args);
  const ask = async (headers: Record<string, string>) =>
    (await fetch(`${server.url}/api/v1/query?query=1`, { headers })).status;
  expect(await ask({})).toBe(401);
  expect(await ask({ authorization: basicAuthorization('sla', 'another-password') })).toBe(401);
  expect(await ask({ authorization: basicAuthorization('sla', 'a-long-password') })).toBe(200);
});

describe('for any distance between the scrapes, and any clock difference', { timeout: 120_000 }, () => {
  test('without deduplication, scrapes 10 ms apart make the scrape interval unknown, so the verdict is undecided', async () => {
    const server = imported[1]!;
    await importInto(server, samplesOf('close', 0.01, 0, false));
    await (await fetch(`${server.url}/internal/force_flush`)).text();
    expect((await judgeOn(server.url, planOf('close'), JUDGED)).verdict).toBe('inconclusive');
  });

  const worlds = [0, 0.01, 0.3, 0.5, 0.7].flatMap((phase) =>
    [0, 0.4, -0.4].flatMap((skew) => [true, false].map((isFailing) => ({ phase, skew, isFailing }))),
  );

  test.each(worlds)(
    'phase $phase s, clock $skew s, failing: $isFailing',
    async ({ phase, skew, isFailing }) => {
      const job = `p${phase * 100}-${skew * 10}-${isFailing}`.replaceAll('-', '_');
      const truth = isFailing ? 'fail' : 'pass';
      const [deduplicated, doubled] = await Promise.all(
        imported.map(async (server) => {
          await importInto(server, samplesOf(job, phase, skew, isFailing));
          await (await fetch(`${server.url}/internal/force_flush`)).text();
          return await judgeOn(server.url, planOf(job), JUDGED);
        }),
      );
      expect(deduplicated!.verdict).toBe(truth);
      // The time from the last scrape before the window to the first one after it.
      expect(objectiveOf(deduplicated!, 'error-rate').samples).toBe(4 * 51);
      expect([truth, 'inconclusive']).toContain(doubled!.verdict);
      const { verdict, samples } = objectiveOf(doubled!, 'error-rate');
      if (verdict !== 'undecided') expect(samples).toBeGreaterThanOrEqual(4 * 50);
      expect(samples).toBeLessThanOrEqual(4 * 51);
    },
  );
});
