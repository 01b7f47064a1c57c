import { globSync } from 'node:fs';
import { join } from 'node:path';
import { MAINTAINERS, type Register } from '../command.ts';
import { badOption, type PlacedProblem } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';
import { runStep } from './test.ts';

export interface MutateOptions {
  readonly concurrency: string;
}

export const register: Register = (program, io, done) =>
  void program
    .command('mutate')
    .helpGroup(MAINTAINERS)
    .description(
      'run mutation tests: make many small changes to the core, and report which ones its tests detect',
    )
    .argument(
      '[files...]',
      'paths or patterns, for example slas/judge/judge.ts (default: document, plan, judge, statistics)',
    )
    .option('--concurrency <n>', 'mutants to test at the same time', '2')
    .action(async (files: string[], options: MutateOptions) => done(await mutate(files, options, io)));

const CONFIG = 'scripts/mutation/stryker.config.ts';

/**
 * Changes the code of the core in many small ways, and checks whether its tests fail. The files are paths or patterns
 * relative to the project's root. Default: all files that the configuration names. Fails if the tests detect fewer than 90%
 * of the changes.
 */
export async function mutate(
  files: readonly string[],
  { concurrency }: MutateOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  if (!/^[1-9]\d?$/.test(concurrency))
    return badOption('--concurrency', `"${concurrency}" is not a whole number from 1 to 99`).error;
  const absent = files.find((file) => globSync(file, { cwd: io.root }).length === 0);
  if (absent !== undefined)
    return badOption('files', `"${absent}" matches no file of the project: write it as slas/judge/judge.ts`)
      .error;
  const args = ['run', CONFIG, '--concurrency', concurrency];
  if (files.length > 0) args.push('--mutate', files.join(','));
  const code = await runStep(join(io.root, 'node_modules', '.bin', 'stryker'), args, {}, io);
  io.signal.throwIfAborted();
  io.progress(`details of every mutant: ${join(io.root, '.sla/mutation/report.html')}`);
  return code === 0 ? 0 : 4;
}
