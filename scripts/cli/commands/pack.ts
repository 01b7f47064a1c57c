import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { packPackage } from '../../package/pack.ts';
import { MAINTAINERS, type Register } from '../command.ts';
import { shortPath, userPath } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export const register: Register = (program, io, done) =>
  void program
    .command('pack')
    .helpGroup(MAINTAINERS)
    .description('build the npm package: JavaScript with types, without the sentiment service')
    .option('--out <dir>', 'where to write the folder package/ and the archive (default: dist)')
    .action(async (options: { out?: string }) => done(await pack(options, io)));

/** Builds the package, and prints the archive's path for `npm install` and `npm publish`. */
export async function pack({ out }: { readonly out?: string }, io: Io): Promise<ExitCode> {
  const folder = out === undefined ? join(io.root, 'dist') : userPath(io, out);
  io.progress('compiling');
  const archive = await packPackage(io.root, folder, io.signal);
  const { size } = await stat(archive);
  io.progress(
    `${Math.round(size / 1024)} KiB; its dependencies are in ${shortPath(io, join(folder, 'package', 'package.json'))}`,
  );
  io.print(`${shortPath(io, archive)}\n`);
  return 0;
}
