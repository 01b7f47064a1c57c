import { expect, test } from 'vitest';
import { objectsOf } from '../kubernetes/testing/overlays.ts';
import { examine } from './examine.ts';
import type { Deployment, NetworkPolicy, Pod, Service } from './objects.ts';
import {
  type Operated,
  type OperatedPrometheus,
  type PrometheusRule,
  readOperated,
  type ServiceMonitor,
} from './operator.ts';
import type { Read, Reader } from './reader.ts';
import { exitCodeOf, findingsOf } from './report.ts';
import type { State } from './state.ts';
import { healthy, NOW_MS, ok, target } from './testing/healthy-state.ts';

/** Runs k8s/overlays/operator next to a kube-prometheus-stack in the namespace monitoring. */

const objects = await objectsOf('operator');
const ofKind = <T>(kind: string) => objects.filter((one) => one.kind === kind) as unknown as readonly T[];
const services = ofKind<Service>('Service');
const monitors = ofKind<ServiceMonitor>('ServiceMonitor');
const rules = ofKind<PrometheusRule>('PrometheusRule');
const deployments = ofKind<Deployment>('Deployment').map((one) => ({ ...one, status: {} }));
const pods: readonly Pod[] = deployments.map(({ spec: { template } }) => ({
  metadata: { ...template.metadata, name: 'sentiment-api-1', namespace: 'sentiment-analysis' },
  spec: template.spec,
  status: { phase: 'Running', podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
}));

/** The objects that the chart creates by default. */
const RELEASE = { matchLabels: { release: 'kube-prometheus-stack' } };
const server: OperatedPrometheus = {
  metadata: { name: 'kube-prometheus-stack-prometheus', namespace: 'monitoring' },
  spec: {
    serviceMonitorSelector: RELEASE,
    serviceMonitorNamespaceSelector: {},
    ruleSelector: RELEASE,
    ruleNamespaceSelector: {},
  },
};
const scraping: Pod = {
  ...pods[0]!,
  metadata: {
    name: 'prometheus-0',
    namespace: 'monitoring',
    labels: { 'app.kubernetes.io/name': 'prometheus' },
  },
  status: { ...pods[0]!.status, podIP: '10.0.1.1' },
};

interface World {
  readonly monitors?: Read<readonly ServiceMonitor[]>;
  readonly rules?: readonly PrometheusRule[];
  readonly servers?: Read<readonly OperatedPrometheus[]>;
  readonly namespace?: Readonly<Record<string, string>>;
  readonly deployments?: readonly Deployment[];
}

/** Reads the objects of a simulated cluster. */
function readerIn(world: World): () => Reader {
  const items = (read: Read<readonly unknown[]>): Read<unknown> =>
    read.ok ? ok({ items: read.value }) : read;
  const get = async ([kind]: readonly string[]): Promise<Read<unknown>> => {
    if (kind!.startsWith('servicemonitors')) return items(world.monitors ?? ok(monitors));
    if (kind!.startsWith('prometheusrules')) return ok({ items: world.rules ?? rules });
    if (kind!.startsWith('prometheuses')) return items(world.servers ?? ok([server]));
    if (kind === 'namespace')
      return ok({ metadata: { labels: world.namespace ?? { 'kubernetes.io/metadata.name': 'monitoring' } } });
    return ok({ items: [scraping] });
  };
  const unused = () => Promise.reject(new Error('not used'));
  return () => ({ get, text: unused, forward: unused });
}

async function examined(world: World = {}, change: Partial<State> = {}) {
  const known = {
    namespace: 'sentiment-analysis',
    deployments: ok(world.deployments ?? deployments),
    services: ok(services),
    namespaceLabels: healthy.namespaceLabels,
  };
  const operated = await readOperated(known, readerIn(world));
  const state: State = {
    ...healthy,
    ...known,
    pods: ok(pods),
    policies: ok(ofKind<NetworkPolicy>('NetworkPolicy')),
    operated,
    ...change,
  };
  const checks = examine(state, NOW_MS);
  return {
    operated,
    findings: findingsOf(checks).map(({ code, object }) => `${code}: ${object}`),
    unchecked: checks.flatMap((one) => (one.kind === 'unchecked' ? [one.what] : [])),
    exitCode: exitCodeOf(checks),
    checks,
  };
}

test('the running overlay has no findings, although it has no Prometheus, Grafana or Alertmanager of its own', async () => {
  expect(await examined()).toMatchObject({ findings: [], unchecked: [], exitCode: 0 });
});

test('a missing Prometheus is a finding if the operator’s objects do not exist', async () => {
  const nothing = await examined({ monitors: ABSENT, rules: [] });
  expect(nothing.operated).toEqual(ok(null));
  expect(nothing.findings).toEqual(
    expect.arrayContaining(['deployment-missing: deployment prometheus', 'service-missing: service grafana']),
  );
});

test('a stack with its own Prometheus is examined as such, even if the cluster has an operator', async () => {
  const prometheus = { ...deployments[0]!, metadata: { name: 'prometheus' } };
  expect((await examined({ deployments: [...deployments, prometheus] })).operated).toEqual(ok(null));
});

const ABSENT = { ok: false, kind: 'absent', why: "the server doesn't have a resource type" } as const;
const FORBIDDEN = { ok: false, kind: 'forbidden', why: 'forbidden' } as const;
const [monitor] = monitors as [ServiceMonitor];
const [rule] = rules as [PrometheusRule];
const unlabelled = <T extends ServiceMonitor | PrometheusRule>(one: T): T => ({
  ...one,
  metadata: { ...one.metadata, labels: { release: 'other' } },
});

test.each<[string, World, readonly string[]]>([
  ['no monitor', { monitors: ok([]) }, ['monitor-missing: service sentiment-api']],
  [
    'a monitor of other pods',
    { monitors: ok([{ ...monitor, spec: { ...monitor.spec, selector: { matchLabels: { a: 'b' } } } }]) },
    ['monitor-missing: service sentiment-api'],
  ],
  [
    'a port that the service does not have',
    { monitors: ok([{ ...monitor, spec: { ...monitor.spec, endpoints: [{ port: 'metrics' }] } }]) },
    ['monitor-wrong-port: ServiceMonitor sentiment-api'],
  ],
  [
    'another release',
    { monitors: ok([unlabelled(monitor)]) },
    ['monitor-not-selected: ServiceMonitor sentiment-api'],
  ],
  [
    'rules of another release',
    { rules: [unlabelled(rule)] },
    ['monitor-not-selected: PrometheusRule sentiment-api'],
  ],
  ['no rules', { rules: [] }, ['rules-missing: PrometheusRule sentiment-api']],
  [
    'a Prometheus that selects only in its own namespace',
    { servers: ok([{ ...server, spec: { ...server.spec, serviceMonitorNamespaceSelector: null } }]) },
    ['monitor-not-selected: ServiceMonitor sentiment-api'],
  ],
  [
    'a Prometheus that selects nothing',
    { servers: ok([{ ...server, spec: {} }]) },
    [
      'monitor-not-selected: ServiceMonitor sentiment-api',
      'monitor-not-selected: PrometheusRule sentiment-api',
    ],
  ],
])('%s', async (_, world, expected) => {
  expect((await examined(world)).findings).toEqual(expected);
});

test('a Prometheus in a namespace that the network policy does not name cannot connect', async () => {
  const narrowed = ofKind<NetworkPolicy>('NetworkPolicy').filter(
    ({ metadata }) => metadata.name !== 'sentiment-api',
  );
  const policies = { policies: ok(narrowed) };
  expect((await examined({}, policies)).findings).toEqual([]);
  const elsewhere = { namespace: { 'kubernetes.io/metadata.name': 'observability' } };
  expect((await examined(elsewhere, policies)).findings).toEqual([
    'path-denied: Prometheus in namespace monitoring to sentiment-api:8000',
  ]);
});

test('its targets are examined without annotations, and only alerts from our rules are reported', async () => {
  const alert = (name: string) => ({ name, summary: '', runbook: undefined });
  const down = { ...target, health: 'down', lastError: 'connection refused' };
  const alerts = [alert('Watchdog'), alert('HighErrorRate')];
  expect((await examined({}, { prometheus: ok({ targets: [down], alerts }) })).findings).toEqual([
    'target-down: pod sentiment-api-1',
    'alert-firing: alert HighErrorRate',
  ]);
  expect((await examined({}, { prometheus: ok({ targets: [], alerts: [] }) })).findings).toEqual([
    'target-absent: pod sentiment-api-1',
  ]);
});

test('objects that cannot be listed are reported as not checked, and are not findings', async () => {
  const prometheus = { ok: false, kind: 'unknown', why: 'forbidden' } as const;
  expect(await examined({ servers: FORBIDDEN }, { prometheus })).toMatchObject({
    findings: [],
    unchecked: ['its Prometheus', 'scrape targets'],
    exitCode: 3,
  });
  expect(await examined({ monitors: FORBIDDEN }, { prometheus })).toMatchObject({
    findings: [],
    unchecked: ['scrape annotations', 'scrape targets'],
    exitCode: 3,
  });
});

test('an unresponsive operator-managed Prometheus is reported with its namespace', async () => {
  const prometheus = { ok: false, kind: 'other', why: 'no output' } as const;
  expect((await examined({}, { prometheus })).findings).toEqual([
    'prometheus-unreachable: service prometheus-operated in namespace monitoring',
  ]);
});

test('the Prometheus that scrapes the service is the one that selects its monitor', async () => {
  const other = { metadata: { name: 'other', namespace: 'team' }, spec: { serviceMonitorSelector: {} } };
  const { operated } = await examined({ servers: ok([other, server]) });
  expect((operated as { value: Operated }).value.scraper).toMatchObject({ namespace: 'monitoring' });
});
