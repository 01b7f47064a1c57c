import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type StoredNoun, storedProblems } from '../../slas/render/stored/stored-problems.ts';

/** Reads the files of a run folder. The folder may come from anywhere, so no file is trusted to be a plain file. */

/** Larger than any file of a run that can be judged; JavaScript strings have a similar limit. */
const MAX_BYTES = 256 * 2 ** 20;

/** Why a file cannot be read, to follow its name in a message. */
export class Unreadable extends Error {
  /** There is no such file. */
  readonly isMissing: boolean;

  constructor(message: string, isMissing = false) {
    super(message);
    this.name = 'Unreadable';
    this.isMissing = isMissing;
  }
}

/** Reads text from a plain file; a link, a pipe or a device is refused before it is opened. Throws Unreadable. */
export const readPlainFile = async (path: string, maxBytes = MAX_BYTES): Promise<string> =>
  await readPlain(path, maxBytes, (file) => file.readFile('utf8'));

/** The same for a binary file. */
export const readPlainBytes = async (path: string, maxBytes: number): Promise<Uint8Array> =>
  await readPlain(path, maxBytes, (file) => file.readFile());

async function readPlain<T>(
  path: string,
  maxBytes: number,
  read: (file: FileHandle) => Promise<T>,
): Promise<T> {
  try {
    // The file may be replaced between check and open, so the open follows no links and waits for no pipes.
    if (!(await lstat(path)).isFile()) throw new Unreadable('it is not a plain file');
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) throw new Unreadable('it is not a plain file');
    if (stat.size > maxBytes) throw new Unreadable(`it has ${stat.size} bytes; at most ${maxBytes} are read`);
    return await read(file);
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new Unreadable('it is missing', true);
    throw new Unreadable(`it cannot be read: ${message}`);
  }
}

/** The JSON of a plain file. Throws Unreadable. */
export async function readPlainJson(path: string): Promise<unknown> {
  const text = await readPlainFile(path);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Unreadable(`it does not parse: ${(error as Error).message}`);
  }
}

/** Reads a stored type of the pipeline. Throws Unreadable with all of its problems. */
export async function readStored<T>(noun: StoredNoun, folder: string): Promise<T> {
  const data = await readPlainJson(join(folder, `${noun}.json`));
  const problems = storedProblems(noun, data);
  if (problems.length > 0) throw new Unreadable(problems.join('; '));
  return data as T;
}

/** The same for optional data: null if it cannot be read, for any reason. */
export const readStoredOrNull = <T>(noun: StoredNoun, folder: string): Promise<T | null> =>
  readStored<T>(noun, folder).catch(nullIfUnreadable);

/** Data of ours that no verdict depends on, from JSON; null if it is missing or has another schema. */
export async function readOptional<T>(name: string, folder: string): Promise<T | null> {
  const data = await readPlainJson(join(folder, name)).catch(nullIfUnreadable);
  const { schema } = (data ?? {}) as { schema?: unknown };
  return schema === undefined || schema === `sla-harness/${name.replace(/\.json$/, '')}/v1`
    ? (data as T | null)
    : null;
}

function nullIfUnreadable(error: unknown): null {
  if (error instanceof Unreadable) return null;
  throw error;
}
