import { dirname } from 'node:path';
import { judge } from '../../../slas/judge/judge.ts';
import type { Plan, Verdict } from '../../../slas/model/model.ts';
import { verdictDocument } from '../../../slas/render/json.ts';
import { renderText } from '../../../slas/render/text.ts';
import { attemptInWords, beginAttempt, type LedgerOptions } from '../../run/attempts.ts';
import { finishRun, measureRun } from '../../run/perform.ts';
import { findRunTools, prepareRun, type RunOptions } from '../../run/prepare.ts';
import { warnIfInVain } from '../../run/vain.ts';
import { toJson } from '../../runs/bundle.ts';
import { writeRunsIndex } from '../../runs/runs-index.ts';
import { addLoadOptions, addScenario, addScript, type Register, VERBOSE } from '../command.ts';
import type { PlacedProblem } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export interface GateOptions extends RunOptions, LedgerOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

export const register: Register = (program, io, done) => {
  const command = program
    .command('gate')
    .description(
      'start the service, run the load, judge every objective, print the verdict, and set the exit code',
    );
  addScript(addScenario(addLoadOptions(command)))
    .option('--json', 'print the verdict as JSON on standard output')
    .option('--verbose', VERBOSE)
    .option(
      '--attempts <n>',
      'refuse a commit that has had this many attempts without a pass, with the same document, load and target',
    )
    .option(
      '--ledger <file>',
      'the file that counts attempts (default in CI and with --attempts: .sla/attempts.jsonl, which the CI server must cache)',
    )
    .action(async (options: GateOptions) => done(await gate(options, io)));
};

/** Starts what is needed, sends the load, judges, prints the verdict, and returns the exit code. */
export async function gate(options: GateOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const prepared = await prepareRun(options, io);
  if (!prepared.ok) return prepared.error;
  warnIfInVain(prepared.value.plan, io);
  const begun = await beginAttempt({ ...options, ...prepared.value.options }, prepared.value.plan, io);
  if (!begun.ok) return begun.error;
  const attempt = begun.value;
  const note = attempt === null ? null : attemptInWords(attempt);
  if (note !== null) io.progress(note);
  const tools = await findRunTools(prepared.value.options, true, io);
  const measured = await measureRun(prepared.value, tools, null, io);
  const verdict = judge(measured.plan, measured.run, measured.evidence!);
  await finishRun(measured, verdict, io, note);
  // A pass does not count if its evidence could not be stored.
  attempt?.finish(verdict.verdict);
  // Printed last, because a verdict without stored evidence does not count.
  printVerdict(verdict, measured.plan, options, io);
  if (note !== null) io.progress(note);
  await refreshIndex(dirname(measured.path), io);
  return verdict.exitCode;
}

/** The list of runs is only a convenience. If it cannot be written, the verdict stays the same. */
export async function refreshIndex(parent: string, io: Io): Promise<void> {
  await writeRunsIndex(parent).catch((error: Error) =>
    io.progress(`the list of runs cannot be written: ${error.message}`),
  );
}

export function printVerdict(
  verdict: Verdict,
  plan: Plan,
  { json, verbose }: Pick<GateOptions, 'json' | 'verbose'>,
  io: Io,
): void {
  io.print(
    json
      ? toJson(verdictDocument(verdict))
      : renderText(verdict, plan, { colour: io.colour, isVerbose: verbose === true }),
  );
}
