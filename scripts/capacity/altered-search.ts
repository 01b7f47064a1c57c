import { randomUUID } from 'node:crypto';
import { cp, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { CapacityRecord } from '../../slas/capacity/record.ts';
import { toJson } from '../runs/bundle.ts';
import { slaHere, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { CAPACITY_FILES } from './storage.ts';
import { FINISHED, type MadeSearch, makeSearch } from './test-search.ts';

/** Copies of a stored search with an altered record, for tests. */

export type Change = (record: CapacityRecord) => object;

/** Creates the copy in a folder of its own in `parent`. */
export async function alteredCopy(
  { path, record }: MadeSearch,
  parent: string,
  change: Change = (same) => same,
): Promise<string> {
  const copy = join(parent, randomUUID(), basename(path));
  await cp(path, copy, { recursive: true });
  await writeFile(join(copy, CAPACITY_FILES.record), toJson(change(record)));
  return copy;
}

export interface Fixture {
  /** Of this test file. */
  readonly folder: TemporaryFolder;
  readonly made: MadeSearch;
  /** Resolves to the path of the copy. */
  readonly altered: (change?: Change) => Promise<string>;
}

/** Creates a finished search before the tests of the file that calls this, and removes it and its copies afterwards. */
export function finishedSearch(changes: Partial<CapacityRecord> = {}): Fixture {
  let folder: TemporaryFolder;
  let made: MadeSearch;
  beforeAll(async () => {
    folder = await temporaryFolder();
    made = await makeSearch(join(folder.path, 'made'), FINISHED, changes);
  });
  afterAll(() => folder[Symbol.asyncDispose]());
  return {
    get folder() {
      return folder;
    },
    get made() {
      return made;
    },
    altered: (change) => alteredCopy(made, folder.path, change),
  };
}

export const resumed = (path: string, ...args: readonly string[]) =>
  slaHere(['capacity', '--resume', path, ...args]);

export const withStep =
  (index: number, change: object): Change =>
  (record) => ({
    ...record,
    steps: record.steps.map((step, at) => (at === index ? { ...step, ...change } : step)),
  });

export const withFigures =
  (index: number, change: object): Change =>
  (record) =>
    withStep(index, { figures: { ...record.steps[index]!.figures, ...change } })(record);

export const withAsked =
  (change: object): Change =>
  (record) => ({ ...record, asked: { ...record.asked, ...change } });

export const withSettings =
  (change: object): Change =>
  (record) => ({ ...record, settings: { ...record.settings, ...change } });
