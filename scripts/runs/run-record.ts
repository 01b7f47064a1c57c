import { join } from 'node:path';
import { CLIENT_FILE } from '../../slas/client/file.ts';
import {
  hasClientFile,
  restored,
  type StoredProblem,
  type StoredRunRecord,
  storedFiles,
} from '../../slas/client/stored.ts';
import type { RunRecord } from '../../slas/model/model.ts';
import { fail, type Result } from '../../slas/model/result.ts';
import { readPlainBytes, readStored, Unreadable } from './stored-files.ts';

/** Reads and writes a run record: run.json and, if the client recorded its requests, client.bin. */

/** Enough for 44 million requests. */
const MAX_CLIENT_BYTES = 2 ** 30;

/** The contents of the record's files, by file name. `toJson` serialises run.json. */
export function runFiles(
  run: RunRecord,
  toJson: (data: unknown) => string,
): Readonly<Record<string, string | Uint8Array>> {
  const { run: stored, client } = storedFiles(run);
  return { 'run.json': toJson(stored), ...(client === null ? {} : { [CLIENT_FILE]: client }) };
}

/** Reads the record, or returns the file that cannot be read and why. */
export async function readRunRecord(folder: string): Promise<Result<RunRecord, StoredProblem>> {
  let file: StoredProblem['file'] = 'run.json';
  try {
    const run = await readStored<StoredRunRecord>('run', folder);
    file = CLIENT_FILE;
    const bytes = hasClientFile(run) ? await readPlainBytes(join(folder, file), MAX_CLIENT_BYTES) : null;
    return restored(run, bytes);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return fail({ file, message: error.message });
  }
}
