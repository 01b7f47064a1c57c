import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { basicAuthorization } from '../../slas/prometheus/http.ts';
import type { VerdictDocument } from '../../slas/render/json.ts';
import { apply, type Manifest, openNamespace } from '../doctor/testing/small-stack.ts';
import { findEngine } from '../stack/containers/engine.ts';
import { resolveImage } from '../stack/containers/image-store.ts';
import { IMAGES } from '../stack/images.ts';
import { loadImages } from '../stack/kube-node/cluster.ts';
import { kubectlOf } from '../stack/kubernetes/kubectl.ts';
import { forward } from '../stack/kubernetes/port-forward.ts';
import { countsDocument } from '../testing/counts-document.ts';
import { ROOT, sla, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { objectiveOf } from '../testing/verdict.ts';
import { parseManifests } from './manifest.ts';
import { render } from './render.ts';
import { newSecrets, secretObject } from './secrets.ts';
import { kubectl, TOOL_IO } from './testing/on-cluster.ts';
import { component, K8S } from './testing/overlays.ts';

/** Runs k8s/components/victoriametrics: two Prometheus replicas scrape one service and write to VictoriaMetrics. */

const NAMESPACE = `victoriametrics-${process.pid}`;
const REQUESTS = 60;
const cleanup = new AsyncDisposableStack();
const secrets = newSecrets();
const login = secrets['victoriametrics-login'] as { username: string; password: string };
const signal = new AbortController().signal;
let folder: TemporaryFolder;
let store: string;
let api: string;

/**
 * The manifests that the component needs, in a separate namespace: without node ports, and without volumes that outlive the
 * namespace.
 */
async function manifests(): Promise<readonly Manifest[]> {
  const text = await render(
    join(K8S, 'overlays', 'laptop'),
    { components: [component('victoriametrics')] },
    TOOL_IO,
  );
  const wanted = /^(sentiment-api|prometheus.*|victoriametrics)$/;
  const kinds = /^(ServiceAccount|Role|RoleBinding|ConfigMap|Deployment|Service)$/;
  const objects = parseManifests(text.replaceAll('namespace: sentiment-analysis', `namespace: ${NAMESPACE}`));
  return objects
    .filter(({ kind, metadata }) => kinds.test(kind) && wanted.test(metadata.name))
    .map((one) => JSON.parse(JSON.stringify(one), withoutOutside) as Manifest);
}

function withoutOutside(key: string, value: unknown): unknown {
  if (key === 'nodePort') return undefined;
  if (value === 'NodePort') return 'ClusterIP';
  if (typeof value === 'object' && value !== null && 'persistentVolumeClaim' in value) {
    const { persistentVolumeClaim: _, ...volume } = value;
    return { ...volume, emptyDir: {} };
  }
  return value;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  cleanup.use(await openNamespace(NAMESPACE));
  const image = await resolveImage('victoriaMetrics', {
    engine: await findEngine(),
    root: ROOT,
    toolIo: TOOL_IO,
  });
  await loadImages([`${image!.reference}=${IMAGES.victoriaMetrics}`], TOOL_IO);
  const objects = Object.entries(secrets).map(([name, data]) => secretObject(name, NAMESPACE, data));
  await apply(NAMESPACE, ...objects, ...(await manifests()));
  for (const name of ['sentiment-api', 'victoriametrics', 'prometheus'])
    await kubectl(
      ['rollout', 'status', `deployment/${name}`, '--namespace', NAMESPACE, '--timeout=240s'],
      '',
      250_000,
    );
  const open = async (service: string, port: number) =>
    cleanup.use(
      await forward(kubectlOf({ env: process.env }), { namespace: NAMESPACE, service, port }, signal),
    ).url;
  store = await open('victoriametrics', 8428);
  api = await open('sentiment-api', 8000);
}, 1_200_000);
afterAll(async () => {
  await cleanup.disposeAsync();
  await folder?.[Symbol.asyncDispose]();
}, 300_000);

async function resultOf(query: string): Promise<number> {
  const headers = { authorization: basicAuthorization(login.username, login.password) };
  const response = await fetch(`${store}/api/v1/query?${new URLSearchParams({ query })}`, { headers });
  const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? 0);
}

async function until(query: string, isReached: (value: number) => boolean): Promise<void> {
  for (const deadline = Date.now() + 180_000; !isReached(await resultOf(query)); await delay(1_000))
    if (Date.now() > deadline) throw new Error(`${query} is ${await resultOf(query)} after 180 s`);
}

test('both replicas write, each sample is stored once, and the gate counts each request once', async () => {
  // One target for each Prometheus, and one target for the service, which both scrape.
  await until('count(up{job="sentiment-api"})', (value) => value === 1);
  await until('count_over_time(up{job="sentiment-api"}[1m])', (value) => value >= 5);
  const from = new Date().toISOString();
  for (let sent = 0; sent < REQUESTS; sent++) {
    const due = delay(500);
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ text: 'A fine day.' });
    const response = await fetch(`${api}/predict`, { method: 'POST', headers, body });
    expect(response.status).toBe(200);
    await response.text();
    await due;
  }
  const to = new Date().toISOString();
  const file = join(folder.path, 'sla.yaml');
  await writeFile(file, countsDocument('sentiment-api'));
  const args = ['verify', '--prometheus', store, '--from', from, '--to', to, '--sla', file, '--json'];
  const { stdout, stderr } = await sla(args, {
    env: { PROMETHEUS_USER: login.username, PROMETHEUS_PASSWORD: login.password },
  });
  const verdict = JSON.parse(stdout) as VerdictDocument;
  expect(objectiveOf(verdict, 'error-rate'), stderr).toMatchObject({ verdict: 'met', samples: REQUESTS });
  // The samples are 10 s apart, although two replicas scrape.
  expect(await resultOf('count_over_time(up{job="sentiment-api"}[1m])')).toBeLessThanOrEqual(7);
  const pods = await kubectl([
    'get',
    'pods',
    '--namespace',
    NAMESPACE,
    '--selector',
    'app.kubernetes.io/name=prometheus',
    '--output',
    'name',
  ]);
  expect(pods.trim().split('\n')).toHaveLength(2);
}, 400_000);
