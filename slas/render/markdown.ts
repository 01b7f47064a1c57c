import type { Plan, Precondition, Verdict } from '../model/model.ts';
import { flipsInWords } from './flips.ts';
import { formatCount, formatMeasured } from './numbers.ts';
import { printableLine } from './printable.ts';
import { wordsOf } from './reasons/words.ts';
import { alertInWords, boundsInWords, boundsTitle, describe, interval, outcome } from './text.ts';

const MARK = { pass: '✅', fail: '❌', inconclusive: '⚠️', met: '✅', missed: '❌', undecided: '⚠️' } as const;

/**
 * Text from outside must not break a table or add markup: no tag or entity, no link or mention, and no
 * heading, list or rule at the start of a line. GitHub makes links even from plain URLs.
 */
const cell = (text: string) =>
  printableLine(text)
    .replace(/[\\|<>`*_[\]&~$@#]/g, (found) => `\\${found}`)
    .replace(/:(?=\/\/)|(?<=\bwww)\./gi, (found) => `\\${found}`)
    .replace(/^(\s*)([-+=])(?=[\s+=-]|$)/, '$1\\$2')
    .replace(/^(\s*\d+)([.)])(?=\s|$)/, '$1\\$2');

/** The verdict as GitHub-flavoured Markdown, for the summary of a CI job. */
export function renderMarkdown(verdict: Verdict, plan: Plan): string {
  const rows = verdict.objectives.map((one) => {
    return `| ${one.exempt !== undefined && one.verdict === 'missed' ? '⚠️' : MARK[one.verdict]} | ${[one.id, one.target, formatMeasured(one), interval(one), formatCount(one.samples), outcome(one), wordsOf(one.reasons)].map(cell).join(' | ')} |`;
  });
  return [
    `## ${MARK[verdict.verdict]} ${verdict.verdict.toUpperCase()}: ${cell(wordsOf([verdict.summary]))}`,
    '',
    cell(describe(verdict, plan)),
    '',
    `| | objective | target | measured | ${boundsTitle(plan)} | samples | verdict | why |`,
    '| --- | --- | --- | ---: | ---: | ---: | --- | --- |',
    ...rows,
    '',
    ...legend(verdict, plan),
    '<details><summary>What this verdict stands on</summary>',
    '',
    ...verdict.preconditions.map(precondition),
    ...alerts(verdict),
    ...reconciliation(verdict),
    '',
    '</details>',
    '',
  ].join('\n');
}

function legend(verdict: Verdict, plan: Plan): string[] {
  const words = boundsInWords(verdict, plan);
  const flips = flipsInWords(verdict).map((line) => `- ${cell(line)}`);
  return [...(words === null ? [] : [cell(words), '']), ...flips, ...(flips.length === 0 ? [] : [''])];
}

const precondition = ({ id, ok, reasons }: Precondition) =>
  `- ${ok === null ? '▫️' : ok ? '✅' : '❌'} ${cell(id)}: ${cell(wordsOf(reasons))}`;

function alerts({ alerts: told }: Verdict): string[] {
  if (told === undefined || told.held === null) return [];
  const rows = told.held.map((one) => `  - ${one.agrees === false ? '⚠️' : '▫️'} ${cell(alertInWords(one))}`);
  return [`- ▫️ alerts: ${cell(wordsOf([told.summary]))}`, ...rows];
}

function reconciliation({ reconciliation: rows }: Verdict): string[] {
  if (rows.length === 0) return [];
  const lines = rows.map(
    ({ what, client, lost, service, reasons }) =>
      `| ${cell(what)} | ${formatCount(client)} | ${formatCount(lost)} | ${formatCount(service)} | ${cell(wordsOf(reasons))} |`,
  );
  return [
    '',
    '| counted | responses at the client | unanswered | at the service | |',
    '| --- | ---: | ---: | ---: | --- |',
    ...lines,
  ];
}
