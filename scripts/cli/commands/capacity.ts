import { basename, dirname, join } from 'node:path';
import type { CapacityAsked, CapacityRecord } from '../../../slas/capacity/record.ts';
import { resultOf } from '../../../slas/capacity/result.ts';
import type { SearchSettings } from '../../../slas/capacity/search.ts';
import type { SlaDocument } from '../../../slas/model/model.ts';
import type { Searched } from '../../../slas/render/capacity-by.ts';
import { capacityText, variantsText } from '../../../slas/render/capacity-text.ts';
import { countOf } from '../../../slas/render/numbers.ts';
import { seeded } from '../../../slas/simulation/queues.ts';
import {
  type CapacityOptions,
  checkResume,
  checkScenario,
  type PlannedRate,
  type ReadOptions,
  readCapacityOptions,
} from '../../capacity/options.ts';
import { checkOwnScript, type OwnScript, readOwnScript } from '../../capacity/own-script.ts';
import { historyOf, otherSearches, storedHistory, writeHistory } from '../../capacity/past.ts';
import { writeReports, writeVariants } from '../../capacity/report.ts';
import { newRecord, search, settingsOf } from '../../capacity/search.ts';
import { readRecord, sha256Of, writeRecord } from '../../capacity/storage.ts';
import { isVariable, readVariants, type Variant } from '../../capacity/variants.ts';
import { headOf } from '../../run/environment.ts';
import { nameOf } from '../../run/plan-script.ts';
import { prepareRun, type RunOptions } from '../../run/prepare.ts';
import { createRunFolder, type RunFolder, toJson } from '../../runs/bundle.ts';
import { createRedactor } from '../../runs/redact.ts';
import { runPath } from '../../runs/run-folders.ts';
import type { Register } from '../command.ts';
import { addScenario, SLA_FILE } from '../command.ts';
import {
  accept,
  badOption,
  type Input,
  type PlacedProblem,
  readDocument,
  runsFolder,
  shortPath,
} from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export const register: Register = (program, io, done) => {
  const command = program
    .command('capacity')
    .description(
      'find the highest rate at which every objective holds, confirm it, and report the first bottleneck',
    )
    .option('--sla <file>', SLA_FILE);
  addScenario(command)
    .option('--script <file>', 'a k6 script of yours, sent at the rates of the search, instead of a scenario')
    .option('--target-rate <rate>', 'report how many replicas this rate needs, for example 400/s')
    .option('--weekly-peak <rate>', 'report how much this peak may grow, for example 250/s')
    .option(
      '--history <url>',
      'report when the growth of the traffic that this store of metrics has seen reaches the proven rate',
    )
    .option('--history-weeks <n>', 'how far back to read the history (default: 26, at most 52)')
    .option(
      '--headroom <share>',
      "the share of each replica's capacity to keep free at the target rate or the weekly peak (default: 30%)",
    )
    .option('--budget <duration>', 'the longest time for the whole search (default: 15m)')
    .option('--max-rate <rate>', 'never send more than this, for example 500/s')
    .option('--generators <n>', 'number of k6 processes that share the load (default: 1)')
    .option('--faults <spec>', 'faults to inject into the service that the harness starts, as for gate')
    .option(
      '--target <url>',
      'load a service that is already running (needs --prometheus): on this machine, or allowed by the document',
    )
    .option('--prometheus <url>', 'the Prometheus that scrapes that service (needs --target)')
    .option(
      '--workers <list>',
      'run one search for each number of workers of the service that the harness starts: 1,2',
    )
    .option(
      '--by <variable=list>',
      'run one search for each value of a parameter of the load script: BATCH_SIZE=1,8,32',
    )
    .option('--out <dir>', 'where to create the folder of the search (default: runs/)')
    .option('--resume <run>', 'resume an interrupted search: its folder, or its name under runs/')
    .option('--json', 'print the record of the search as JSON')
    .action(async (options: CapacityOptions) => done(await capacity(options, io)));
};

/** A fixed seed, so that a report always has the same intervals. */
const SEED = 1;

export async function capacity(
  options: CapacityOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const variants = readVariants(options);
  if (!variants.ok) return variants.error;
  const [first, ...others] = variants.value;
  if (options.resume !== undefined || first === undefined) return await single(options, io);
  const asked = readCapacityOptions(options, variants.value.length);
  if (!asked.ok) return asked.error;
  const searched: Searched[] = [];
  for (const variant of [first, ...others]) {
    io.progress(`${variant.name}=${variant.value}`);
    const begun = await begin(options, io, variant, variants.value.length);
    if (!begun.ok) return begun.error;
    const found = await searchOn(begun.value, io);
    if (!found.ok) return found.error;
    searched.push(found.value);
  }
  const scenario = searched[0]!.record.asked.scenario;
  const redactor = createRedactor(io.env, [options.target, options.prometheus]);
  const name = `capacity-${scenario}-by-${first.name.toLowerCase()}`;
  const folder = await createRunFolder(runsFolder(io, options.out), name, redactor, { isRun: false });
  await writeVariants(searched, folder, io);
  io.print(options.json === true ? toJson(searched.map(({ record }) => record)) : variantsText(searched));
  return searched.every(({ result }) => result.answer?.ok === true) ? 0 : 3;
}

async function single(options: CapacityOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const begun = options.resume === undefined ? await begin(options, io) : await resume(options, io);
  if (!begun.ok) return begun.error;
  const found = await searchOn(begun.value, io);
  if (!found.ok) return found.error;
  const { record, result } = found.value;
  io.print(options.json === true ? toJson(record) : capacityText(record, result));
  return result.answer?.ok === true ? 0 : 3;
}

async function searchOn({ record: begun, folder, options, script }: Begun, io: Io): Promise<Input<Searched>> {
  const { variant } = begun.asked;
  const own = variant === undefined ? io : { ...io, env: { ...io.env, [variant.name]: variant.value } };
  const found = await search(begun, folder, options, script, own).catch((error: unknown) => {
    io.progress(`resume with: ./sla capacity --resume "${shortPath(io, folder.path)}"`);
    throw error;
  });
  if (!found.ok) return found;
  const record = found.value;
  const parent = dirname(folder.path);
  const known = { history: await storedHistory(folder.path), others: await otherSearches(parent) };
  const result = resultOf(record, seeded(SEED), known);
  await writeRecord(folder, record);
  await writeReports(record, result, folder, io);
  return accept({ record, result });
}

interface Begun {
  readonly record: CapacityRecord;
  readonly folder: RunFolder;
  readonly options: RunOptions;
  readonly script: OwnScript | null;
}

/** @param searches the number of searches that share the time budget */
async function begin(
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
  const settings = settingsOf(
    read.value.document,
    planned.perSecond,
    boundsOf(asked.value, read.value.document, options),
  );
  const own = runOptionsOf({ ...options, ...(script === null ? { scenario: planned.name } : {}) });
  const possible = await checkSent(settings, own, script, io);
  if (!possible.ok) return possible;
  const history = await historyOf(asked.value.history, read.value.document, io);
  if (!history.ok) return history;
  const redactor = createRedactor(io.env, [options.target, options.prometheus, options.history]);
  const folder = await createRunFolder(runsFolder(io, options.out), `capacity-${planned.name}`, redactor, {
    isRun: false,
  });
  const { targetPerSecond, weeklyPeakPerSecond, headroom } = asked.value;
  const { sla, target, prometheus, generators, maxRate, faults } = options;
  const record = newRecord(
    folder.id,
    read.value,
    {
      scenario: planned.name,
      ...(script === null ? {} : { script: { file: options.script!, sha256: script.sha256 } }),
      headroom,
      ...(targetPerSecond === null ? {} : { targetPerSecond }),
      ...(weeklyPeakPerSecond === null ? {} : { weeklyPeakPerSecond }),
      ...(asked.value.history === null ? {} : { history: asked.value.history }),
      ...(variant === null ? {} : { variant }),
      ...given({ sla, target, prometheus, generators, maxRate, faults }),
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

interface Sent {
  readonly planned: PlannedRate;
  readonly script: OwnScript | null;
}

async function readSent(options: CapacityOptions, document: SlaDocument, io: Io): Promise<Input<Sent>> {
  if (options.script === undefined) {
    const planned = checkScenario(document, options.scenario);
    return planned.ok ? accept({ planned: planned.value, script: null }) : planned;
  }
  const script = await readOwnScript(options.script, options.target, io);
  if (!script.ok) return script;
  const perSecond = script.value.plannedPerSecond ?? DEFAULT_START_PER_SECOND;
  return accept({ planned: { name: nameOf(options.script), perSecond }, script: script.value });
}

/** Checks before anything is sent whether the longest run of the search is allowed. */
async function checkSent(
  settings: SearchSettings,
  options: RunOptions,
  script: OwnScript | null,
  io: Io,
): Promise<Input<unknown>> {
  const load = { ratePerSecond: settings.startPerSecond, seconds: longestSeconds(settings) };
  return script === null
    ? await prepareRun({ ...options, rate: `${load.ratePerSecond}/s`, duration: `${load.seconds}s` }, io)
    : await checkOwnScript(script, load, options, io);
}

/**
 * The duration of the longest run in a search. If it exceeds the limit, that is reported before anything is sent.
 */
const longestSeconds = ({ holdSeconds, stepSeconds }: SearchSettings) =>
  Math.max(2 * holdSeconds, stepSeconds.close);

/** The document's maximum rate applies to a service that was already running. */
const boundsOf = (
  { budgetSeconds, maxPerSecond }: { readonly budgetSeconds: number; readonly maxPerSecond: number | null },
  { service }: { readonly service: { readonly maxRatePerSecond?: number } },
  { target }: CapacityOptions,
) => {
  const all = [maxPerSecond, target === undefined ? null : (service.maxRatePerSecond ?? null)];
  const known = all.filter((one) => one !== null);
  return { budgetSeconds, maxPerSecond: known.length === 0 ? null : Math.min(...known) };
};

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

async function resume(options: CapacityOptions, io: Io): Promise<Input<Begun>> {
  const allowed = checkResume(options);
  if (!allowed.ok) return allowed;
  const asked = readCapacityOptions(options);
  if (!asked.ok) return asked;
  const path = runPath(options.resume, io);
  const stored = await readRecord(path, options.resume!);
  if (!stored.ok) return stored;
  const { variant } = stored.value.asked;
  if (variant !== undefined && !(isVariable(variant.name) && typeof variant.value === 'string'))
    return badOption('--resume', `${options.resume} was altered: start a new search`);
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
  const history = await historyOf(asked.value.history, read.value.document, io);
  if (!history.ok) return history;
  const redactor = createRedactor(io.env, [target, prometheus, options.history]);
  const folder = await createRunFolder(join(path, '..'), '', redactor, { isRun: false, id: basename(path) });
  io.progress(`continuing after ${countOf(stored.value.steps.length, 'step')}`);
  await writeHistory(folder, history.value);
  const { scenario, script: _, ...others } = stored.value.asked;
  const own = runOptionsOf({ ...others, ...(script.value === null ? { scenario } : {}) });
  const record = withHistory({ ...stored.value, settings }, asked.value, options);
  return accept({ record, folder, options: own, script: script.value });
}

/** A stored search may be evaluated again with a different traffic history or headroom. */
function withHistory(
  record: CapacityRecord,
  { history, headroom }: ReadOptions,
  options: CapacityOptions,
): CapacityRecord {
  if (history === null) return record;
  const own = options.headroom === undefined ? {} : { headroom };
  return { ...record, asked: { ...record.asked, history, ...own } };
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
