import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CapacityRecord } from '../../slas/capacity/record.ts';
import { fail, ok, type Result } from '../../slas/model/result.ts';
import type { RunFolder } from '../runs/bundle.ts';
import { readStored, Unreadable } from '../runs/stored-files.ts';
import { recordProblems } from './record-problems.ts';

/** The folder of a search contains its record, its report, and the run folders of its steps. */

export const isSearch = (folder: string): boolean => folder.includes('-capacity-');

/** The names of the folders of searches in a folder of runs. */
export const searchesIn = async (parent: string): Promise<readonly string[]> =>
  (await readdir(parent).catch(() => [])).filter(isSearch);

export const CAPACITY_FILES = {
  record: 'capacity.json',
  history: 'traffic.json',
  report: 'capacity.html',
  markdown: 'capacity.md',
  patch: 'k8s-patch.yaml',
  steps: 'steps',
} as const;

export const isSearchFolder = (path: string): boolean => existsSync(join(path, CAPACITY_FILES.record));

/** The report of several searches. */
export const VARIANT_FILES = { report: 'capacity-by.html', markdown: 'capacity-by.md' } as const;

export const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex');

/** The record is written completely after every step, so that an interrupted search can be resumed. */
export const writeRecord = (folder: Pick<RunFolder, 'writeJson'>, record: CapacityRecord) =>
  folder.writeJson(CAPACITY_FILES.record, record);

/** Why a folder has no record that can be used. */
export interface NoRecord {
  /** There is no capacity.json: the folder may be something else. */
  readonly isMissing: boolean;
  /** In words that follow the file's name. */
  readonly message: string;
}

/** Reads the record of a search. The folder may come from another user or be damaged, so every field is checked. */
export async function readRecord(path: string): Promise<Result<CapacityRecord, NoRecord>> {
  try {
    const record = await readStored<CapacityRecord>('capacity', path);
    const [problem] = recordProblems(record);
    return problem === undefined ? ok(record) : fail({ isMissing: false, message: problem });
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return fail({ isMissing: error.isMissing, message: error.message });
  }
}
