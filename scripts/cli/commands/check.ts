import { countOf } from '../../../slas/render/numbers.ts';
import { type PlacedProblem, readDocument } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

/** Reports every problem of every document; prints a line for each that has none. */
export async function check(files: readonly string[], io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const problems: PlacedProblem[] = [];
  for (const file of files) {
    const read = await readDocument(io, file);
    if (!read.ok) problems.push(...read.problems);
    else {
      const { objectives, scenarios } = read.value.document;
      io.print(
        `${file}: ok, ${countOf(objectives.length, 'objective')}, ${countOf(scenarios.length, 'scenario')}\n`,
      );
    }
  }
  return problems.length === 0 ? 0 : problems;
}
