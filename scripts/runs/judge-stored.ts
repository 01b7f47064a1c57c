import { HarnessError } from '../cli/errors.ts';
import { accept, type Input, refuse, shortPath } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';

/**
 * Runs an operation on a stored run. Each file may be valid, but the files may contradict each other, as with columns of
 * unequal length. This is bad input and not a bug, so it is returned as a problem.
 */
export async function ifItCanBeJudged<T>(path: string, io: Io, work: () => Promise<T>): Promise<Input<T>> {
  try {
    return accept(await work());
  } catch (error) {
    io.signal.throwIfAborted();
    if (error instanceof HarnessError && error.code !== 'bad-run') throw error;
    const why = error instanceof Error ? error.message : String(error);
    return refuse({
      code: 'bad-run',
      path: '',
      file: shortPath(io, path),
      message: `the files of this run are inconsistent: ${why}`,
    });
  }
}
