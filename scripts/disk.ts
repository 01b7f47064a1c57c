import { mkdtemp, open, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { HarnessError } from './errors.ts';

/** Trouble of the disk itself, wherever it is met. */
const OF_THE_DISK = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EIO'];
/** Trouble that is the folder's when it is met inside it: somebody removed it, or put something else there. */
const OF_THE_PLACE = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM'];

/**
 * Writes a file whole or not at all: under a name of its own, forced to the disk, and only then given its final name.
 * Throws HarnessError `cannot-write`.
 */
export async function writeWhole(path: string, content: string | AsyncIterable<string>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`);
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw cannotWrite(path, cause as NodeJS.ErrnoException);
  }
}

function cannotWrite(path: string, cause: NodeJS.ErrnoException): HarnessError {
  const elsewhere = 'choose another place with --out DIR';
  const nextStep =
    cause.code === 'ENOSPC' || cause.code === 'EDQUOT'
      ? `free space there (./sla runs prune --keep 50), or ${elsewhere}`
      : cause.code === 'EFBIG'
        ? `raise the limit on the size of files (ulimit -f), or ${elsewhere}`
        : elsewhere;
  return new HarnessError('cannot-write', `${path} cannot be written: ${cause.message}`, { nextStep, cause });
}

/** Does something that writes into a folder; trouble with the disk comes out as a HarnessError, whoever met it. */
export async function guardFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = firstOf(thrown);
    const { code = '', path = '' } = error as NodeJS.ErrnoException;
    const isTrouble =
      OF_THE_DISK.includes(code) || (OF_THE_PLACE.includes(code) && String(path).startsWith(folder));
    if (error instanceof HarnessError || !isTrouble) throw error;
    throw cannotWrite(path === '' ? folder : path, error as NodeJS.ErrnoException);
  }
}

/** What went wrong first, where stopping and clearing up after it went wrong as well. */
const firstOf = (error: unknown): unknown =>
  error instanceof SuppressedError ? firstOf(error.suppressed) : error;

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** Gone with all that is in it when it is disposed of. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'sla-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
