import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { onAbort } from '../../process/processes.ts';
import { toolIo } from '../../run/prepare.ts';
import { findTool } from '../../tools/find-tool.ts';
import type { Register } from '../command.ts';
import type { ExitCode, Io } from '../io.ts';

export const register: Register = (program, io, done) =>
  void program
    .command('test')
    .description('lint, type-check and run every test')
    .argument('[args...]', 'passed on to vitest: names of test files, --coverage, …')
    .allowUnknownOption()
    .action(async (args: string[]) => done(await test(args, io)));

/** Lints, type-checks, and runs every test (or those that the arguments name) on the real tools. */
export async function test(args: readonly string[], io: Io): Promise<ExitCode> {
  const tools = await Promise.all(
    (['k6', 'prometheus', 'promtool', 'alertmanager'] as const).map((name) => findTool(name, toolIo(io))),
  );
  const paths = Object.fromEntries(tools.map(({ name, path }) => [`${name.toUpperCase()}_BIN`, path]));
  const steps: [string, string[]][] = [
    ['biome', ['ci', '--colors=off', '.']],
    ['tsc', ['--noEmit', '-p', '.']],
    ['vitest', ['run', ...args]],
  ];
  for (const [tool, toolArgs] of steps) {
    io.progress(`${tool} ${toolArgs.join(' ')}`);
    const code = await runStep(join(io.root, 'node_modules', '.bin', tool), toolArgs, paths, io);
    io.signal.throwIfAborted();
    if (code !== 0) return reportSkipped(io, 4);
  }
  return reportSkipped(io, 0);
}

/** In the last line: what was not tested is not to be overlooked. */
function reportSkipped({ env, progress }: Io, code: ExitCode): ExitCode {
  if (env.SLA_SKIP_CONTAINERS === '1') {
    progress('the tests of the stack in containers were skipped (SLA_SKIP_CONTAINERS=1)');
  }
  return code;
}

/** Runs a tool of the project, with its output as ours. Gives its exit code. */
export function runStep(
  command: string,
  args: readonly string[],
  paths: Record<string, string>,
  io: Io,
): Promise<number | null> {
  const bin = join(io.root, 'node_modules', '.bin');
  const env = { ...io.env, ...paths, PATH: `${bin}:${io.env.PATH}` };
  const child = spawn(command, args, { cwd: io.root, env, stdio: 'inherit' });
  onAbort(io.signal, () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
}
