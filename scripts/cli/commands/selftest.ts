import { join } from 'node:path';
import { readCapacityOptions } from '../../capacity/options.ts';
import { makeFolder, temporaryFolder, writeWhole } from '../../run/disk.ts';
import { gatesAtLimit } from '../../selftest/at-limit/at-limit.ts';
import { countsOf, exitCodeOf as exitCodeOfCounts, renderCounts } from '../../selftest/at-limit/counts.ts';
import { MATRIX } from '../../selftest/matrix.ts';
import { record, rejudgeAll } from '../../selftest/recorded.ts';
import type { Row, RowResult } from '../../selftest/row.ts';
import { runMatrix } from '../../selftest/run-matrix.ts';
import {
  countsOf as countsOfSearches,
  exitCodeOf as exitCodeOfSearches,
  renderIntervals,
} from '../../selftest/searches/intervals.ts';
import { LAWS } from '../../selftest/searches/laws.ts';
import { searchAll } from '../../selftest/searches/searches.ts';
import { exitCodeOf, renderMarkdownTable, renderTable } from '../../selftest/table.ts';
import type { Register } from '../command.ts';
import { badOption, type PlacedProblem, userPath } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export interface SelftestOptions {
  readonly quick?: boolean;
  readonly record?: boolean;
  readonly againstK6?: boolean;
  readonly only?: readonly string[];
  readonly json?: string;
  readonly markdown?: boolean;
  readonly out?: string;
  /** Rows that cannot run on this machine do not count as failures. */
  readonly allowSkipped?: boolean;
  /** Replaces the rows: the number of gates to run on a service that is exactly at its limit. */
  readonly atLimit?: string;
  /** Replaces the rows: the number of capacity searches to run on each of several services whose capacity is known. */
  readonly searches?: string;
  readonly budget?: string;
  /** How many of these searches run at the same time. */
  readonly parallel?: string;
  /** The seed of the first of these searches. */
  readonly firstSeed?: string;
  /** How many times to repeat the rows. */
  readonly times?: string;
}

export const register: Register = (program, io, done) =>
  void program
    .command('selftest')
    .description('inject faults into real runs of the gate, and check that each gets the right verdict')
    .option('--quick', 'judge the recorded runs of an earlier selftest again, without running anything')
    .option('--against-k6', 'in addition, report how k6 alone ends if its thresholds have the same limits')
    .option('--only <name...>', 'run only these rows: names, or prefixes of names')
    .option('--allow-skipped', 'exit 0 even if rows cannot be run here (else 3); default with --quick')
    .option('--times <n>', 'repeat the run N times', '1')
    .option(
      '--at-limit <n>',
      'instead of the rows, run N gates with --until-decided against a service exactly at its limit, and count the wrong verdicts',
    )
    .option(
      '--searches <n>',
      'instead of the rows, run N capacity searches on each of three services of known capacity, and compare',
    )
    .option('--budget <duration>', 'the longest time of each of these searches (default: 15m)')
    .option('--parallel <n>', 'how many of these searches run at the same time (default: 1)')
    .option(
      '--first-seed <n>',
      'the seed of the first of these searches (default: 1), to continue after those of an earlier selftest',
    )
    .option('--record', 'store the evidence of every verdict for --quick')
    .option('--json <file>', 'in addition, write the table as JSON to this file')
    .option('--markdown', 'print the table as Markdown')
    .option('--out <dir>', 'keep every run folder and log here (default: none is kept)')
    .action(async (options: SelftestOptions) => done(await selftest(options, io)));

const MAX_TIMES = 100;

/** Injects one fault at a time into the real gate, and reports whether each run had the expected outcome. */
export async function selftest(
  options: SelftestOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  if (options.atLimit !== undefined) return await atLimit(options, io);
  if (options.searches !== undefined) return await searches(options, io);
  for (const [option, name] of OF_SEARCHES)
    if (options[option] !== undefined) return badOption(name, 'applies to searches: add --searches N').error;
  const chosen = chooseRows(options.only);
  if (typeof chosen === 'string') return badOption('--only', chosen).error;
  if (options.quick === true && (options.record === true || options.againstK6 === true))
    return badOption('--quick', 'judges recorded runs and runs nothing: leave out --record and --against-k6')
      .error;
  const times = Number(options.times ?? 1);
  if (!Number.isInteger(times) || times < 1 || times > MAX_TIMES)
    return badOption('--times', `"${options.times}" is not a whole number from 1 to ${MAX_TIMES}`).error;
  const results =
    options.quick === true ? await rejudgeAll(chosen) : await really(chosen, options, times, io);
  if (options.json !== undefined)
    await writeWhole(userPath(io, options.json), `${JSON.stringify(results, null, 2)}\n`);
  io.print(options.markdown === true ? renderMarkdownTable(results) : renderTable(results));
  // Rows without a verdict have no recording. Judging recordings therefore means skipping these rows.
  return exitCodeOf(results, options.quick === true || options.allowSkipped === true);
}

const OF_SEARCHES = [
  ['budget', '--budget'],
  ['parallel', '--parallel'],
  ['firstSeed', '--first-seed'],
] as const;

const MAX_GATES = 1_000;

/** Runs four gates at a time, each for at most a minute. */
async function atLimit(
  { atLimit: asked, json, out, ...rest }: SelftestOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const gates = Number(asked);
  if (!Number.isInteger(gates) || gates < 1 || gates > MAX_GATES)
    return badOption('--at-limit', `"${asked}" is not a whole number of gates from 1 to ${MAX_GATES}`).error;
  const others = [rest.quick, rest.record, rest.againstK6, rest.only, rest.markdown, rest.allowSkipped];
  const more = [...others, rest.searches, ...OF_SEARCHES.map(([option]) => rest[option])];
  if (more.some((one) => one !== undefined) || Number(rest.times ?? 1) !== 1)
    return badOption('--at-limit', 'runs none of the rows: combine it with --json and --out only').error;
  await using temporary = out === undefined ? await temporaryFolder() : null;
  const folder = temporary?.path ?? userPath(io, out!);
  await makeFolder(folder);
  const ended = await gatesAtLimit({ gates, folder }, io);
  const counts = countsOf(ended);
  if (json !== undefined)
    await writeWhole(userPath(io, json), `${JSON.stringify({ counts, gates: ended }, null, 2)}\n`);
  io.print(renderCounts(counts));
  return exitCodeOfCounts(counts);
}

const MAX_SEARCHES = 100;
const MAX_PARALLEL = 8;
const MAX_SEED = 1_000_000;

async function searches(
  {
    searches: asked,
    budget,
    parallel: atOnce = '1',
    firstSeed: first = '1',
    only = [],
    json,
    out,
    ...rest
  }: SelftestOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const count = Number(asked);
  if (!Number.isInteger(count) || count < 1 || count > MAX_SEARCHES)
    return badOption('--searches', `"${asked}" is not a whole number of searches from 1 to ${MAX_SEARCHES}`)
      .error;
  const others = [rest.quick, rest.record, rest.againstK6, rest.markdown, rest.allowSkipped];
  if (others.some((one) => one !== undefined) || Number(rest.times ?? 1) !== 1)
    return badOption(
      '--searches',
      'runs none of the rows: combine it with --only, --budget, --parallel, --first-seed, --json and --out only',
    ).error;
  const parallel = Number(atOnce);
  if (!Number.isInteger(parallel) || parallel < 1 || parallel > MAX_PARALLEL)
    return badOption('--parallel', `"${atOnce}" is not a whole number from 1 to ${MAX_PARALLEL}`).error;
  const firstSeed = Number(first);
  if (!Number.isInteger(firstSeed) || firstSeed < 1 || firstSeed > MAX_SEED)
    return badOption('--first-seed', `"${first}" is not a whole number from 1 to ${MAX_SEED}`).error;
  const names = LAWS.map(({ name }) => name);
  const unknown = only.find((one) => !names.includes(one));
  if (unknown !== undefined)
    return badOption('--only', `no service is named "${unknown}": the services are ${names.join(', ')}`)
      .error;
  const read = readCapacityOptions(budget === undefined ? {} : { budget });
  if (!read.ok) return read.error;
  await using temporary = out === undefined ? await temporaryFolder() : null;
  const folder = temporary?.path ?? userPath(io, out!);
  await makeFolder(folder);
  const laws = only.length === 0 ? LAWS : LAWS.filter(({ name }) => only.includes(name));
  const { budgetSeconds } = read.value;
  const found = await searchAll({ laws, searches: count, firstSeed, budgetSeconds, parallel, folder }, io);
  const counts = countsOfSearches(found);
  if (json !== undefined)
    await writeWhole(userPath(io, json), `${JSON.stringify({ counts, searches: found }, null, 2)}\n`);
  io.print(renderIntervals(counts));
  return exitCodeOfSearches(counts);
}

/** Matches a row's name, such as `latency-180ms`, or a common prefix of several names. */
function chooseRows(only: readonly string[] = []): readonly Row[] | string {
  const unknown = only.find((name) => !MATRIX.some((row) => row.name.startsWith(name)));
  if (unknown !== undefined)
    return `no row is named "${unknown}": the rows are ${MATRIX.map(({ name }) => name).join(', ')}`;
  return only.length === 0 ? MATRIX : MATRIX.filter((row) => only.some((name) => row.name.startsWith(name)));
}

async function really(
  rows: readonly Row[],
  { againstK6 = false, record: recording = false, out }: SelftestOptions,
  times: number,
  io: Io,
): Promise<readonly RowResult[]> {
  await using temporary = out === undefined ? await temporaryFolder() : null;
  const results: RowResult[] = [];
  for (let pass = 1; pass <= times; pass++) {
    const folder = join(temporary?.path ?? userPath(io, out!), `pass-${pass}`);
    await makeFolder(folder);
    const keep = recording && pass === 1 ? { keep: record } : {};
    const done = await runMatrix(rows, { folder, againstK6, ...keep }, io);
    results.push(
      ...done.map((result) => (pass === 1 ? result : { ...result, name: `${result.name} #${pass}` })),
    );
  }
  return results;
}
