import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CapacityRecord } from '../../slas/capacity/record.ts';
import type { NearLimit } from '../../slas/capacity/search.ts';
import { accept, badOption, type Input } from '../cli/inputs.ts';
import type { RunFolder } from '../runs/bundle.ts';
import { readPlainJson, Unreadable } from '../runs/stored-files.ts';

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

/** The report of several searches. */
export const VARIANT_FILES = { report: 'capacity-by.html', markdown: 'capacity-by.md' } as const;

export const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex');

/** The record is written completely after every step, so that an interrupted search can be resumed. */
export const writeRecord = (folder: Pick<RunFolder, 'writeJson'>, record: CapacityRecord) =>
  folder.writeJson(CAPACITY_FILES.record, record);

/** The folder may come from another user or be damaged. A value that is not a number could make the search endless. */
function isRecord(record: CapacityRecord | null): boolean {
  if (record?.schema !== 'sla-harness/capacity/v1' || !Array.isArray(record.steps)) return false;
  const { settings, asked, steps } = record;
  const positive = [
    ...[settings?.startPerSecond, settings?.minPerSecond, settings?.maxPerSecond, settings?.confidence],
    ...steps.map((step) => step?.ratePerSecond),
  ];
  const numbers = [
    ...[settings?.holdSeconds, settings?.budgetSeconds, settings?.aroundSeconds],
    ...[settings?.stepSeconds?.min, settings?.stepSeconds?.max, settings?.stepSeconds?.close],
    settings?.stepSeconds?.climb ?? 0,
    ...steps.flatMap((step) => [step?.tookSeconds, step?.maxSeconds]),
    ...steps.flatMap((step) => (step?.near === undefined ? [] : numbersIn(step.near))),
  ];
  const isKnown = steps.every(
    (step) => ['step', 'hold'].includes(step?.kind) && OUTCOMES.includes(step?.outcome),
  );
  const { script } = asked ?? {};
  const isScript =
    script === undefined || [script?.file, script?.sha256].every((one) => typeof one === 'string');
  return (
    isKnown &&
    isScript &&
    typeof asked?.scenario === 'string' &&
    settings.confidence < 1 &&
    positive.every((one) => Number.isFinite(one) && one > 0) &&
    numbers.every((one) => Number.isFinite(one) && one >= 0)
  );
}

const numbersIn = (near: NearLimit) => [
  ...[near?.used, near?.budget, near?.independent, near?.seconds],
  ...(near?.hardest === undefined ? [] : [near.hardest?.budget, near.hardest?.independent]),
];

const OUTCOMES = ['met', 'missed', 'undecided', 'invalid'];

export async function readRecord(path: string, shown: string): Promise<Input<CapacityRecord>> {
  const file = join(path, CAPACITY_FILES.record);
  try {
    const record = (await readPlainJson(file)) as CapacityRecord;
    if (isRecord(record)) return accept(record);
    return badOption(
      '--resume',
      `${shown} was altered, or was not written by this version of ./sla capacity: start a new search`,
    );
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return badOption(
      '--resume',
      `${shown} is not the folder of a search (${error.message}): name one that ./sla capacity created under runs/`,
    );
  }
}
