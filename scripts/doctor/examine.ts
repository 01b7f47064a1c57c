import { checkPods } from './checks/pods.ts';
import { checkPolicies } from './checks/policies.ts';
import { checkSecrets, checkThrottling } from './checks/resources.ts';
import { checkAlerts, checkAnnotations, checkTargets } from './checks/scraping.ts';
import { checkAutoscalers, checkDeployments, checkServices } from './checks/workloads.ts';
import type { Checked, Finding } from './finding.ts';
import { API, podsBehind } from './labels.ts';
import type { PrometheusState } from './prometheus.ts';
import type { Read } from './reader.ts';
import type { State } from './state.ts';

/** Every check, in the order in which causes come before their effects. */
export function examine(state: State, nowMs: number): readonly Checked[] {
  const { deployments, pods, services, slices, autoscalers, policies, events, namespaceLabels } = state;
  const apiPods = podsBehind(API, state);
  return [
    checked('deployments', [deployments], () => checkDeployments(known(deployments))),
    checked('pods', [pods], () => checkPods(known(pods), events.ok ? events.value : [], nowMs)),
    checked('secrets', [pods, state.missingSecrets], () =>
      checkSecrets(known(state.missingSecrets), known(pods)),
    ),
    checked('services', [services, slices, pods], () =>
      checkServices(known(services), known(slices), known(pods)),
    ),
    checked('scrape annotations', [services, pods], () => checkAnnotations(apiPods)),
    checked('network policies', [policies, services, pods, namespaceLabels], () =>
      checkPolicies(known(policies), state, known(namespaceLabels)),
    ),
    prometheusChecked('scrape targets', state.prometheus, ({ targets }) => checkTargets(apiPods, targets)),
    checked('autoscalers', [autoscalers], () => checkAutoscalers(known(autoscalers))),
    checked('CPU limits', [state.throttling], () => checkThrottling(known(state.throttling))),
    ...(state.prometheus.ok
      ? [checked('alerts', [state.prometheus], () => checkAlerts(known(state.prometheus).alerts))]
      : []),
  ];
}

function checked(what: string, needed: readonly Read<unknown>[], check: () => readonly Finding[]): Checked {
  const unread = needed.find((read) => !read.ok);
  return unread !== undefined && !unread.ok
    ? { kind: 'unchecked', what, why: unread.why }
    : { kind: 'checked', what, findings: check() };
}

/** Only after `checked` has found it there. */
function known<T>(read: Read<T>): T {
  if (!read.ok) throw new Error(`not read: ${read.why}`);
  return read.value;
}

/** A Prometheus that does not respond is itself a finding: without it, nothing is monitored. */
function prometheusChecked(
  what: string,
  read: Read<PrometheusState>,
  check: (state: PrometheusState) => readonly Finding[],
): Checked {
  if (read.ok) return { kind: 'checked', what, findings: check(read.value) };
  if (read.kind === 'forbidden') return { kind: 'unchecked', what, why: read.why };
  const finding: Finding =
    read.kind === 'rejected'
      ? {
          code: 'prometheus-unauthorized',
          object: 'service prometheus',
          what: `${read.why}: it rejects the credentials that were given`,
          nextStep: 'compare PROMETHEUS_USER and PROMETHEUS_PASSWORD with the Secret prometheus-login',
        }
      : {
          code: 'prometheus-unreachable',
          object: 'service prometheus',
          what: `it could not be queried: ${read.why}`,
          nextStep: 'kubectl logs deployment/prometheus --tail=50',
        };
  return { kind: 'checked', what, findings: [finding] };
}
