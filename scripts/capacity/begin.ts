import { basename, join, resolve } from 'node:path';
import type { CapacityAsked, CapacityRecord } from '../../slas/capacity/record.ts';
import { interruptedIn } from '../../slas/capacity/steps.ts';
import type { SlaDocument } from '../../slas/model/model.ts';
import { countOf } from '../../slas/render/numbers.ts';
import { accept, badOption, type Input, readDocument, runsFolder, shortPath } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { headOf } from '../run/environment.ts';
import { nameOf } from '../run/plan-script.ts';
import type { RunOptions } from '../run/prepare.ts';
import { createRunFolder, type RunFolder } from '../runs/bundle.ts';
import { createRedactor } from '../runs/redact.ts';
import { runPath } from '../runs/run-folders.ts';
import { checkSearch, type Sent } from './check-search.ts';
import {
  type CapacityOptions,
  checkResume,
  checkScenario,
  type HistoryAsked,
  type ReadOptions,
  readCapacityOptions,
} from './options.ts';
import { type OwnScript, readOwnScript } from './own-script.ts';
import { historyOf, writeHistory } from './past.ts';
import { newRecord } from './search.ts';
import { readRecord, sha256Of, writeRecord } from './storage.ts';
import { checkVariable } from './variable-use.ts';
import { isVariant, type Variant, workersEachOf } from './variants.ts';

/** Begins a search, or resumes one: reads what it needs, and checks before anything is sent that the search is allowed. */

export interface Begun {
  readonly record: CapacityRecord;
  readonly folder: RunFolder;
  readonly options: RunOptions;
  readonly script: OwnScript | null;
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
  const { targetPerSecond, weeklyPeakPerSecond, headroom } = asked.value;
  const { sla, target, prometheus, generators, maxRate, faults, deployment, context } = options;
  const workersEach = workersEachOf(options, io.env);
  const record = newRecord(
    folder.id,
    read.value,
    {
      scenario: planned.name,
      ...(script === null ? {} : { script: { file: options.script!, sha256: script.sha256 } }),
      headroom,
      ...(targetPerSecond === null ? {} : { targetPerSecond }),
      ...(weeklyPeakPerSecond === null ? {} : { weeklyPeakPerSecond }),
      ...(asked.value.history === null ? {} : { history: storedAs(asked.value.history, options) }),
      ...(variant === null ? {} : { variant }),
      ...given({ sla, target, prometheus, generators, maxRate, faults, workersEach, deployment, context }),
    },
    settings,
    await headOf(io.project),
  );
  await writeHistory(folder, history.value);
  await writeRecord(folder, record);
  return accept({ record, folder, options: own, script });
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

const runOptionsOf = ({
  sla,
  scenario,
  target,
  prometheus,
  generators,
  maxRate,
  faults,
}: RunOptions): RunOptions => given({ sla, scenario, target, prometheus, generators, maxRate, faults });

export async function resume(options: CapacityOptions, io: Io): Promise<Input<Begun>> {
  const allowed = checkResume(options);
  if (!allowed.ok) return allowed;
  const asked = readCapacityOptions(options);
  if (!asked.ok) return asked;
  const path = runPath(options.resume, io);
  const stored = await readRecord(path, options.resume!);
  if (!stored.ok) return stored;
  if (!isVariant(stored.value.asked))
    return badOption('--resume', `${options.resume} has been altered: start a new search`);
  const read = await readDocument(io, stored.value.asked.sla);
  if (!read.ok) return read;
  if (sha256Of(read.value.text) !== stored.value.documentSha256)
    return badOption(
      '--resume',
      `the SLA document has changed since this search began, so its steps cannot be compared: start a new search`,
    );
  const script = await resumedScript(stored.value.asked, io);
  if (!script.ok) return script;
  const settings =
    options.budget === undefined
      ? stored.value.settings
      : { ...stored.value.settings, budgetSeconds: asked.value.budgetSeconds };
  const { target, prometheus } = stored.value.asked;
  const folders = [join(path, '..'), runsFolder(io, undefined)];
  const history = await historyOf(asked.value.history, read.value.document, folders, io);
  if (!history.ok) return history;
  const redactor = createRedactor(io.env, [target, prometheus, options.history]);
  const folder = await createRunFolder(join(path, '..'), '', redactor, { isRun: false, id: basename(path) });
  io.progress(`continuing after ${countOf(stored.value.steps.length, 'step')}`);
  await writeHistory(folder, history.value);
  const { scenario, script: _, ...others } = stored.value.asked;
  const own = runOptionsOf({ ...others, ...(script.value === null ? { scenario } : {}) });
  const found = interruptedIn({ ...stored.value, settings }, null);
  const record = withHistory(found, asked.value, options);
  return accept({ record, folder, options: own, script: script.value });
}

/** As the user wrote it, so that the report can print the command. */
const storedAs = ({ url, weeks }: HistoryAsked, { excludeHistory = [] }: CapacityOptions) => ({
  ...{ url, weeks },
  ...(excludeHistory.length === 0 ? {} : { exclude: excludeHistory }),
});

/** A stored search may be evaluated again with a different traffic history or headroom. */
function withHistory(
  record: CapacityRecord,
  { history, headroom }: ReadOptions,
  options: CapacityOptions,
): CapacityRecord {
  if (history === null) return record;
  const own = options.headroom === undefined ? {} : { headroom };
  return { ...record, asked: { ...record.asked, history: storedAs(history, options), ...own } };
}

async function resumedScript({ script, target }: CapacityAsked, io: Io): Promise<Input<OwnScript | null>> {
  if (script === undefined) return accept(null);
  const read = await readOwnScript(script.file, target, io);
  if (!read.ok || read.value.sha256 === script.sha256) return read;
  return badOption(
    '--resume',
    `${script.file} has changed since this search began, so its steps cannot be compared: start a new search`,
  );
}
