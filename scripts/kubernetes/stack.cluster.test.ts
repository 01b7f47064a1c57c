import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadStackImages } from '../stack/kube-node/images.ts';
import { ROOT, sla } from '../testing/sla.ts';
import { parseManifests } from './manifest.ts';
import { render } from './render.ts';
import { SECRETS } from './secrets.ts';
import { applied, define, kubectl, TOOL_IO, tryKubectl } from './testing/on-cluster.ts';
import { component, K8S, MONITORING_FILES, VARIANTS } from './testing/overlays.ts';

/**
 * Applies the manifests to a real cluster, in the order of docs/kubernetes.md. Grafana's image cannot be built here, so its
 * pod does not run; all others do. The cluster does not enforce NetworkPolicies.
 */

const NAMESPACE = 'sentiment-analysis';
const IN = ['--namespace', NAMESPACE] as const;
const API = 'http://127.0.0.1:30800';
const PROMETHEUS = 'http://127.0.0.1:30900';
const SCRAPE_SECONDS = 10;

const cleanup = new AsyncDisposableStack();

beforeAll(async () => {
  await loadStackImages(ROOT, TOOL_IO);
  await kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--timeout=120s']);
  cleanup.defer(
    async () => void (await tryKubectl(['delete', 'namespace', NAMESPACE, '--timeout=120s'], '', 130_000)),
  );
  cleanup.use(await define('prometheus-operator', (file) => /servicemonitors|prometheusrules/.test(file)));
  cleanup.use(await define('cert-manager', (file) => file.includes('cert-manager.io_certificates.yaml')));
  cleanup.use(await define('argo-rollouts', (file) => file.endsWith('analysis-template-crd.yaml')));
  cleanup.use(await define('flagger', () => true));
}, 600_000);

afterAll(() => cleanup.disposeAsync(), 300_000);

interface Login {
  readonly username: string;
  readonly password: string;
}

async function secretOf(name: string): Promise<Readonly<Record<string, string>>> {
  const { data } = JSON.parse(await kubectl(['get', 'secret', name, ...IN, '--output', 'json'])) as {
    readonly data: Readonly<Record<string, string>>;
  };
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
}

const loginOf = async () => (await secretOf('prometheus-login')) as unknown as Login;

const headersOf = ({ username, password }: Login) => ({
  authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
});

const statusOf = async (url: string, headers: Record<string, string> = {}) =>
  (await fetch(url, { headers, signal: AbortSignal.timeout(10_000) })).status;

async function ask<T>(path: string): Promise<T> {
  const response = await fetch(`${PROMETHEUS}${path}`, {
    headers: headersOf(await loginOf()),
    signal: AbortSignal.timeout(10_000),
  });
  const { data } = (await response.json()) as { readonly data: T };
  return data;
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
  readonly values: readonly (readonly [number, string])[];
}

const query = async (expression: string) =>
  (await ask<{ result: readonly Series[] }>(`/api/v1/query?query=${encodeURIComponent(expression)}`)).result;

async function podsOf(name: string): Promise<readonly string[]> {
  const args = ['get', 'pods', ...IN, '--selector', `app.kubernetes.io/name=${name}`, '--output', 'name'];
  return (await kubectl(args))
    .trim()
    .split('\n')
    .map((pod) => pod.replace('pod/', ''));
}

const rolledOut = (name: string) =>
  kubectl(['rollout', 'status', `deployment/${name}`, ...IN, '--timeout=180s'], '', 190_000);

describe('the API server', () => {
  beforeAll(() => applied(['--filename', join(K8S, 'namespace', 'namespace.yaml')]));

  test.concurrent.each(Object.keys(VARIANTS))(
    '%s: accepts every object without a warning',
    async (variant) => {
      const { folder, additions } = VARIANTS[variant]!;
      await applied(['--dry-run=server', '--filename', '-'], await render(folder, additions, TOOL_IO));
    },
  );

  test('accepts the manifests of the load generators and of the progressive delivery', async () => {
    const load = join(K8S, 'load');
    await applied(['--kustomize', load]);
    cleanup.defer(async () => void (await tryKubectl(['delete', '--kustomize', load, '--ignore-not-found'])));
    const delivery = join(K8S, 'progressive-delivery');
    await applied(['--dry-run=server', '--kustomize', delivery]);
    const files = [
      join(load, 'job.yaml'),
      join(load, 'cronjob.yaml'),
      join(delivery, 'analysis-template.yaml'),
      join(delivery, 'canary.yaml'),
    ];
    // Uses `create` instead of `apply`, because each Job gets a new name.
    const created = ['create', '--dry-run=server', '--warnings-as-errors'];
    const { code, stderr } = await tryKubectl([...created, ...files.flatMap((file) => ['--filename', file])]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('accepts the documented files one by one, in the documented order', async () => {
    await kubectl(['delete', 'namespace', NAMESPACE, '--timeout=120s']);
    await kubectl(['create', 'namespace', NAMESPACE]);
    for (const file of MONITORING_FILES) await applied(['--filename', file]);
  });

  test('refuses a pod with more rights than the restricted profile allows', async () => {
    // This test labels the namespace as the documentation describes.
    await kubectl(['apply', '--filename', join(K8S, 'namespace', 'namespace.yaml')]);
    const pod = { containers: [{ name: 'x', image: 'x', securityContext: { privileged: true } }] };
    const manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x', namespace: NAMESPACE },
      spec: pod,
    };
    const { code, stderr } = await tryKubectl(
      ['create', '--dry-run=server', '--filename', '-'],
      JSON.stringify(manifest),
    );
    expect(code).not.toBe(0);
    expect(stderr).toContain('violates PodSecurity "restricted:latest"');
  });
});

describe('the stack that kubectl apply -k k8s/ starts', () => {
  test('is applied without a warning', async () => {
    await applied(['--kustomize', K8S]);
  });

  test.each(['prometheus', 'alertmanager', 'grafana'])(
    '%s does not start without its Secret',
    async (name) => {
      const events = async () => {
        const text = await kubectl([
          'get',
          'events',
          ...IN,
          '--field-selector=reason=FailedMount',
          '--output',
          'json',
        ]);
        const { items } = JSON.parse(text) as {
          items: { message: string; involvedObject: { name: string } }[];
        };
        return items
          .filter(({ involvedObject }) => involvedObject.name.startsWith(`${name}-`))
          .map(({ message }) => message);
      };
      await expect
        .poll(events, { timeout: 60_000, interval: 500 })
        .toEqual(
          expect.arrayContaining([
            expect.stringMatching(/secret "(prometheus-login|grafana-admin)" not found/),
          ]),
        );
    },
  );

  test('./sla kubernetes secrets creates the Secrets, prints no value, and keeps existing ones', async () => {
    const made = await sla(['kubernetes', 'secrets']);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout.match(/^created {2}Secret .+$/gm)).toHaveLength(Object.keys(SECRETS).length);
    const { password } = await loginOf();
    expect(made.stdout).not.toContain(password);
    const again = await sla(['kubernetes', 'secrets']);
    expect(again.stdout.match(/^kept {5}Secret .+$/gm)).toHaveLength(Object.keys(SECRETS).length);
    expect((await loginOf()).password).toBe(password);
    const copies = await kubectl([
      'get',
      'secrets',
      ...IN,
      '--output',
      'jsonpath={.items[*].metadata.annotations}',
    ]);
    expect(copies).toBe('');
  });

  test('the service, Prometheus and Alertmanager become ready', async () => {
    for (const name of ['sentiment-api', 'prometheus', 'alertmanager']) await rolledOut(name);
  }, 400_000);

  test('the service responds at the documented node port', async () => {
    const response = await fetch(`${API}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'The staff were friendly.' }),
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ sentiment: 'POSITIVE' });
    expect(await statusOf(`${API}/health/ready`)).toBe(200);
    expect(await (await fetch(`${API}/metrics`)).text()).toContain(
      'sentiment_predictions_total{sentiment="POSITIVE"',
    );
  });

  test('Prometheus responds at its node port only with the password', async () => {
    const url = `${PROMETHEUS}/api/v1/query?query=up`;
    // After a pod has become ready, the node needs a moment to forward the port to it.
    const withoutPassword = () => statusOf(url).catch(() => null);
    await expect.poll(withoutPassword, { timeout: 15_000, interval: 200 }).toBe(401);
    expect(await statusOf(url, headersOf({ username: 'admin', password: 'admin' }))).toBe(401);
    expect(await statusOf(url, headersOf(await loginOf()))).toBe(200);
  });

  test('Prometheus finds every pod of the service by its annotations, and also scrapes Alertmanager and itself', async () => {
    const pods = await podsOf('sentiment-api');
    const scraped = async () =>
      (await query('up == 1')).map(({ metric }) => [metric.job, metric.namespace, metric.pod]);
    await expect
      .poll(async () => (await scraped()).toSorted(), { timeout: 60_000, interval: 1_000 })
      .toEqual(
        [
          ['alertmanager', undefined, undefined],
          ['prometheus', undefined, undefined],
          ...pods.map((pod) => ['sentiment-api', NAMESPACE, pod]),
        ].toSorted(),
      );
    const counted = async () =>
      Number((await query('sum(sentiment_predictions_total{job="sentiment-api"})'))[0]?.value[1]);
    await expect.poll(counted, { timeout: 30_000, interval: 1_000 }).toBeGreaterThan(0);
  });

  test('Prometheus evaluates the rules of the SLA document and reaches Alertmanager', async () => {
    const { groups } = await ask<{ groups: { name: string; rules: { health: string }[] }[] }>(
      '/api/v1/rules',
    );
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(20);
    const { activeAlertmanagers } = await ask<{ activeAlertmanagers: { url: string }[] }>(
      '/api/v1/alertmanagers',
    );
    expect(activeAlertmanagers.map(({ url }) => new URL(url).host)).toEqual(['alertmanager:9093']);
  });

  test('Prometheus may list the pods of its namespace, and do nothing else', async () => {
    const as = ['--as', `system:serviceaccount:${NAMESPACE}:prometheus`];
    const may = async (...what: readonly string[]) =>
      (await tryKubectl(['auth', 'can-i', ...what, ...as])).stdout.trim();
    expect(await may('list', 'pods', ...IN)).toBe('yes');
    expect(await may('list', 'secrets', ...IN)).toBe('no');
    expect(await may('delete', 'pods', ...IN)).toBe('no');
    expect(await may('list', 'pods', '--namespace', 'kube-system')).toBe('no');
  });

  test('Prometheus logs its queries', async () => {
    await query('vector(20202)');
    const logged = () => kubectl(['logs', 'deployment/prometheus', ...IN, '--tail=200']);
    await expect.poll(logged, { timeout: 15_000, interval: 500 }).toContain('vector(20202)');
  });

  test('the autoscaler can read the CPU usage of the service', async () => {
    const isActive = async () =>
      await kubectl([
        'get',
        'hpa/sentiment-api',
        ...IN,
        '--output',
        'jsonpath={.status.conditions[?(@.type=="ScalingActive")].status}',
      ]);
    await expect.poll(isActive, { timeout: 90_000, interval: 2_000 }).toBe('True');
  });
});

describe('a rotation', () => {
  /** Waits until a scrape after the change, and expects all scrapes since then to be present and successful. */
  async function expectNoScrapeLost(sinceSeconds: number): Promise<void> {
    // Waits for the first scrape after the change.
    await delay(SCRAPE_SECONDS * 1_000);
    const seconds = Math.ceil(Date.now() / 1_000 - sinceSeconds);
    const series = await query(`up{job=~"prometheus|alertmanager"}[${seconds}s]`);
    expect(series).toHaveLength(2);
    for (const { metric, values } of series) {
      expect(
        values.every(([, value]) => value === '1'),
        `${metric.job}: a scrape failed`,
      ).toBe(true);
      const gaps = values.slice(1).map(([at], index) => at - values[index]![0]);
      expect(Math.max(...gaps), `${metric.job}: a scrape is missing`).toBeLessThan(1.5 * SCRAPE_SECONDS);
    }
    // A pod that is starting or ending may be scraped while it does not listen. No measured data is lost in that case.
    for (const { metric, values } of await query(`up{job="sentiment-api"}[${seconds}s]`))
      expect(values.map(([, value]) => value).join(''), metric.pod).toMatch(/^0{0,2}1*0{0,2}$/);
  }

  beforeAll(async () => {
    // Grafana's image is not available here, so a restart of Grafana would never end.
    await kubectl(['scale', 'deployment/grafana', ...IN, '--replicas=0']);
  });

  test('of the password of Prometheus: the old one is refused, and no scrape is lost', async () => {
    const old = await loginOf();
    const since = Date.now() / 1_000;
    const done = await sla(['kubernetes', 'rotate', 'prometheus']);
    expect(done).toMatchObject({ code: 0, stdout: 'rotated: prometheus\n' });
    const url = `${PROMETHEUS}/-/ready`;
    const login = await loginOf();
    expect(login.username).not.toBe(old.username);
    expect(await statusOf(url, headersOf(login))).toBe(200);
    await expect.poll(() => statusOf(url, headersOf(old)), { timeout: 90_000, interval: 500 }).toBe(401);
    await expectNoScrapeLost(since);
  }, 400_000);

  test('of the token for /metrics: the service requires the new one, and no scrape is lost', async () => {
    const manifests = await render(K8S, { components: [component('metrics-token')] }, TOOL_IO);
    const api = parseManifests(manifests).filter(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'sentiment-api',
    );
    await applied(['--filename', '-'], JSON.stringify(api[0]));
    await rolledOut('sentiment-api');
    const { tokens } = await secretOf('sentiment-metrics-tokens');
    const bearer = (token: string) => statusOf(`${API}/metrics`, { authorization: `Bearer ${token.trim()}` });
    // The old pods end only now.
    await expect.poll(() => statusOf(`${API}/metrics`), { timeout: 30_000, interval: 500 }).toBe(401);
    expect(await bearer(tokens!)).toBe(200);
    const before = await podsOf('sentiment-api');
    const since = Date.now() / 1_000;
    expect(await sla(['kubernetes', 'rotate', 'metrics-token'])).toMatchObject({ code: 0 });
    await expectNoScrapeLost(since);
    // The old pods have counted this test's own request without a token.
    const refused = `http_requests_total{handler="/metrics",status="401",pod!~"${before.join('|')}"}`;
    const counts = await query(`max_over_time(${refused}[10m])`);
    expect(counts.length).toBeGreaterThanOrEqual(2);
    expect(new Set(counts.map(({ value }) => value[1]))).toEqual(new Set(['0']));
    expect(await bearer((await secretOf('sentiment-metrics-tokens')).tokens!)).toBe(200);
    await expect.poll(() => bearer(tokens!), { timeout: 60_000, interval: 500 }).toBe(401);
  }, 400_000);

  test('of the password of Grafana changes its Secret', async () => {
    const before = await secretOf('grafana-admin');
    expect(await sla(['kubernetes', 'rotate', 'grafana'])).toMatchObject({ code: 0 });
    expect((await secretOf('grafana-admin')).password).not.toBe(before.password);
  });
});
