import type { Kubectl } from './kubectl.ts';

/** New pods may have to pull an image and load a model. */
const ROLLOUT_SECONDS = 300;
const SPARE_MS = 10_000;

/** Resolves once all pods of a Deployment are new and ready, and no others are left. */
export async function rolledOut(
  deployment: string,
  { kubectl, namespace, signal }: { kubectl: Kubectl; namespace: string; signal: AbortSignal },
): Promise<void> {
  const status = ['rollout', 'status', `deployment/${deployment}`, `--timeout=${ROLLOUT_SECONDS}s`];
  const limitMs = ROLLOUT_SECONDS * 1000 + SPARE_MS;
  await kubectl.run(['--namespace', namespace, ...status], { limitMs, signal });
}
