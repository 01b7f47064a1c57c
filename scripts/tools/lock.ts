import { randomUUID } from 'node:crypto';
import { lstat, lutimes, readlink, symlink, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fail, ok, type Result } from '../../slas/model/result.ts';
import { HarnessError } from '../cli/errors.ts';
import type { ToolIo, ToolLimits } from './types.ts';

const POLL_MS = 200;
/** The time limit for taking over a stale lock. A process that needs longer has died in the meantime. */
const TAKE_OVER_MS = 10_000;

/**
 * The locks that this process holds. A lock file with our process id that is not listed here is left over from an earlier
 * process.
 */
const heldHere = new Set<string>();

interface Owner {
  readonly host: string;
  readonly processId: number;
}

/**
 * Acquires the lock at `path`. Waits at most `lockWaitMs`, and prints progress. The lock is a symbolic link whose target
 * names its owner. It is created atomically, so it always has an owner. A lock is stale if its owner's process has ended (on
 * this machine) or has not refreshed it for `lockStaleMs`. A stale lock is taken over. Dispose of the result to release the
 * lock.
 */
export async function acquireLock(
  path: string,
  what: string,
  io: ToolIo,
  limits: ToolLimits,
): Promise<AsyncDisposable> {
  const owner = newOwner();
  const startMs = performance.now();
  let nextLineMs = 0;
  while (!(await take(path, owner))) {
    const holder = await readOwner(path);
    if (holder !== null && (await isStale(path, holder, limits.lockStaleMs))) {
      await removeStale(path, holder, owner);
      continue;
    }
    const waitedMs = performance.now() - startMs;
    if (waitedMs > limits.lockWaitMs) throw waitedTooLong(path, what, holder, waitedMs);
    if (waitedMs >= nextLineMs) {
      io.progress(
        `waiting for ${describeOwner(holder)}, which is ${what} … ${Math.round(waitedMs / 1000)} s`,
      );
      nextLineMs = waitedMs + limits.progressEveryMs;
    }
    await delay(POLL_MS, undefined, io.signal ? { signal: io.signal } : {}).catch(() => {});
    io.signal?.throwIfAborted();
  }
  return heldLock(path, owner, limits.lockStaleMs);
}

/**
 * Acquires the lock at `path` without waiting; its owner otherwise, such as `process 4711`. Dispose of the result to release the lock.
 */
export async function acquireNow(
  path: string,
  lockStaleMs: number,
): Promise<Result<AsyncDisposable, string>> {
  const owner = newOwner();
  while (!(await take(path, owner))) {
    const holder = await readOwner(path);
    if (holder === null || !(await isStale(path, holder, lockStaleMs))) return fail(describeOwner(holder));
    await removeStale(path, holder, owner);
  }
  return ok(heldLock(path, owner, lockStaleMs));
}

const newOwner = () => `${hostname()}:${process.pid}:${randomUUID()}`;

async function take(path: string, owner: string): Promise<boolean> {
  // The lock is listed before it is created and until after it is removed. Otherwise another waiter in this process would
  // consider it stale.
  heldHere.add(owner);
  try {
    await symlink(owner, path);
    return true;
  } catch (error) {
    heldHere.delete(owner);
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function heldLock(path: string, owner: string, staleMs: number): AsyncDisposable {
  const refresh = () => lutimes(path, new Date(), new Date()).catch(() => {});
  const timer = setInterval(refresh, staleMs / 4).unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      if ((await readOwner(path)) === owner) await unlink(path).catch(() => {});
      heldHere.delete(owner);
    },
  };
}

async function isStale(path: string, holder: string, staleMs: number): Promise<boolean> {
  const { host, processId } = parseOwner(holder);
  if (host === hostname()) {
    if (processId === process.pid) return !heldHere.has(holder);
    if (!isAlive(processId)) return true;
  }
  return (await ageMs(path)) > staleMs;
}

/** A second lock: if several processes find the stale lock, none of them may remove a lock that another one has just created. */
async function removeStale(path: string, stale: string, owner: string): Promise<void> {
  const guard = `${path}.takeover`;
  if (!(await take(guard, owner))) {
    if ((await ageMs(guard)) > TAKE_OVER_MS) await unlink(guard).catch(() => {});
    await delay(POLL_MS);
    return;
  }
  try {
    if ((await readOwner(path)) === stale) await unlink(path).catch(() => {});
  } finally {
    heldHere.delete(owner);
    await unlink(guard).catch(() => {});
  }
}

async function readOwner(path: string): Promise<string | null> {
  return await readlink(path).catch(() => null);
}

function parseOwner(text: string): Owner {
  const [host = '', processId = ''] = text.split(':');
  return { host, processId: Number(processId) };
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // EPERM: the process is alive but belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function ageMs(path: string): Promise<number> {
  const status = await lstat(path).catch(() => null);
  return status === null ? 0 : Date.now() - status.mtimeMs;
}

function describeOwner(holder: string | null): string {
  if (holder === null) return 'another process';
  const { host, processId } = parseOwner(holder);
  if (host !== hostname()) return `process ${processId} on ${host}`;
  return processId === process.pid ? 'another part of this run' : `process ${processId}`;
}

function waitedTooLong(path: string, what: string, holder: string | null, waitedMs: number): HarnessError {
  const minutes = (waitedMs / 60_000).toFixed(1);
  return new HarnessError(
    'tool-lock',
    `${describeOwner(holder)} holds ${path} and is still ${what} after ${minutes} minutes`,
    { nextStep: `stop that process, or delete ${path} if it hangs, and run again` },
  );
}
