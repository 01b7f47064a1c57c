import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { kubectl, TOOL_IO, tryKubectl } from '../kubernetes/testing/on-cluster.ts';
import { findEngine } from '../stack/containers/engine.ts';
import { resolveImage } from '../stack/containers/image-store.ts';
import { loadImages } from '../stack/kube-node/cluster.ts';
import { findTool } from '../tools/find-tool.ts';
import type { ServiceLaw } from './law-service.ts';
import { startPrometheusFrom } from './scraping.ts';
import { ROOT, temporaryFolder } from './sla.ts';

/**
 * A Deployment of a service whose every replica has a known capacity, behind a node port, and a Prometheus that discovers its
 * pods. Prometheus runs on this machine, which is also the cluster's node.
 */
export interface LawServiceOnCluster extends AsyncDisposable {
  readonly namespace: string;
  readonly deployment: string;
  /** The node port of the Service. */
  readonly url: string;
  readonly prometheusUrl: string;
  readonly folder: string;
}

interface Settings {
  readonly namespace: string;
  readonly nodePort: number;
  readonly replicas: number;
  readonly law: ServiceLaw;
}

const NAME = 'known';
const PORT = 8000;
const LABELS = { app: NAME };

export async function openLawServiceOnCluster(settings: Settings): Promise<LawServiceOnCluster> {
  await using opened = new AsyncDisposableStack();
  const { namespace, nodePort } = settings;
  const folder = opened.use(await temporaryFolder()).path;
  const base = await resolveImage('base', { engine: await findEngine(), root: ROOT, toolIo: TOOL_IO });
  await loadImages([base!.reference], TOOL_IO);
  await kubectl(['create', 'namespace', namespace]);
  opened.defer(async () => {
    await tryKubectl(['delete', 'namespace', namespace, '--wait=false']);
  });
  const objects = [deploymentOf(settings, base!.reference), serviceOf(settings)];
  await kubectl(['apply', '-f', '-'], objects.map((one) => stringify(one)).join('---\n'));
  const rollout = ['rollout', 'status', `deployment/${NAME}`, '--namespace', namespace, '--timeout=100s'];
  await kubectl(rollout);
  const { path: program } = await findTool('prometheus-kubernetes', TOOL_IO);
  const config = join(folder, 'prometheus.yml');
  await writeFile(config, stringify(prometheusConfigOf(namespace)));
  const prometheus = opened.use(await startPrometheusFrom(config, join(folder, 'data'), program));
  const owned = opened.move();
  return {
    ...{ namespace, folder, prometheusUrl: prometheus.url },
    deployment: NAME,
    url: `http://127.0.0.1:${nodePort}`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The pods run the files of this checkout, so that no image has to be built. */
function deploymentOf({ namespace, replicas, law }: Settings, image: string): object {
  const container = {
    ...{ name: NAME, image, imagePullPolicy: 'IfNotPresent' },
    command: ['node', join(ROOT, 'scripts', 'testing', 'law-service-process.ts')],
    env: [
      { name: 'LAW', value: JSON.stringify(law) },
      { name: 'PORT', value: String(PORT) },
    ],
    ports: [{ containerPort: PORT }],
    // A request for /metrics is not counted.
    readinessProbe: { httpGet: { path: '/metrics', port: PORT }, periodSeconds: 1 },
    volumeMounts: [{ name: 'checkout', mountPath: ROOT, readOnly: true }],
  };
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: NAME, namespace } },
    spec: {
      replicas,
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: {
          // A process that is still starting does not end at SIGTERM.
          terminationGracePeriodSeconds: 2,
          containers: [container],
          volumes: [{ name: 'checkout', hostPath: { path: ROOT } }],
        },
      },
    },
  };
}

const serviceOf = ({ namespace, nodePort }: Settings): object => ({
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: NAME, namespace } },
  spec: { type: 'NodePort', selector: LABELS, ports: [{ port: PORT, nodePort }] },
});

/** As in k8s/monitoring: every pod that runs is a target. */
const prometheusConfigOf = (namespace: string): object => ({
  global: { scrape_interval: '1s' },
  scrape_configs: [
    {
      job_name: NAME,
      kubernetes_sd_configs: [
        { role: 'pod', kubeconfig_file: process.env.KUBECONFIG, namespaces: { names: [namespace] } },
      ],
      relabel_configs: [
        {
          source_labels: ['__meta_kubernetes_pod_phase'],
          regex: 'Pending|Succeeded|Failed',
          action: 'drop',
        },
        { source_labels: ['__meta_kubernetes_pod_name'], target_label: 'pod' },
      ],
    },
  ],
});
