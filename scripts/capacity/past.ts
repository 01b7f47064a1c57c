import { join } from 'node:path';
import type { CapacityRecord } from '../../slas/capacity/record.ts';
import { type History, type LoadTests, WEEK_SECONDS } from '../../slas/capacity/traffic/model.ts';
import { merged } from '../../slas/capacity/traffic/periods.ts';
import type { SlaDocument } from '../../slas/model/model.ts';
import { planWindow } from '../../slas/plan/plan.ts';
import { printableLine } from '../../slas/render/printable.ts';
import { accept, badOption, type Input } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { askerOf, checkAccess } from '../run/prometheus-access.ts';
import type { RunFolder } from '../runs/bundle.ts';
import { readStoredOrNull } from '../runs/stored-files.ts';
import { readHistory } from './history.ts';
import { loadTestsIn } from './load-tests.ts';
import type { HistoryAsked } from './options.ts';
import { CAPACITY_FILES, readRecord, searchesIn } from './storage.ts';

/** Reads what a search is compared with: the past traffic of the service, and earlier searches. */

/**
 * Reads the history before the search begins. Requests of load tests do not count as traffic.
 *
 * @param folders folders of runs
 */
export async function historyOf(
  asked: HistoryAsked | null,
  document: SlaDocument,
  folders: readonly string[],
  io: Io,
): Promise<Input<History | null>> {
  if (asked === null) return accept(null);
  const problems = checkAccess(io.env, io.cwd);
  if (problems.length > 0) return { ok: false, error: problems };
  const { requests, up } = planWindow(document);
  if (requests === null)
    return badOption(
      '--history',
      'the SLA document names no request counter: add service.requests (./sla init writes it)',
    );
  io.progress(`reading up to ${asked.weeks} weeks of ${requests}`);
  const nowSeconds = Date.now() / 1000;
  const question = { requests, up, weeks: asked.weeks, nowSeconds };
  const loadTests = await loadTestsOf(asked, document, folders, nowSeconds);
  return await readHistory(
    { ...question, ...(loadTests === null ? {} : { loadTests }) },
    askerOf(asked.url, io),
  );
}

async function loadTestsOf(
  { weeks, exclude }: HistoryAsked,
  document: SlaDocument,
  folders: readonly string[],
  nowSeconds: number,
): Promise<LoadTests | null> {
  const runs = await loadTestsIn(folders, document, nowSeconds - weeks * WEEK_SECONDS);
  const periods = merged([...runs, ...exclude]);
  return periods.length === 0 ? null : { runs: runs.length, named: exclude.length, periods };
}

export const writeHistory = async (folder: Pick<RunFolder, 'writeJson'>, history: History | null) => {
  if (history !== null) await folder.writeJson(CAPACITY_FILES.history, history);
};

/** null if no history was read, or if its file is damaged. */
export const storedHistory = ({ asked }: CapacityRecord, path: string): Promise<History | null> =>
  asked.history === undefined ? Promise.resolve(null) : readStoredOrNull<History>('traffic', path);

/** The searches that are stored in a folder of runs. A folder without a record is not the folder of a search. */
export async function otherSearches(
  parent: string,
  io: Pick<Io, 'progress'>,
): Promise<readonly CapacityRecord[]> {
  const folders = await searchesIn(parent);
  const records = await Promise.all(folders.map((one) => readRecord(join(parent, one))));
  for (const [index, one] of records.entries())
    if (!one.ok && !one.error.isMissing)
      io.progress(
        `the search ${printableLine(folders[index]!)} is not compared: its ${CAPACITY_FILES.record} is damaged, or was not written by this version (${printableLine(one.error.message)})`,
      );
  return records.flatMap((one) => (one.ok ? [one.value] : []));
}
