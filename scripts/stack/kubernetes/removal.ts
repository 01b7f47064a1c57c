import type { Kubectl } from './kubectl.ts';
import { type LoadSpec, selectorOf } from './manifests.ts';

const REMOVE_LIMIT_MS = 30_000;

interface Removal {
  readonly kubectl: Kubectl;
  readonly progress: (line: string) => void;
}

/**
 * Removes the objects of a load. All of them have the load's name; objects that were never created are ignored.
 *
 * @param kinds the kinds of the objects, as kubectl names them
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
  // The records have been read or are no longer needed. If the pods were deleted through their Job, each would get 30
  // seconds to end.
  const removePods = () => remove('pod', '-l', selectorOf(name), '--grace-period=1', '--timeout=20s');
  const removeObjects = () => remove('--cascade=background', '--wait=false', ...names);
  // If one step fails, the others still run. The pods are removed twice, because the Job may create more of them in between.
  const errors: Error[] = [];
  for (const step of [removePods, removeObjects, removePods])
    await step().catch((error: Error) => errors.push(error));
  const [first] = errors;
  if (first !== undefined)
    progress(
      `the objects created in the cluster could not be removed (${first.message}): kubectl delete --namespace ${namespace} ${names.join(' ')}`,
    );
}
