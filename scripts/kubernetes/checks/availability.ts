import {
  containersOf,
  type Labels,
  type Manifest,
  matches,
  nameOf,
  ofKind,
  type Workload,
  workloadsOf,
} from '../manifest.ts';

interface Budget extends Manifest {
  readonly spec: {
    readonly selector: { readonly matchLabels: Labels };
    readonly unhealthyPodEvictionPolicy?: string;
  };
}
interface Scaler extends Manifest {
  readonly spec: { readonly scaleTargetRef: { readonly name: string } };
}

/**
 * The settings that keep a program available: probes and, with several replicas, a disruption budget and a spread over
 * nodes.
 */
export const availabilityProblems = (objects: readonly Manifest[]): readonly string[] =>
  workloadsOf(objects).flatMap((workload) => {
    const where = nameOf(workload);
    return [
      ...probeProblems(workload).map((text) => `${where}${text}`),
      ...(isReplicated(workload, objects)
        ? replicaProblems(workload, objects).map((text) => `${where} ${text}`)
        : []),
    ];
  });

function probeProblems(workload: Workload): readonly string[] {
  const starting = workload.spec.template.spec.initContainers ?? [];
  return containersOf(workload)
    .filter((one) => !starting.includes(one))
    .flatMap((one) =>
      (['startupProbe', 'readinessProbe', 'livenessProbe'] as const)
        .filter((probe) => one[probe] === undefined)
        .map((probe) => `, ${one.name}: has no ${probe}`),
    );
}

const isReplicated = ({ metadata, spec }: Workload, objects: readonly Manifest[]) =>
  (spec.replicas ?? 1) > 1 ||
  ofKind<Scaler>(objects, 'HorizontalPodAutoscaler').some(
    (scaler) => scaler.spec.scaleTargetRef.name === metadata.name,
  );

function replicaProblems({ spec }: Workload, objects: readonly Manifest[]): readonly string[] {
  const { metadata, spec: pod } = spec.template;
  const budget = ofKind<Budget>(objects, 'PodDisruptionBudget').find((one) =>
    matches(one.spec.selector, metadata.labels),
  );
  return [
    ...(budget === undefined ? ['has no disruption budget'] : []),
    ...(budget === undefined || budget.spec.unhealthyPodEvictionPolicy === 'AlwaysAllow'
      ? []
      : ['blocks node drains even if its pods are unhealthy']),
    ...((pod.topologySpreadConstraints ?? []).some(
      ({ topologyKey }) => topologyKey === 'kubernetes.io/hostname',
    )
      ? []
      : ['is not spread over nodes']),
  ];
}
