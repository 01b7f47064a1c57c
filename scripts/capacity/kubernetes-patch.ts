import { stringify } from 'yaml';
import type { PodSize, Scaling } from '../../slas/capacity/pod-size.ts';
import type { CapacityRecord } from '../../slas/capacity/record.ts';
import { commandOf } from '../../slas/render/capacity.ts';

/** The patches apply to the objects in `k8s/` that have this name and namespace. */
const NAME = 'sentiment-api';
const metadata = { name: NAME, namespace: 'sentiment-analysis' };

/**
 * Strategic-merge patches, one after the other: `patches: [{ path: k8s-patch.yaml }]` in a kustomization.
 * @param basis the objectives that do not count; null: every objective counts
 */
export function kubernetesPatch(
  record: CapacityRecord,
  { scaling, ...size }: PodSize,
  basis: string | null = null,
): string {
  const objects = [deployment(size), ...(scaling === null ? [] : [autoscaler(scaling)])];
  return `${headOf(record, basis)}${objects.map((object) => stringify(object, { lineWidth: 0 })).join('---\n')}`;
}

const headOf = (record: CapacityRecord, basis: string | null) =>
  [
    `From the search ${record.id}: ${commandOf(record).replaceAll('\n', ' ')}`,
    ...(basis === null ? [] : [basis]),
    'Copy it into your overlay, next to a kustomization.yaml with "patches: [{ path: k8s-patch.yaml }]" (docs/capacity.md).',
  ]
    .map((line) => `# ${line}\n`)
    .join('');

/** The patch leaves out `replicas`, because the autoscaler sets this field. */
const deployment = ({ cpu, memory, workers }: Omit<PodSize, 'scaling'>) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata,
  spec: {
    template: {
      spec: {
        containers: [
          {
            name: NAME,
            ...(workers === null ? {} : { env: [{ name: 'SERVICE_WORKERS', value: workers }] }),
            resources: {
              requests: { cpu: `${cpu.requestMilli}m`, memory: `${memory.requestMib}Mi` },
              limits: { cpu: `${cpu.limitMilli}m`, memory: `${memory.limitMib}Mi` },
            },
          },
        ],
      },
    },
  },
});

const autoscaler = ({ minReplicas, maxReplicas, averageMilli }: Scaling) => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata,
  spec: {
    minReplicas,
    maxReplicas,
    metrics: [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: `${averageMilli}m` } },
      },
    ],
  },
});
