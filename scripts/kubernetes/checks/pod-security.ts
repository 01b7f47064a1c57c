import { type Container, containersOf, type Manifest, nameOf, ofKind, workloadsOf } from '../manifest.ts';

/** Checks what pods and their service accounts are permitted to do. */

export function unprivileged(objects: readonly Manifest[]): readonly string[] {
  return workloadsOf(objects).flatMap((workload) => {
    const pod = workload.spec.template.spec;
    const where = nameOf(workload);
    const { runAsNonRoot, runAsUser, seccompProfile } = pod.securityContext ?? {};
    return [
      ...(pod.hostNetwork || pod.hostPID || pod.hostIPC ? [`${where} shares a namespace of the node`] : []),
      ...(runAsNonRoot === true && (runAsUser ?? 0) > 0 ? [] : [`${where} may run as root`]),
      ...(seccompProfile?.type === 'RuntimeDefault' ? [] : [`${where} has no seccomp profile`]),
      ...(pod.volumes ?? [])
        .filter((volume) => 'hostPath' in volume)
        .map(({ name }) => `${where} mounts a folder of the node: ${name}`),
      ...containersOf(workload).flatMap((one) =>
        containerProblems(one).map((text) => `${where}, ${one.name}: ${text}`),
      ),
    ];
  });
}

function containerProblems({ securityContext = {}, resources }: Container): readonly string[] {
  const { capabilities, privileged, allowPrivilegeEscalation, readOnlyRootFilesystem } = securityContext;
  const hasOnlyDropped = capabilities?.drop?.includes('ALL') && (capabilities.add ?? []).length === 0;
  return [
    ...(privileged ? ['is privileged'] : []),
    ...(allowPrivilegeEscalation === false ? [] : ['may gain privileges']),
    ...(readOnlyRootFilesystem ? [] : ['can write to its root file system']),
    ...(hasOnlyDropped ? [] : ['keeps capabilities']),
    ...(resources?.limits?.memory && resources.limits.cpu ? [] : ['has no limits']),
    ...(resources?.requests?.memory && resources.requests.cpu ? [] : ['requests no resources']),
  ];
}

export function restricted(objects: readonly Manifest[]): readonly string[] {
  return ofKind(objects, 'Namespace').flatMap(({ metadata }) =>
    ['enforce', 'audit', 'warn']
      .map((mode) => `pod-security.kubernetes.io/${mode}`)
      .filter((label) => metadata.labels?.[label] !== 'restricted')
      .map((label) => `Namespace ${metadata.name}: ${label} is not "restricted"`),
  );
}

interface Role extends Manifest {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/**
 * The API requests of each program. Prometheus watches the list of pods; Alloy also looks up a pod before it reads the pod's
 * log.
 */
const NEEDED: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  prometheus: { pods: ['list', 'watch'] },
  alloy: { pods: ['get', 'list', 'watch'], 'pods/log': ['get'] },
};

/**
 * Programs have roles only in their own namespace, with exactly the permissions that they need. Pods without a role get no
 * token.
 */
export function leastRbac(objects: readonly Manifest[]): readonly string[] {
  const accounts = ofKind<Manifest & { readonly subjects: readonly { readonly name: string }[] }>(
    objects,
    'RoleBinding',
  ).flatMap(({ subjects }) => subjects.map(({ name }) => name));
  return [
    ...objects
      .filter(({ kind }) => kind.startsWith('ClusterRole'))
      .map((one) => `${nameOf(one)} applies to all namespaces`),
    ...ofKind<Role>(objects, 'Role').flatMap((role) =>
      role.rules
        .flatMap(({ resources, verbs }) =>
          resources.flatMap((one) =>
            verbs
              .filter((verb) => !NEEDED[role.metadata.name]?.[one]?.includes(verb))
              .map((verb) => `${verb} ${one}`),
          ),
        )
        .map((more) => `${nameOf(role)} allows to ${more}`),
    ),
    ...workloadsOf(objects).flatMap((workload) => {
      const { serviceAccountName, automountServiceAccountToken } = workload.spec.template.spec;
      const needs = accounts.includes(serviceAccountName ?? '');
      return automountServiceAccountToken === needs
        ? []
        : [`${nameOf(workload)}: automountServiceAccountToken is not ${needs}`];
    }),
  ];
}
