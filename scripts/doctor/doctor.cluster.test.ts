import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubectl } from '../kubernetes/testing/on-cluster.ts';
import { SERVICE_IMAGE } from '../stack/kube-node/images.ts';
import { type Done, sla, temporaryFolder } from '../testing/sla.ts';
import {
  ANNOTATIONS,
  API,
  apply,
  deployment,
  healthyStack,
  openNamespace,
  PAUSE,
  type Settings,
} from './testing/small-stack.ts';

/** A small stack in a separate namespace: first healthy, then with every fault that the doctor detects. */

const NAMESPACE = `doctor-${process.pid}`;
const LIMIT_MS = 240_000;

const cleanup = new AsyncDisposableStack();

beforeAll(async () => void cleanup.use(await openNamespace(NAMESPACE)), 600_000);
afterAll(() => cleanup.disposeAsync(), 300_000);

const doctor = (env: Readonly<Record<string, string>> = {}, ...more: readonly string[]): Promise<Done> =>
  sla(['doctor', '--kubernetes', '--namespace', NAMESPACE, ...more], { env });

/** Runs the doctor repeatedly until its report is as expected. After the time limit, fails with the last report. */
async function until(isExpected: (report: string) => boolean): Promise<Done> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const done = await doctor();
    if (isExpected(done.stdout)) return done;
    if (Date.now() > deadline) throw new Error(`the last report:\n${done.stdout}${done.stderr}`);
    await delay(1_000);
  }
}

describe('a healthy stack', () => {
  test('has no findings, and exits with 0', { timeout: LIMIT_MS + 60_000 }, async () => {
    await apply(NAMESPACE, ...healthyStack(NAMESPACE));
    const { code, stdout } = await until((report) => report.includes('\nnothing found\n'));
    expect(stdout.match(/✓/g)).toHaveLength(10);
    expect(code).toBe(0);
  });

  test('with permissions for only a part of it, the doctor lists the checks that it could not make, and exits with 3', async () => {
    await apply(
      NAMESPACE,
      {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'reader' },
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'reader' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace: NAMESPACE }],
      },
    );
    const token = (await kubectl(['create', 'token', 'reader', '--namespace', NAMESPACE])).trim();
    const config = JSON.parse(
      await kubectl(['config', 'view', '--raw', '--flatten', '--output', 'json']),
    ) as {
      clusters: { name: string }[];
    };
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'kubeconfig');
    const reader = {
      ...config,
      users: [{ name: 'reader', user: { token } }],
      contexts: [{ name: 'as-reader', context: { cluster: config.clusters[0]!.name, user: 'reader' } }],
      'current-context': '',
    };
    await writeFile(file, JSON.stringify(reader));
    const { code, stdout } = await doctor({ KUBECONFIG: file }, '--context', 'as-reader');
    expect(stdout).toContain(`namespace ${NAMESPACE} of context as-reader`);
    expect(stdout).toMatch(/\? CPU limits +not checked: .*forbidden/);
    expect(stdout).toMatch(/\? scrape targets +not checked: .*forbidden/);
    expect(stdout).toMatch(/✓ pods/);
    expect(code).toBe(3);
  });
});

test('a namespace that does not exist is invalid usage', async () => {
  const { code, stderr } = await sla(['doctor', '--kubernetes', '--namespace', 'nowhere']);
  expect(stderr).toContain('the cluster has no namespace "nowhere"');
  expect(code).toBe(2);
});

/** The faults of the broken stack, and the findings about them. */
const BROKEN: Readonly<Record<string, RegExp>> = {
  'an image that cannot be pulled':
    /pod no-image-\S+, container main: the node cannot get the image registry\.invalid\/none:1/,
  'too little memory': /pod no-memory-\S+, container main: restarted .* \(OOMKilled\)/,
  'a process that ends':
    /pod crashes-\S+, container main: restarted \d+ times?; it last ended with exit code 1/,
  'a probe that fails': /pod not-ready-\S+: it runs, but is not ready: Readiness probe failed/,
  'a pod that no node has room for': /pod no-room-\S+: no node can run it: .*Insufficient cpu/,
  'a missing Secret of Grafana':
    /secret grafana-admin: it does not exist, and grafana-\S+ cannot start without it/,
  'a service without endpoints': /service grafana: it selects \d+ pods?, of which 0 are ready/,
  'a missing annotation': /pod unannotated-\S+: it has no annotation prometheus\.io\/scrape/,
  'a wrong port in an annotation':
    /pod other-port-\S+: its annotation prometheus\.io\/port is "30800", and its containers listen on 8000/,
  'a target that is down':
    /pod other-port-\S+: Prometheus cannot scrape http:\/\/\S+:30800\/\S*: .*connection refused/,
  'a missing target': /pod hidden-\S+: it is ready and annotated, but Prometheus has no target for it/,
  'a token that Prometheus does not send': /pod locked-\S+: Prometheus cannot scrape .*401/,
  'a network policy that blocks Prometheus':
    /prometheus to sentiment-api:8000: prometheus scrapes it, but no rule allows that/,
  'a CPU limit that is too low':
    /pod throttled-\S+, container main: its CPU limit paused it in \d+% of \d+ periods/,
  'an autoscaler at its maximum':
    /autoscaler sentiment-api: it is at its maximum of 1 replica, and would add more/,
};

describe('a broken stack', () => {
  let report = '';
  let code: number | null = null;

  beforeAll(async () => {
    const asApi = (name: string, settings: Partial<Settings> = {}) =>
      deployment(name, SERVICE_IMAGE, { ...API, ...settings, app: 'sentiment-api' });
    // If a variable is defined twice, the last definition counts.
    const ownToken = {
      container: {
        ...API.container,
        env: [
          ...(API.container as { env: readonly object[] }).env,
          { name: 'METRICS_TOKENS', value: 'a-token-that-nobody-sends' },
        ],
      },
    };
    const endless = { command: ['node', '-e', 'for (;;);'] };
    await apply(
      NAMESPACE,
      deployment('no-image', 'registry.invalid/none:1'),
      deployment('no-memory', SERVICE_IMAGE, { container: { resources: { limits: { memory: '24Mi' } } } }),
      deployment('crashes', SERVICE_IMAGE, { container: { command: ['node', '-e', 'process.exit(1)'] } }),
      deployment('not-ready', PAUSE, {
        container: { readinessProbe: { tcpSocket: { port: 1 }, periodSeconds: 1 } },
      }),
      deployment('no-room', PAUSE, { container: { resources: { requests: { cpu: '1000' } } } }),
      deployment('throttled', SERVICE_IMAGE, {
        container: { ...endless, resources: { requests: { cpu: '10m' }, limits: { cpu: '50m' } } },
      }),
      deployment('grafana', PAUSE, {
        container: { volumeMounts: [{ name: 'admin', mountPath: '/admin' }] },
        pod: { volumes: [{ name: 'admin', secret: { secretName: 'grafana-admin' } }] },
      }),
      deployment('unannotated', PAUSE, { app: 'sentiment-api' }),
      asApi('other-port', { annotations: { ...ANNOTATIONS, 'prometheus.io/port': '30800' } }),
      asApi('hidden'),
      asApi('locked', ownToken),
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'deny' },
        spec: { podSelector: { matchLabels: { app: 'sentiment-api' } }, policyTypes: ['Ingress'] },
      },
      {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'sentiment-api' },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'sentiment-api' },
          minReplicas: 1,
          maxReplicas: 1,
          metrics: [
            {
              type: 'Resource',
              resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 1 } },
            },
          ],
        },
      },
    );
    const done = await until((text) => Object.values(BROKEN).every((pattern) => pattern.test(text)));
    report = done.stdout;
    code = done.code;
  }, LIMIT_MS + 60_000);

  test.each(Object.entries(BROKEN))('%s is found', (_, pattern) => expect(report).toMatch(pattern));

  test('the doctor exits with 1, and each finding has a next step and a runbook', () => {
    expect(code).toBe(1);
    const findings = Number(/(\d+) findings\n$/.exec(report)![1]);
    expect(report.match(/^ {8}next: /gm)).toHaveLength(findings);
    expect(report.match(/^ {8}docs\/runbooks\/Kubernetes\.md#[a-z-]+$/gm)).toHaveLength(findings);
  });

  test('the doctor has changed nothing, because it can only get objects and forward a port', async () => {
    const names = await kubectl(['get', 'deployments', '--namespace', NAMESPACE, '--output', 'name']);
    expect(names.trim().split('\n')).toHaveLength(14);
  });
});
