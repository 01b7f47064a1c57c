import type { Finding } from '../finding.ts';
import { isReady } from '../labels.ts';
import type { Pod } from '../objects.ts';
import type { FiringAlert, Target } from '../prometheus.ts';

const SCRAPE = 'prometheus.io/scrape';
const PORT = 'prometheus.io/port';

/** Prometheus discovers pods by these annotations. */
export function checkAnnotations(pods: readonly Pod[]): readonly Finding[] {
  return pods.flatMap((pod): readonly Finding[] => {
    const { name, annotations = {} } = pod.metadata;
    const object = `pod ${name}`;
    if (annotations[SCRAPE] !== 'true')
      return [
        {
          code: 'annotation-missing',
          object,
          what:
            annotations[SCRAPE] === undefined
              ? `it has no annotation ${SCRAPE}, so Prometheus does not scrape it`
              : `its annotation ${SCRAPE} is "${annotations[SCRAPE]}": only "true" is scraped`,
          nextStep: `set ${SCRAPE}: "true" in the deployment's pod template, not in the deployment itself`,
        },
      ];
    const ports = pod.spec.containers.flatMap(({ ports: own = [] }) => own.map((one) => one.containerPort));
    const port = annotations[PORT];
    if (port !== undefined && (ports.length === 0 || ports.includes(Number(port)))) return [];
    return [
      {
        code: 'annotation-wrong-port',
        object,
        what:
          port === undefined
            ? `it has no annotation ${PORT}`
            : `its annotation ${PORT} is "${port}", and its containers listen on ${ports.join(', ')}`,
        nextStep: `set ${PORT}: "${ports[0] ?? 8000}" in the deployment's pod template`,
      },
    ];
  });
}

/**
 * Checks that each pod is a target that is up.
 * @param byAnnotation whether only annotated pods are checked, because Prometheus discovers pods by annotations
 */
export function checkTargets(
  pods: readonly Pod[],
  targets: readonly Target[],
  byAnnotation = true,
): readonly Finding[] {
  return pods
    .filter(({ metadata }) => !byAnnotation || metadata.annotations?.[SCRAPE] === 'true')
    .flatMap((pod): readonly Finding[] => {
      const own = targets.filter((target) => isOf(target, pod));
      if (own.length === 0) return isReady(pod) ? [absent(pod, byAnnotation)] : [];
      return own.filter(({ health }) => health === 'down').map((target) => down(pod, target));
    });
}

function isOf({ scrapeUrl, discoveredLabels }: Target, { metadata, status }: Pod): boolean {
  const found = discoveredLabels.__meta_kubernetes_pod_name;
  if (found !== undefined)
    return (
      found === metadata.name && discoveredLabels.__meta_kubernetes_namespace === (metadata.namespace ?? '')
    );
  const { podIP } = status;
  return podIP !== undefined && new URL(scrapeUrl).hostname.replace(/^\[|\]$/g, '') === podIP;
}

const absent = ({ metadata }: Pod, byAnnotation: boolean): Finding => ({
  code: 'target-absent',
  object: `pod ${metadata.name}`,
  what: `it is ready${byAnnotation ? ' and annotated' : ''}, but Prometheus has no target for it`,
  nextStep: byAnnotation
    ? 'look for "forbidden" in kubectl logs deployment/prometheus, and compare the namespaces that it discovers'
    : 'wait for a minute after a change, then look for errors in the log of the Prometheus Operator',
});

function down({ metadata }: Pod, { scrapeUrl, lastError }: Target): Finding {
  const isUnauthorized = /\b(401|403)\b/.test(lastError);
  return {
    code: isUnauthorized ? 'scrape-unauthorized' : 'target-down',
    object: `pod ${metadata.name}`,
    what: `Prometheus cannot scrape ${scrapeUrl}: ${lastError || 'no error was reported'}`,
    nextStep: isUnauthorized
      ? 'compare metrics-token in the Secret prometheus-login with the tokens of the service (sentiment-metrics-tokens)'
      : stepFor(lastError),
  };
}

function stepFor(error: string): string {
  if (/refused/.test(error)) return 'nothing listens there: compare prometheus.io/port with the container';
  if (/deadline exceeded|timeout/.test(error))
    return 'packets are dropped or the process hangs: check the network policies, and curl /metrics in the pod';
  if (/\b404\b/.test(error)) return 'compare prometheus.io/path with the path of the metrics, /metrics';
  return 'request the address yourself: kubectl port-forward, then curl';
}

/** Alerts that have their own runbook page, to which the finding links. */
export const checkAlerts = (alerts: readonly FiringAlert[]): readonly Finding[] =>
  alerts.map(({ name, summary, runbook }) => ({
    code: 'alert-firing' as const,
    object: `alert ${name}`,
    what: summary === '' ? 'it is firing' : `it is firing: ${summary}`,
    nextStep: 'follow its runbook',
    ...(runbook === undefined ? {} : { page: runbook }),
  }));
