import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { HarnessError } from '../../cli/errors.ts';
import { IMAGES } from '../images.ts';
import type { ClaimScript } from './claim-script.ts';
import { execIn, podsWith, printOnceWritten } from './in-pod.ts';
import type { Kubectl } from './kubectl.ts';
import { type LoadSpec, labelsOf, selectorOf } from './manifests.ts';
import { PACK_CODE, PACK_LOG, PACKED, packJobOf } from './pack-job.ts';
import { stateOf } from './pods.ts';
import { removeLoad } from './removal.ts';
import type { RunnerSettings } from './runner-settings.ts';

/**
 * Archives a script in a volume of the cluster with everything that it imports and opens, using k6 in a
 * pod. The plan is made from the archive, and all load generators run it. Later changes in the volume
 * therefore have no effect.
 */

export interface PackOptions {
  readonly script: ClaimScript;
  readonly target: string;
  readonly namespace: string;
  readonly settings: RunnerSettings;
  readonly kubectl: Kubectl;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

const READY_LIMIT_MS = 5 * 60_000;
const PACK_LIMIT_SECONDS = 60;
const LOOK_EVERY_MS = 500;
const LOG_LINES = 3;

/** Throws HarnessError `no-claim-script`. */
export async function packInCluster(options: PackOptions): Promise<Buffer> {
  const spec = specOf(options);
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => removeLoad(spec, ['job'], options));
  const job = JSON.stringify(packJobOf(spec, labelsOf(spec), options.script));
  const { kubectl, signal, namespace, progress, script } = options;
  await kubectl.run(['create', '--validate=strict', '-f', '-'], { input: job, signal });
  const pod = await runningPod(spec, options);
  const exec = [...execIn(namespace, pod, 'k6'), 'sh', '-c'];
  const ask = (command: string, limitMs?: number) =>
    kubectl.run([...exec, command], { signal, ...(limitMs === undefined ? {} : { limitMs }) });
  const code = await ask(printOnceWritten(PACK_CODE, PACK_LIMIT_SECONDS), (PACK_LIMIT_SECONDS + 30) * 1000);
  if (code.trim() !== '0')
    throw failed(options, `k6 cannot pack it: ${(await ask(`tail -n ${LOG_LINES} ${PACK_LOG}`)).trim()}`);
  const archive = Buffer.from(await ask(`base64 <${PACKED}`, 120_000), 'base64');
  const sha256 = createHash('sha256').update(archive).digest('hex');
  const [own] = (await ask(`sha256sum <${PACKED}`)).split(' ');
  if (own !== sha256) throw failed(options, 'the packed script arrived incomplete');
  progress(`${script.file} of the volume ${script.claim} was packed in the cluster: sha256 ${sha256}`);
  return archive;
}

const failed = ({ script }: PackOptions, why: string) =>
  new HarnessError('no-claim-script', `${script.file} of the volume claim ${script.claim}: ${why}`, {
    nextStep: `check the claim and the path: kubectl describe pvc ${script.claim}`,
  });

const specOf = ({ namespace, settings, target }: PackOptions): LoadSpec => ({
  name: `sla-${randomBytes(4).toString('hex')}`,
  namespace,
  ...{ run: 'pack', count: 1, args: [], hasToken: false, settings },
  env: { SLA_TARGET: target.replace(/\/$/, ''), K6_AUTO_EXTENSION_RESOLUTION: 'false' },
  image: settings.image ?? IMAGES.k6,
  deadlineSeconds: (READY_LIMIT_MS / 1000 + PACK_LIMIT_SECONDS) * 2,
});

async function runningPod({ name }: LoadSpec, options: PackOptions): Promise<string> {
  const { kubectl, namespace, signal } = options;
  const deadlineMs = Date.now() + READY_LIMIT_MS;
  for (;;) {
    const [pod] = await podsWith(selectorOf(name), namespace, kubectl, signal);
    if (pod?.status?.containerStatuses?.[0]?.state?.running !== undefined) return pod.metadata.name;
    const state = pod === undefined ? null : stateOf(pod);
    const because = state !== null && 'because' in state ? state.because : null;
    const isHopeless =
      state !== null && (state.kind === 'waiting' ? state.isHopeless : state.kind !== 'running');
    if (isHopeless || Date.now() > deadlineMs)
      throw failed(options, `the pod that packs it did not start: ${because ?? 'no reason is known'}`);
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}
