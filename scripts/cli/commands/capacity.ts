import { dirname } from 'node:path';
import type { CapacityRecord } from '../../../slas/capacity/record.ts';
import { resultOf } from '../../../slas/capacity/result.ts';
import type { Searched } from '../../../slas/render/capacity-by.ts';
import { capacityText, variantsText } from '../../../slas/render/capacity-text.ts';
import { seeded } from '../../../slas/simulation/queues.ts';
import { type Begun, begin } from '../../capacity/begin.ts';
import { Scaling } from '../../capacity/deployment.ts';
import { changedBetween, isLoadSent } from '../../capacity/ended-early.ts';
import { type CapacityOptions, readCapacityOptions } from '../../capacity/options.ts';
import { otherSearches, storedHistory } from '../../capacity/past.ts';
import { SEED, writeReports, writeVariants } from '../../capacity/report.ts';
import { resume } from '../../capacity/resume.ts';
import { search } from '../../capacity/search.ts';
import { environmentOf } from '../../capacity/sources.ts';
import { CAPACITY_FILES, readRecord, writeRecord } from '../../capacity/storage.ts';
import { readVariants, type Variant } from '../../capacity/variants.ts';
import { createRunFolder, type RunFolder, toJson } from '../../runs/bundle.ts';
import { createRedactor } from '../../runs/redact.ts';
import type { Register } from '../command.ts';
import { addScenario, SLA_FILE } from '../command.ts';
import { HarnessError } from '../errors.ts';
import { accept, formatProblem, type Input, type PlacedProblem, runsFolder, shortPath } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export const register: Register = (program, io, done) => {
  const command = program
    .command('capacity')
    .description(
      'find the highest rate at which every objective holds, confirm it, and report the first bottleneck',
    )
    .option('--sla <file>', SLA_FILE);
  addScenario(command)
    .option('--script <file>', 'your own k6 script, run at the rates of the search, instead of a scenario')
    .option('--target-rate <rate>', 'report how many replicas this rate needs, for example 400/s')
    .option('--weekly-peak <rate>', 'report how much this peak may grow, for example 250/s')
    .option(
      '--history <url>',
      'read past traffic from this metrics store, and report when its growth reaches the proven rate',
    )
    .option('--history-weeks <n>', 'how far back to read the history (default: 26, at most 52)')
    .option(
      '--exclude-history <from/to>',
      'the period of a load test in the history that this harness did not run; may be repeated',
      (value: string, before: readonly string[] = []) => [...before, value],
    )
    .option(
      '--headroom <share>',
      "the share of each replica's capacity to keep free at the target rate or the weekly peak (default: 30%)",
    )
    .option(
      '--budget <duration>',
      'the maximum time for the whole search (default: 15m); it must be at least 1m longer than --hold',
    )
    .option(
      '--hold <duration>',
      'the minimum duration of a hold (default: 2m); longer holds give a narrower interval if the budget allows',
    )
    .option('--max-rate <rate>', 'the maximum rate to send, for example 500/s')
    .option('--generators <n>', 'number of k6 processes that share the load (default: 1)')
    .option('--faults <spec>', 'faults to inject into the service that the harness starts, as for gate')
    .option(
      '--target <url>',
      'load a service that is already running (needs --prometheus): on this machine, or allowed by the document',
    )
    .option('--prometheus <url>', 'the Prometheus that scrapes that service (needs --target)')
    .option(
      '--workers <list>',
      'run one search for each number of workers of the service that the harness starts, for example 1,2',
    )
    .option(
      '--replicas <list>',
      'run one search for each number of replicas of the service that the harness starts, or of --deployment, for example 1,2',
    )
    .option(
      '--deployment <namespace/name>',
      'with --replicas and --target: the Deployment to scale with kubectl; it is scaled back afterwards',
    )
    .option('--context <name>', 'with --deployment: a context of the kubeconfig (default: the current one)')
    .option(
      '--by <variable=list>',
      'run one search for each value of a parameter of the load script, for example BATCH_SIZE=1,8,32',
    )
    .option('--out <dir>', 'where to create the folder of the search (default: runs/)')
    .option(
      '--resume <run>',
      'resume an interrupted search, or report a finished one again: its folder, or its name under runs/',
    )
    .option('--json', 'print the record of the search as JSON')
    .action(async (options: CapacityOptions) => done(await capacity(options, io)));
};

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
  try {
    await using scaling = new Scaling();
    for (const variant of [first, ...others]) {
      io.progress(`${variant.name}=${variant.value}`);
      const begun = await begin(options, io, variant, variants.value.length);
      if (!begun.ok) return stopped(begun.error, searched, io);
      await using _lock = begun.value.lock;
      const { record } = begun.value;
      const changed = changedBetween(searched[0]?.record ?? record, record, options);
      if (changed.length > 0) return stopped(changed, searched, io);
      const found = await searchOn(begun.value, scaling, io);
      if (!found.ok) return stopped(found.error, searched, io);
      searched.push(found.value);
    }
  } finally {
    // If a later search fails, the results of those that ended are kept.
    await compare(searched, variants.value, options, io);
  }
  io.print(options.json === true ? toJson(searched.map(({ record }) => record)) : variantsText(searched));
  return searched.every(({ result }) => result.answer?.ok === true) ? 0 : 3;
}

/** Exit code 2 says that nothing was sent. */
function stopped(
  problems: readonly PlacedProblem[],
  searched: readonly Searched[],
  io: Io,
): ExitCode | readonly PlacedProblem[] {
  if (searched.length === 0) return problems;
  for (const problem of problems) io.progress(formatProblem(problem));
  return 3;
}

/** Writes the report of several searches, even if some of them did not end. A single one has its own report. */
async function compare(
  searched: readonly Searched[],
  variants: readonly Variant[],
  options: CapacityOptions,
  io: Io,
): Promise<void> {
  const [first] = searched;
  if (first === undefined || (searched.length === 1 && variants.length > 1)) return;
  const { scenario } = first.record.asked;
  const redactor = createRedactor(io.env, [options.target, options.prometheus]);
  const name = `capacity-${scenario}-by-${variants[0]!.name.toLowerCase()}`;
  const folder = await createRunFolder(runsFolder(io, options.out), name, redactor, { isRun: false });
  const missing = variants.slice(searched.length).map(({ value }) => value);
  await writeVariants(searched, missing, folder, io);
}

async function single(options: CapacityOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const begun = options.resume === undefined ? await begin(options, io) : await resume(options, io);
  if (!begun.ok) return begun.error;
  await using _lock = begun.value.lock;
  await using scaling = new Scaling();
  const found = await searchOn(begun.value, scaling, io);
  if (!found.ok) return found.error;
  const { record, result } = found.value;
  io.print(options.json === true ? toJson(record) : capacityText(record, result));
  return result.answer?.ok === true ? 0 : 3;
}

async function searchOn(
  { record: begun, folder, options, script }: Begun,
  scaling: Scaling,
  io: Io,
): Promise<Input<Searched>> {
  const own = { ...io, env: environmentOf(begun.asked, io) };
  const found = await search(begun, folder, options, script, scaling, own).catch(async (error: unknown) => {
    if (!isInterrupted(io)) await reportSoFar(folder, io);
    io.progress(`resume with: ./sla capacity --resume "${shortPath(io, folder.path)}"`);
    throw error;
  });
  if (!found.ok) return found;
  await writeRecord(folder, found.value);
  return accept(await report(found.value, folder, io));
}

async function report(record: CapacityRecord, folder: RunFolder, io: Io): Promise<Searched> {
  const parent = dirname(folder.path);
  const history = await storedHistory(record, folder.path);
  if (history === null && record.asked.history !== undefined)
    io.progress(`${CAPACITY_FILES.history} is missing or damaged: the report does not contain the growth`);
  const known = { history, others: await otherSearches(parent, io) };
  const result = resultOf(record, seeded(SEED), known);
  await writeReports(record, result, folder, io);
  return { record, result };
}

/** The user pressed Ctrl-C, and waits for the command to end. */
const isInterrupted = ({ signal }: Io) => signal.aborted && !(signal.reason instanceof HarnessError);

/** After a failure, the steps that ended are reported. A second failure must not hide the first one. */
async function reportSoFar(folder: RunFolder, io: Io): Promise<void> {
  const stored = await readRecord(folder.path);
  if (!stored.ok || !isLoadSent(stored.value)) return;
  await report(stored.value, folder, io).catch(() => io.progress('the report could not be written'));
}
