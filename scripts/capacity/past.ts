import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CapacityRecord } from '../../slas/capacity/record.ts';
import type { History, Hour } from '../../slas/capacity/traffic/model.ts';
import type { SlaDocument } from '../../slas/model/model.ts';
import { planWindow } from '../../slas/plan/plan.ts';
import { accept, badOption, type Input } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { askerOf, checkAccess } from '../run/prometheus-access.ts';
import type { RunFolder } from '../runs/bundle.ts';
import { readOptional } from '../runs/stored-files.ts';
import { readHistory } from './history.ts';
import type { HistoryAsked } from './options.ts';
import { CAPACITY_FILES, readRecord } from './storage.ts';

/** Reads what a search is compared with: the past traffic of the service, and earlier searches. */

/** Reads the history before the search begins, so that the load of the search does not count as traffic. */
export async function historyOf(
  asked: HistoryAsked | null,
  document: SlaDocument,
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
  const question = { requests, up, weeks: asked.weeks, nowSeconds: Date.now() / 1000 };
  return await readHistory(question, askerOf(asked.url, io));
}

export const writeHistory = async (folder: Pick<RunFolder, 'writeJson'>, history: History | null) => {
  if (history !== null) await folder.writeJson(CAPACITY_FILES.history, history);
};

/** null if no history was read, or if the file was altered. */
export async function storedHistory(path: string): Promise<History | null> {
  const history = await readOptional<History>(CAPACITY_FILES.history, path);
  return history !== null && isHistory(history) ? history : null;
}

function isHistory({ schema, requests, copiedBy, doubtfulDays, traffic }: History): boolean {
  const { fromSeconds, hours, replicas } = traffic ?? {};
  const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
  const isHour = (hour: Hour) =>
    isNumber(hour?.atLeastPerSecond) &&
    [hour.perSecond, hour.busiestPerSecond].every((one) => one === null || isNumber(one));
  return (
    schema === 'sla-harness/traffic/v1' &&
    typeof requests === 'string' &&
    Array.isArray(copiedBy) &&
    copiedBy.every((one) => typeof one === 'string') &&
    [doubtfulDays, fromSeconds].every(isNumber) &&
    (replicas === null || isNumber(replicas)) &&
    Array.isArray(hours) &&
    hours.every(isHour)
  );
}

/** The searches that are stored in a folder of runs. */
export async function otherSearches(parent: string): Promise<readonly CapacityRecord[]> {
  const folders = (await readdir(parent).catch(() => [])).filter((one) => one.includes('-capacity-'));
  const records = await Promise.all(folders.map((one) => readRecord(join(parent, one), one)));
  return records.flatMap((one) => (one.ok ? [one.value] : []));
}
