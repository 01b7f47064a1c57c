/** What Kubernetes reports about the pods of a load. */

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: object;
  readonly terminated?: { readonly exitCode: number; readonly reason?: string };
}

interface ContainerStatus {
  readonly name: string;
  readonly state?: ContainerState;
}

export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

export type RunnerState =
  /** At least one of the two containers is not running yet. `because` is the reason that Kubernetes reports, if any. */
  | { readonly kind: 'waiting'; readonly because: string | null; readonly isHopeless: boolean }
  | { readonly kind: 'running' }
  | { readonly kind: 'ended'; readonly exitCode: number; readonly reason: string | null }
  /** The whole pod failed before Kubernetes reported the end of k6. */
  | { readonly kind: 'lost'; readonly because: string };

/** The index of a load generator, starting at 0. A Job has a completion index; k6-operator numbers its Jobs from 1. */
export function indexOf({ metadata: { labels = {}, name } }: Pod): number | null {
  const completion = labels['batch.kubernetes.io/job-completion-index'];
  if (completion !== undefined) return Number(completion);
  const job = labels['batch.kubernetes.io/job-name'] ?? labels['job-name'] ?? name;
  const numbered = /-(\d+)$/.exec(job)?.[1];
  return numbered === undefined ? null : Number(numbered) - 1;
}

/** Waiting does not resolve these problems. */
const HOPELESS = /^(ErrImageNeverPull|InvalidImageName|CreateContainerError|RunContainerError)$/;

export function stateOf({ metadata, status = {} }: Pod): RunnerState {
  const statuses = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
  const of = (name: string) => statuses.find((one) => one.name === name)?.state ?? {};
  const { terminated } = of('k6');
  // If a pod is evicted or its node disappears, Kubernetes may report its containers as terminated with 137. The pod's own
  // reason takes precedence.
  if (status.reason !== undefined)
    return { kind: 'lost', because: [status.reason, status.message].filter(Boolean).join(': ') };
  if (terminated !== undefined)
    return { kind: 'ended', exitCode: terminated.exitCode, reason: terminated.reason ?? null };
  if (status.phase === 'Failed' || status.phase === 'Succeeded')
    return { kind: 'lost', because: `the pod ended as ${status.phase}` };
  if (of('k6').running !== undefined && of('record').running !== undefined) return { kind: 'running' };
  if (of('k6').running !== undefined && of('record').terminated !== undefined)
    return { kind: 'lost', because: 'the container that keeps its record ended' };
  if (metadata.deletionTimestamp !== undefined) return { kind: 'lost', because: 'the pod was deleted' };
  const blocked = statuses.map(({ state }) => state?.waiting).find((one) => one?.reason !== undefined);
  const unscheduled = status.conditions?.find(
    ({ type, status: is }) => type === 'PodScheduled' && is === 'False',
  );
  const { reason, message } = blocked ?? unscheduled ?? {};
  return {
    kind: 'waiting',
    because: reason === undefined ? null : [reason, message].filter(Boolean).join(': '),
    isHopeless: HOPELESS.test(reason ?? ''),
  };
}
