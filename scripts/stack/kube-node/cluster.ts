import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { HarnessError } from '../../cli/errors.ts';
import { describeResult, runCommand } from '../../tools/command.ts';
import type { ToolIo } from '../../tools/types.ts';

/** The one-node cluster that the scripts in this folder start. */
export interface Cluster extends AsyncDisposable {
  /** The environment for `kubectl`: KUBECONFIG, and a PATH that starts with the cluster's own kubectl. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether the cluster was started here. A cluster that was already running is left running. */
  readonly isOurs: boolean;
}

const SCRIPTS = import.meta.dirname;
const BUILD_LIMIT_MS = 40 * 60_000;
const STOP_LIMIT_MS = 2 * 60_000;
const LOAD_LIMIT_MS = 3 * 60_000;
const ANSWER_LIMIT_MS = 10_000;

const homeOf = (env: ToolIo['env']) => env.KUBE_HOME || join(env.HOME || homedir(), '.cache', 'kube-node');

/**
 * Uses the running cluster or starts it, and builds its programs if necessary. Disposing of the result stops the cluster
 * only if it was started here. Throws HarnessError `no-cluster`.
 */
export async function openCluster(io: ToolIo): Promise<Cluster> {
  const home = homeOf(io.env);
  const env = {
    KUBECONFIG: join(home, 'kubeconfig'),
    PATH: `${join(home, 'bin')}${delimiter}${io.env.PATH ?? ''}`,
  };
  const isOurs = !(await responds({ ...io.env, ...env }, io.signal));
  if (isOurs) {
    io.progress(
      'starting a one-node Kubernetes cluster (the first time, building its programs takes minutes)',
    );
    await script('kube-up', [], BUILD_LIMIT_MS, io).catch(async (error) => {
      await script('kube-down', [], STOP_LIMIT_MS, { ...io, signal: undefined });
      throw error;
    });
  }
  return {
    env,
    isOurs,
    [Symbol.asyncDispose]: async () => {
      if (isOurs) await script('kube-down', [], STOP_LIMIT_MS, { ...io, signal: undefined });
    },
  };
}

/**
 * Copies images from the local container engine into the cluster, under the same name or, with `IMAGE=NAME`, under another
 * name.
 */
export const loadImages = (images: readonly string[], io: ToolIo): Promise<void> =>
  script('kube-load', images, LOAD_LIMIT_MS, io);

async function responds(env: ToolIo['env'], signal: AbortSignal | undefined): Promise<boolean> {
  const args = ['get', '--raw=/readyz', '--request-timeout=5s'];
  const result = await runCommand('kubectl', args, { env, limitMs: ANSWER_LIMIT_MS, signal });
  return result.kind === 'exited' && result.exitCode === 0;
}

type ScriptIo = Omit<ToolIo, 'signal'> & { readonly signal?: AbortSignal | undefined };

async function script(name: string, args: readonly string[], limitMs: number, { env, signal }: ScriptIo) {
  const result = await runCommand(join(SCRIPTS, name), args, { env, limitMs, signal });
  if (result.kind === 'exited' && result.exitCode === 0) return;
  throw new HarnessError('no-cluster', `${name} failed: ${describeResult(result)}`, {
    nextStep: `run scripts/stack/kube-node/${name} by hand, as root; its messages name the log to read`,
  });
}
