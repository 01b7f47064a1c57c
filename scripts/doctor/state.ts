import type {
  Autoscaler,
  Deployment,
  EndpointSlice,
  KubeEvent,
  Labels,
  NetworkPolicy,
  Pod,
  Service,
} from './objects.ts';
import type { Operated } from './operator.ts';
import type { PrometheusState } from './prometheus.ts';
import type { Read, Reader } from './reader.ts';

/** The objects of the namespace. Each kind is read separately, because the permissions may cover only some of them. */
export interface State {
  readonly namespace: string;
  readonly namespaceLabels: Read<Labels>;
  readonly deployments: Read<readonly Deployment[]>;
  readonly pods: Read<readonly Pod[]>;
  readonly services: Read<readonly Service[]>;
  readonly slices: Read<readonly EndpointSlice[]>;
  readonly autoscalers: Read<readonly Autoscaler[]>;
  readonly policies: Read<readonly NetworkPolicy[]>;
  readonly events: Read<readonly KubeEvent[]>;
  /** The Secrets that pods refer to but that do not exist. */
  readonly missingSecrets: Read<readonly string[]>;
  readonly throttling: Read<readonly Throttling[]>;
  readonly prometheus: Read<PrometheusState>;
  /** null: the stack has its own Prometheus. */
  readonly operated: Read<Operated | null>;
}

/** The number of a container's scheduling periods since its start, and how many of them were throttled. */
export interface Throttling {
  readonly pod: string;
  readonly container: string;
  readonly periods: number;
  readonly throttled: number;
}

export type ClusterObjects = Omit<
  State,
  'missingSecrets' | 'throttling' | 'prometheus' | 'operated' | 'namespace'
>;

export async function readObjects(reader: Reader, namespace: string): Promise<ClusterObjects> {
  const list = async <T>(kind: string): Promise<Read<readonly T[]>> => {
    const read = await reader.get([kind]);
    return read.ok ? { ok: true, value: (read.value as { items: readonly T[] }).items } : read;
  };
  const [namespaceLabels, deployments, pods, services, slices, autoscalers, policies, events] =
    await Promise.all([
      labelsOf(reader, namespace),
      list<Deployment>('deployments.apps'),
      list<Pod>('pods'),
      list<Service>('services'),
      list<EndpointSlice>('endpointslices.discovery.k8s.io'),
      list<Autoscaler>('horizontalpodautoscalers.autoscaling'),
      list<NetworkPolicy>('networkpolicies.networking.k8s.io'),
      list<KubeEvent>('events'),
    ]);
  return { namespaceLabels, deployments, pods, services, slices, autoscalers, policies, events };
}

async function labelsOf(reader: Reader, namespace: string): Promise<Read<Labels>> {
  const read = await reader.get(['namespace', namespace]);
  if (!read.ok) return read;
  return { ok: true, value: (read.value as { metadata: { labels?: Labels } }).metadata.labels ?? {} };
}

/** The names of the Secrets. Their values are never read, because the server's table shows only names and sizes. */
export async function missingSecretsOf(
  pods: readonly Pod[],
  reader: Reader,
): Promise<Read<readonly string[]>> {
  const names = [...new Set(pods.flatMap(secretsOf))].toSorted();
  const reads = await Promise.all(
    names.map(async (name) => ({ name, read: await reader.text(['secret', name, '--no-headers']) })),
  );
  const failed = reads.find(({ read }) => !read.ok && read.kind !== 'absent');
  if (failed !== undefined && !failed.read.ok) return failed.read;
  return { ok: true, value: reads.filter(({ read }) => !read.ok).map(({ name }) => name) };
}

export function secretsOf({ spec }: Pick<Pod, 'spec'>): readonly string[] {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const references = [
    ...containers.flatMap(({ env = [] }) => env.map(({ valueFrom }) => valueFrom?.secretKeyRef)),
    ...containers.flatMap(({ envFrom = [] }) => envFrom.map(({ secretRef }) => secretRef)),
    ...(spec.volumes ?? []).flatMap(({ secret, projected }) => [
      secret?.secretName === undefined ? undefined : { ...secret, name: secret.secretName },
      ...(projected?.sources ?? []).map((source) => source.secret),
    ]),
    ...(spec.imagePullSecrets ?? []),
  ];
  return references.flatMap((one) => (one === undefined || one.optional === true ? [] : [one.name]));
}

const CFS = /^container_cpu_cfs_(periods|throttled_periods)_total\{([^}]*)\} (\S+)/gm;

/** The counters come from the kubelets of the nodes that run the pods, so no Prometheus is needed. */
export async function readThrottling(
  pods: readonly Pod[],
  namespace: string,
  reader: Reader,
): Promise<Read<readonly Throttling[]>> {
  const nodes = [...new Set(pods.flatMap(({ spec }) => spec.nodeName ?? []))].slice(0, MAX_NODES);
  const texts = await Promise.all(
    nodes.map((node) => reader.text([`--raw=/api/v1/nodes/${node}/proxy/metrics/cadvisor`])),
  );
  const failed = texts.find((one) => !one.ok);
  if (failed !== undefined && !failed.ok) return failed;
  return { ok: true, value: texts.flatMap((one) => (one.ok ? throttlingIn(one.value, namespace) : [])) };
}

/** The metrics of a kubelet take several megabytes. */
const MAX_NODES = 10;

export function throttlingIn(text: string, namespace: string): readonly Throttling[] {
  const found = new Map<string, { pod: string; container: string; periods: number; throttled: number }>();
  for (const [, which, labels, value] of text.matchAll(CFS)) {
    const label = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels!)?.[1] ?? '';
    const [pod, container] = [label('pod'), label('container')];
    if (label('namespace') !== namespace || container === '') continue;
    const one = found.get(`${pod}/${container}`) ?? { pod, container, periods: 0, throttled: 0 };
    one[which === 'periods' ? 'periods' : 'throttled'] += Number(value);
    found.set(`${pod}/${container}`, one);
  }
  return [...found.values()];
}
