import { countOf, formatCount } from '../../../slas/render/numbers.ts';
import { finishRun, measureRun } from '../../run/perform.ts';
import { findRunTools, prepareRun, type RunOptions } from '../../run/prepare.ts';
import { warnIfInVain } from '../../run/vain.ts';
import { useUpStack } from '../../stack/background.ts';
import { addLoadOptions, addScript, type Register } from '../command.ts';
import { badOption, type PlacedProblem, readDocument, shortPath } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export const register: Register = (program, io, done) => {
  const command = program.command('run').description('run the load only, and leave a run folder');
  addScript(addLoadOptions(command))
    .argument('[scenario]', 'a scenario of the document')
    .option('--list', 'print the scenarios of the document, one per line, and run nothing')
    .action(async (scenario: string | undefined, options: RunOptions & { list?: boolean }) =>
      done(
        options.list === true
          ? await listScenarios(options, io)
          : await run({ ...options, ...(scenario === undefined ? {} : { scenario }) }, io),
      ),
    );
};

/** Prints a line for each scenario, with its name and description. */
export async function listScenarios(
  { sla }: RunOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const read = await readDocument(io, sla);
  if (!read.ok) return read.error;
  const { scenarios } = read.value.document;
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  for (const { name, description } of scenarios) io.print(`${name.padEnd(width)}  ${description}\n`);
  return 0;
}

/**
 * Only sends load to the running stack, or to one that is started for this run. ./sla verify can judge the resulting run
 * folder.
 */
export async function run(options: RunOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  if (options.scenario === undefined && options.script === undefined)
    return badOption('SCENARIO', 'name the scenario to run; ./sla run --list shows them all').error;
  const prepared = await prepareRun(options, io);
  if (!prepared.ok) return prepared.error;
  warnIfInVain(prepared.value.plan, io);
  const up = wantsOwnStack(options) ? null : await useUpStack(io);
  const tools = await findRunTools(prepared.value.options, up === null, io);
  const measured = await measureRun(prepared.value, tools, up, io);
  await finishRun(measured, null, io);
  const { sent, lost, completed, stoppedBecause, decidedAtSeconds } = measured.run.load!;
  io.progress(
    `${countOf(sent, 'request')} sent, ${formatCount(lost)} unanswered${completed ? '' : `; stopped early: ${stoppedBecause}`}`,
  );
  io.print(`${shortPath(io, measured.folder.path)}\n`);
  io.progress(`judge it with: ./sla verify "${shortPath(io, measured.folder.path)}"`);
  return completed || decidedAtSeconds !== undefined ? 0 : 3;
}

/** Options that require a stack that is started with them. */
const wantsOwnStack = ({ target, faults, snapshot, stack }: RunOptions) =>
  target !== undefined || faults !== undefined || snapshot === true || stack !== undefined;
