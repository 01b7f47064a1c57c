import { formatCount } from '../../../slas/render/numbers.ts';
import { guardFolder } from '../../run/disk.ts';
import { toJson } from '../../runs/bundle.ts';
import {
  deleteRuns,
  describeRun,
  findPrunable,
  findRuns,
  type ListedRun,
  latencyInWords,
} from '../../runs/run-folders.ts';
import type { Register } from '../command.ts';
import { accept, badOption, type Input, type PlacedProblem, runsFolder } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export interface ListOptions {
  readonly out?: string;
  readonly json?: boolean;
}

export const register: Register = (program, io, done) => {
  const group = program.command('runs').description('list or delete stored runs');
  group
    .command('list')
    .description('list the runs, newest first: scenario, verdict, start, first latency objective, samples')
    .option('--out <dir>', 'where the run folders are (default: runs/)')
    .option('--json', 'print the list as JSON')
    .action(async (options: ListOptions) => done(await list(options, io)));
  group
    .command('prune')
    .description('delete all but the newest runs; never the one that runs/latest points to')
    .option('--out <dir>', 'where the run folders are (default: runs/)')
    .option('--keep <number>', 'number of runs to keep', '50')
    .option('--dry-run', 'only print what would be deleted')
    .action(async (options: PruneOptions) => done(await prune(options, io)));
};

/** The stored runs, newest first. */
export async function list({ out, json }: ListOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const parent = runsFolder(io, out);
  const found = await runsIn(parent);
  if (!found.ok) return found.error;
  const runs = await Promise.all(found.value.map((id) => describeRun(parent, id)));
  if (json === true) io.print(toJson(runs));
  else if (runs.length === 0) io.progress(`no run is stored in ${parent}: create one with ./sla gate`);
  else io.print(table(runs));
  return 0;
}

/** The folder in `--out` may contain anything. */
async function runsIn(parent: string): Promise<Input<readonly string[]>> {
  try {
    return accept(await findRuns(parent));
  } catch (error) {
    return badOption('--out', `${parent} cannot be listed: ${(error as Error).message}`);
  }
}

function table(runs: readonly ListedRun[]): string {
  const rows = runs.map((run) => [
    run.id,
    run.scenario ?? '–',
    run.verdict ?? (run.unreadable ? 'unreadable' : run.sealed ? 'not judged' : 'unfinished'),
    run.startedAt,
    latencyInWords(run.latency),
    run.samples === null ? '–' : formatCount(run.samples),
  ]);
  const all = [['run', 'scenario', 'verdict', 'when', 'latency', 'samples'], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ');
  return all.map((row) => `${line(row).trimEnd()}\n`).join('');
}

export interface PruneOptions {
  readonly out?: string;
  readonly keep: string;
  readonly dryRun?: boolean;
}

/** Deletes all except the newest runs, and lists the deleted runs. */
export async function prune(
  { out, keep, dryRun }: PruneOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  if (!/^[1-9]\d{0,5}$/.test(keep)) {
    return badOption('--keep', `"${keep}" is not a valid number of runs to keep: write it as 50 (at least 1)`)
      .error;
  }
  const parent = runsFolder(io, out);
  const found = await runsIn(parent);
  if (!found.ok) return found.error;
  const old = await findPrunable(parent, Number(keep));
  if (dryRun !== true && old.length > 0) await guardFolder(parent, () => deleteRuns(parent, old));
  for (const id of old) io.print(`${dryRun === true ? 'would delete' : 'deleted'} ${id}\n`);
  io.progress(
    `${formatCount(old.length)} of the runs in ${parent} ${dryRun === true ? 'would be deleted' : 'were deleted'}`,
  );
  return 0;
}
