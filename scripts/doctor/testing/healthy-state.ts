import { objectsOf } from '../../kubernetes/testing/overlays.ts';
import { examine } from '../examine.ts';
import type { Deployment, NetworkPolicy, Pod, Service } from '../objects.ts';
import type { Target } from '../prometheus.ts';
import type { Read } from '../reader.ts';
import { findingsOf } from '../report.ts';
import type { State } from '../state.ts';

/** The shipped manifests in the state of a healthy cluster. */

export const NOW_MS = Date.parse('2026-11-30T12:00:00Z');

const objects = await objectsOf('k8s/');
export const ofKind = <T>(kind: string) =>
  objects.filter((one) => one.kind === kind) as unknown as readonly T[];
export const ok = <T>(value: T): Read<T> => ({ ok: true, value });

export const deployments = ofKind<Deployment>('Deployment').map((one) => ({ ...one, status: {} }));
export const services = ofKind<Service>('Service');

export const pods: readonly Pod[] = deployments.map(({ metadata, spec: { template } }, index) => ({
  metadata: { ...template.metadata, name: `${metadata.name}-1`, namespace: 'sentiment-analysis' },
  spec: { ...template.spec, nodeName: 'one' },
  status: {
    phase: 'Running',
    podIP: `10.0.0.${index + 1}`,
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: template.spec.containers.map(({ name }) => ({
      name,
      ready: true,
      restartCount: 0,
      state: {},
    })),
  },
}));

export const target: Target = {
  labels: { job: 'sentiment-api' },
  discoveredLabels: {
    __meta_kubernetes_pod_name: 'sentiment-api-1',
    __meta_kubernetes_namespace: 'sentiment-analysis',
  },
  scrapeUrl: 'http://10.0.0.1:8000/metrics',
  health: 'up',
  lastError: '',
};

export const healthy: State = {
  namespace: 'sentiment-analysis',
  namespaceLabels: ok({ 'kubernetes.io/metadata.name': 'sentiment-analysis' }),
  deployments: ok(deployments),
  pods: ok(pods),
  services: ok(services),
  slices: ok(
    services.map(({ metadata: { name } }) => ({
      metadata: { name, labels: { 'kubernetes.io/service-name': name } },
      endpoints: [{ conditions: { ready: true } }],
    })),
  ),
  autoscalers: ok([]),
  policies: ok(ofKind<NetworkPolicy>('NetworkPolicy')),
  events: ok([]),
  missingSecrets: ok([]),
  throttling: ok([{ pod: 'sentiment-api-1', container: 'api', periods: 1000, throttled: 20 }]),
  prometheus: ok({ targets: [target], alerts: [] }),
  operated: ok(null),
};

/** The findings, as code and object, for a healthy state with the given changes. */
export const found = (change: Partial<State>) =>
  findingsOf(examine({ ...healthy, ...change }, NOW_MS)).map(({ code, object }) => `${code}: ${object}`);
