import { setTimeout as delay } from 'node:timers/promises';
import { HarnessError } from '../cli/errors.ts';
import { rolledOut } from '../stack/kubernetes/rollout.ts';
import { readSecret, replaceSecret, type SecretPlace, type StoredSecret } from './secret-store.ts';
import type { SecretData, SecretName } from './secrets.ts';

/** Functions that all rotations use. */

export interface RotationIo extends SecretPlace {
  readonly progress: (line: string) => void;
}

export async function stored(name: SecretName, io: RotationIo): Promise<StoredSecret> {
  const found = await readSecret(name, io);
  if (found !== null) return found;
  throw new HarnessError('no-secret', `there is no Secret ${name} in namespace ${io.namespace}`, {
    nextStep: 'create it: ./sla kubernetes secrets',
  });
}

export async function change(name: SecretName, values: SecretData, io: RotationIo): Promise<void> {
  const { data, version } = await stored(name, io);
  await replaceSecret(name, { ...data, ...values }, version, io);
}

/** Annotates the pods. The kubelet looks for changed Secrets once a minute, but at once if the pod itself changes. */
export async function touch(
  programs: readonly string[],
  { kubectl, namespace, signal }: RotationIo,
): Promise<void> {
  const selector = `app.kubernetes.io/name in (${programs.join(', ')})`;
  const annotation = `sla-harness/secrets-changed=${new Date().toISOString()}`;
  const which = ['--namespace', namespace, '--selector', selector];
  await kubectl.run(['annotate', 'pods', ...which, '--overwrite', annotation], { signal });
}

/** The names of all pods, including those that are ending. */
export async function podsOf(
  program: string,
  { kubectl, namespace, signal }: RotationIo,
): Promise<readonly string[]> {
  const selector = `app.kubernetes.io/name=${program}`;
  const names = 'jsonpath={.items[*].metadata.name}';
  const args = ['get', 'pods', '--namespace', namespace, '--selector', selector, '--output', names];
  return (await kubectl.run(args, { signal })).split(' ').filter((name) => name !== '');
}

const ARRIVAL_LIMIT_MS = 3 * 60_000;
const POLL_MS = 500;

/** Polls until the condition is true. Resolves to false if that takes too long. */
export async function eventually(
  isTrue: () => Promise<boolean>,
  { signal }: Pick<RotationIo, 'signal'>,
): Promise<boolean> {
  const deadline = Date.now() + ARRIVAL_LIMIT_MS;
  while (!(await isTrue())) {
    signal.throwIfAborted();
    if (Date.now() > deadline) return false;
    await delay(POLL_MS, undefined, { signal });
  }
  return true;
}

export async function restart(deployment: string, io: RotationIo): Promise<void> {
  const { kubectl, namespace, signal, progress } = io;
  progress(`${deployment} restarts`);
  await kubectl.run(['rollout', 'restart', `deployment/${deployment}`, '--namespace', namespace], { signal });
  await rolledOut(deployment, io);
}

export async function isDeployed(
  deployment: string,
  { kubectl, namespace, signal }: RotationIo,
): Promise<boolean> {
  const args = ['get', 'deployment', deployment, '--namespace', namespace, '--ignore-not-found'];
  return (await kubectl.run([...args, '--output', 'name'], { signal })).trim() !== '';
}
