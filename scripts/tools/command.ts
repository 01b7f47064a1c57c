import { type ChildProcess, spawn } from 'node:child_process';

export interface CommandOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly limitMs: number;
  readonly cwd?: string;
  readonly signal?: AbortSignal | undefined;
}

export type CommandResult =
  | { readonly kind: 'exited'; readonly exitCode: number; readonly output: string }
  | { readonly kind: 'not-started'; readonly reason: string }
  | { readonly kind: 'killed'; readonly reason: string; readonly output: string };

const GRACE_MS = 3_000;
const OUTPUT_CHARACTERS = 64_000;

/**
 * Runs a program to its end and keeps the end of its output (both streams, in order). The program has its
 * own process group, so that its children are also killed: at `limitMs`, when `signal` aborts, and when
 * this process exits. On abort, rejects with the signal's reason, but only after the child has ended.
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  using guard = guardGroup(child, options);
  const result = await ended(child);
  options.signal?.throwIfAborted();
  return guard.timedOut() && result.kind !== 'not-started'
    ? { kind: 'killed', reason: `ran longer than ${options.limitMs / 1000} s`, output: result.output }
    : result;
}

/** The last lines of a program's output, for messages. */
function lastLines(output: string, count: number): string {
  return output.trimEnd().split('\n').slice(-count).join('\n');
}

/** The result in words, for a list of reasons, with the last lines of the output if there are any. */
export function describeResult(result: CommandResult): string {
  if (result.kind === 'not-started') return result.reason;
  const how = result.kind === 'killed' ? result.reason : `exited with code ${result.exitCode}`;
  const lines = lastLines(result.output, 8);
  return lines === '' ? how : `${how}:\n${lines}`;
}

function ended(child: ChildProcess): Promise<CommandResult> {
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(-OUTPUT_CHARACTERS);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ kind: 'not-started', reason: error.message }));
    child.once('close', (exitCode, signalName) =>
      resolve(
        exitCode === null
          ? { kind: 'killed', reason: `killed by ${signalName}`, output }
          : { kind: 'exited', exitCode, output },
      ),
    );
  });
}

/** Kills the child's process group at the time limit, on abort and on exit. Disposal cancels all three. */
function guardGroup(child: ChildProcess, { limitMs, signal }: CommandOptions) {
  let timedOut = false;
  let graceTimer: NodeJS.Timeout | undefined;
  const stop = () => {
    killGroup(child, 'SIGTERM');
    graceTimer ??= setTimeout(() => killGroup(child, 'SIGKILL'), GRACE_MS);
  };
  const limitTimer = setTimeout(() => {
    timedOut = true;
    stop();
  }, limitMs);
  const killNow = () => killGroup(child, 'SIGKILL');
  process.once('exit', killNow);
  signal?.addEventListener('abort', stop, { once: true });
  return {
    timedOut: () => timedOut,
    [Symbol.dispose]() {
      clearTimeout(limitTimer);
      clearTimeout(graceTimer);
      process.off('exit', killNow);
      signal?.removeEventListener('abort', stop);
    },
  };
}

function killGroup(child: ChildProcess, signalName: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signalName);
  } catch {
    // The process group no longer exists.
  }
}
