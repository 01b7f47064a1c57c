import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Kubectl } from './kubectl.ts';

/**
 * Reads a file in a pod while it grows. After a broken connection, reading continues at the next byte, so that no byte is
 * lost or read twice.
 */
export interface FollowedFile extends Disposable {
  readonly received: number;
  /** Resolves to true once this many bytes have arrived, and to false after the time limit. */
  until(bytes: number, limitMs: number): Promise<boolean>;
}

const PAUSE_MS = 500;

export function followFile(
  kubectl: Kubectl,
  exec: readonly string[],
  file: string,
  found: (chunk: Buffer) => void,
): FollowedFile {
  let received = 0;
  let isOver = false;
  let child: ChildProcess | null = null;
  let waiting: { readonly bytes: number; readonly resolve: () => void } | null = null;
  const take = (chunk: Buffer) => {
    received += chunk.length;
    found(chunk);
    if (waiting !== null && received >= waiting.bytes) waiting.resolve();
  };
  const read = async () => {
    while (!isOver) {
      child = kubectl.follow([...exec, 'tail', '-c', `+${received + 1}`, '-f', file]);
      child.stdout!.on('data', take);
      child.stderr!.resume();
      child.on('error', () => {});
      await once(child, 'close').catch(() => {});
      // If the pod no longer exists, reconnecting without a pause would be a busy loop.
      if (!isOver) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };
  void read();
  return {
    get received() {
      return received;
    },
    async until(bytes, limitMs) {
      if (received >= bytes) return true;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      waiting = { bytes, resolve: () => resolve(true) };
      const timer = setTimeout(() => resolve(false), limitMs);
      const isThere = await promise;
      clearTimeout(timer);
      waiting = null;
      return isThere;
    },
    [Symbol.dispose]() {
      isOver = true;
      child?.kill('SIGTERM');
    },
  };
}
