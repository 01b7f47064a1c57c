import type { Kubectl } from './kubectl.ts';
import type { Pod } from './pods.ts';

/** Finds the pods of a load, and runs programs in them. */

export async function podsWith(
  selector: string,
  namespace: string,
  kubectl: Kubectl,
  signal?: AbortSignal,
): Promise<readonly Pod[]> {
  const args = ['get', 'pods', '--namespace', namespace, '-l', selector, '-o', 'json'];
  const listed = await kubectl.run(args, signal === undefined ? {} : { signal });
  return (JSON.parse(listed) as { items: readonly Pod[] }).items;
}

/** The arguments of kubectl that run a program in a container; the program and its own arguments follow. */
export const execIn = (namespace: string, pod: string, container: string): readonly string[] => [
  ...['exec', '--namespace', namespace, pod, '-c', container, '--'],
];

const TRIES_PER_SECOND = 10;

/** A shell command that prints a file as soon as it exists, and fails if that takes too long. */
export const printOnceWritten = (file: string, limitSeconds: number): string =>
  `n=0; until [ -e ${file} ] || [ $n -ge ${limitSeconds * TRIES_PER_SECOND} ]; do sleep ${1 / TRIES_PER_SECOND}; n=$((n + 1)); done; cat ${file}`;
