import { setTimeout as sleep } from 'node:timers/promises';
import type { CapacityAsked } from '../../slas/capacity/record.ts';
import { type Asker, askOnce } from '../../slas/prometheus/http.ts';
import { countOf } from '../../slas/render/numbers.ts';
import { HarnessError } from '../cli/errors.ts';
import type { Io } from '../cli/io.ts';
import { type Kubectl, KubectlError, kubectlOf } from '../stack/kubernetes/kubectl.ts';
import { rolledOut } from '../stack/kubernetes/rollout.ts';

/** Scales a Deployment of a service that is already running, for `--replicas` with `--deployment`. */

const NAME = /^([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\/([a-z0-9](?:[-.a-z0-9]*[a-z0-9])?)$/;

export interface DeploymentName {
  readonly namespace: string;
  readonly name: string;
}

/** Reads `NAMESPACE/NAME`; null if it is neither. */
export function deploymentIn(text: string): DeploymentName | null {
  const [, namespace, name] = NAME.exec(text) ?? [];
  return namespace === undefined || name === undefined ? null : { namespace, name };
}

export interface ScaledDeployment extends AsyncDisposable {
  readonly replicas: number;
  /** Resolves once this many pods are ready. Others may still be terminating: see `awaitTargets`. */
  scaleTo(replicas: number): Promise<void>;
}

type DeploymentIo = Pick<Io, 'env' | 'signal' | 'progress'>;

/**
 * Reads how many replicas the Deployment has now, and waits until they are ready. Disposing of the result sets that number
 * again. Also refuses a Deployment that an autoscaler scales.
 */
export async function openDeployment(
  text: string,
  context: string | undefined,
  io: DeploymentIo,
): Promise<ScaledDeployment> {
  const kubectl = kubectlOf({ env: io.env, ...(context === undefined ? {} : { context }) });
  const named = { text, context, ...deploymentIn(text)! };
  const before = await explained(text, readyReplicas(kubectl, named, io.signal));
  return new OpenDeployment(kubectl, named, before, io);
}

interface Named extends DeploymentName {
  /** As the user wrote it. */
  readonly text: string;
  readonly context: string | undefined;
}

/** The number of replicas, once they are ready. */
async function readyReplicas(
  kubectl: Kubectl,
  { namespace, name }: DeploymentName,
  signal: AbortSignal,
): Promise<number> {
  const get = (...args: readonly string[]) => ['--namespace', namespace, 'get', ...args, '--output', 'json'];
  const replicas = await replicasOf(kubectl, get('deployment', name), signal);
  await refuseAutoscaler(kubectl, get('horizontalpodautoscaler'), name, signal);
  await rolledOut(name, { kubectl, namespace, signal });
  return replicas;
}

class OpenDeployment implements ScaledDeployment {
  readonly #kubectl: Kubectl;
  readonly #named: Named;
  readonly #before: number;
  readonly #io: DeploymentIo;
  #now: number;
  #isScaled = false;

  constructor(kubectl: Kubectl, named: Named, before: number, io: DeploymentIo) {
    this.#kubectl = kubectl;
    this.#named = named;
    this.#before = before;
    this.#now = before;
    this.#io = io;
  }

  get replicas() {
    return this.#now;
  }

  async scaleTo(replicas: number): Promise<void> {
    const { text } = this.#named;
    this.#io.progress(`scaling ${text} from ${this.#now} to ${countOf(replicas, 'replica')}`);
    await explained(text, this.#scale(replicas));
    this.#now = replicas;
  }

  async #scale(replicas: number): Promise<void> {
    const { namespace, name } = this.#named;
    const { signal } = this.#io;
    const wasScaled = this.#isScaled;
    this.#isScaled = true;
    await this.#kubectl.run(this.#scaling(replicas), { signal }).catch((error: unknown) => {
      // Then there is nothing to undo.
      this.#isScaled = wasScaled || !isForbidden(error);
      throw error;
    });
    await rolledOut(name, { kubectl: this.#kubectl, namespace, signal });
  }

  #scaling(replicas: number): readonly string[] {
    const { namespace, name } = this.#named;
    return ['--namespace', namespace, 'scale', 'deployment', name, `--replicas=${replicas}`];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isScaled) return;
    const { text, context } = this.#named;
    this.#io.progress(`scaling ${text} back to ${countOf(this.#before, 'replica')}`);
    const scaling = this.#scaling(this.#before);
    // An error here must not hide the one that ended the search.
    await this.#kubectl.run(scaling).catch((error: unknown) => {
      const shown = ['kubectl', ...(context === undefined ? [] : ['--context', context]), ...scaling].join(
        ' ',
      );
      this.#io.progress(`${text} was not scaled back (${(error as Error).message}): run ${shown}`);
    });
  }
}

/** The Deployment of several searches: it is scaled back when the last one has ended. */
export class Scaling implements AsyncDisposable {
  #deployment: ScaledDeployment | null = null;

  /**
   * Scales the Deployment, and waits until Prometheus scrapes all of its pods. Nothing is scaled unless Prometheus already scrapes all of
   * its current pods.
   *
   * @param up selects the targets
   */
  async to(
    replicas: number,
    { deployment, context }: Pick<CapacityAsked, 'deployment' | 'context'>,
    up: string,
    asker: Asker,
    io: DeploymentIo,
  ): Promise<void> {
    if (deployment === undefined) return;
    this.#deployment ??= await openDeployment(deployment, context, io);
    await awaitTargets(up, this.#deployment.replicas, asker);
    await this.#deployment.scaleTo(replicas);
    await awaitTargets(up, replicas, asker);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#deployment?.[Symbol.asyncDispose]();
  }
}

/** The message of the API server names the missing permission. */
const isForbidden = (error: unknown) =>
  error instanceof KubectlError && /^Error from server \(Forbidden\)/m.test(error.stderr);

/** Adds to an error of kubectl that no load was sent, and what the operator of a search can do. */
const explained = <T>(deployment: string, done: Promise<T>): Promise<T> =>
  done.catch((error: unknown) => {
    if (!(error instanceof KubectlError)) throw error;
    const { message, stderr, isLate } = error;
    const nextStep = isForbidden(error)
      ? `ask for this permission in the namespace of ${deployment}; docs/capacity.md#replicas lists all permissions that a search needs`
      : `check --deployment and --context, and what \`kubectl describe\` reports about ${deployment}`;
    throw new KubectlError(`${message}; no load was sent`, { stderr, isLate, nextStep, cause: error });
  });

async function replicasOf(kubectl: Kubectl, args: readonly string[], signal: AbortSignal): Promise<number> {
  const { spec } = JSON.parse(await kubectl.run(args, { signal })) as { spec?: { replicas?: number } };
  return spec?.replicas ?? 1;
}

interface Autoscalers {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly spec?: { readonly scaleTargetRef?: { readonly kind?: string; readonly name?: string } };
  }[];
}

async function refuseAutoscaler(
  kubectl: Kubectl,
  args: readonly string[],
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const { items = [] } = JSON.parse(await kubectl.run(args, { signal })) as Autoscalers;
  const found = items.find(
    ({ spec }) => spec?.scaleTargetRef?.kind === 'Deployment' && spec.scaleTargetRef.name === name,
  );
  if (found === undefined) return;
  throw new HarnessError(
    'autoscaled',
    `the HorizontalPodAutoscaler ${found.metadata?.name} also changes the number of replicas of ${name}; no load was sent`,
    { nextStep: 'delete it for the duration of the search (kubectl delete hpa), and recreate it afterwards' },
  );
}

// ---------------------------------------------------------------------------------------------- what Prometheus scrapes

const POLL_MS = 1000;
/** Prometheus discovers pods within its refresh interval, and scrapes them within its scrape interval. */
const DISCOVERY_MS = 200_000;

/**
 * Waits until Prometheus scrapes exactly this many targets, all of them successfully, because their counts are added up. A pod that is
 * terminating is a target until it is gone.
 */
export async function awaitTargets(
  up: string,
  replicas: number,
  asker: Asker,
  patienceMs = DISCOVERY_MS,
): Promise<void> {
  const deadlineMs = Date.now() + patienceMs;
  for (let isFirst = true; ; isFirst = false) {
    const { series, error } = await askOnce(up, Date.now() / 1000, asker);
    const working = series.filter(({ samples }) => Number(samples[0]?.[1]) === 1).length;
    if (error === null && working === replicas && series.length === replicas) return;
    if (Date.now() >= deadlineMs) {
      const failing =
        working === series.length ? '' : ` and fails to scrape ${countOf(series.length - working, 'target')}`;
      const seen = error === null ? countOf(working, 'target') : 'an unknown number of targets';
      throw new HarnessError(
        'not-scraped',
        `Prometheus scrapes ${seen} of ${up}${failing}, but ${countOf(replicas, 'pod')} should be scraped; no load was sent`,
        { nextStep: 'let Prometheus discover each pod, and not only the Service in front of them' },
      );
    }
    if (isFirst)
      asker.progress?.(`waiting until Prometheus scrapes exactly ${countOf(replicas, 'target')} of ${up}`);
    await sleep(POLL_MS, undefined, { signal: asker.signal });
  }
}
