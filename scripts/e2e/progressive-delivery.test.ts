import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseDuration } from '../../slas/document/limits.ts';
import { type PrometheusServer, startPrometheus } from '../../slas/testing/prometheus-server.ts';
import {
  type ArgoMetric,
  analyse,
  callWebhook,
  type FlaggerWebhook,
  nextStep,
  withArguments,
} from '../testing/delivery-providers.ts';
import { serve } from '../testing/http-server.ts';
import { openMetricsOf } from '../testing/simulated-metrics.ts';
import { type MadeRunOptions, makeRequests, STARTS_SECONDS } from '../testing/simulated-requests.ts';
import { ROOT, type RunningSla, slaHere, startSla } from '../testing/sla.ts';

/**
 * The shipped templates for Argo Rollouts and Flagger, evaluated as these programs do, against `./sla verify --listen` and a
 * real Prometheus.
 */

const TOKEN = 'verifier-token-4c1f0a92';

const read = async <T>(name: string) =>
  parse(await readFile(join(ROOT, 'k8s', 'progressive-delivery', name), 'utf8')) as T;

interface AnalysisTemplate {
  readonly spec: {
    readonly args: readonly { readonly name: string; readonly value?: string }[];
    readonly metrics: readonly ArgoMetric[];
  };
}
interface Canary {
  readonly spec: { readonly analysis: { readonly webhooks: readonly FlaggerWebhook[] } };
}

/** How long ago the load of the samples ended, so that a window can end after it. */
const ENDED_AGO_SECONDS = 60;

/** Samples of a service as if its load had just ended. */
function samplesUntilNow(options: MadeRunOptions): string {
  const shift = Date.now() / 1000 - ENDED_AGO_SECONDS - (STARTS_SECONDS + options.durationSeconds);
  return openMetricsOf(makeRequests(options), options).replace(
    / (\d+\.\d+)$/gm,
    (_, at: string) => ` ${(Number(at) + shift).toFixed(3)}`,
  );
}

interface Verifier extends AsyncDisposable {
  readonly url: string;
  readonly running: RunningSla;
}

async function startVerifier(prometheusUrl: string): Promise<Verifier> {
  const running = startSla(['verify', '--listen', '127.0.0.1:0', '--prometheus', prometheusUrl], {
    env: { SLA_LISTEN_TOKEN: TOKEN },
  });
  const [, url] = await running.seen(/listening on (http:\/\/\S+?):? /);
  return {
    url: url!,
    running,
    [Symbol.asyncDispose]: async () => {
      running.child.kill('SIGTERM');
      await running.done;
    },
  };
}

/** The metric of the template, with the arguments of an analysis run. */
async function metricFor(
  verifier: string,
  given: Readonly<Record<string, string>> = {},
): Promise<ArgoMetric> {
  const { spec } = await read<AnalysisTemplate>('analysis-template.yaml');
  const defaults = Object.fromEntries(spec.args.flatMap(({ name, value }) => (value ? [[name, value]] : [])));
  return withArguments(spec.metrics[0]!, { ...defaults, token: TOKEN, verifier, ...given });
}

/** The canary's webhooks, as if the verifier were at the address that they name. */
async function webhooksFor(verifier: string, metadata: Readonly<Record<string, string>> = {}) {
  const { spec } = await read<Canary>('canary.yaml');
  return spec.analysis.webhooks.map((hook) => ({
    ...hook,
    url: hook.url
      .replace('sla-verifier.sentiment-analysis:8080', new URL(verifier).host)
      .replace('CHANGE_ME', TOKEN),
    metadata: { ...hook.metadata, ...metadata },
  }));
}

const LOAD = { suffix: '00aa', durationSeconds: 600 } as const;
/** A window of six minutes within the load, with a margin at both ends. */
const INSIDE = { window: '6m', delay: '2m' };

let healthy: PrometheusServer;
let faulty: PrometheusServer;

beforeAll(async () => {
  [healthy, faulty] = await Promise.all([
    startPrometheus(samplesUntilNow({ ...LOAD, trouble: null })),
    startPrometheus(samplesUntilNow({ ...LOAD, trouble: { from: 300, to: 420 } })),
  ]);
});
afterAll(() => Promise.all([healthy, faulty].map((one) => one?.[Symbol.asyncDispose]())));

describe('the shipped templates', { timeout: 120_000 }, () => {
  test('promote on a pass', async () => {
    await using verifier = await startVerifier(healthy.url);
    expect(await analyse(await metricFor(verifier.url, INSIDE))).toEqual({
      phase: 'Successful',
      measurements: 1,
    });
    expect(await nextStep(await webhooksFor(verifier.url, INSIDE))).toBe('promoted');
  });

  test('stop on a fail', async () => {
    await using verifier = await startVerifier(faulty.url);
    expect(await analyse(await metricFor(verifier.url, INSIDE))).toMatchObject({ phase: 'Failed' });
    const webhooks = await webhooksFor(verifier.url, INSIDE);
    expect(await nextStep(webhooks)).toBe('rolled back');
    // Without a rollback hook, the promotion stays on hold.
    expect(await nextStep(webhooks.filter(({ type }) => type !== 'rollback'))).toBe('held');
  });

  test('hold on a window without load, which is inconclusive', async () => {
    await using verifier = await startVerifier(healthy.url);
    const before = { window: '5m', delay: '55m' };
    expect(await analyse(await metricFor(verifier.url, before))).toMatchObject({ phase: 'Inconclusive' });
    expect(await nextStep(await webhooksFor(verifier.url, before))).toBe('held');
  });

  test('hold on a wrong token, which is an error', async () => {
    await using verifier = await startVerifier(healthy.url);
    const metric = await metricFor(verifier.url, { ...INSIDE, token: 'another' });
    expect(await analyse(metric)).toEqual({ phase: 'Error', measurements: 5 });
    const webhooks = await webhooksFor(verifier.url, INSIDE);
    expect(
      await nextStep(webhooks.map((hook) => ({ ...hook, url: hook.url.replace(TOKEN, 'another') }))),
    ).toBe('held');
  });

  test('hold if the verifier responds with 500 or too late, which is an error', async () => {
    await using broken = await serve((_, response) => void response.writeHead(500).end('{"verdict":"pass"}'));
    expect(await analyse(await metricFor(broken.url))).toEqual({ phase: 'Error', measurements: 5 });
    expect(await nextStep(await webhooksFor(broken.url))).toBe('held');

    await using silent = await serve(() => {});
    const metric = await metricFor(silent.url);
    const { web } = metric.provider;
    expect(await analyse({ ...metric, provider: { web: { ...web, timeoutSeconds: 0.2 } } })).toEqual({
      phase: 'Error',
      measurements: 5,
    });
    const impatient = (await webhooksFor(silent.url)).map((hook) => ({ ...hook, timeout: '1s' }));
    expect(await nextStep(impatient)).toBe('held');
  });

  test('judge only the time after the step began, unless the operator shortens the wait', async () => {
    const { initialDelay = '0s', provider } = await metricFor('http://verifier');
    const { searchParams: asked } = new URL(provider.web.url);
    const [waited, window, delay] = [initialDelay, asked.get('window')!, asked.get('delay')!].map(
      parseDuration,
    );
    expect(waited).toBeGreaterThanOrEqual(window! + delay!);
  });

  test("wait longer than the verifier's time limit", async () => {
    const limitMs = /JUDGE_LIMIT_MS = ([\d_]+)/
      .exec(await readFile(join(ROOT, 'scripts', 'listen', 'verifier.ts'), 'utf8'))![1]!
      .replaceAll('_', '');
    const metric = await metricFor('http://verifier');
    expect(metric.provider.web.timeoutSeconds! * 1000).toBeGreaterThan(Number(limitMs) + 5_000);
    for (const { timeout } of await webhooksFor('http://verifier')) expect(timeout).toBe('60s');
  });
});

describe('./sla verify --listen', { timeout: 120_000 }, () => {
  test('responds to a retry for the same window with the same bytes, and ends with 0 on SIGTERM', async () => {
    await using verifier = await startVerifier(faulty.url);
    const { url } = (await metricFor(verifier.url, INSIDE)).provider.web;
    const to = Math.floor(Date.now() / 1000) - 120;
    const fixed = `${url.split('?')[0]}?from=${to - 300}&to=${to}`;
    const ask = async () =>
      await (await fetch(fixed, { headers: { authorization: `Bearer ${TOKEN}` } })).text();
    const first = await ask();
    expect(JSON.parse(first)).toMatchObject({ verdict: 'fail', exitCode: 1 });
    expect(await ask()).toBe(first);
    verifier.running.child.kill('SIGTERM');
    const done = await verifier.running.done;
    expect(done.code).toBe(0);
    expect(done.stderr).not.toContain(TOKEN);
  });

  test('does not allow a promotion if Prometheus stops responding', async () => {
    const gone = await serve(() => {});
    await gone[Symbol.asyncDispose]();
    await using verifier = await startVerifier(gone.url);
    expect(await callWebhook((await webhooksFor(verifier.url))[0]!)).toBe(false);
  });

  test('does not judge the latest minutes if its clock differs from that of Prometheus', async () => {
    await using ahead = await serve((request, response) => {
      void (async () => {
        const body = await text(request);
        const isClock =
          new URLSearchParams(body || new URL(request.url!, 'http://x').search).get('query') === 'time()';
        const result = [0, String(Date.now() / 1000 + 600)];
        if (isClock)
          response.end(JSON.stringify({ status: 'success', data: { resultType: 'scalar', result } }));
        else {
          const { method = 'GET' } = request;
          const headers = { 'content-type': request.headers['content-type'] ?? 'text/plain' };
          const own = await fetch(healthy.url + request.url!, {
            method,
            headers,
            ...(method === 'POST' ? { body } : {}),
          });
          response.writeHead(own.status).end(await own.text());
        }
      })();
    });
    await using verifier = await startVerifier(ahead.url);
    expect(await analyse(await metricFor(verifier.url, INSIDE))).toEqual({ phase: 'Error', measurements: 5 });
    expect(await nextStep(await webhooksFor(verifier.url, INSIDE))).toBe('held');
    const to = Math.floor(Date.now() / 1000) - 120;
    const fixed = await fetch(`${verifier.url}/verdict?from=${to - 300}&to=${to}`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(await fixed.json()).toMatchObject({ verdict: 'pass' });
  });

  test.each([
    [
      ['--listen', ':0'],
      {},
      'can be reached from other machines, and there is no token: set SLA_LISTEN_TOKEN',
    ],
    [['--listen', '0.0.0.0:0'], { SLA_LISTEN_TOKEN: 'abc' }, 'SLA_LISTEN_TOKEN: it is too short'],
    [['--listen', 'example.org:80'], {}, '"example.org:80" is not a valid address to listen on'],
    [
      ['--listen', '127.0.0.1:0', '--from', '0'],
      {},
      '--from: with --listen, each request specifies its window',
    ],
    [['--listen', '127.0.0.1:0', '--confidence', '0.5'], {}, '--confidence: "0.5" is not a valid confidence'],
  ])('refuses %j', async (args, env, message) => {
    const all = ['verify', '--prometheus', 'http://127.0.0.1:1', ...args];
    const done = await slaHere(all, ROOT, { env: { ...process.env, ...env } });
    expect(done.stderr).toContain(message);
    expect(done.code).toBe(2);
  });
});
