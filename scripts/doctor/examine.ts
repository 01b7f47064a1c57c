import { checkMonitors, checkScraperPath, checkSelection, ownAlerts } from './checks/operator.ts';
import { checkPods } from './checks/pods.ts';
import { checkPolicies } from './checks/policies.ts';
import { checkSecrets, checkThrottling } from './checks/resources.ts';
import { checkAlerts, checkAnnotations, checkTargets } from './checks/scraping.ts';
import {
  checkAutoscalers,
  checkDeployments,
  checkServices,
  OPERATED_STACK,
  OWN_STACK,
} from './checks/workloads.ts';
import type { Checked, Finding } from './finding.ts';
import { API, podsBehind } from './labels.ts';
import type { Pod } from './objects.ts';
import { OPERATED_SERVICE, type Operated } from './operator.ts';
import type { PrometheusState } from './prometheus.ts';
import type { Read } from './reader.ts';
import type { State } from './state.ts';

/** Runs all checks. Causes are checked before their effects. */
export function examine(state: State, nowMs: number): readonly Checked[] {
  const { deployments, pods, services, slices, autoscalers, policies, events, namespaceLabels } = state;
  const apiPods = podsBehind(API, state);
  const operated = state.operated.ok ? state.operated.value : null;
  // If it is unknown whether the operator runs Prometheus, a missing Prometheus is not a finding.
  const stack = operated === null && state.operated.ok ? OWN_STACK : OPERATED_STACK;
  return [
    checked('deployments', [deployments], () => checkDeployments(known(deployments), stack.deployments)),
    checked('pods', [pods], () => checkPods(known(pods), events.ok ? events.value : [], nowMs)),
    checked('secrets', [pods, state.missingSecrets], () =>
      checkSecrets(known(state.missingSecrets), known(pods)),
    ),
    checked('services', [services, slices, pods], () =>
      checkServices(known(services), known(slices), known(pods), stack.services),
    ),
    ...(operated === null
      ? [
          checked('scrape annotations', [state.operated, services, pods], () => checkAnnotations(apiPods)),
          checked('network policies', [policies, services, pods, namespaceLabels], () =>
            checkPolicies(known(policies), state, known(namespaceLabels)),
          ),
        ]
      : operatedChecked(operated, state, apiPods)),
    prometheusChecked('scrape targets', state.prometheus, operated, ({ targets }) =>
      checkTargets(apiPods, targets, operated === null),
    ),
    checked('autoscalers', [autoscalers], () => checkAutoscalers(known(autoscalers))),
    checked('CPU limits', [state.throttling], () => checkThrottling(known(state.throttling))),
    ...(state.prometheus.ok
      ? [
          checked('alerts', [state.prometheus], () =>
            checkAlerts(alertsOf(known(state.prometheus), operated)),
          ),
        ]
      : []),
  ];
}

/** If the operator runs Prometheus, these checks replace those of the annotations and of the paths to a local Prometheus. */
function operatedChecked(operated: Operated, state: State, apiPods: readonly Pod[]): readonly Checked[] {
  const { namespace, services, pods, policies, namespaceLabels } = state;
  const { servers, scraper } = operated;
  const scraped = scraper === null ? [] : [scraper.labels, scraper.pods];
  return [
    checked('service monitor', [services], () => checkMonitors(operated, known(services))),
    checked('its Prometheus', [services, servers, namespaceLabels], () =>
      checkSelection(operated, known(servers), known(services), {
        namespace,
        namespaceLabels: known(namespaceLabels),
      }),
    ),
    checked('network policies', [policies, services, pods, ...scraped], () =>
      scraper === null
        ? []
        : checkScraperPath(known(policies), apiPods, {
            namespace: scraper.namespace,
            labels: known(scraper.labels),
            pods: known(scraper.pods),
          }),
    ),
  ];
}

const alertsOf = ({ alerts }: PrometheusState, operated: Operated | null) =>
  operated === null ? alerts : ownAlerts(alerts, operated);

function checked(what: string, needed: readonly Read<unknown>[], check: () => readonly Finding[]): Checked {
  const unread = needed.find((read) => !read.ok);
  return unread !== undefined && !unread.ok
    ? { kind: 'unchecked', what, why: unread.why }
    : { kind: 'checked', what, findings: check() };
}

/** Called only if `checked` has established that the data was read. */
function known<T>(read: Read<T>): T {
  if (!read.ok) throw new Error(`not read: ${read.why}`);
  return read.value;
}

/** If Prometheus does not respond, that is itself a finding, because nothing is monitored. */
function prometheusChecked(
  what: string,
  read: Read<PrometheusState>,
  operated: Operated | null,
  check: (state: PrometheusState) => readonly Finding[],
): Checked {
  if (read.ok) return { kind: 'checked', what, findings: check(read.value) };
  if (read.kind === 'forbidden' || read.kind === 'unknown') return { kind: 'unchecked', what, why: read.why };
  const namespace = operated?.scraper?.namespace;
  const object =
    namespace === undefined ? 'service prometheus' : `service ${OPERATED_SERVICE} in namespace ${namespace}`;
  const finding: Finding =
    read.kind === 'rejected'
      ? {
          code: 'prometheus-unauthorized',
          object,
          what: `${read.why}: it rejects the credentials that were given`,
          nextStep:
            namespace === undefined
              ? 'compare PROMETHEUS_USER and PROMETHEUS_PASSWORD with the Secret prometheus-login'
              : 'set PROMETHEUS_USER and PROMETHEUS_PASSWORD, or PROMETHEUS_TOKEN, to what it accepts',
        }
      : {
          code: 'prometheus-unreachable',
          object,
          what: `it could not be queried: ${read.why}`,
          nextStep:
            namespace === undefined
              ? 'kubectl logs deployment/prometheus --tail=50'
              : 'look at the pods and logs of that Prometheus, in its namespace',
        };
  return { kind: 'checked', what, findings: [finding] };
}
