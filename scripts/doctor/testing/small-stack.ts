import { kubectl, TOOL_IO, tryKubectl } from '../../kubernetes/testing/on-cluster.ts';
import { IMAGES } from '../../stack/images.ts';
import { loadStackImages, SERVICE_IMAGE } from '../../stack/kube-node/images.ts';
import { ROOT } from '../../testing/sla.ts';

/**
 * A copy of the stack in a separate namespace, with the names, annotations and credentials of k8s/. It is small enough for
 * many faults at once. The service and Prometheus are real; idle processes replace Grafana and Alertmanager.
 */

/** An image that every cluster of scripts/stack/kube-node contains. Its process only waits. */
export const PAUSE = 'local/pause:1';

/** The token that the service accepts at /metrics, and that Prometheus sends. */
export const TOKEN = 'the-token-of-the-metrics';

/** Creates a namespace, which is deleted on disposal, and loads the stack's images into the cluster. */
export async function openNamespace(name: string): Promise<AsyncDisposable> {
  await loadStackImages(ROOT, TOOL_IO);
  await kubectl(['create', 'namespace', name]);
  const remove = () => tryKubectl(['delete', 'namespace', name, '--timeout=120s'], '', 130_000);
  return { [Symbol.asyncDispose]: async () => void (await remove()) };
}

export type Manifest = Readonly<Record<string, unknown>>;

export const apply = (namespace: string, ...objects: readonly Manifest[]) =>
  kubectl(
    ['apply', '--namespace', namespace, '--filename', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
  );

export interface Settings {
  /** The value of the label by which services select the pods; default: the deployment's name. */
  readonly app?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly container?: object;
  readonly pod?: object;
}

export const deployment = (
  name: string,
  image: string,
  { app = name, annotations = {}, ...more }: Settings = {},
) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { deployment: name } },
    strategy: { type: 'Recreate' },
    template: {
      metadata: { labels: { deployment: name, app }, annotations },
      spec: {
        terminationGracePeriodSeconds: 0,
        enableServiceLinks: false,
        containers: [{ name: 'main', image, imagePullPolicy: 'IfNotPresent', ...more.container }],
        ...more.pod,
      },
    },
  },
});

const service = (name: string, port: number) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port }] },
});

export const ANNOTATIONS = {
  'prometheus.io/scrape': 'true',
  'prometheus.io/port': '8000',
  'prometheus.io/path': '/metrics',
};

export const API: Settings = {
  annotations: ANNOTATIONS,
  container: {
    env: [
      { name: 'HOST', value: '0.0.0.0' },
      { name: 'PORT', value: '8000' },
      { name: 'SERVICE_WORKERS', value: '1' },
      {
        name: 'METRICS_TOKENS',
        valueFrom: { secretKeyRef: { name: 'sentiment-metrics-tokens', key: 'tokens' } },
      },
    ],
    ports: [{ containerPort: 8000 }],
    resources: { requests: { cpu: '10m' } },
    readinessProbe: { httpGet: { path: '/health/ready', port: 8000 }, periodSeconds: 1 },
  },
};

/** A Prometheus that scrapes the annotated pods of its namespace, except those labelled as hidden. */
const CONFIG = `
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: pods
    authorization: { credentials: ${TOKEN} }
    kubernetes_sd_configs: [{ role: pod, namespaces: { own_namespace: true } }]
    relabel_configs:
      - { source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape], regex: "true", action: keep }
      - { source_labels: [__meta_kubernetes_pod_label_deployment], regex: hidden, action: drop }
      - source_labels: [__address__, __meta_kubernetes_pod_annotation_prometheus_io_port]
        regex: (.+?)(?::\\d+)?;(\\d+)
        replacement: $1:$2
        target_label: __address__
`;

const rbac = (namespace: string) =>
  ['Role', 'RoleBinding'].map((kind) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata: { name: 'prometheus' },
    ...(kind === 'Role'
      ? { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] }] }
      : {
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'prometheus' },
          subjects: [{ kind: 'ServiceAccount', name: 'default', namespace }],
        }),
  }));

const PROMETHEUS: Settings = {
  container: {
    args: ['--config.file=/config/prometheus.yml', '--storage.tsdb.path=/data'],
    readinessProbe: { httpGet: { path: '/-/ready', port: 9090 }, periodSeconds: 1 },
    volumeMounts: [
      { name: 'config', mountPath: '/config' },
      { name: 'data', mountPath: '/data' },
    ],
  },
  pod: {
    volumes: [
      { name: 'config', configMap: { name: 'prometheus' } },
      { name: 'data', emptyDir: {} },
    ],
    securityContext: { runAsUser: 65534, fsGroup: 65534 },
  },
};

const secret = (name: string, stringData: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData,
});

export const healthyStack = (namespace: string): readonly Manifest[] => [
  ...rbac(namespace),
  secret('sentiment-metrics-tokens', { tokens: TOKEN }),
  secret('prometheus-login', { username: 'sla-1', password: 'a-long-password' }),
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'prometheus' },
    data: { 'prometheus.yml': CONFIG },
  },
  deployment('sentiment-api', SERVICE_IMAGE, API),
  deployment('prometheus', IMAGES.prometheus, PROMETHEUS),
  deployment('grafana', PAUSE),
  deployment('alertmanager', PAUSE),
  service('sentiment-api', 8000),
  service('prometheus', 9090),
  service('grafana', 3000),
];
