import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { HarnessError } from '../cli/errors.ts';
import { unwatch, watch } from './watchdog.ts';

/** How a process ended: by itself with a code, or by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly atSeconds: number;
}

/** A program that runs as a process or in a container. */
export interface Started extends AsyncDisposable {
  readonly name: string;
  readonly logFile: string;
  /** Resolves when it has ended, for any reason. */
  readonly exited: Promise<Exit>;
  /** How it ended, or null while it runs. */
  exit(): Exit | null;
  /** Sends SIGTERM, and SIGKILL after the grace period. Resolves when it has ended; has no effect if it already has. */
  stop(graceMs?: number): Promise<Exit>;
  /** The last lines of its log. */
  tail(lines?: number): string;
}

/** A process of this machine. */
export interface Running extends Started {
  readonly pid: number;
}

export const tailOf = (logFile: string, lines = 15) =>
  readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');

const GRACE_MS = 10_000;
const live = new Set<ChildProcess>();

// Last resort: however this process ends, it leaves no child behind.
process.on('exit', () => {
  for (const child of live) signalGroup(child, 'SIGKILL');
});

/** Each child leads its own process group, so that we stop it and its children in order after Ctrl-C. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal);
  } catch {
    // The process has already ended.
  }
}

export interface StartOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Receives standard output and standard error. */
  readonly logFile: string;
}

/** Starts a program. Throws a HarnessError if it cannot be run at all. */
export async function start(
  name: string,
  command: string,
  args: readonly string[],
  options: StartOptions,
): Promise<Running> {
  const log = openSync(options.logFile, 'w');
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...options.env },
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  let ended: Exit | null = null;
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      live.delete(child);
      unwatch(child.pid!);
      ended = { code, signal, atSeconds: Date.now() / 1000 };
      resolve(ended);
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(
        new HarnessError('cannot-start', `${name} could not be started: ${command}: ${cause.message}`, {
          nextStep: 'run ./sla doctor to see which tools were found, and where',
          cause,
        }),
      ),
    );
  });
  live.add(child);
  watch(child.pid!);
  const stop = async (graceMs = GRACE_MS) => {
    if (ended === null) signalGroup(child, 'SIGTERM');
    const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs);
    const exit = await exited;
    clearTimeout(timer);
    return exit;
  };
  return {
    name,
    pid: child.pid!,
    logFile: options.logFile,
    exited,
    exit: () => ended,
    stop,
    tail: (lines) => tailOf(options.logFile, lines),
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

/** Ids of the child processes of a process whose command line contains this text. */
export function childrenOf(parent: number, commandLine: string): number[] {
  const listed = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return listed
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((found) => found !== null && Number(found[2]) === parent && found[3]!.includes(commandLine))
    .map((found) => Number(found![1]));
}

/** Calls `stop` once when the signal aborts, immediately if it already has. Returns a function that unsubscribes. */
export function onAbort(signal: AbortSignal, stop: () => void): () => void {
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return () => signal.removeEventListener('abort', stop);
}

export const formatExit = ({ code, signal }: Exit) =>
  signal === null ? `exit code ${code}` : `signal ${signal}`;

/** An error about a process that ended too early, with the last lines of its log. */
function diedEarly(process: Running, exit: Exit, nextStep: string): HarnessError {
  return new HarnessError(
    'died-early',
    `${process.name} ended with ${formatExit(exit)}. Last log lines:\n${process.tail()}`,
    { nextStep },
  );
}

/**
 * Polls `ready` every 50 ms until it returns something other than null. Throws if the process ends first, or after
 * `patienceMs`.
 */
export async function waitFor<T>(
  process: Running,
  what: string,
  patienceMs: number,
  signal: AbortSignal,
  ready: () => Promise<T | null>,
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    signal.throwIfAborted();
    const found = await ready();
    if (found !== null) return found;
    const exit = process.exit();
    if (exit !== null) throw diedEarly(process, exit, `see ${process.logFile}`);
    if (Date.now() > deadline) {
      throw new HarnessError(
        'not-ready',
        `${process.name}: ${what} took longer than ${patienceMs / 1000} s. Last log lines:\n${process.tail()}`,
        {
          nextStep: `see ${process.logFile}`,
        },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
