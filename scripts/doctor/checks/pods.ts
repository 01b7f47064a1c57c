import type { Finding, FindingCode } from '../finding.ts';
import { isCurrent, isReady } from '../labels.ts';
import type { ContainerStatus, KubeEvent, Pod } from '../objects.ts';

/** Reports pods that are not ready, or were not recently, each with its most specific cause. */
export function checkPods(
  pods: readonly Pod[],
  events: readonly KubeEvent[],
  nowMs: number,
): readonly Finding[] {
  return pods.filter(isCurrent).flatMap((pod) => {
    const { status } = pod;
    const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
    const found = statuses.flatMap((one) => ofContainer(pod, one, nowMs) ?? []);
    if (found.length > 0) return found;
    if (isReady(pod)) return [];
    return (
      unscheduled(pod) ?? (status.phase === 'Pending' ? notMounted(pod, events) : [notReady(pod, events)])
    );
  });
}

const about = ({ metadata }: Pod, container: string) => `pod ${metadata.name}, container ${container}`;

const NOT_PULLED = /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|ImageInspectError)$/;
const NOT_CREATED = /^(CreateContainerConfigError|CreateContainerError|RunContainerError)$/;

function ofContainer(pod: Pod, status: ContainerStatus, nowMs: number): Finding | null {
  const { reason = '', message = '' } = status.state?.waiting ?? {};
  const finding = (code: FindingCode, what: string, nextStep: string): Finding => ({
    code,
    object: about(pod, status.name),
    what,
    nextStep,
  });
  if (NOT_PULLED.test(reason)) {
    const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
    const image = containers.find(({ name }) => name === status.name)?.image ?? '';
    return finding(
      'image-not-pulled',
      `the node cannot get the image ${image} (${reason})${after(message)}`,
      'check the name of the image, the registry and imagePullSecrets, or load the image into the node',
    );
  }
  if (NOT_CREATED.test(reason))
    return finding('container-not-created', `${reason}${after(message)}`, 'create what the message names');
  return restarted(pod, status, nowMs, finding);
}

const after = (message: string) =>
  message === ''
    ? ''
    : `: ${message.length > MAX_CHARACTERS ? `${message.slice(0, MAX_CHARACTERS)}…` : message}`;

const MAX_CHARACTERS = 300;

/** A restart long ago is not a finding. */
const RECENT_MS = 60 * 60_000;

function restarted(
  { metadata }: Pod,
  { name, restartCount, state, lastState }: ContainerStatus,
  nowMs: number,
  finding: (code: FindingCode, what: string, nextStep: string) => Finding,
): Finding | null {
  const last = lastState?.terminated ?? state?.terminated;
  if (last === undefined || (restartCount === 0 && state?.terminated === undefined)) return null;
  if (last.exitCode === 0 && last.reason === 'Completed' && restartCount === 0) return null;
  const isCrashing = state?.waiting?.reason === 'CrashLoopBackOff' || state?.terminated !== undefined;
  const endedMs = Date.parse(last.finishedAt ?? '');
  if (!isCrashing && !(nowMs - endedMs < RECENT_MS)) return null;
  const times = `restarted ${restartCount} ${restartCount === 1 ? 'time' : 'times'}`;
  if (last.reason === 'OOMKilled')
    return finding(
      'out-of-memory',
      `${times}; it was killed because it exceeded its memory limit (OOMKilled)`,
      'raise resources.limits.memory, or lower SERVICE_WORKERS',
    );
  return finding(
    'restarts',
    `${times}; it last ended with exit code ${last.exitCode}${last.finishedAt === undefined ? '' : ` at ${last.finishedAt}`}`,
    `read its last lines: kubectl logs ${metadata.name} -c ${name} --previous --tail=30`,
  );
}

function unscheduled(pod: Pod): readonly Finding[] | null {
  const condition = pod.status.conditions?.find(
    ({ type, status }) => type === 'PodScheduled' && status === 'False',
  );
  if (condition === undefined) return null;
  return [
    {
      code: 'pod-unschedulable',
      object: `pod ${pod.metadata.name}`,
      what: `no node can run it${after(condition.message ?? '')}`,
      nextStep: 'lower its resource requests, or add a node that has what the message names',
    },
  ];
}

/** A pod that waits for a volume has no container yet that could report the reason. */
function notMounted({ metadata: { name } }: Pod, events: readonly KubeEvent[]): readonly Finding[] {
  const failed = eventOf(name, 'FailedMount', events) ?? eventOf(name, 'FailedAttachVolume', events);
  if (failed === undefined) return [];
  return [
    {
      code: 'container-not-created',
      object: `pod ${name}`,
      what: `it waits for a volume${after(failed.message ?? '')}`,
      nextStep: 'create what the message names',
    },
  ];
}

const eventOf = (pod: string, reason: string, events: readonly KubeEvent[]) =>
  events.findLast((event) => event.involvedObject.name === pod && event.reason === reason);

function notReady(pod: Pod, events: readonly KubeEvent[]): Finding {
  const { name } = pod.metadata;
  const probe = eventOf(name, 'Unhealthy', events);
  return {
    code: 'pod-not-ready',
    object: `pod ${name}`,
    what: `it runs, but is not ready${after(probe?.message ?? '')}`,
    nextStep: `find out what it is waiting for: kubectl logs ${name} --tail=50`,
  };
}
