import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { CapacityRecord } from '../../slas/capacity/record.ts';
import { askOnce } from '../../slas/prometheus/http.ts';
import { CAPACITY_FILES } from '../capacity/storage.ts';
import { kubectl } from '../kubernetes/testing/on-cluster.ts';
import { readRun } from '../runs/bundle.ts';
import { KNOWN_SCRIPT, knownDocument } from '../selftest/at-limit/known-document.ts';
import { type LawServiceOnCluster, openLawServiceOnCluster } from '../testing/law-service-on-cluster.ts';
import { type RunningSla, startSla } from '../testing/sla.ts';

/** `./sla capacity --replicas --deployment` on a real cluster: a Deployment is scaled, and what its pods receive is checked. */

const NAMESPACE = 'sla-capacity-test';
const DEPLOYMENT = `${NAMESPACE}/known`;
const BEFORE = 3;
/** One replica handles 33 requests per second; two handle the rate of the document, even if one of them receives more. */
const LAW = { workers: 1, workMs: 30 };
const LOAD = { ratePerSecond: 36, maxSeconds: 60, atLeastSeconds: 20 };
/** The search then has nothing to try below the rate of the document. */
const THROUGHPUT = `  - id: throughput
    throughput: { counter: http_requests_total }
    target: "> 33/s"
scenarios:`;

let service: LawServiceOnCluster;
let document: string;
let kubeconfig: string;

/** Exactly the permissions in docs/capacity.md. `reader` may not scale. */
const PERMISSIONS = {
  planner: [
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: ['apps'], resources: ['deployments/scale'], verbs: ['patch'] },
    { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list'] },
  ],
  reader: [
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list'] },
  ],
};

const apply = (...objects: readonly object[]) =>
  kubectl(['apply', '-f', '-'], objects.map((one) => stringify(one)).join('---\n'));

const permit = ([name, rules]: readonly [string, readonly object[]]) => {
  const metadata = { name, namespace: NAMESPACE };
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata };
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name };
  const subjects = [{ kind: 'ServiceAccount', name, namespace: NAMESPACE }];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { ...rbac, kind: 'Role', rules },
    { ...rbac, kind: 'RoleBinding', roleRef, subjects },
  ];
};

/** A kubeconfig with a context for each account. */
async function impersonating(): Promise<string> {
  interface Config {
    readonly contexts: readonly { readonly context: object }[];
    readonly users: readonly { readonly user: object }[];
  }
  const config = parse(await readFile(process.env.KUBECONFIG!, 'utf8')) as Config;
  const names = Object.keys(PERMISSIONS);
  const as = (name: string) => `system:serviceaccount:${NAMESPACE}:${name}`;
  const path = join(service.folder, 'kubeconfig');
  const own = {
    ...config,
    users: names.map((name) => ({ name, user: { ...config.users[0]!.user, as: as(name) } })),
    contexts: names.map((name) => ({ name, context: { ...config.contexts[0]!.context, user: name } })),
    'current-context': 'reader',
  };
  await writeFile(path, stringify(own), { mode: 0o600 });
  return path;
}

beforeAll(async () => {
  service = await openLawServiceOnCluster({
    namespace: NAMESPACE,
    nodePort: 30820,
    replicas: BEFORE,
    law: LAW,
  });
  document = join(service.folder, 'known.yaml');
  await writeFile(document, knownDocument(LOAD, true).replace('scenarios:', THROUGHPUT));
  await apply(...Object.entries(PERMISSIONS).flatMap(permit));
  kubeconfig = await impersonating();
}, 300_000);

afterAll(() => service?.[Symbol.asyncDispose]());

interface Search {
  readonly replicas: string;
  readonly target?: string;
  readonly context?: keyof typeof PERMISSIONS;
}

let searches = 0;
function startSearch({ replicas, target = service.url, context = 'planner' }: Search) {
  const out = join(service.folder, `runs-${++searches}`);
  const running = startSla(
    [
      ...['capacity', '--sla', document, '--out', out, '--budget', '6m', '--replicas', replicas],
      ...['--deployment', DEPLOYMENT, '--context', context],
      ...['--target', target, '--prometheus', service.prometheusUrl],
    ],
    { env: { ...KNOWN_SCRIPT, KUBECONFIG: kubeconfig } },
  );
  return { out, running };
}

const interrupted = async ({ child, done }: RunningSla) => {
  child.kill('SIGINT');
  return await done;
};

const inDeployment = async (path: string) =>
  Number(await kubectl(['get', 'deployment', 'known', '--namespace', NAMESPACE, '-o', `jsonpath={${path}}`]));
const replicas = () => inDeployment('.spec.replicas');

/** The answer of Prometheus to a query whose result is one number. */
async function ask(query: string, atSeconds = Date.now() / 1000): Promise<number> {
  const asker = { url: service.prometheusUrl, signal: new AbortController().signal };
  const { series, error } = await askOnce(query, Number(atSeconds.toFixed(3)), asker);
  expect(error).toBeNull();
  return Number(series[0]?.samples[0]?.[1] ?? Number.NaN);
}

/** The first step of the search with this number of replicas: its record, and its run. */
async function firstStep(out: string, number: string) {
  for (const name of (await readdir(out)).filter((one) => one.includes('capacity-'))) {
    const file = join(out, name, CAPACITY_FILES.record);
    const record = JSON.parse(await readFile(file, 'utf8')) as CapacityRecord;
    if (record.asked.variant?.value !== number) continue;
    const step = record.steps[0]!;
    return { record, step, ...(await readRun(join(out, name, CAPACITY_FILES.steps, step.run!))) };
  }
  throw new Error(`there is no search with ${number} replicas`);
}

/** How many requests each pod counted during the run, from the raw samples of its evidence. */
function countsOf({ evidence }: Awaited<ReturnType<typeof firstStep>>): readonly number[] {
  const grown = new Map<string, number>();
  const selector = 'http_requests_total{job="known"}';
  for (const { series } of evidence!.readings.filter((one) => one.selector === selector))
    for (const { labels, samples } of series) {
      const [first, last] = [samples[0], samples.at(-1)].map((sample) => Number(sample![1]));
      grown.set(labels.pod!, (grown.get(labels.pod!) ?? 0) + last! - first!);
    }
  return [...grown.values()];
}

/** kubectl port-forward to the Service. Its local address is in its first line. */
async function forward(): Promise<AsyncDisposable & { readonly url: string }> {
  const args = ['port-forward', 'service/known', ':8000', '--namespace', NAMESPACE];
  const child = spawn('kubectl', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const [url] = /127\.0\.0\.1:\d+/.exec(line)!;
  return {
    url: `http://${url}`,
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

/** A Service that sends every connection of a client to the same pod. */
async function withSessionAffinity(): Promise<AsyncDisposable> {
  const set = (sessionAffinity: string) =>
    kubectl([
      ...['patch', 'service', 'known', '--namespace', NAMESPACE],
      ...['--patch', JSON.stringify({ spec: { sessionAffinity } })],
    ]);
  await set('ClientIP');
  return { [Symbol.asyncDispose]: async () => void (await set('None')) };
}

describe('./sla capacity --replicas with a Deployment', { timeout: 240_000 }, () => {
  test('without the permission to scale it is refused, and the message names the permission', async () => {
    const generation = await inDeployment('.metadata.generation');
    const { code, stderr } = await startSearch({ replicas: '1,2', context: 'reader' }).running.done;
    expect(code, stderr).toBe(4);
    expect(stderr).toMatch(/cannot patch resource "deployments\/scale"/);
    expect(stderr).toContain('no load was sent');
    expect(stderr).not.toContain('was not scaled back');
    expect(await inDeployment('.metadata.generation')).toBe(generation);
  });

  test('that an autoscaler changes is refused: it is not scaled, and nothing is sent', async () => {
    const metadata = { name: 'busy', namespace: NAMESPACE };
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'known' };
    await apply({
      ...{ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata },
      spec: { scaleTargetRef, minReplicas: BEFORE, maxReplicas: BEFORE },
    });
    const state = async () => [
      await inDeployment('.metadata.generation'),
      await ask('sum(http_requests_total)'),
    ];
    const before = await state();
    const { code, stderr } = await startSearch({ replicas: '1,2' }).running.done;
    await kubectl(['delete', 'hpa', 'busy', '--namespace', NAMESPACE]);
    expect(code, stderr).toBe(4);
    expect(stderr).toContain(
      'the HorizontalPodAutoscaler busy also changes the number of replicas of known; no load was sent',
    );
    expect(await state()).toEqual(before);
  });

  test('is scaled back if Ctrl-C is pressed while its pods start', async () => {
    const { running } = startSearch({ replicas: '5' });
    await running.seen(`scaling ${DEPLOYMENT} from 3 to 5 replicas`);
    const { code, stderr } = await interrupted(running);
    expect(code, stderr).toBe(130);
    expect(await replicas()).toBe(BEFORE);
  });

  test('is scaled to each number; a search begins when exactly these pods are scraped, and judges them together', async () => {
    const { out, running } = startSearch({ replicas: '1,2' });
    // The second step has started, so the first one is stored.
    await running.seen(/from 1 to 2 replicas[\s\S]*\bstep at .*\/s: [\s\S]*\b(step|hold) at /);
    expect(await replicas()).toBe(2);
    const { code, stderr } = await interrupted(running);
    expect(code, stderr).toBe(130);
    expect(await replicas()).toBe(BEFORE);
    const one = await firstStep(out, '1');
    const two = await firstStep(out, '2');
    expect([one.record.replicas, two.record.replicas], stderr).toEqual([1, 2]);
    expect([one.step.outcome, two.step.outcome], stderr).toEqual(['missed', 'met']);
    expect(one.step.missed).toContain('latency-p95');
    for (const [count, { run }] of [[1, one] as const, [2, two] as const])
      expect(await ask('count(up{job="known"})', run.window.fromSeconds)).toBe(count);
    const counts = countsOf(two);
    const { sent } = two.run.load!;
    expect(counts.length).toBe(2);
    expect(counts[0]! + counts[1]!).toBe(sent);
    for (const requests of counts) expect(requests).toBeGreaterThan(0.2 * sent);
  });

  test('stops if the target reaches only one pod, as kubectl port-forward does', async () => {
    await using forwarded = await forward();
    const { code, stderr } = await startSearch({ replicas: '2', target: forwarded.url }).running.done;
    expect(code, stderr).toBe(4);
    expect(stderr).toContain('only 1 of 2 replicas received requests');
    expect(stderr).toContain('kubectl port-forward reaches a single pod');
    expect(await replicas()).toBe(BEFORE);
  });

  test('stops if the Service has session affinity: one client reaches only one pod', async () => {
    await using _affinity = await withSessionAffinity();
    const { code, stderr } = await startSearch({ replicas: '2' }).running.done;
    expect(code, stderr).toBe(4);
    expect(stderr).toContain('only 1 of 2 replicas received requests');
    expect(stderr).toContain('session affinity');
    expect(await replicas()).toBe(BEFORE);
  });
});
