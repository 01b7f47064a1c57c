import { join } from 'node:path';
import { parse, stringify } from 'yaml';

/** The manifests that contain generated content: the dashboards and the rules of the SLA document. */
export const DASHBOARDS_FILE = join('k8s', 'monitoring', 'grafana-dashboard-config.yaml');
export const RULES_FILE = join('k8s', 'monitoring', 'prometheus-rules.yaml');
export const OPERATOR_RULES_FILE = join('k8s', 'overlays', 'operator', 'prometheus-rule.yaml');

export const NAMESPACE = 'sentiment-analysis';
const COMMAND = './sla kubernetes generate';

const labels = (name: string) => ({
  'app.kubernetes.io/name': name,
  'app.kubernetes.io/part-of': 'sentiment-analysis',
});

const configMap = (name: string, program: string, data: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: NAMESPACE, labels: labels(program) },
  data,
});

/** The dashboards, by file name, and the rules in Prometheus's format. */
export function generatedManifests(
  dashboards: ReadonlyMap<string, string>,
  rules: string,
): ReadonlyMap<string, string> {
  return new Map([
    [DASHBOARDS_FILE, manifest([provider, configMap('grafana-dashboards', 'grafana', compact(dashboards))])],
    [RULES_FILE, manifest([configMap('prometheus-rules', 'prometheus', { 'sla.yaml': rules })])],
    [OPERATOR_RULES_FILE, manifest([prometheusRule(rules)])],
  ]);
}

/** Written without indentation, because `kubectl apply` keeps a copy of the object in an annotation of at most 256 KiB. */
const compact = (dashboards: ReadonlyMap<string, string>) =>
  Object.fromEntries([...dashboards].map(([file, text]) => [file, JSON.stringify(JSON.parse(text))]));

const provider = configMap('grafana-dashboard-provider', 'grafana', {
  'sla.yaml': stringify({
    apiVersion: 1,
    providers: [
      {
        name: 'sla',
        type: 'file',
        // Grafana must not allow edits in the browser: the next generated version would overwrite them.
        disableDeletion: true,
        allowUiUpdates: false,
        options: { path: '/var/lib/grafana/dashboards' },
      },
    ],
  }),
});

/** The same rules as an object of the Prometheus Operator. */
const prometheusRule = (rules: string) => ({
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PrometheusRule',
  metadata: {
    name: 'sentiment-api',
    namespace: NAMESPACE,
    labels: { ...labels('sentiment-api'), release: 'kube-prometheus-stack' },
  },
  spec: { groups: (parse(rules) as { readonly groups: readonly unknown[] }).groups },
});

const manifest = (objects: readonly object[]) =>
  `# Written by ${COMMAND} from the SLA document and the dashboards: do not edit it here.\n` +
  objects.map((object) => stringify(object, { lineWidth: 0 })).join('---\n');
