import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type StoredNoun, storedProblems } from '../../slas/render/stored/stored-problems.ts';

/** Reads the files of a run folder. The folder may come from anywhere, so its files may be links, pipes or devices. */

/** No file of a run that can be judged is larger. JavaScript strings have a similar limit. */
const MAX_BYTES = 256 * 2 ** 20;

/** Why a file cannot be read, in words that follow its name in a message. */
export class Unreadable extends Error {
  /** Whether the file does not exist. */
  readonly isMissing: boolean;

  constructor(message: string, isMissing = false) {
    super(message);
    this.name = 'Unreadable';
    this.isMissing = isMissing;
  }
}

/** Reads text from a plain file. Refuses a link, a pipe or a device before opening it. Throws Unreadable. */
export const readPlainFile = async (path: string, maxBytes = MAX_BYTES): Promise<string> =>
  await readPlain(path, maxBytes, (file) => file.readFile('utf8'));

/** Reads a plain file as bytes. Throws Unreadable. */
export const readPlainBytes = async (path: string, maxBytes: number): Promise<Uint8Array> =>
  await readPlain(path, maxBytes, (file) => file.readFile());

async function readPlain<T>(
  path: string,
  maxBytes: number,
  read: (file: FileHandle) => Promise<T>,
): Promise<T> {
  try {
    // Another process may replace the file between the check and the open. The open therefore follows no links and does not
    // wait for a pipe.
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

/** Parses the JSON of a plain file. Throws Unreadable. */
export async function readPlainJson(path: string): Promise<unknown> {
  const text = await readPlainFile(path);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Unreadable(`it does not parse: ${(error as Error).message}`);
  }
}

/** Reads and validates stored data of the pipeline. Throws Unreadable with all of its problems. */
export async function readStored<T>(noun: StoredNoun, folder: string): Promise<T> {
  const data = await readPlainJson(join(folder, `${noun}.json`));
  const problems = storedProblems(noun, data);
  if (problems.length > 0) throw new Unreadable(problems.join('; '));
  return data as T;
}

/** Reads optional data; resolves to null if it cannot be read for any reason. */
export const readStoredOrNull = <T>(noun: StoredNoun, folder: string): Promise<T | null> =>
  readStored<T>(noun, folder).catch(nullIfUnreadable);

/** Reads data that no verdict depends on. Resolves to null if it is missing or has a different schema. */
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
