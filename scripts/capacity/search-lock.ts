import { join } from 'node:path';
import { accept, badOption, type Input } from '../cli/inputs.ts';
import type { RunFolder } from '../runs/bundle.ts';
import { acquireNow } from '../tools/lock.ts';

/** Two searches in one folder would load the same service and overwrite each other's record. */

const LOCK = '.lock';
/** The process refreshes its lock four times in this period. */
const STALE_MS = 10 * 60_000;

/** @param shown the folder as the user named it */
export async function lockSearch(path: string, shown: string): Promise<Input<AsyncDisposable>> {
  const file = join(path, LOCK);
  try {
    const lock = await acquireNow(file, STALE_MS);
    if (lock.ok) return accept(lock.value);
    return badOption(
      '--resume',
      `${shown} is in use: ${lock.error} is searching there. Wait until it ends, or stop it with Ctrl-C, and resume again (if no search is running, delete ${file})`,
    );
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return badOption(
      '--resume',
      `nothing can be written to ${shown} (${message}): copy the folder, and name the copy`,
    );
  }
}

/** The lock of a folder that was just created. */
export async function lockNew({ path }: Pick<RunFolder, 'path'>): Promise<AsyncDisposable> {
  const lock = await acquireNow(join(path, LOCK), STALE_MS);
  if (!lock.ok) throw new Error(`${path} is new, but ${lock.error} has locked it`);
  return lock.value;
}
