import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { LoadRecord, RunRecord } from '../../slas/model/model.ts';
import { type Manifest, named, parseManifests, workloadsOf } from '../kubernetes/manifest.ts';
import { render } from '../kubernetes/render.ts';
import { newSecrets, secretObject } from '../kubernetes/secrets.ts';
import { kubectl, TOOL_IO, tryKubectl } from '../kubernetes/testing/on-cluster.ts';
import { loadStackImages } from '../stack/kube-node/images.ts';
import { loadK6Image } from '../testing/k6-image.ts';
import { ROOT, type RunningSla, startSla } from '../testing/sla.ts';
import { expectVerdict, outcomesOf, preconditionOf } from '../testing/verdict.ts';

/** The gate in a cluster, on the service and the Prometheus of k8s/, while replicas are killed, replaced or slow. */

const NAMESPACE = 'sla-service-test';
const GENERATORS = 'sla-service-load';
const PORTS = { 30800: 30810, 30900: 30910 } as const;
const IN = ['--namespace', NAMESPACE] as const;
const WANTED = ['ServiceAccount', 'Role', 'RoleBinding', 'ConfigMap', 'Service', 'Deployment'];

/** Only the service and Prometheus of k8s/, in a namespace and on node ports of this test. */
async function manifests(): Promise<readonly Manifest[]> {
  const text = await render(join(ROOT, 'k8s'), {}, TOOL_IO);
  const moved = text
    .replaceAll('namespace: sentiment-analysis', `namespace: ${NAMESPACE}`)
    .replaceAll('nodePort: 30800', `nodePort: ${PORTS[30800]}`)
    .replaceAll('nodePort: 30900', `nodePort: ${PORTS[30900]}`);
  // The samples of this test need no persistent volume.
  const claim = /persistentVolumeClaim:\s+claimName: \S+/g;
  return parseManifests(moved.replace(claim, 'emptyDir: {}')).filter(
    ({ kind, metadata }) => WANTED.includes(kind) && !/^(grafana|alertmanager)/.test(metadata.name),
  );
}

const apply = (objects: readonly object[]) =>
  kubectl(['apply', '-f', '-'], objects.map((one) => stringify(one)).join('---\n'));

/**
 * Deploys the service with another set of replicas. A slow replica has its own Deployment behind the same Service.
 */
function serviceIn(objects: readonly Manifest[], name: string, replicas: number, faults?: string): object {
  const { spec, metadata, ...rest } = named(workloadsOf(objects), 'sentiment-api')!;
  const [container] = spec.template.spec.containers;
  const labels = { ...spec.template.metadata.labels, variant: name };
  return {
    ...rest,
    metadata: { ...metadata, name },
    spec: {
      ...spec,
      replicas,
      selector: { matchLabels: { variant: name } },
      template: {
        metadata: { ...spec.template.metadata, labels },
        spec: {
          ...spec.template.spec,
          containers: [
            {
              ...container,
              // The node also runs other work.
              resources: { requests: { cpu: '50m', memory: '256Mi' }, limits: { cpu: '1', memory: '1Gi' } },
              env: [...(container!.env ?? []), ...faultsOf(faults)],
            },
          ],
        },
      },
    },
  };
}

/** The image runs in production mode, in which faults must be allowed explicitly. */
const faultsOf = (faults: string | undefined) =>
  faults === undefined
    ? []
    : [
        { name: 'SLA_FAULTS', value: faults },
        { name: 'SLA_FAULTS_ALLOW', value: '1' },
      ];

const rolledOut = (name: string) =>
  kubectl(['rollout', 'status', `deployment/${name}`, ...IN, '--timeout=240s'], '', 250_000);

let folder: string;
let runner: string;
let elastic: string;
let objects: readonly Manifest[];
const login = newSecrets()['prometheus-login'];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sla-cluster-'));
  const image = await loadK6Image();
  await loadStackImages(ROOT, TOOL_IO);
  for (const name of [NAMESPACE, GENERATORS]) await tryKubectl(['create', 'namespace', name]);
  const secret = JSON.stringify(secretObject('prometheus-login', NAMESPACE, login));
  await kubectl(['apply', '-f', '-'], secret);
  objects = await manifests();
  const others = objects.filter(
    ({ kind, metadata }) => kind !== 'Deployment' || metadata.name !== 'sentiment-api',
  );
  await apply([...others, serviceIn(objects, 'sentiment-api', 2)]);
  runner = join(folder, 'runner.yaml');
  await writeFile(runner, `image: ${image}\nimagePullPolicy: IfNotPresent\nhostNetwork: true\n`);
  const shipped = await readFile(join(ROOT, 'slas', 'documents', 'sentiment-api.yaml'), 'utf8');
  elastic = join(folder, 'elastic.yaml');
  await writeFile(elastic, shipped.replace('service:\n', 'service:\n  replicas: elastic\n'));
  for (const name of ['sentiment-api', 'prometheus']) await rolledOut(name);
}, 900_000);

afterAll(async () => {
  for (const name of [NAMESPACE, GENERATORS]) await tryKubectl(['delete', 'namespace', name, '--wait=false']);
  await rm(folder, { recursive: true, force: true });
});

const start = (...more: readonly string[]): RunningSla =>
  startSla(
    [
      ...[
        'gate',
        '--stack',
        'kubernetes',
        '--generators',
        '2',
        '--namespace',
        GENERATORS,
        '--runner',
        runner,
      ],
      ...['--target', `http://127.0.0.1:${PORTS[30800]}`, '--prometheus', `http://127.0.0.1:${PORTS[30900]}`],
      ...['--scenario', 'smoke', '--out', folder, '--json', ...more],
    ],
    { env: { PROMETHEUS_USER: login.username!, PROMETHEUS_PASSWORD: login.password! } },
  );

const lastLoad = async () =>
  (JSON.parse(await readFile(join(folder, 'latest', 'run.json'), 'utf8')) as RunRecord).load as LoadRecord;

const podsOfService = async () =>
  (await kubectl(['get', 'pods', ...IN, '-l', 'app.kubernetes.io/name=sentiment-api', '-o', 'name']))
    .trim()
    .split('\n');

/** These tests start only when all targets of the last minute are current pods, so that the replicas of each run are known. */
async function onlyTheseAreScraped(count: number): Promise<void> {
  const query = encodeURIComponent('count(count_over_time(up{job="sentiment-api"}[65s]))');
  const authorization = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  const seen = async () => {
    const url = `http://127.0.0.1:${PORTS[30900]}/api/v1/query?query=${query}`;
    const response = await fetch(url, { headers: { authorization } });
    const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
    return Number(data.result[0]?.value[1]);
  };
  await expect.poll(seen, { timeout: 120_000, interval: 1_000 }).toBe(count);
}

const LONG = ['--duration', '60s', '--no-abort'];

describe('./sla gate --stack kubernetes --generators 2', { timeout: 400_000 }, () => {
  test('--scenario smoke passes in 60 s', async () => {
    await onlyTheseAreScraped(2);
    // With a scrape every 10 s, the 20 s of the load contain too few scrapes for the uptime objective.
    const done = await start('--duration', '60s').done;
    expectVerdict(done, ({ verdict }) => expect(verdict, done.stdout + done.stderr).toBe('pass'));
    expect(await lastLoad()).toMatchObject({ sent: 1200, lost: 0, completed: true });
  });

  test('a replica that is killed during the run cannot hide the requests that it did not report', async () => {
    await onlyTheseAreScraped(2);
    const running = start(...LONG);
    await running.seen(/k6-1 and k6-2 started/);
    const [victim] = await podsOfService();
    await kubectl(['delete', victim!, ...IN, '--grace-period=0', '--force', '--wait=false']);
    const done = await running.done;
    const verdict = expectVerdict(done);
    expect(verdict.verdict, done.stderr).not.toBe('pass');
    expect(JSON.stringify(verdict)).toMatch(/ended|restart|disappear|gone/);
    await rolledOut('sentiment-api');
  });

  test('a rolling update loses no request, and the verdict includes the counts of the old pods', async () => {
    await onlyTheseAreScraped(2);
    const running = start(...LONG, '--sla', elastic);
    await running.seen(/k6-1 and k6-2 started/);
    await kubectl(['rollout', 'restart', 'deployment/sentiment-api', ...IN]);
    await rolledOut('sentiment-api');
    const done = await running.done;
    const verdict = expectVerdict(done);
    const { lost, answered } = await lastLoad();
    expect({ lost, failed: answered['5xx'] }, done.stderr).toEqual({ lost: 0, failed: 0 });
    expect(verdict.verdict, done.stdout + done.stderr).not.toBe('fail');
    expect(preconditionOf(verdict, 'load-delivered')).toMatchObject({ ok: true });
  });

  test('with one slow replica of three, the latency is missed, although the others are fast', async () => {
    await apply([serviceIn(objects, 'sentiment-slow', 1, 'latency=300ms')]);
    await rolledOut('sentiment-slow');
    await onlyTheseAreScraped(3);
    const done = await start('--no-abort').done;
    const verdict = expectVerdict(done);
    expect(outcomesOf(verdict), done.stderr).toMatchObject({ 'latency-p95': 'missed' });
    expect(done.code).toBe(1);
  });
});
