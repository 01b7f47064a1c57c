import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { podSizeOf } from '../../slas/capacity/pod-size.ts';
import type { CapacityRecord } from '../../slas/capacity/record.ts';
import { resultOf } from '../../slas/capacity/result.ts';
import { seeded } from '../../slas/simulation/queues.ts';
import { kubernetesPatch } from '../capacity/kubernetes-patch.ts';
import { recordOf, stepOf } from '../capacity/test-record.ts';
import { temporaryFolder } from '../testing/sla.ts';
import { referenceProblems } from './checks/references.ts';
import { SECURITY_LINES } from './checks/security.ts';
import {
  containersOf,
  type Manifest,
  named,
  nameOf,
  ofKind,
  parseManifests,
  workloadsOf,
} from './manifest.ts';
import { type Additions, render } from './render.ts';
import { component, objectsOf, VARIANTS } from './testing/overlays.ts';

/** The patch that `./sla capacity` writes, merged into the manifests by kustomize. */

const TOOL_IO = { env: process.env, progress: () => {} };
const held = recordOf([...recordOf().steps, stepOf(425, 'met', true)]);

function patchOf(record: CapacityRecord): string {
  const { pod } = resultOf(record, seeded(1));
  if (!pod.ok) throw new Error(pod.because);
  return kubernetesPatch(record, pod.size);
}

/** @param variant the variant of the manifests to which an overlay adds the patch */
async function patched(
  variant: string,
  record: CapacityRecord,
  additions: Additions = {},
): Promise<readonly Manifest[]> {
  await using folder = await temporaryFolder();
  const own = join(folder.path, 'mine');
  await mkdir(own);
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [relative(own, VARIANTS[variant]!.folder)],
    patches: [{ path: 'k8s-patch.yaml' }],
  };
  await writeFile(join(own, 'kustomization.yaml'), stringify(kustomization));
  await writeFile(join(own, 'k8s-patch.yaml'), patchOf(record));
  return parseManifests(await render(own, additions, TOOL_IO));
}

const service = (objects: readonly Manifest[]) =>
  containersOf(named(workloadsOf(objects), 'sentiment-api')!)[0]!;

const RESOURCES = {
  requests: { cpu: '1950m', memory: '576Mi' },
  limits: { cpu: '2000m', memory: '832Mi' },
};

test.each(['k8s/', 'laptop', 'production', 'operator'])(
  '%s accepts the patch: it changes the resources and the autoscaler, and adds no object',
  async (variant) => {
    const [before, after] = [await objectsOf(variant), await patched(variant, held)];
    expect(after.map(nameOf).toSorted()).toEqual(before.map(nameOf).toSorted());
    expect(service(after).resources).toEqual(RESOURCES);
    expect({ ...service(after), resources: null }).toEqual({ ...service(before), resources: null });
    const [autoscaler] = ofKind(after, 'HorizontalPodAutoscaler');
    // A total of 1,000/s needs 4.58 cores: five replicas, if each uses a fifth of them.
    expect(autoscaler!.spec).toMatchObject({
      minReplicas: 2,
      maxReplicas: 5,
      metrics: [{ resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: '916m' } } }],
      scaleTargetRef: { name: 'sentiment-api' },
    });
    expect(named(workloadsOf(after), 'sentiment-api')!.spec.replicas).toBeUndefined();
    expect(referenceProblems(after)).toEqual([]);
    for (const check of Object.values(SECURITY_LINES)) expect(check(after)).toEqual(check(before));
  },
);

test('without a target rate, the autoscaler stays unchanged', async () => {
  const { targetPerSecond: _, ...asked } = held.asked;
  const [before, after] = [await objectsOf('k8s/'), await patched('k8s/', { ...held, asked })];
  expect(ofKind(after, 'HorizontalPodAutoscaler')).toEqual(ofKind(before, 'HorizontalPodAutoscaler'));
  expect(service(after).resources).toEqual(RESOURCES);
});

test('a component applied on top of the patch adds its metric to the autoscaler', async () => {
  const components = [component('autoscale-on-load')];
  const [autoscaler] = ofKind(await patched('k8s/', held, { components }), 'HorizontalPodAutoscaler');
  expect(autoscaler!.spec).toMatchObject({ metrics: [{ type: 'Resource' }, { type: 'Pods' }] });
});

test('if the search used a given number of workers, the patch sets that number next to the existing variables', async () => {
  const asked = { ...held.asked, variant: { name: 'SERVICE_WORKERS', value: '2' } };
  const { env } = service(await patched('k8s/', { ...held, asked }));
  expect(env).toContainEqual({ name: 'SERVICE_WORKERS', value: '2' });
  expect(env).toContainEqual({ name: 'HOST', value: '0.0.0.0' });
});

const withoutResource = (name: string): CapacityRecord => ({
  ...held,
  steps: held.steps.map((step) => ({
    ...step,
    figures: {
      ...step.figures!,
      resources: step.figures!.resources.filter((one) => one.name !== name),
    },
  })),
});
const { workload: _, ...ofOther } = held;

test.each<[string, CapacityRecord]>([
  ['no-answer', recordOf()],
  ['no-answer', recordOf([...recordOf().steps, stepOf(425, 'missed', true)])],
  ['other-service', ofOther],
  ['faults', { ...held, asked: { ...held.asked, faults: 'latency=10' } }],
  ['cpu-unknown', withoutResource('cpu')],
  ['memory-unknown', withoutResource('memory')],
  ['cores-unknown', { ...held, cores: null }],
  ['cores-unknown', { ...held, asked: { ...held.asked, target: 'http://127.0.0.1:8000' } }],
])('no patch is written: %s', (because, record) => {
  expect(resultOf(record, seeded(1)).pod).toEqual({ ok: false, because });
});

test('the measured cores are divided by the number of measured replicas', () => {
  const result = { ...resultOf(held, seeded(1)), replicas: null };
  const pod = podSizeOf({ ...held, replicas: 2, cores: 4 }, result);
  expect(pod).toMatchObject({ ok: true, size: { cpu: { requestMilli: 980, limitMilli: 2000 } } });
});
