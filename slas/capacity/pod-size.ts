import type { CapacityRecord } from './record.ts';
import type { ReplicaAnswer } from './replicas.ts';
import type { SearchAnswer } from './search.ts';
import { changedReplicas } from './steps.ts';

/** The resources that a pod needs for the measured load, and the settings with which an autoscaler keeps enough pods. */
export interface PodSize {
  /** CPU in thousandths of a core. */
  readonly cpu: { readonly requestMilli: number; readonly limitMilli: number };
  readonly memory: { readonly requestMib: number; readonly limitMib: number };
  /** null if the service chooses the number of its workers itself. */
  readonly workers: string | null;
  /** null if no target rate was requested. */
  readonly scaling: Scaling | null;
}

export interface Scaling {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** The mean CPU use of a pod at which the autoscaler runs `maxReplicas` pods for the target rate. */
  readonly averageMilli: number;
}

export type NoPodSize =
  /** No hold confirmed a rate. */
  | 'no-answer'
  /** The manifests exist only for the sentiment service. */
  | 'other-service'
  | 'faults'
  /** The steps had different numbers of replicas, so the use of a single one is unknown. */
  | 'replicas-changed'
  | 'cpu-unknown'
  | 'memory-unknown'
  /** The number of cores that the service could use is unknown. */
  | 'cores-unknown';

export type PodSizing =
  | { readonly ok: true; readonly size: PodSize }
  | { readonly ok: false; readonly because: NoPodSize };

interface Known {
  readonly answer: SearchAnswer | null;
  readonly replicas: ReplicaAnswer | null;
  readonly cpuSecondsPerRequest: number | null;
}

const MIB = 2 ** 20;
const STEP = { milli: 10, mib: 64 };
/** A margin on memory, because a container that exceeds its limit is killed, and a search observes the service for minutes, not days. */
const MEMORY_SPARE = 1.5;

export function podSizeOf(record: CapacityRecord, result: Known): PodSizing {
  const { asked, replicas: measured } = record;
  const { answer, cpuSecondsPerRequest } = result;
  const refuse = (because: NoPodSize): PodSizing => ({ ok: false, because });
  if (answer === null || !answer.ok) return refuse('no-answer');
  if (record.workload === undefined) return refuse('other-service');
  if (asked.faults !== undefined) return refuse('faults');
  if (changedReplicas(record.steps) !== null) return refuse('replicas-changed');
  if (cpuSecondsPerRequest === null || cpuSecondsPerRequest <= 0) return refuse('cpu-unknown');
  const peakBytes = peakMemoryOf(record);
  if (peakBytes === null) return refuse('memory-unknown');
  const cores = coresOf(record);
  if (cores === null) return refuse('cores-unknown');
  const perPod = (1000 * cpuSecondsPerRequest * answer.provenPerSecond) / measured;
  const requestMilli = roundUp(perPod, STEP.milli);
  const perPodMib = peakBytes / measured / MIB;
  return {
    ok: true,
    size: {
      // The rate was proven with this many cores. With fewer cores, it is unknown.
      cpu: { requestMilli, limitMilli: Math.max(requestMilli, Math.floor((1000 * cores) / measured)) },
      memory: {
        requestMib: roundUp(perPodMib, STEP.mib),
        limitMib: roundUp(MEMORY_SPARE * perPodMib, STEP.mib),
      },
      workers: asked.variant?.name === 'SERVICE_WORKERS' ? asked.variant.value : (asked.workersEach ?? null),
      scaling: scalingOf(asked.targetPerSecond, result.replicas, cpuSecondsPerRequest),
    },
  };
}

const roundUp = (value: number, step: number) => step * Math.ceil(value / step - 1e-9);

/** A service that was already running may be in a container, or behind a tunnel: only its container's limit counts. */
function coresOf({ asked, cores, steps }: CapacityRecord): number | null {
  const limits = steps.flatMap(({ figures }) => figures?.cpuLimitCores ?? []);
  if (limits.length > 0) return Math.max(...limits);
  return asked.target === undefined ? cores : null;
}

/** The maximum over all steps, because a burst may need as much memory as the steps beyond the proven rate did. */
function peakMemoryOf({ steps }: CapacityRecord): number | null {
  const peaks = steps.flatMap(({ figures }) => {
    const memory = figures?.resources.find(({ name }) => name === 'memory');
    return memory?.peak === undefined ? [] : [memory.peak];
  });
  return peaks.length === 0 ? null : Math.max(...peaks);
}

/** The minimum number of replicas, so that one may be lost. */
const MIN_REPLICAS = 2;

function scalingOf(
  targetPerSecond: number | undefined,
  answer: ReplicaAnswer | null,
  cpuSecondsPerRequest: number,
): Scaling | null {
  if (targetPerSecond === undefined || answer === null) return null;
  const maxReplicas = Math.max(MIN_REPLICAS, answer.replicas);
  const averageMilli = Math.max(1, Math.floor((1000 * targetPerSecond * cpuSecondsPerRequest) / maxReplicas));
  return { minReplicas: MIN_REPLICAS, maxReplicas, averageMilli };
}
