import { lstat, mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { HarnessError } from '../cli/errors.ts';

/** Errors of the disk itself, for any path. */
const OF_THE_DISK = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EIO'];
/** For a path inside the folder, these errors mean that another process has removed or replaced the folder. */
const OF_THE_PLACE = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM'];

/**
 * Writes a file atomically: writes a temporary file, flushes it to the disk, and renames it.
 * Throws HarnessError `cannot-write`.
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array | AsyncIterable<string>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`);
  try {
    // A rename would replace a device such as /dev/null with a plain file, for the whole machine.
    const found = await lstat(path).catch(() => null);
    if (found !== null && !found.isFile() && !found.isSymbolicLink())
      throw new Error('a file with this name exists, and it is not a plain file');
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

/**
 * Creates a folder and its parents. Node's recursive mkdir is not used, because it never returns on file systems without
 * mkdir (`/proc`). Throws the file system's error.
 */
export async function makePath(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await isFolder(path))) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path) throw error;
    // Another process may have created the parent in the meantime, so the result of the second attempt counts.
    if (!(await isFolder(parent))) await makePath(parent, mode);
    await makeLast(path, mode);
  }
}

/** Creates a folder and its parents. Throws HarnessError `cannot-write`. */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  try {
    await makePath(path, mode);
  } catch (cause) {
    throw cannotWrite(path, cause as NodeJS.ErrnoException);
  }
}

/** Ignores the error if another process has created the folder in the meantime. */
async function makeLast(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !(await isFolder(path))) throw error;
  }
}

const isFolder = async (path: string) => (await stat(path).catch(() => null))?.isDirectory() === true;

function cannotWrite(path: string, cause: NodeJS.ErrnoException): HarnessError {
  const elsewhere = 'choose another folder with --out DIR';
  const nextStep =
    cause.code === 'ENOSPC' || cause.code === 'EDQUOT'
      ? `free space there (./sla runs prune --keep 50), or ${elsewhere}`
      : cause.code === 'EFBIG'
        ? `raise the limit on the size of files (ulimit -f), or ${elsewhere}`
        : elsewhere;
  return new HarnessError('cannot-write', `${path} cannot be written: ${cause.message}`, { nextStep, cause });
}

/** Runs an operation that writes into a folder, and converts disk errors into a HarnessError. */
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

/** The original error, if the cleanup after it also failed. */
const firstOf = (error: unknown): unknown =>
  error instanceof SuppressedError ? firstOf(error.suppressed) : error;

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** A temporary folder that is deleted when it is disposed. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'sla-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
