import { join, resolve } from 'node:path';
import type { CapacityAsked, CapacityRecord } from '../../slas/capacity/record.ts';
import type { SlaDocument } from '../../slas/model/model.ts';
import { accept, type Input, readDocument, runsFolder, shortPath } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { headOf } from '../run/environment.ts';
import { nameOf } from '../run/plan-script.ts';
import type { RunOptions } from '../run/prepare.ts';
import { createRunFolder, type RunFolder } from '../runs/bundle.ts';
import { createRedactor } from '../runs/redact.ts';
import { checkSearch, type Sent } from './check-search.ts';
import { type CapacityOptions, checkScenario, type HistoryAsked, readCapacityOptions } from './options.ts';
import { type OwnScript, readOwnScript } from './own-script.ts';
import { historyOf, writeHistory } from './past.ts';
import { newRecord } from './search.ts';
import { lockNew } from './search-lock.ts';
import { environmentOf, sourcesOf } from './sources.ts';
import { writeRecord } from './storage.ts';
import { checkVariable } from './variable-use.ts';
import { type Variant, workersEachOf } from './variants.ts';

/** Begins a search: reads what it needs, and checks before anything is sent that the search is allowed. */

export interface Begun {
  readonly record: CapacityRecord;
  readonly folder: RunFolder;
  readonly options: RunOptions;
  readonly script: OwnScript | null;
  /** Must be disposed of when the search has ended. */
  readonly lock: AsyncDisposable;
}

/** @param searches the number of searches that share the time budget */
export async function begin(
  options: CapacityOptions,
  io: Io,
  variant: Variant | null = null,
  searches = 1,
): Promise<Input<Begun>> {
  const asked = readCapacityOptions(options, searches);
  if (!asked.ok) return asked;
  const read = await readDocument(io, options.sla);
  if (!read.ok) return read;
  const sent = await readSent(options, read.value.document, io);
  if (!sent.ok) return sent;
  const { planned, script } = sent.value;
  const readers = { script: sent.value.file, service: ownServiceIn(options, io) };
  const isRead = await checkVariable(variant, readers, shortPath(io, sent.value.file));
  if (!isRead.ok) return isRead;
  const own = runOptionsOf({ ...options, ...(script === null ? { scenario: planned.name } : {}) });
  const checked = await checkSearch(options, asked.value, read.value, sent.value, own, io);
  if (!checked.ok) return checked;
  const settings = checked.value;
  const folders = [runsFolder(io, options.out), runsFolder(io, undefined)];
  const history = await historyOf(asked.value.history, read.value.document, folders, io);
  if (!history.ok) return history;
  const redactor = createRedactor(io.env, [options.target, options.prometheus, options.history]);
  const folder = await createRunFolder(runsFolder(io, options.out), `capacity-${planned.name}`, redactor, {
    isRun: false,
  });
  const lock = await lockNew(folder);
  const { targetPerSecond, weeklyPeakPerSecond, headroom } = asked.value;
  const { sla, target, prometheus, generators, maxRate, faults, deployment, context } = options;
  const workersEach = workersEachOf(options, io.env);
  const stored: CapacityAsked = {
    scenario: planned.name,
    ...(script === null ? {} : { script: { file: options.script!, sha256: script.sha256 } }),
    headroom,
    ...(targetPerSecond === null ? {} : { targetPerSecond }),
    ...(weeklyPeakPerSecond === null ? {} : { weeklyPeakPerSecond }),
    ...(asked.value.history === null ? {} : { history: storedAs(asked.value.history, options) }),
    ...(variant === null ? {} : { variant }),
    ...given({ sla, target, prometheus, generators, maxRate, faults, workersEach, deployment, context }),
  };
  const record = {
    ...newRecord(folder.id, read.value, stored, settings, await headOf(io.project)),
    sources: await sourcesOf(sent.value.file, target === undefined, {
      ...io,
      env: environmentOf(stored, io),
    }),
  };
  await writeHistory(folder, history.value);
  await writeRecord(folder, record);
  return accept({ record, folder, options: own, script, lock });
}

/** The start rate for a script that does not plan a rate itself. */
const DEFAULT_START_PER_SECOND = 10;

async function readSent(options: CapacityOptions, document: SlaDocument, io: Io): Promise<Input<Sent>> {
  if (options.script === undefined) {
    const planned = checkScenario(document, options.scenario);
    if (!planned.ok) return planned;
    const own = document.scenarios.find(({ name }) => name === planned.value.name)!;
    return accept({ planned: planned.value, file: resolve(io.project, own.script), script: null });
  }
  const script = await readOwnScript(options.script, options.target, io);
  if (!script.ok) return script;
  const perSecond = script.value.plannedPerSecond ?? DEFAULT_START_PER_SECOND;
  const planned = { name: nameOf(options.script), perSecond };
  return accept({ planned, file: script.value.file, script: script.value });
}

const ownServiceIn = ({ target }: CapacityOptions, { root }: Io) =>
  target === undefined ? join(root, 'service') : null;

type Given<T> = { readonly [Name in keyof T]?: Exclude<T[Name], undefined> };

const given = <T extends object>(values: T): Given<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;

export const runOptionsOf = ({
  sla,
  scenario,
  target,
  prometheus,
  generators,
  maxRate,
  faults,
}: RunOptions): RunOptions => given({ sla, scenario, target, prometheus, generators, maxRate, faults });

/** As the user wrote it, so that the report can print the command. */
export const storedAs = ({ url, weeks }: HistoryAsked, { excludeHistory = [] }: CapacityOptions) => ({
  ...{ url, weeks },
  ...(excludeHistory.length === 0 ? {} : { exclude: excludeHistory }),
});
