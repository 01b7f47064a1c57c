import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { rulesOf } from '../../slas/alerts/rules/rules.ts';
import { parseDocument } from '../../slas/document/document.ts';
import { judge } from '../../slas/judge/judge.ts';
import type { RunRecord, SlaDocument, Verdict } from '../../slas/model/model.ts';
import { unwrap } from '../../slas/model/result.ts';
import { planWindow } from '../../slas/plan/plan.ts';
import { collectEvidence } from '../../slas/prometheus/prometheus.ts';
import { renderRules } from '../../slas/render/rules.ts';
import { toolPath } from '../../slas/testing/prometheus-server.ts';
import { SHIPPED_DOCUMENT } from '../cli/inputs.ts';
import { startLocalStack } from '../stack/local.ts';
import { serve } from '../testing/http-server.ts';
import { ROOT, temporaryFolder } from '../testing/sla.ts';

/**
 * The rules in a real Prometheus over the real service, with a real Alertmanager that delivers them. The alerts are silent
 * while the service is healthy, fire while it refuses requests, and resolve when it responds again. The verdict cross-checks
 * them.
 */

const PATIENCE = { timeout: 60_000, interval: 250 };
const TEXTS = ['A joy to use, and it arrived early.', 'It broke on the first day. Never again.'];

async function predict(url: string, text: string): Promise<number> {
  const response = await fetch(`${url}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
    signal: AbortSignal.timeout(10_000),
  });
  await response.arrayBuffer();
  return response.status;
}

/** Sends requests until disposed of, in bursts: `atOnce` requests, then a pause. */
function traffic(url: string, { atOnce, everyMs, text }: Burst): AsyncDisposable {
  let isOver = false;
  const done = (async () => {
    for (let number = 0; !isOver; number++) {
      const burst = Array.from({ length: atOnce }, (_, index) => predict(url, text(number + index)));
      await Promise.allSettled([...burst, new Promise((resolve) => setTimeout(resolve, everyMs))]);
    }
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      await done;
    },
  };
}

interface Burst {
  readonly atOnce: number;
  readonly everyMs: number;
  readonly text: (number: number) => string;
}

const ordinary: Burst = { atOnce: 1, everyMs: 50, text: (number) => TEXTS[number % 2]! };
const tooMany: Burst = { atOnce: 60, everyMs: 100, text: (number) => TEXTS[number % 2]!.repeat(20) };

async function ask(prometheusUrl: string, query: string) {
  const url = `${prometheusUrl}/api/v1/query?query=${encodeURIComponent(query)}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  const { data } = (await response.json()) as {
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  return data.result;
}

interface Notified {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
}

interface Receiver extends AsyncDisposable {
  readonly url: string;
  /** Every alert of every notification, in order of arrival. */
  readonly notified: readonly Notified[];
}

/** Stands in for a user's own receiver: accepts the notifications that Alertmanager posts. */
async function startReceiver(): Promise<Receiver> {
  const notified: Notified[] = [];
  const server = await serve(async (request, response) => {
    const { alerts } = (await json(request)) as { alerts: readonly Notified[] };
    notified.push(...alerts);
    response.end();
  });
  return { ...server, url: `${server.url}/alerts?token=of-the-receiver`, notified };
}

/** The names of notified alerts, without the model's alerts (see `firing`). */
const namesOf = (notified: readonly Notified[], status: Notified['status']) =>
  notified
    .filter((one) => one.status === status && one.labels.objective !== 'model-uptime')
    .map(({ labels }) => labels.alertname);

/** Judges the time since `fromSeconds` as a window without a load of its own. */
async function judged(document: SlaDocument, prometheusUrl: string, fromSeconds: number): Promise<Verdict> {
  const plan = planWindow(document);
  const window = { fromSeconds, toSeconds: Date.now() / 1000 };
  const run: RunRecord = { schema: 'sla-harness/run/v1', id: 'window', window, load: null, incidents: null };
  const asker = { url: prometheusUrl, signal: AbortSignal.timeout(30_000) };
  return judge(plan, run, await collectEvidence(plan, run, asker));
}

/** Excludes the model's alerts: the first scrapes may happen while the model is loading, and these alerts report that. */
const firing = async (prometheusUrl: string) =>
  (await ask(prometheusUrl, 'ALERTS{alertstate="firing",objective!="model-uptime"}')).map(
    ({ metric }) => metric.alertname,
  );

test('an alert fires while the service refuses requests, is delivered, and resolves when it responds again', {
  timeout: 240_000,
}, async () => {
  const document = unwrap(parseDocument(readFileSync(join(ROOT, SHIPPED_DOCUMENT), 'utf8')));
  await using folder = await temporaryFolder();
  await using receiver = await startReceiver();
  await using stack = await startLocalStack({
    root: ROOT,
    // A small queue fills quickly; further requests are refused with 503.
    env: { ...process.env, SERVICE_WORKERS: '1', QUEUE_LIMIT: '4', MAX_BATCH_TEXTS: '4' },
    prometheusPath: toolPath('PROMETHEUS_BIN'),
    selector: document.service.selector,
    folder: folder.path,
    signal: new AbortController().signal,
    rules: renderRules(rulesOf(document, { windowSeconds: 10, forSeconds: 2 }), SHIPPED_DOCUMENT),
    alertmanager: { path: toolPath('ALERTMANAGER_BIN'), webhookUrl: receiver.url },
  });
  const { serviceUrl, prometheusUrl } = stack;
  const healthySeconds = Date.now() / 1000;
  {
    await using _ = traffic(serviceUrl, ordinary);
    // The window contains only successful responses, by the same series that the alert uses.
    const share = 'sla:bad_share:over10s{objective="error-rate",threshold="alert"}';
    const counted = 'sum(increase(http_requests_total{handler="/predict",status="200"}[10s])) > 100';
    await expect.poll(async () => (await ask(prometheusUrl, counted)).length, PATIENCE).toBe(1);
    expect((await ask(prometheusUrl, share)).map(({ value }) => value[1])).toEqual(['0']);
    expect(await firing(prometheusUrl)).toEqual([]);
    const { alerts } = await judged(document, prometheusUrl, healthySeconds);
    expect(alerts!.held!.filter(({ id }) => !id.startsWith('ModelNotLoaded'))).toEqual([]);
    expect(receiver.notified.filter(({ labels }) => labels.objective !== 'model-uptime')).toEqual([]);
  }
  const overloadedSeconds = Date.now() / 1000;
  {
    await using _ = traffic(serviceUrl, tooMany);
    await expect.poll(() => firing(prometheusUrl), PATIENCE).toContain('HighErrorRate');
    await expect.poll(() => namesOf(receiver.notified, 'firing'), PATIENCE).toContain('HighErrorRate');
  }
  const { objectives, alerts } = await judged(document, prometheusUrl, overloadedSeconds);
  expect(objectives.find(({ id }) => id === 'error-rate')).toMatchObject({
    verdict: 'missed',
    severity: 'alert',
  });
  expect(alerts!.held!.find(({ id }) => id === 'HighErrorRate')).toMatchObject({
    severity: 'critical',
    agrees: true,
    reasons: [{ code: 'alert-judged' }],
  });
  expect(namesOf(receiver.notified, 'resolved')).not.toContain('HighErrorRate');
  const [refusals] = await ask(prometheusUrl, 'sum(sentiment_errors_total{error_type="overloaded"})');
  expect(Number(refusals?.value[1])).toBeGreaterThan(10);
  {
    await using _ = traffic(serviceUrl, ordinary);
    await expect.poll(() => firing(prometheusUrl), PATIENCE).not.toContain('HighErrorRate');
    await expect.poll(() => namesOf(receiver.notified, 'resolved'), PATIENCE).toContain('HighErrorRate');
  }
  // The receiver's URL contains a token, so it is kept in a separate file that is deleted with the stack.
  const written = await Promise.all(
    ['alertmanager.yml', 'alertmanager.log'].map((name) => readFile(join(folder.path, name), 'utf8')),
  );
  expect(written.join('')).not.toContain('of-the-receiver');
});
