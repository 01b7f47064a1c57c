import type { ObjectiveVerdict, Verdict } from '../../slas/model/model.ts';
import { formatMeasured } from '../../slas/render/numbers.ts';
import { printableLine } from '../../slas/render/printable.ts';
import { wordsOf } from '../../slas/render/reasons/words.ts';
import type { PlacedProblem } from '../cli/inputs.ts';
import type { Annotation } from './github-commands.ts';

/** Annotates each problem of a document at its line. */
export const annotationsOfProblems = (problems: readonly PlacedProblem[]): readonly Annotation[] =>
  problems.map(({ file, line, column, message, path }) => ({
    level: 'error',
    title: 'SLA document',
    message: printableLine(file === undefined ? `${path}: ${message}` : message),
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  }));

/**
 * Creates an annotation for each missed or undecided objective and for each precondition that does not hold. Its line is
 * that of the document, if known. GitHub shows the first ten annotations of a step, so missed objectives come first.
 */
export function annotationsOfVerdict(
  { objectives, preconditions }: Verdict,
  document: { readonly file: string; readonly text: string } | null,
): readonly Annotation[] {
  const place = (id: string) =>
    document === null ? {} : { file: document.file, ...lineOf(id, document.text) };
  const about = (level: Annotation['level'], rows: readonly ObjectiveVerdict[]) =>
    rows.map((row): Annotation => ({ level, ...inWords(row), ...place(row.id) }));
  const decisive = objectives.filter(({ exempt }) => exempt === undefined);
  const others = objectives.filter(({ exempt, verdict }) => exempt !== undefined && verdict !== 'met');
  return [
    ...about(
      'error',
      decisive.filter(({ verdict }) => verdict === 'missed'),
    ),
    ...preconditions
      .filter(({ ok }) => ok === false)
      .map(
        ({ id, reasons }): Annotation => ({
          level: 'error',
          title: `${id} does not hold`,
          message: printableLine(wordsOf(reasons)),
        }),
      ),
    ...about(
      'error',
      decisive.filter(({ verdict }) => verdict === 'undecided'),
    ),
    ...about('warning', others),
  ];
}

function inWords(row: ObjectiveVerdict): Pick<Annotation, 'title' | 'message'> {
  const { id, verdict, target, reasons } = row;
  const measured = verdict === 'missed' ? `${formatMeasured(row)}, target ${target}: ` : '';
  return { title: `${id} ${verdict}`, message: printableLine(measured + wordsOf(reasons)) };
}

/**
 * Finds the line `- id: latency-p95`. The id of a phase's objective is shortened to the part before the colon or the at
 * sign.
 */
function lineOf(id: string, text: string): { readonly line?: number } {
  const lines = text.split('\n');
  const bare = id.replace(/[@ (].*$/, '');
  const at = lines.findIndex((line) => /^\s*(?:-\s*)?id:\s*["']?([^"'#\s]+)/.exec(line)?.[1] === bare);
  return at === -1 ? {} : { line: at + 1 };
}
