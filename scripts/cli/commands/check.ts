import { countOf } from '../../../slas/render/numbers.ts';
import type { Register } from '../command.ts';
import { type PlacedProblem, readDocument } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export const register: Register = (program, io, done) =>
  void program
    .command('check')
    .description('report every problem of SLA documents as file:line:column: message')
    .argument('<file...>', 'SLA documents')
    .action(async (files: string[]) => done(await check(files, io)));

/** Reports every problem of every document; prints a line for each that has none. */
export async function check(files: readonly string[], io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const problems: PlacedProblem[] = [];
  for (const file of files) {
    const read = await readDocument(io, file);
    if (!read.ok) problems.push(...read.error);
    else {
      const { objectives, scenarios } = read.value.document;
      io.print(
        `${file}: ok, ${countOf(objectives.length, 'objective')}, ${countOf(scenarios.length, 'scenario')}\n`,
      );
    }
  }
  return problems.length === 0 ? 0 : problems;
}
