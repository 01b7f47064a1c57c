import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { HarnessError } from '../../cli/errors.ts';
import { clockOf } from './clock.ts';
import { execIn, podsWith } from './in-pod.ts';
import type { Kubectl } from './kubectl.ts';
import {
  jobOf,
  type LoadSpec,
  mountedObjects,
  type Owner,
  RECORD,
  selectorOf,
  testRunOf,
} from './manifests.ts';
import { indexOf, type Pod, type RunnerState, stateOf } from './pods.ts';
import { removeLoad } from './removal.ts';
import { type Runner, type RunnerFiles, watchRunner } from './runner.ts';
import { refuseMisleading } from './runner-environment.ts';
import { refuseOthers } from './runner-identity.ts';

/** Starts the load generators of one load in a cluster, monitors them, and removes all objects that it created. */

export interface Runners extends AsyncDisposable {
  readonly each: readonly Runner[];
  /** The Unix time at which all load generators were instructed to start. */
  readonly startedSeconds: number;
  /** The known problems of the load generators' clocks. */
  readonly clockProblems: readonly string[];
}

export interface StartRunners {
  readonly spec: LoadSpec;
  /** Whether to create a TestRun of k6-operator instead of a Job. */
  readonly withOperator: boolean;
  readonly archive: Buffer;
  readonly token: string | null;
  readonly names: readonly string[];
  readonly files: readonly RunnerFiles[];
  /** The version of the k6 that made the archive. The k6 in the image must have the same version. */
  readonly k6Version: string;
  readonly kubectl: Kubectl;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

/** Includes the time for scheduling the pods and pulling their images. */
const READY_LIMIT_MS = 5 * 60_000;
const LOOK_EVERY_MS = 1_000;
/** The API server may be restarted during a run. */
const SILENT_LIMIT_MS = 30_000;

export async function startRunners(options: StartRunners): Promise<Runners> {
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => removeLoad(options.spec, kindsOf(options), options));
  await create(options);
  const pods = await allRunning(options);
  await refuseUnplanned(pods, options);
  const clocks = await Promise.all(
    pods.map(({ metadata }, at) =>
      clockOf(`${options.names[at]} (pod ${metadata.name})`, inRecord(options, pods[at]!), options),
    ),
  );
  const each = pods.map((pod, at) =>
    cleanUp.use(
      watchRunner(
        options.names[at]!,
        {
          kubectl: options.kubectl,
          namespace: options.spec.namespace,
          pod: pod.metadata.name,
          node: pod.spec?.nodeName ?? 'unknown',
          logsProgress: options.withOperator,
        },
        options.files[at]!,
      ),
    ),
  );
  const startedSeconds = options.withOperator ? Date.now() / 1000 : await begin(pods, options);
  options.progress(
    `${options.names.join(' and ')} started in ${pods.map(({ metadata }) => metadata.name).join(' and ')}`,
  );
  cleanUp.use(watchPods(pods, each, options));
  const owned = cleanUp.move();
  return {
    each,
    startedSeconds,
    clockProblems: clocks.flatMap((one) => one ?? []),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

// ---------------------------------------------------------------------------------------------- objects

const kindsOf = ({ withOperator, token }: StartRunners): readonly string[] => [
  withOperator ? 'testrun.k6.io' : 'job',
  'configmap',
  ...(token === null ? [] : ['secret']),
];

async function create({ spec, withOperator, archive, token, kubectl, signal }: StartRunners): Promise<void> {
  const owner = withOperator ? testRunOf(spec) : jobOf(spec);
  const make = (objects: readonly object[], more: readonly string[]) =>
    kubectl.run(['create', '--validate=strict', '-f', '-', ...more], {
      input: objects.map((one) => JSON.stringify(one)).join('\n'),
      signal,
    });
  const made = JSON.parse(await make([owner], ['-o', 'json'])) as Omit<Owner, 'name' | 'uid'> & {
    metadata: { name: string; uid: string };
  };
  const { name, uid } = made.metadata;
  await make(
    mountedObjects(spec, { apiVersion: made.apiVersion, kind: made.kind, name, uid }, archive, token),
    [],
  );
}

// ---------------------------------------------------------------------------------------------- pods

const podsOf = ({ spec, kubectl }: StartRunners, signal?: AbortSignal) =>
  podsWith(selectorOf(spec.name), spec.namespace, kubectl, signal);

/** Resolves to the running pods, in the order of their segments. */
async function allRunning(options: StartRunners): Promise<readonly Pod[]> {
  const { spec, signal } = options;
  const deadline = Date.now() + READY_LIMIT_MS;
  for (;;) {
    const pods = await podsOf(options, signal);
    const ordered = Array.from({ length: spec.count }, (_, at) => pods.find((pod) => indexOf(pod) === at));
    const states = ordered.map((pod) => (pod === undefined ? null : stateOf(pod)));
    if (pods.length === spec.count && states.every((state) => state?.kind === 'running'))
      return ordered as readonly Pod[];
    const reason = tooMany(pods, spec.count) ?? reasonIn(states, options.names);
    if (reason?.isHopeless || Date.now() > deadline)
      throw new HarnessError(
        'no-generators',
        `the load generators in namespace ${spec.namespace} did not start: ${reason?.text ?? `no pods within ${READY_LIMIT_MS / 1000} s`}`,
        {
          nextStep: `look at kubectl --namespace ${spec.namespace} get events, and at the settings of --runner`,
        },
      );
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** Two pods with the same part of the load would send that part twice. */
const tooMany = (pods: readonly Pod[], count: number) =>
  pods.length <= count
    ? null
    : {
        text: `${pods.length} pods exist instead of ${count}: ${pods.map(({ metadata }) => metadata.name).join(', ')}`,
        isHopeless: true,
      };

function reasonIn(states: readonly (RunnerState | null)[], names: readonly string[]) {
  const found = states.map((state, at) => {
    if (state?.kind === 'waiting' && state.because !== null)
      return { text: `${names[at]}: ${state.because}`, isHopeless: state.isHopeless };
    if (state?.kind === 'lost') return { text: `${names[at]}: ${state.because}`, isHopeless: true };
    if (state?.kind === 'ended')
      return { text: `${names[at]} ended with exit code ${state.exitCode}`, isHopeless: true };
    return null;
  });
  return found.find((one) => one?.isHopeless) ?? found.find((one) => one !== null) ?? null;
}

/** Passes each load generator its state until all of them have ended. */
function watchPods(pods: readonly Pod[], each: readonly Runner[], options: StartRunners): AsyncDisposable {
  const over = new AbortController();
  const names = pods.map(({ metadata }) => metadata.name);
  const look = async () => {
    let heardMs = Date.now();
    while (!over.signal.aborted && each.some((runner) => runner.exit() === null)) {
      try {
        const now = await podsOf(options);
        heardMs = Date.now();
        const others = now.filter(({ metadata }) => !names.includes(metadata.name));
        for (const [at, runner] of each.entries()) {
          const pod = now.find(({ metadata }) => metadata.name === names[at]);
          const other = others.find((one) => indexOf(one) === at)?.metadata.name;
          if (other !== undefined) runner.see({ kind: 'lost', because: `pod ${other} took its place` });
          else runner.see(pod === undefined ? null : stateOf(pod));
        }
      } catch (error) {
        if (Date.now() - heardMs > SILENT_LIMIT_MS)
          for (const runner of each)
            runner.see({ kind: 'lost', because: `the cluster did not respond: ${(error as Error).message}` });
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal: over.signal }).catch(() => {});
    }
  };
  const looking = look();
  return {
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await looking;
    },
  };
}

// ---------------------------------------------------------------------------------------------- the start of the load

const inRecord = ({ spec }: StartRunners, pod: Pod) => execIn(spec.namespace, pod.metadata.name, 'record');

/** Checks the load generators before they send anything. */
async function refuseUnplanned(pods: readonly Pod[], options: StartRunners): Promise<void> {
  const { kubectl, signal, spec, names, archive } = options;
  const podNames = pods.map(({ metadata }) => metadata.name);
  const archiveSha256 = createHash('sha256').update(archive).digest('hex');
  await Promise.all([
    refuseOthers(podNames, names, { ...options, archiveSha256 }),
    refuseMisleading(podNames, Object.keys(spec.env), { kubectl, namespace: spec.namespace, signal }),
  ]);
}

/** Added time for writing the start time to each pod. */
const LEAD_SECONDS = 2;
const BEGIN_LIMIT_MS = 20_000;

/** All load generators start at the same second of their own clocks. The differences of the clocks were checked before. */
async function begin(pods: readonly Pod[], options: StartRunners): Promise<number> {
  const { kubectl, signal } = options;
  const leadSeconds = LEAD_SECONDS + Math.ceil(pods.length / 8);
  const at = Math.ceil(Date.now() / 1000) + leadSeconds;
  const write = `echo ${at} >${RECORD}/start.new; mv ${RECORD}/start.new ${RECORD}/start`;
  await Promise.all(
    pods.map((pod) =>
      kubectl.run([...inRecord(options, pod), 'sh', '-c', write], { signal, limitMs: BEGIN_LIMIT_MS }),
    ),
  );
  return at;
}
