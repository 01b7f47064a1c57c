import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { availabilityProblems } from './checks/availability.ts';
import { allowedPaths } from './checks/network.ts';
import { SECURITY_LINES } from './checks/security.ts';
import { type Manifest, type NetworkPolicy, ofKind, type PodSpec, parseManifests } from './manifest.ts';
import { K8S, objectsOf, VARIANTS } from './testing/overlays.ts';

/**
 * Tests k8s/load and k8s/progressive-delivery, which are applied next to an overlay, and rules that apply to all of k8s/.
 */

const inFolder = (folder: string): readonly Manifest[] =>
  readdirSync(join(K8S, folder))
    .filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml')
    .flatMap((name) => parseManifests(readFileSync(join(K8S, folder, name), 'utf8')));

interface PodTemplate {
  readonly template: { readonly metadata: object; readonly spec: PodSpec };
}

/** Converts a Job and a CronJob to the form of a workload that the checks expect. */
function asWorkload(object: Manifest): Manifest {
  const { jobTemplate, ...spec } = object.spec as PodTemplate & { jobTemplate?: { spec: PodTemplate } };
  const { template } = jobTemplate?.spec ?? spec;
  const name = object.metadata.name ?? 'sla-gate';
  return { ...object, kind: 'Deployment', metadata: { ...object.metadata, name }, spec: { template } };
}

const load = inFolder('load');
const delivery = inFolder('progressive-delivery');
const jobs = [...ofKind(load, 'Job'), ...ofKind(load, 'CronJob')].map(asWorkload);

test('the pods of the gate in the cluster and of the verifier are as restricted as all others', () => {
  expect(jobs).toHaveLength(2);
  const problems = SECURITY_LINES['pods are unprivileged']([...jobs, ...delivery]);
  // A CPU limit would pause the gate, and its looks at the load would be late.
  expect(problems.filter((text) => !/gate: has no limits$/.test(text))).toEqual([]);
});

test('both namespaces enforce the restricted profile, and deny connections by default', async () => {
  const objects = [...(await objectsOf('production')), ...load];
  expect(SECURITY_LINES['the namespace enforces the restricted profile'](objects)).toEqual([]);
  const namespaces = ofKind(objects, 'Namespace').map(({ metadata }) => metadata.name);
  const denied = ofKind<NetworkPolicy>(objects, 'NetworkPolicy')
    .filter(({ spec }) => JSON.stringify(spec.podSelector) === '{}' && spec.ingress === undefined)
    .filter(({ spec }) => spec.policyTypes?.includes('Ingress'))
    .map(({ metadata }) => metadata.namespace);
  expect(denied.toSorted()).toEqual(namespaces.toSorted());
});

test('the gate has exactly these permissions', () => {
  const roles = ofKind<Manifest & { rules: readonly { resources: string[]; verbs: string[] }[] }>(
    load,
    'Role',
  );
  const allowed = roles.flatMap(({ metadata, rules }) =>
    rules.map(({ resources, verbs, ...rest }) => {
      const { resourceNames = [] } = rest as { resourceNames?: string[] };
      return `${[metadata.namespace, ...resources, ...resourceNames].join(' ')}: ${verbs.join(' ')}`;
    }),
  );
  expect(allowed).toEqual([
    'sla-load jobs: create delete',
    'sla-load testruns: create delete',
    'sla-load configmaps secrets: create delete',
    'sla-load pods: get list watch delete',
    'sla-load pods/exec: get create',
    'sla-load pods/log: get',
    'sentiment-analysis services sentiment-api: get',
  ]);
  expect(load.filter(({ kind }) => kind.startsWith('ClusterRole'))).toEqual([]);
});

test.each([
  ['k8s/', ['sla-verifier → outside:53', 'sla-verifier → prometheus:9090']],
  ['production', ['sla-verifier → outside:53', 'sla-verifier → prometheus:9090']],
  [
    'production with victoriametrics',
    ['sla-verifier → outside:53', 'sla-verifier → prometheus:9090', 'sla-verifier → victoriametrics:8428'],
  ],
])(
  '%s: a pod with the label of a verifier may connect to these, and to nothing else',
  async (variant, paths) => {
    const labelled = (objects: readonly Manifest[]) =>
      allowedPaths([...objects, ...ofKind(delivery, 'Deployment')]).filter((path) =>
        path.startsWith('sla-verifier'),
      );
    expect(labelled(await objectsOf(variant))).toEqual(paths);
    // The verifier's own policy allows no further connections.
    const own = ofKind(delivery, 'NetworkPolicy');
    expect(labelled([...(await objectsOf(variant)), ...own])).toEqual(paths);
  },
);

test.each(Object.keys(VARIANTS))(
  '%s: every program has probes, and replicas survive a node drain',
  async (variant) => {
    expect(availabilityProblems(await objectsOf(variant))).toEqual([]);
  },
);

test('the verifier has its probes', () => {
  expect(availabilityProblems(delivery)).toEqual([]);
});

test('a missing disruption budget, a missing spread over nodes and a missing probe are found', async () => {
  const objects = structuredClone(await objectsOf('production with victoriametrics')) as Manifest[];
  const without = objects.filter(({ kind }) => kind !== 'PodDisruptionBudget');
  expect(availabilityProblems(without)).toEqual([
    'Deployment prometheus has no disruption budget',
    'Deployment sentiment-api has no disruption budget',
  ]);
  const [prometheus] = objects.filter(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'prometheus',
  ) as unknown as { spec: PodTemplate }[];
  const pod = prometheus!.spec.template.spec as unknown as {
    topologySpreadConstraints?: unknown;
    containers: { readinessProbe?: unknown }[];
  };
  delete pod.topologySpreadConstraints;
  delete pod.containers[0]!.readinessProbe;
  expect(availabilityProblems(objects)).toEqual([
    'Deployment prometheus, prometheus: has no readinessProbe',
    'Deployment prometheus is not spread over nodes',
  ]);
});

test('every image reference has a version', async () => {
  const rendered = (await Promise.all(Object.keys(VARIANTS).map(objectsOf))).flat();
  const text = JSON.stringify([...rendered, ...load, ...delivery]);
  const images = [...new Set([...text.matchAll(/"image":"([^"]+)"/g)].map(([, image]) => image!))];
  expect(images.length).toBeGreaterThan(8);
  expect(images.filter((image) => !/:v?\d+\.\d+\.\d+/.test(image))).toEqual([]);
});
