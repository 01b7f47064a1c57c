import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { isSentimentService } from '../../dashboards/own-service-panels.ts';
import type { CapacityRecord } from '../../slas/capacity/record.ts';
import { nextOf } from '../../slas/capacity/search.ts';
import { interruptedIn } from '../../slas/capacity/steps.ts';
import type { SlaDocument } from '../../slas/model/model.ts';
import { countOf } from '../../slas/render/numbers.ts';
import { accept, badOption, type Input, type ReadDocument, readDocument, runsFolder } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { nameOf } from '../run/plan-script.ts';
import { createRunFolder } from '../runs/bundle.ts';
import { createRedactor } from '../runs/redact.ts';
import { runPath } from '../runs/run-folders.ts';
import { type Begun, runOptionsOf, storedAs } from './begin.ts';
import {
  type CapacityOptions,
  checkResume,
  checkScenario,
  type ReadOptions,
  readCapacityOptions,
} from './options.ts';
import { type OwnScript, readOwnScript } from './own-script.ts';
import { historyOf, storedHistory, writeHistory } from './past.ts';
import { lockSearch } from './search-lock.ts';
import { confidenceOf } from './settings.ts';
import { changesSince, environmentOf, sourcesOf } from './sources.ts';
import { CAPACITY_FILES, isSearchFolder, readRecord, sha256Of } from './storage.ts';
import { differenceFromRuns } from './stored-steps.ts';

/** Resumes a stored search. Before anything is sent or written, the stored search is checked against its own runs. */

export async function resume(options: CapacityOptions, io: Io): Promise<Input<Begun>> {
  const allowed = checkResume(options);
  if (!allowed.ok) return allowed;
  const early = readCapacityOptions(options);
  if (!early.ok) return early;
  const shown = options.resume === '' ? '""' : options.resume!;
  const path = resolve(runPath(options.resume, io));
  if (!isSearchFolder(path))
    return badOption(
      '--resume',
      `${shown} is not the folder of a search: ${existsSync(path) && options.resume !== '' ? `it has no ${CAPACITY_FILES.record}` : 'there is no such folder'}; name one that ./sla capacity created under runs/`,
    );
  await using cleanup = new AsyncDisposableStack();
  const lock = await lockSearch(path, shown);
  if (!lock.ok) return lock;
  cleanup.use(lock.value);
  const begun = await resumeIn(path, shown, options, io);
  return begun.ok ? accept({ ...begun.value, lock: cleanup.move() }) : begun;
}

async function resumeIn(
  path: string,
  shown: string,
  options: CapacityOptions,
  io: Io,
): Promise<Input<Omit<Begun, 'lock'>>> {
  const stored = await readStoredSearch(path, shown, io);
  if (!stored.ok) return stored;
  const { record: begun, read } = stored.value;
  const asked = changedOptions(options, begun);
  if (!asked.ok) return asked;
  const settings =
    options.budget === undefined
      ? begun.settings
      : { ...begun.settings, budgetSeconds: asked.value.budgetSeconds };
  const record = withHistory(interruptedIn({ ...begun, settings }, null), asked.value, options);
  const isFinished = 'answer' in nextOf(settings, record.steps);
  const script = isFinished ? accept(null) : await sameLoad(record, read.document, shown, io);
  if (!script.ok) return script;
  if (
    asked.value.history === null &&
    begun.asked.history !== undefined &&
    (await storedHistory(begun, path)) === null
  )
    return badOption(
      '--resume',
      `${shown}/${CAPACITY_FILES.history} is missing or damaged, so the growth cannot be reported: read the history again with --history ${begun.asked.history.url}`,
    );
  const { target, prometheus } = record.asked;
  const history = await historyOf(
    asked.value.history,
    read.document,
    [dirname(path), runsFolder(io, undefined)],
    io,
  );
  if (!history.ok) return history;
  const redactor = createRedactor(io.env, [target, prometheus, options.history]);
  const folder = await createRunFolder(dirname(path), '', redactor, { isRun: false, id: basename(path) });
  const after = `after ${countOf(record.steps.length, 'step')}`;
  io.progress(
    isFinished
      ? `the search is finished ${after}: only its report is written again`
      : `the search continues ${after}`,
  );
  await writeHistory(folder, history.value);
  const { scenario, script: _, ...others } = record.asked;
  const own = runOptionsOf({ ...others, ...(script.value === null ? { scenario } : {}) });
  return accept({ record, folder, options: own, script: script.value });
}

// ---------------------------------------------------------------------------------------------- the stored search

interface StoredSearch {
  readonly record: CapacityRecord;
  readonly read: ReadDocument;
}

async function readStoredSearch(path: string, shown: string, io: Io): Promise<Input<StoredSearch>> {
  const stored = await readRecord(path);
  if (!stored.ok)
    return badOption(
      '--resume',
      `${shown}/${CAPACITY_FILES.record} was altered, or was not written by this version of ./sla capacity (${stored.error.message}): start a new search`,
    );
  const record = stored.value;
  const read = await readDocument(io, record.asked.sla);
  if (!read.ok) return read;
  if (sha256Of(read.value.text) !== record.documentSha256)
    return badOption(
      '--resume',
      'the SLA document has changed since this search began, so its steps cannot be compared: start a new search',
    );
  const wrong = differenceFrom(read.value.document, record) ?? (await checkRuns(record, path, io));
  return wrong === null
    ? accept({ record, read: read.value })
    : badOption(
        '--resume',
        `${shown}/${CAPACITY_FILES.record} was altered, or its steps were: ${wrong}: start a new search`,
      );
}

async function checkRuns(record: CapacityRecord, path: string, io: Io): Promise<string | null> {
  const { length } = record.steps.filter(({ run }) => run !== null);
  if (length > 0) io.progress(`checking ${countOf(length, 'stored run')}`);
  return await differenceFromRuns(record, path, io);
}

/** What the record says about the document that is not so; null: nothing. */
function differenceFrom(document: SlaDocument, record: CapacityRecord): string | null {
  const { asked, settings, sla, workload } = record;
  if (sla !== document.name) return `sla: it is ${document.name} in the document, not ${sla}`;
  if ((workload !== undefined) !== isSentimentService(document))
    return 'workload: it is not that of the document';
  const confidence = confidenceOf(document);
  if (settings.confidence !== confidence)
    return `settings.confidence: it is ${confidence} in the document, not ${settings.confidence}`;
  const times = readCapacityOptions({
    hold: `${settings.holdSeconds}s`,
    budget: `${settings.budgetSeconds}s`,
  });
  if (!times.ok) return `settings: ${times.error[0]!.message}`;
  if (asked.script !== undefined)
    return nameOf(asked.script.file) === asked.scenario
      ? null
      : 'asked.scenario: it is not the name of the script';
  const scenario = checkScenario(document, asked.scenario);
  return scenario.ok ? null : `asked.scenario: ${scenario.error[0]!.message}`;
}

// ---------------------------------------------------------------------------------------------- what may change

/** The options that the user gave to change the search, read for the holds of this search. */
function changedOptions(options: CapacityOptions, { settings }: CapacityRecord): Input<ReadOptions> {
  if (options.budget === undefined) return readCapacityOptions(options);
  return readCapacityOptions({ ...options, hold: `${settings.holdSeconds}s` });
}

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

/** Checks that further steps would load the same service in the same way as the earlier ones. */
async function sameLoad(
  record: CapacityRecord,
  document: SlaDocument,
  shown: string,
  io: Io,
): Promise<Input<OwnScript | null>> {
  const { asked } = record;
  const script =
    asked.script === undefined ? accept(null) : await readOwnScript(asked.script.file, asked.target, io);
  if (!script.ok) return script;
  if (script.value !== null && script.value.sha256 !== asked.script?.sha256)
    return badOption(
      '--resume',
      `${asked.script!.file} has changed since this search began, so its steps cannot be compared: start a new search`,
    );
  const file = script.value?.file ?? resolve(io.project, scriptOf(asked.scenario, document));
  const env = environmentOf(asked, io);
  const now = await sourcesOf(file, asked.target === undefined, { ...io, env });
  const changes = await changesSince(record, now, io);
  return changes.length === 0
    ? script
    : badOption(
        '--resume',
        `further steps of ${shown} would not measure the same as its earlier ones: ${changes.join('; ')}. Restore this, or start a new search`,
      );
}

const scriptOf = (scenario: string, { scenarios }: SlaDocument) =>
  scenarios.find(({ name }) => name === scenario)!.script;
