import { join } from 'node:path';
import { judge } from '../../slas/judge.ts';
import type { Plan, Verdict } from '../../slas/model.ts';
import { renderText } from '../../slas/render/text.ts';
import { createRunFolder, writeVerdict } from '../bundle.ts';
import { type PlacedProblem, shortPath, theirPath } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';
import { openStack, performRun } from '../perform.ts';
import { findRunTools, prepareRun, type RunOptions } from '../prepare.ts';

export interface GateOptions extends RunOptions {
  readonly json?: boolean;
}

/** Starts what is needed, loads, judges, prints the verdict, and exits by it. */
export async function gate(options: GateOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const prepared = await prepareRun(options, io);
  if (!prepared.ok) return prepared.problems;
  const { plan } = prepared.value;
  const tools = await findRunTools(options, true, io);
  const folder = await createRunFolder(runsFolder(options, io), plan.load!.scenario);
  await using stack = await openStack(prepared.value, tools, folder, io);
  const { run, evidence } = await performRun(prepared.value, stack, tools, folder, io);
  const verdict = judge(plan, run, evidence);
  await writeVerdict(folder, verdict, plan);
  printVerdict(verdict, plan, options.json === true, io);
  io.progress(`run folder: ${shortPath(io, folder.path)}`);
  return verdict.exitCode;
}

export const runsFolder = ({ out }: RunOptions, io: Io) =>
  out === undefined ? join(io.root, 'runs') : theirPath(io, out);

export function printVerdict(verdict: Verdict, plan: Plan, json: boolean, io: Io): void {
  io.print(json ? `${JSON.stringify(verdict, null, 2)}\n` : renderText(verdict, plan, { colour: io.colour }));
}
