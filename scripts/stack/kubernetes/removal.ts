import type { Kubectl } from './kubectl.ts';
import { type LoadSpec, selectorOf } from './manifests.ts';

const REMOVE_LIMIT_MS = 30_000;

interface Removal {
  readonly kubectl: Kubectl;
  readonly progress: (line: string) => void;
}

/**
 * Removes the objects of a load. Every object has the load's name, and one that was never created is not an error.
 * @param kinds of the objects, as kubectl names them
 */
export async function removeLoad(
  { name, namespace }: Pick<LoadSpec, 'name' | 'namespace'>,
  kinds: readonly string[],
  { kubectl, progress }: Removal,
): Promise<void> {
  const names = kinds.map((kind) => `${kind}/${name}`);
  const remove = (...args: readonly string[]) =>
    kubectl.run(['delete', '--namespace', namespace, '--ignore-not-found', ...args], {
      limitMs: REMOVE_LIMIT_MS,
    });
  // Their record was read, or will never be. If they were deleted with their Job, they would get half a minute to end.
  const removePods = () => remove('pod', '-l', selectorOf(name), '--grace-period=1', '--timeout=20s');
  const removeObjects = () => remove('--cascade=background', '--wait=false', ...names);
  // A failed removal must not prevent the others. Pods are removed once more, because the Job may have just been creating some.
  const errors: Error[] = [];
  for (const step of [removePods, removeObjects, removePods])
    await step().catch((error: Error) => errors.push(error));
  const [first] = errors;
  if (first !== undefined)
    progress(
      `the objects created in the cluster could not be removed (${first.message}): kubectl delete --namespace ${namespace} ${names.join(' ')}`,
    );
}
