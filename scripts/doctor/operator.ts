import { API, matches, PROMETHEUS } from './labels.ts';
import type { Deployment, LabelSelector, Labels, Meta, Pod, Service } from './objects.ts';
import type { Read, Reader } from './reader.ts';

/** The objects that the Prometheus Operator needs to scrape the service, if it runs Prometheus (k8s/overlays/operator). */

export interface ServiceMonitor {
  readonly metadata: Meta;
  readonly spec: {
    readonly selector: LabelSelector;
    readonly endpoints: readonly { readonly port?: string; readonly targetPort?: string | number }[];
  };
}

export interface PrometheusRule {
  readonly metadata: Meta;
  readonly spec: {
    readonly groups?: readonly { readonly rules?: readonly { readonly alert?: string }[] }[];
  };
}

/**
 * A Prometheus that the operator runs. An absent selector selects nothing. An absent namespace selector selects the
 * Prometheus's own namespace.
 */
export interface OperatedPrometheus {
  readonly metadata: Meta;
  readonly spec: {
    readonly serviceMonitorSelector?: LabelSelector | null;
    readonly serviceMonitorNamespaceSelector?: LabelSelector | null;
    readonly ruleSelector?: LabelSelector | null;
    readonly ruleNamespaceSelector?: LabelSelector | null;
  };
}

export interface Operated {
  readonly monitors: readonly ServiceMonitor[];
  readonly rules: readonly PrometheusRule[];
  /** The Prometheus objects of all namespaces. */
  readonly servers: Read<readonly OperatedPrometheus[]>;
  /** The Prometheus that selects the service's monitor; null: none does, or it is unknown. */
  readonly scraper: Scraper | null;
}

export interface Scraper {
  readonly namespace: string;
  readonly labels: Read<Labels>;
  readonly pods: Read<readonly Pod[]>;
}

const GROUP = 'monitoring.coreos.com';
/** The headless service that the operator creates for the Prometheus servers in a namespace. */
export const OPERATED_SERVICE = 'prometheus-operated';

interface Known {
  readonly namespace: string;
  readonly deployments: Read<readonly Deployment[]>;
  readonly services: Read<readonly Service[]>;
  readonly namespaceLabels: Read<Labels>;
}

/** null: the stack has its own Prometheus, or there is no sign of the operator. */
export async function readOperated(
  known: Known,
  readerIn: (namespace: string) => Reader,
): Promise<Read<Operated | null>> {
  const { namespace, deployments, services, namespaceLabels } = known;
  if (!deployments.ok) return deployments;
  if (deployments.value.some(({ metadata }) => metadata.name === PROMETHEUS)) return NONE;
  const reader = readerIn(namespace);
  const [monitors, rules] = await Promise.all([
    listed<ServiceMonitor>(reader, 'servicemonitors'),
    listed<PrometheusRule>(reader, 'prometheusrules'),
  ]);
  if (!monitors.ok) return monitors;
  if (!rules.ok) return rules;
  if (monitors.value.length + rules.value.length === 0) return NONE;
  const servers = await listed<OperatedPrometheus>(reader, 'prometheuses', '--all-namespaces');
  const monitor = services.ok ? monitorOf(services.value, monitors.value) : undefined;
  const chosen =
    servers.ok && monitor !== undefined && namespaceLabels.ok
      ? servers.value.find((one) => selectsMonitor(one, monitor, namespace, namespaceLabels.value))
      : undefined;
  const scraper = chosen === undefined ? null : await readScraper(chosen, readerIn);
  return { ok: true, value: { monitors: monitors.value, rules: rules.value, servers, scraper } };
}

const NONE = { ok: true, value: null } as const;

/** Without the operator's custom resource definitions, such objects cannot exist. */
async function listed<T>(
  reader: Reader,
  kind: string,
  ...more: readonly string[]
): Promise<Read<readonly T[]>> {
  const read = await reader.get([`${kind}.${GROUP}`, ...more]);
  if (read.ok) return { ok: true, value: (read.value as { items: readonly T[] }).items };
  return read.kind === 'absent' ? { ok: true, value: [] } : read;
}

async function readScraper(
  { metadata: { name, namespace = '' } }: OperatedPrometheus,
  readerIn: (namespace: string) => Reader,
): Promise<Scraper> {
  const reader = readerIn(namespace);
  const [own, pods] = await Promise.all([
    reader.get(['namespace', namespace]),
    reader.get(['pods', '--selector', `operator.prometheus.io/name=${name}`]),
  ]);
  return {
    namespace,
    labels: own.ok ? { ok: true, value: (own.value as { metadata: Meta }).metadata.labels ?? {} } : own,
    pods: pods.ok ? { ok: true, value: (pods.value as { items: readonly Pod[] }).items } : pods,
  };
}

const isApi = ({ metadata }: Service) => metadata.name === API;

/** The ServiceMonitor that selects the service of the API. */
export function monitorOf(
  services: readonly Service[],
  monitors: readonly ServiceMonitor[],
): ServiceMonitor | undefined {
  const api = services.find(isApi);
  return api === undefined
    ? undefined
    : monitors.find(({ spec }) => matches(spec.selector, api.metadata.labels));
}

export const selectsMonitor = (
  { metadata, spec }: OperatedPrometheus,
  monitor: ServiceMonitor,
  namespace: string,
  namespaceLabels: Labels,
): boolean =>
  selects(spec.serviceMonitorSelector, monitor.metadata.labels) &&
  isWithin(spec.serviceMonitorNamespaceSelector, metadata.namespace, namespace, namespaceLabels);

export const selectsRule = (
  { metadata, spec }: OperatedPrometheus,
  rule: PrometheusRule,
  namespace: string,
  namespaceLabels: Labels,
): boolean =>
  selects(spec.ruleSelector, rule.metadata.labels) &&
  isWithin(spec.ruleNamespaceSelector, metadata.namespace, namespace, namespaceLabels);

const selects = (selector: LabelSelector | null | undefined, labels: Labels | undefined) =>
  selector !== null && selector !== undefined && matches(selector, labels);

const isWithin = (
  selector: LabelSelector | null | undefined,
  own: string | undefined,
  namespace: string,
  labels: Labels,
) => (selector === null || selector === undefined ? own === namespace : matches(selector, labels));
