import { warningsOf } from '../../../slas/document/document.ts';
import type { SlaDocument } from '../../../slas/model/model.ts';
import { scenarioWarnings, strictest } from '../../../slas/plan/document-warnings.ts';
import { countOf } from '../../../slas/render/numbers.ts';
import { printableLine } from '../../../slas/render/printable.ts';
import type { Register } from '../command.ts';
import { formatProblem, type PlacedProblem, readDocument } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export const register: Register = (program, io, done) =>
  void program
    .command('check')
    .description('report every problem in SLA documents as file:line:column: message')
    .argument('<file...>', 'SLA documents')
    .action(async (files: string[]) => done(await check(files, io)));

/** A warning may have several lines, and each may contain bytes that must not control the terminal. */
const formatWarning = ({ message, ...place }: PlacedProblem): string => {
  const [first = '', ...rest] = message.split('\n');
  return [formatProblem({ ...place, message: first }), ...rest.map(printableLine)].join('\n');
};

/** A document without scenarios is judged with a script's load, which this command does not know. */
function loadNeeded(file: string, document: SlaDocument): string {
  const objective = strictest(document);
  if (objective === null) return '';
  const { id, target, leastSamples } = objective;
  return `${file}: a run needs at least ${countOf(leastSamples, 'request')} to decide every objective (most: ${printableLine(`"${id}", ${target.text}`)})\n`;
}

/** Reports every problem of every document. Prints a line for each document without problems, and its warnings. */
export async function check(files: readonly string[], io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const problems: PlacedProblem[] = [];
  for (const file of files) {
    const read = await readDocument(io, file);
    if (!read.ok) problems.push(...read.error);
    else {
      const { document, text } = read.value;
      const { objectives, scenarios } = document;
      io.print(
        `${file}: ok, ${countOf(objectives.length, 'objective')}, ${countOf(scenarios.length, 'scenario')}\n`,
      );
      if (scenarios.length === 0) io.print(loadNeeded(file, document));
      for (const { message, ...warning } of warningsOf(text, document, scenarioWarnings(document)))
        io.print(`${formatWarning({ ...warning, message: `warning: ${message}`, file })}\n`);
    }
  }
  return problems.length === 0 ? 0 : problems;
}
