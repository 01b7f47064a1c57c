import type { RunningSla } from './sla.ts';

/** The counts of a running service, read from its own metrics. */

/** POST requests so far, with any response. */
export async function countedPosts(serviceUrl: string): Promise<number> {
  const text = await (await fetch(`${serviceUrl}/metrics`)).text();
  const lines = text.matchAll(/^http_requests_total\{.*method="POST".*\} (\d+)$/gm);
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Within this time, a load of 12 s is still running. */
const AT_MOST_MS = 9_000;
const EVERY_MS = 100;

/** Resolves once the service of a gate has counted this many requests of the load: k6 is running, and its load is not over. */
export async function underLoad(gate: RunningSla, requests = 30): Promise<void> {
  const [, serviceUrl] = await gate.seen(/loading (http:\/\/\S+):/);
  const untilMs = Date.now() + AT_MOST_MS;
  const before = await countedPosts(serviceUrl!);
  for (;;) {
    const counted = (await countedPosts(serviceUrl!).catch(tooBusy)) - before;
    if (Date.now() > untilMs) tooBusy(`${counted} of ${requests} requests in ${AT_MOST_MS / 1000} s`);
    if (counted >= requests) return;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

/** A gate also stops early if the service is too slow to pass. */
function tooBusy(cause: unknown): never {
  throw new Error(`this machine was too busy: the load may be over before the test could act: ${cause}`, {
    cause,
  });
}
