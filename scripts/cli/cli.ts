import { CommanderError, Command as Program } from 'commander';
import { formatCount } from '../../slas/render/numbers.ts';
import { printableLine, printableOutput } from '../../slas/render/printable.ts';
import { onAbort } from '../process/processes.ts';
import { harnessVersion } from '../run/environment.ts';
import { withTokens } from '../run/tokens.ts';
import { createRedactor } from '../runs/redact.ts';
import { type Command, named, type Outcome } from './command.ts';
import * as attest from './commands/attest.ts';
import * as capacity from './commands/capacity.ts';
import * as check from './commands/check.ts';
import * as ci from './commands/ci.ts';
import * as dashboards from './commands/dashboards.ts';
import * as doctor from './commands/doctor.ts';
import * as gate from './commands/gate.ts';
import * as importK6 from './commands/import-k6.ts';
import * as init from './commands/init.ts';
import * as newFiles from './commands/new.ts';
import * as notInstalled from './commands/not-installed.ts';
import * as openSlo from './commands/openslo.ts';
import * as plan from './commands/plan.ts';
import * as review from './commands/review.ts';
import * as rules from './commands/rules.ts';
import * as run from './commands/run.ts';
import * as runs from './commands/runs.ts';
import * as verify from './commands/verify.ts';
import { HarnessError } from './errors.ts';
import { formatProblem, type PlacedProblem } from './inputs.ts';
import type { ExitCode, Io } from './io.ts';

/** The commands of a checkout and of the npm package, in the order of `--help`. */
const COMMANDS = [
  gate,
  run,
  plan,
  capacity,
  verify,
  review,
  check,
  dashboards,
  rules,
  init,
  newFiles,
  importK6,
  openSlo,
  runs,
  attest,
  ci,
  doctor,
] as const;

/** Additional commands of a checkout. The npm package contains neither these commands nor the modules that they import. */
const furtherCommands = async ({ isInstalled }: Io): Promise<readonly Command[]> =>
  isInstalled ? [notInstalled] : (await import('./checkout-commands.ts')).COMMANDS;

const EXIT_CODES = `
Exit codes: 0 pass · 1 SLA missed · 2 bad usage or document · 3 inconclusive · 4 no verdict: a tool or server is missing, or the harness failed`;

/**
 * Runs one command. Only this function turns problems and errors into an exit code, and only it redacts secrets from output.
 */
export async function main(argv: readonly string[], world: Io): Promise<ExitCode> {
  const io = guarded(argv, world);
  const grace = patience(io.signal);
  let outcome: Outcome = 0;
  try {
    const commands = [...COMMANDS, ...(await furtherCommands(io))];
    const program = define(commands, io, await harnessVersion(io.root), (result) => {
      outcome = result;
    });
    await Promise.race([program.parseAsync([...argv], { from: 'user' }), grace.promise]);
    return typeof outcome === 'number' ? outcome : reportProblems(outcome, io);
  } catch (error) {
    return reportError(error, io, createRedactor(io.env, argv).log);
  } finally {
    grace.forget();
  }
}

/**
 * All output passes through here. Secrets are redacted; control characters that could affect a terminal or a CI server are
 * removed.
 */
function guarded(argv: readonly string[], io: Io): Io {
  const env = withTokens(io.env, io.cwd);
  const { text } = createRedactor(env, argv);
  const { live } = io;
  const shown = (one: string) => printableOutput(text(named(one, io)), io.colour);
  return {
    ...io,
    env,
    print: (one) => io.print(shown(one)),
    command: (line) => io.print(text(line)),
    progress: (line) => io.progress(shown(line)),
    ...(live === undefined
      ? {}
      : { live: (lines) => live(lines.map((line) => printableLine(text(named(line, io))))) }),
  };
}

/** The time that an interrupted command gets to stop what it started. */
const GRACE_MS = 45_000;
let isHanging = false;
/** Whether an interrupted command exceeded its grace period. */
export const hasHung = () => isHanging;

/** Rejects when the grace period after an abort is over, even if the command has not finished. */
function patience(signal: AbortSignal): { readonly promise: Promise<never>; readonly forget: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  let timer: NodeJS.Timeout | undefined;
  const giveUp = () => {
    isHanging = true;
    reject(signal.reason);
  };
  const forgetAbort = onAbort(signal, () => {
    timer = setTimeout(giveUp, GRACE_MS);
  });
  return {
    promise,
    forget: () => {
      forgetAbort();
      clearTimeout(timer);
    },
  };
}

/** The maximum number of problems that are shown. A file that is not an SLA document may have thousands. */
const MAX_SHOWN_PROBLEMS = 200;

function reportProblems(problems: readonly PlacedProblem[], io: Io): ExitCode {
  for (const problem of problems.slice(0, MAX_SHOWN_PROBLEMS)) io.progress(formatProblem(problem));
  const more = problems.length - MAX_SHOWN_PROBLEMS;
  if (more > 0) io.progress(`and ${formatCount(more)} more`);
  return 2;
}

/** An error may quote text from another program, in which `password: …` is a secret. */
function reportError(error: unknown, io: Io, log: (text: string) => string): ExitCode {
  const { aborted, reason } = io.signal;
  if (aborted && !(reason instanceof HarnessError)) {
    io.progress(
      isHanging
        ? `interrupted: the command did not stop within ${GRACE_MS / 1000} s; it and everything it started are killed`
        : 'interrupted: everything that was started has been stopped',
    );
    return 130;
  }
  // Commander has already printed the error or the help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof HarnessError)
    io.progress(`${log(error.message)}\nnext: ${error.nextStep} (${error.code})`);
  else if (isOfTheSystem(error))
    io.progress(`${log(error.message)}\nnext: check that this path or address is usable (${error.code})`);
  else
    io.progress(
      `this is a bug in the harness, please report it: ${error instanceof Error ? error.stack : String(error)}`,
    );
  return 4;
}

/** An error of the operating system is reported in one line, because a stack trace would not help the operator. */
const isOfTheSystem = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error && 'code' in error;

function define(
  commands: readonly Command[],
  io: Io,
  version: string,
  done: (outcome: Outcome) => void,
): Program {
  const program = new Program(io.isInstalled ? 'sla-harness' : 'sla')
    .description('Load a service, query Prometheus for what happened, and judge whether the SLA was met.')
    .version(version, '--version', 'print the version of this harness')
    .addHelpText('after', EXIT_CODES)
    .exitOverride()
    .configureOutput({ writeOut: io.print, writeErr: (text) => io.progress(text.trimEnd()) })
    .showHelpAfterError('run ./sla --help for all commands and options');
  for (const command of commands) command.register(program, io, done);
  return program;
}
