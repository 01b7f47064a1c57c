import { cpus } from 'node:os';
import type { RowResult } from './row.ts';

/** The matrix as a table: for the terminal, for the docs, as data. */

const SHOWN = 3;

export const isWhole = (results: readonly RowResult[]) => results.every(({ isAsExpected }) => isAsExpected);

function cellsOf(results: readonly RowResult[]): { head: string[]; rows: string[][] } {
  const withK6 = results.some(({ k6 }) => k6 !== undefined);
  const head = [
    '',
    'row',
    'fault',
    'expected',
    'verdict',
    'decided by',
    'exit',
    's',
    ...(withK6 ? ['k6 alone'] : []),
  ];
  const rows = results.map((result) => [
    result.outcome === 'skipped' ? '–' : result.isAsExpected ? '✓' : '✗',
    result.name,
    result.fault,
    result.expected,
    result.outcome,
    shortened(result.decidedBy),
    result.exitCode === null ? '–' : String(result.exitCode),
    String(result.seconds),
    ...(withK6 ? [result.k6 ?? '–'] : []),
  ]);
  return { head, rows };
}

/** All that rests on a broken precondition is undecided, too: the first few tell. */
const shortened = (ids: readonly string[]) =>
  ids.length <= SHOWN ? ids.join(', ') : `${ids.slice(0, SHOWN).join(', ')}, ${ids.length - SHOWN} more`;

export function renderTable(results: readonly RowResult[]): string {
  const { head, rows } = cellsOf(results);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return `${[head, ...rows].map(line).join('\n')}\n\n${summary(results)}\n`;
}

export function renderMarkdownTable(results: readonly RowResult[]): string {
  const { head, rows } = cellsOf(results);
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const table = [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
  return `${madeOn()}\n\n${table}\n\n${summary(results)}\n`;
}

export function madeOn(): string {
  const processors = cpus();
  const day = new Date().toISOString().slice(0, 10);
  return `${day}, ${process.platform} ${process.arch}, ${processors.length} × ${processors[0]?.model ?? 'unknown'}:`;
}

export function summary(results: readonly RowResult[]): string {
  const skipped = results.filter(({ outcome }) => outcome === 'skipped');
  const run = results.length - skipped.length;
  const otherwise = results.filter(({ isAsExpected }) => !isAsExpected);
  const seconds = results.reduce((sum, one) => sum + one.seconds, 0);
  const notes = results.flatMap(({ name, note }) => (note === null ? [] : [`${name}: ${note}`]));
  const told =
    otherwise.length === 0
      ? `${run} of ${run} rows came out as expected`
      : `${otherwise.length} of ${run} rows came out otherwise: ${otherwise.map(({ name }) => name).join(', ')}`;
  const blind = results.filter(({ mustStop, k6 }) => mustStop && k6 === '0');
  const asked = results.filter(({ mustStop, k6 }) => mustStop && k6 !== undefined);
  const alone =
    asked.length === 0
      ? []
      : [`k6 alone exits 0 on ${blind.length} of ${asked.length} faults that must stop a release`];
  const left = skipped.length === 0 ? '' : `; skipped: ${skipped.map(({ name }) => name).join(', ')}`;
  return [...notes, `${told}${left} (${seconds} s)`, ...alone].join('\n');
}
