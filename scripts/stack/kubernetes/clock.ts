import type { Kubectl } from './kubectl.ts';

/** Beyond this difference, responses would be placed between the wrong scrapes. */
const MAX_SKEW_SECONDS = 0.5;

/**
 * Reads a pod's clock when its second changes, which takes up to a second. The response took at most as long as the whole exec
 * less that wait, so the difference is known to within the time of an exec.
 * @param exec runs a program in the pod. Resolves to the problem, in words; null: none
 */
export async function clockOf(
  who: string,
  exec: readonly string[],
  { kubectl, signal }: { readonly kubectl: Kubectl; readonly signal: AbortSignal },
): Promise<string | null> {
  const beganMs = Date.now();
  await kubectl.run([...exec, 'true'], { signal });
  const execMs = Date.now() - beganMs;
  const nextSecond = 's=$(date +%s); while [ "$(date +%s)" = "$s" ]; do :; done; date +%s';
  const second = Number(await kubectl.run([...exec, 'sh', '-c', nextSecond], { signal }));
  const arrivedSeconds = Date.now() / 1000;
  const least = second - arrivedSeconds;
  const most = least + (2 * execMs) / 1000;
  if (least <= MAX_SKEW_SECONDS && most >= -MAX_SKEW_SECONDS) return null;
  const [seconds, direction] = least > 0 ? [least, 'ahead of'] : [-most, 'behind'];
  return `the clock of ${who} is at least ${seconds.toFixed(1)} s ${direction} that of this machine`;
}
