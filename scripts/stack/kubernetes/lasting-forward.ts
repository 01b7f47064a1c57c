import { setTimeout as sleep } from 'node:timers/promises';
import type { Kubectl } from './kubectl.ts';
import { type Forwarded, type ForwardTarget, forward } from './port-forward.ts';

/**
 * A port that stays forwarded for a whole run. If its connection or its pod ends, the port is opened again at the same
 * address.
 */
export interface LastingForward extends AsyncDisposable {
  readonly url: string;
  /** Resolves to true once the port is open and the server behind it responds, and to false after the time limit. */
  untilOpen(limitMs: number): Promise<boolean>;
}

const PAUSE_MS = 500;
const RESPONSE_LIMIT_MS = 5_000;

/** Accepts any status, because Prometheus may require a password. */
async function responds(url: string, signal: AbortSignal): Promise<boolean> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(RESPONSE_LIMIT_MS)]);
  try {
    const response = await fetch(`${url}/-/ready`, { redirect: 'manual', signal: bounded });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

/** Throws a KubectlError if the port cannot be forwarded the first time. */
export async function forwardLastingly(
  kubectl: Kubectl,
  target: ForwardTarget,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<LastingForward> {
  const over = new AbortController();
  const ends = AbortSignal.any([signal, over.signal]);
  let current: Forwarded | null = await forward(kubectl, target, signal);
  let opened = Promise.withResolvers<void>();
  const { url } = current;
  const again = { ...target, localPort: Number(new URL(url).port) };
  const reopen = async (): Promise<Forwarded | null> => {
    while (!ends.aborted) {
      await sleep(PAUSE_MS, undefined, { signal: ends }).catch(() => {});
      const next = ends.aborted ? null : await forward(kubectl, again, ends).catch(() => null);
      if (next !== null) return next;
    }
    return null;
  };
  const keep = async () => {
    while (current !== null) {
      opened.resolve();
      await current.closed;
      opened = Promise.withResolvers();
      if (ends.aborted) return;
      progress('the connection to Prometheus (kubectl port-forward) ended: connecting again');
      current = await reopen();
    }
  };
  const keeping = keep();
  return {
    url,
    untilOpen: async (limitMs) => {
      const deadlineMs = Date.now() + limitMs;
      for (;;) {
        // kubectl detects that the pod is gone only when a request arrives. A port that does not respond is therefore opened
        // again.
        if (current?.isOpen() === true) {
          if (await responds(url, ends)) return true;
          await current[Symbol.asyncDispose]();
        }
        await current?.closed;
        const leftMs = deadlineMs - Date.now();
        if (leftMs <= 0 || ends.aborted) return false;
        const late = sleep(leftMs, undefined, { signal: ends, ref: false }).catch(() => {});
        await Promise.race([opened.promise, late]);
      }
    },
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await current?.[Symbol.asyncDispose]();
      await keeping;
    },
  };
}
