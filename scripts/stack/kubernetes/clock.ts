import type { Kubectl } from './kubectl.ts';

/** With a larger difference, responses would be placed between the wrong scrapes. */
const MAX_SKEW_SECONDS = 0.5;

/**
 * Compares a pod's clock with this machine's clock. The pod prints its time when its second changes, after waiting up to a
 * second. Apart from that wait, the exec takes about as long as an empty one, which bounds the error.
 *
 * @param exec the kubectl arguments that run a program in the pod
 * @returns the clock problem in words; null: the clocks agree
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
  return `the clock of ${who} is at least ${seconds.toFixed(1)} s ${direction} this machine's`;
}
