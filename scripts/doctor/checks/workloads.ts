import type { Finding } from '../finding.ts';
import { ALERTMANAGER, API, GRAFANA, isReady, PROMETHEUS, podsOf } from '../labels.ts';
import type { Autoscaler, Deployment, EndpointSlice, Pod, Service } from '../objects.ts';

/**
 * Checks the objects of the stack in its namespace. If the Prometheus Operator runs Prometheus, only the service belongs to
 * the stack.
 */
export const OWN_STACK = {
  deployments: [API, PROMETHEUS, GRAFANA, ALERTMANAGER],
  services: [API, PROMETHEUS, GRAFANA],
};
export const OPERATED_STACK = { deployments: [API], services: [API] };

/** Reports deployments that are missing, or whose pods the API server refuses. */
export function checkDeployments(
  deployments: readonly Deployment[],
  expected: readonly string[],
): readonly Finding[] {
  const names = deployments.map(({ metadata }) => metadata.name);
  const missing = expected.filter((name) => !names.includes(name));
  return [
    ...missing.map(
      (name): Finding => ({
        code: 'deployment-missing',
        object: `deployment ${name}`,
        what: 'it does not exist in this namespace',
        nextStep: 'apply the manifests (kubectl apply -k k8s/), or name their namespace with --namespace',
      }),
    ),
    ...deployments.flatMap(({ metadata, status }): readonly Finding[] => {
      const refused = status.conditions?.find(
        (one) => one.type === 'ReplicaFailure' && one.status === 'True',
      );
      if (refused === undefined) return [];
      return [
        {
          code: 'pods-refused',
          object: `deployment ${metadata.name}`,
          what: `its pods are rejected: ${refused.message ?? refused.reason ?? 'no message was given'}`,
          nextStep: 'change what the message names: a quota, an admission rule or the service account',
        },
      ];
    }),
  ];
}

/** Reports services that are missing or have no ready pod. */
export function checkServices(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  pods: readonly Pod[],
  expected: readonly string[],
): readonly Finding[] {
  return expected.flatMap((name): readonly Finding[] => {
    const object = `service ${name}`;
    const service = services.find(({ metadata }) => metadata.name === name);
    if (service === undefined)
      return [
        {
          code: 'service-missing',
          object,
          what: 'it does not exist in this namespace',
          nextStep: 'apply the manifests (kubectl apply -k k8s/)',
        },
      ];
    const own = slices.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name);
    const ready = own
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready);
    return ready.length > 0 ? [] : [withoutEndpoints(service, pods)];
  });
}

function withoutEndpoints(service: Service, pods: readonly Pod[]): Finding {
  const { name } = service.metadata;
  const selected = podsOf(service, pods);
  const selector = Object.entries(service.spec.selector ?? {})
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
  const base = { code: 'service-without-endpoints', object: `service ${name}` } as const;
  return selected.length === 0
    ? {
        ...base,
        what: `its selector ${selector} matches no pod`,
        nextStep: 'compare it with the labels: kubectl get pods --show-labels',
      }
    : {
        ...base,
        what: `it selects ${selected.length} ${selected.length === 1 ? 'pod' : 'pods'}, of which ${selected.filter(isReady).length} are ready`,
        nextStep: `find out why: kubectl get pods -l ${selector}`,
      };
}

export function checkAutoscalers(autoscalers: readonly Autoscaler[]): readonly Finding[] {
  return autoscalers.flatMap(({ metadata, spec, status }): readonly Finding[] => {
    const object = `autoscaler ${metadata.name}`;
    const condition = (type: string, value: string) =>
      status?.conditions?.find((one) => one.type === type && one.status === value);
    const inactive = condition('ScalingActive', 'False');
    // The owner scaled the deployment to 0, so this is not a fault.
    if (inactive !== undefined && inactive.reason !== 'ScalingDisabled')
      return [
        {
          code: 'autoscaler-without-metrics',
          object,
          what: `it cannot compute how many replicas are needed: ${inactive.message ?? inactive.reason ?? ''}`,
          nextStep: `kubectl describe hpa ${metadata.name}; CPU needs metrics-server and pods with a CPU request`,
        },
      ];
    const limited = condition('ScalingLimited', 'True');
    const isAtMaximum = (status?.currentReplicas ?? 0) >= spec.maxReplicas;
    if (!isAtMaximum || limited?.reason !== 'TooManyReplicas') return [];
    return [
      {
        code: 'autoscaler-at-maximum',
        object,
        what: `it is at its maximum of ${spec.maxReplicas} ${spec.maxReplicas === 1 ? 'replica' : 'replicas'}, and would add more`,
        nextStep: `raise maxReplicas if the nodes have room: kubectl edit hpa ${metadata.name}`,
      },
    ];
  });
}
