import {
  type Container,
  containersOf,
  type Labels,
  type Manifest,
  matches,
  named,
  nameOf,
  ofKind,
  type Probe,
  type Service,
  type Volume,
  type Workload,
  workloadsOf,
} from '../manifest.ts';
import { SECRETS } from '../secret-names.ts';
import { secretProblems } from './secrets.ts';

/**
 * Checks that every reference in an object resolves. The API server accepts a manifest even if its Secret, port or pod does
 * not exist.
 */
export const referenceProblems = (objects: readonly Manifest[]): readonly string[] => [
  ...workloadsOf(objects).flatMap((workload) => workloadProblems(workload, objects)),
  ...ofKind<Service>(objects, 'Service').flatMap((service) => serviceProblems(service, objects)),
  ...ofKind<Scaler>(objects, 'HorizontalPodAutoscaler').flatMap((scaler) => scalerProblems(scaler, objects)),
  ...ofKind<Budget>(objects, 'PodDisruptionBudget').flatMap((budget) =>
    podsOf(budget.spec.selector.matchLabels, objects).length === 0
      ? [`${nameOf(budget)} selects no pod`]
      : [],
  ),
  ...ofKind<Binding>(objects, 'RoleBinding').flatMap((binding) => bindingProblems(binding, objects)),
  ...ofKind<Ingress>(objects, 'Ingress').flatMap((ingress) => ingressProblems(ingress, objects)),
  ...objects.flatMap(placeProblems),
  ...secretProblems(objects),
];

interface Scaler extends Manifest {
  readonly spec: { readonly scaleTargetRef: { readonly kind: string; readonly name: string } };
}
interface Budget extends Manifest {
  readonly spec: { readonly selector: { readonly matchLabels: Labels } };
}
interface Binding extends Manifest {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[];
}
export interface Ingress extends Manifest {
  readonly spec: {
    readonly tls?: readonly { readonly secretName: string; readonly hosts: readonly string[] }[];
    readonly rules: readonly {
      readonly host: string;
      readonly http: {
        readonly paths: readonly {
          readonly backend: {
            readonly service: { readonly name: string; readonly port: { readonly name: string } };
          };
        }[];
      };
    }[];
  };
}

export const podsOf = (labels: Labels, objects: readonly Manifest[]): readonly Workload[] =>
  workloadsOf(objects).filter(({ spec }) => matches({ matchLabels: labels }, spec.template.metadata.labels));

function workloadProblems(workload: Workload, objects: readonly Manifest[]): readonly string[] {
  const { spec } = workload;
  const pod = spec.template.spec;
  const where = nameOf(workload);
  const account = pod.serviceAccountName;
  return [
    ...(matches({ matchLabels: spec.selector.matchLabels }, spec.template.metadata.labels)
      ? []
      : [`${where} does not select its own pods`]),
    ...(account === undefined || named(ofKind(objects, 'ServiceAccount'), account)
      ? []
      : [`${where}: there is no ServiceAccount ${account}`]),
    ...(pod.volumes ?? []).flatMap((volume) =>
      volumeProblems(volume, objects).map((text) => `${where}: ${text}`),
    ),
    ...containersOf(workload).flatMap((container) =>
      containerProblems(container, workload, objects).map((text) => `${where}, ${container.name}: ${text}`),
    ),
    ...scrapeProblems(workload).map((text) => `${where}: ${text}`),
  ];
}

function volumeProblems(volume: Volume, objects: readonly Manifest[]): readonly string[] {
  const { configMap, secret, persistentVolumeClaim } = volume;
  if (configMap !== undefined && !configMap.optional && !named(ofKind(objects, 'ConfigMap'), configMap.name))
    return [`there is no ConfigMap ${configMap.name}`];
  if (persistentVolumeClaim !== undefined) {
    const { claimName } = persistentVolumeClaim;
    return named(ofKind(objects, 'PersistentVolumeClaim'), claimName)
      ? []
      : [`there is no PersistentVolumeClaim ${claimName}`];
  }
  if (secret === undefined) return [];
  const keys: readonly string[] | undefined = (SECRETS as Readonly<Record<string, readonly string[]>>)[
    secret.secretName
  ];
  return (secret.items ?? [])
    .filter(({ key }) => keys !== undefined && !keys.includes(key))
    .map(({ key }) => `Secret ${secret.secretName} has no key ${key}`);
}

function containerProblems(container: Container, workload: Workload, objects: readonly Manifest[]) {
  const volumes = workload.spec.template.spec.volumes ?? [];
  const mounts = container.volumeMounts ?? [];
  return [
    ...mounts
      .filter(({ name }) => !volumes.some((volume) => volume.name === name))
      .map(({ name }) => `mounts ${name}, which is not a volume`),
    ...probesOf(container).flatMap((probe) => probeProblems(probe, container)),
    ...filesNamedBy(container).flatMap((file) => fileProblems(file, container, volumes, objects)),
  ];
}

export const probesOf = ({ startupProbe, readinessProbe, livenessProbe }: Container): readonly Probe[] =>
  [startupProbe, readinessProbe, livenessProbe].filter((probe) => probe !== undefined);

function probeProblems({ httpGet, tcpSocket }: Probe, { ports = [] }: Container): readonly string[] {
  const port = (httpGet ?? tcpSocket)?.port;
  const exists = ports.some(({ name, containerPort }) => name === port || containerPort === port);
  return port === undefined || exists ? [] : [`a probe uses port ${port}, which does not exist`];
}

/** Files in a configuration folder that arguments, probes and variables name. */
const filesNamedBy = ({ args = [], env = [], ...container }: Container): readonly string[] =>
  [
    ...args,
    ...probesOf({ args, env, ...container }).flatMap(({ exec }) => exec?.command ?? []),
    ...env.map(({ value = '' }) => `=${value}`),
  ].flatMap((text) => /=(\/etc\/\S+)$/.exec(text)?.[1] ?? []);

function fileProblems(
  file: string,
  { volumeMounts = [] }: Container,
  volumes: readonly Volume[],
  objects: readonly Manifest[],
): readonly string[] {
  const mount = volumeMounts.find(({ mountPath }) => file.startsWith(`${mountPath}/`));
  const volume = volumes.find(({ name }) => name === mount?.name);
  if (mount === undefined || volume === undefined) return [`${file} is not in a volume`];
  const key = file.slice(mount.mountPath.length + 1);
  const keys = keysOf(volume, objects);
  return keys === null || keys.includes(key) ? [] : [`${file}: the volume ${volume.name} has no ${key}`];
}

function keysOf({ configMap, secret }: Volume, objects: readonly Manifest[]): readonly string[] | null {
  if (configMap !== undefined)
    return Object.keys(named(ofKind(objects, 'ConfigMap'), configMap.name)?.data ?? {});
  if (secret?.items !== undefined) return secret.items.map(({ path }) => path);
  return secret === undefined
    ? null
    : ((SECRETS as Readonly<Record<string, readonly string[]>>)[secret.secretName] ?? null);
}

/** Prometheus discovers pods by these annotations. With a wrong port, the target would always be down. */
function scrapeProblems({ spec }: Workload): readonly string[] {
  const annotations = spec.template.metadata.annotations ?? {};
  if (annotations['prometheus.io/scrape'] !== 'true') return [];
  const port = Number(annotations['prometheus.io/port']);
  const ports = spec.template.spec.containers.flatMap((container) => container.ports ?? []);
  return ports.some(({ containerPort }) => containerPort === port)
    ? []
    : [`prometheus.io/port is ${annotations['prometheus.io/port']}, which is not a port of the pod`];
}

function serviceProblems(service: Service, objects: readonly Manifest[]): readonly string[] {
  const pods = podsOf(service.spec.selector, objects);
  if (pods.length === 0) return [`${nameOf(service)} selects no pod`];
  const ports = pods.flatMap(({ spec }) =>
    spec.template.spec.containers.flatMap(({ ports: all = [] }) => all),
  );
  return service.spec.ports
    .filter(
      ({ targetPort }) =>
        !ports.some(({ name, containerPort }) => name === targetPort || containerPort === targetPort),
    )
    .map(({ targetPort }) => `${nameOf(service)}: no pod has the port ${targetPort}`);
}

function scalerProblems(scaler: Scaler, objects: readonly Manifest[]): readonly string[] {
  const { kind, name } = scaler.spec.scaleTargetRef;
  const target = named(ofKind<Workload>(objects, kind), name);
  if (target === undefined) return [`${nameOf(scaler)}: there is no ${kind} ${name}`];
  return target.spec.replicas === undefined
    ? []
    : [`${nameOf(target)} sets replicas: each apply would undo what ${nameOf(scaler)} decided`];
}

function bindingProblems({ roleRef, subjects, ...binding }: Binding, objects: readonly Manifest[]) {
  return [
    ...(named(ofKind(objects, roleRef.kind), roleRef.name)
      ? []
      : [`${nameOf(binding)}: there is no ${roleRef.kind} ${roleRef.name}`]),
    ...subjects
      .filter(({ kind, name }) => !named(ofKind(objects, kind), name))
      .map(({ kind, name }) => `${nameOf(binding)}: there is no ${kind} ${name}`),
  ];
}

function ingressProblems(ingress: Ingress, objects: readonly Manifest[]): readonly string[] {
  return ingress.spec.rules
    .flatMap(({ http }) => http.paths.map(({ backend }) => backend.service))
    .filter(({ name, port }) => {
      const service = named(ofKind<Service>(objects, 'Service'), name);
      return !service?.spec.ports.some((one) => one.name === port.name);
    })
    .map(({ name, port }) => `${nameOf(ingress)}: there is no Service ${name} with the port ${port.name}`);
}

/** With `kubectl apply -f`, an object without a namespace would be created in the default one. */
const CLUSTER_WIDE = ['Namespace', 'ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition'];

const placeProblems = (object: Manifest): readonly string[] => [
  ...(object.metadata.namespace === undefined && !CLUSTER_WIDE.includes(object.kind)
    ? [`${nameOf(object)} has no namespace`]
    : []),
];
