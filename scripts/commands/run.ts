import { createRunFolder } from '../bundle.ts';
import { type PlacedProblem, shortPath } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';
import { openStack, performRun } from '../perform.ts';
import { findRunTools, prepareRun, type RunOptions } from '../prepare.ts';
import { useUpStack } from '../stack/background.ts';
import { runsFolder } from './gate.ts';

/** Loads only: against the stack that is up, or one started for this run. Leaves a run folder for ./sla verify. */
export async function run(options: RunOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const prepared = await prepareRun(options, io);
  if (!prepared.ok) return prepared.problems;
  const up = options.target === undefined && options.faults === undefined ? await useUpStack(io) : null;
  const tools = await findRunTools(options, up === null, io);
  const folder = await createRunFolder(runsFolder(options, io), prepared.value.plan.load!.scenario);
  await using stack = up ?? (await openStack(prepared.value, tools, folder, io));
  const { run: record } = await performRun(prepared.value, stack, tools, folder, io);
  const { sent, lost, completed, stoppedBecause } = record.load!;
  io.progress(
    `${sent} requests sent, ${lost} never answered${completed ? '' : `; cut short: ${stoppedBecause}`}`,
  );
  io.print(`${shortPath(io, folder.path)}\n`);
  io.progress(`judge it with: ./sla verify "${shortPath(io, folder.path)}"`);
  return completed ? 0 : 3;
}
