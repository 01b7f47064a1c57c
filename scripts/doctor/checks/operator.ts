import type { Finding } from '../finding.ts';
import { API } from '../labels.ts';
import type { Labels, NetworkPolicy, Pod, Service } from '../objects.ts';
import {
  monitorOf,
  type Operated,
  type OperatedPrometheus,
  type PrometheusRule,
  type ServiceMonitor,
  selectsMonitor,
  selectsRule,
} from '../operator.ts';
import type { FiringAlert } from '../prometheus.ts';
import { closedBy } from './policies.ts';

/** If the Prometheus Operator runs Prometheus, a ServiceMonitor replaces the annotations. */

const APPLY = 'kubectl apply -k k8s/overlays/operator';

interface Place {
  readonly namespace: string;
  readonly namespaceLabels: Labels;
}

/** Checks that a monitor selects the service and names one of its ports. */
export function checkMonitors({ monitors }: Operated, services: readonly Service[]): readonly Finding[] {
  const api = services.find(({ metadata }) => metadata.name === API);
  if (api === undefined) return [];
  const monitor = monitorOf(services, monitors);
  if (monitor === undefined)
    return [
      {
        code: 'monitor-missing',
        object: `service ${API}`,
        what:
          monitors.length === 0
            ? 'the namespace has no ServiceMonitor, so no Prometheus scrapes it'
            : `no ServiceMonitor selects it: ${monitors.map(({ metadata }) => metadata.name).join(', ')} select other labels`,
        nextStep: `apply the manifests (${APPLY})`,
      },
    ];
  const names = (api.spec.ports ?? []).map(({ name }) => name);
  return monitor.spec.endpoints
    .filter(({ port }) => port !== undefined && !names.includes(port))
    .map(({ port }) => ({
      code: 'monitor-wrong-port' as const,
      object: `ServiceMonitor ${monitor.metadata.name}`,
      what: `its endpoint names the port "${port}", and the service has ${names.join(', ')}`,
      nextStep: `name a port of the service ${API}`,
    }));
}

/** Checks that at least one Prometheus selects the monitor, and that at least one selects the rules. */
export function checkSelection(
  { monitors, rules }: Operated,
  servers: readonly OperatedPrometheus[],
  services: readonly Service[],
  place: Place,
): readonly Finding[] {
  const monitor = monitorOf(services, monitors);
  const rule = rules.find(hasAlerts);
  const { namespace, namespaceLabels } = place;
  return [
    ...(monitor === undefined ||
    servers.some((one) => selectsMonitor(one, monitor, namespace, namespaceLabels))
      ? []
      : [unselected(monitor, 'ServiceMonitor', servers)]),
    ...(rule === undefined
      ? [NO_RULES]
      : servers.some((one) => selectsRule(one, rule, namespace, namespaceLabels))
        ? []
        : [unselected(rule, 'PrometheusRule', servers)]),
  ];
}

const hasAlerts = ({ spec }: PrometheusRule) =>
  (spec.groups ?? []).some(({ rules = [] }) => rules.some(({ alert }) => alert !== undefined));

const NO_RULES: Finding = {
  code: 'rules-missing',
  object: 'PrometheusRule sentiment-api',
  what: 'the namespace has no PrometheusRule with alerts, so nothing can alert',
  nextStep: `apply the manifests (${APPLY})`,
};

function unselected(
  { metadata: { name, labels = {} } }: ServiceMonitor | PrometheusRule,
  kind: 'ServiceMonitor' | 'PrometheusRule',
  servers: readonly OperatedPrometheus[],
): Finding {
  const wanted = servers.map(({ metadata, spec }) => {
    const [selector, namespaces] =
      kind === 'ServiceMonitor'
        ? [spec.serviceMonitorSelector, spec.serviceMonitorNamespaceSelector]
        : [spec.ruleSelector, spec.ruleNamespaceSelector];
    return `${metadata.namespace}/${metadata.name} selects ${JSON.stringify(selector ?? null)} in the namespaces ${JSON.stringify(namespaces ?? null)}`;
  });
  return {
    code: 'monitor-not-selected',
    object: `${kind} ${name}`,
    what: `no Prometheus of the operator selects it: ${wanted.join('; ') || 'there is none'}; its labels are ${JSON.stringify(labels)}`,
    nextStep: 'give it the label that a Prometheus selects, usually release: NAME_OF_THE_HELM_RELEASE',
  };
}

/**
 * Checks that this namespace allows connections from the operator's Prometheus. Whether the namespace of that Prometheus
 * allows them is unknown here.
 */
export function checkScraperPath(
  policies: readonly NetworkPolicy[],
  [receiver]: readonly Pod[],
  { namespace, labels, pods }: { namespace: string; labels: Labels; pods: readonly Pod[] },
): readonly Finding[] {
  const [sender] = pods;
  if (receiver === undefined || sender === undefined) return [];
  const ingress = policies.map((policy) => ({ ...policy, spec: withoutEgress(policy) }));
  const closed = closedBy(ingress, { sender, receiver, port: 8000, namespaceLabels: labels });
  return closed === null
    ? []
    : [
        {
          code: 'path-denied',
          object: `Prometheus in namespace ${namespace} to ${API}:8000`,
          what: `it scrapes the service, but no rule allows that: ingress is restricted by ${closed.names.join(', ')}`,
          nextStep: 'name its namespace in k8s/overlays/operator/network-policy.yaml, and apply it',
        },
      ];
}

const withoutEgress = ({ spec }: NetworkPolicy): NetworkPolicy['spec'] => {
  const { egress: _, ...rest } = spec;
  const types = spec.policyTypes ?? ['Ingress'];
  return { ...rest, policyTypes: types.filter((type) => type === 'Ingress') };
};

/** The operator's Prometheus also has alerts for the rest of the cluster, so only alerts from our rules count. */
export function ownAlerts(alerts: readonly FiringAlert[], { rules }: Operated): readonly FiringAlert[] {
  const names = rules.flatMap(({ spec }) =>
    (spec.groups ?? []).flatMap(({ rules: all = [] }) => all.flatMap(({ alert }) => alert ?? [])),
  );
  return alerts.filter(({ name }) => names.includes(name));
}
