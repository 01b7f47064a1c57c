import { cpus } from 'node:os';
import { countOf } from '../../slas/render/numbers.ts';
import type { RowResult } from './row.ts';

/** The matrix as a table for the terminal and the docs, and as data. */

const SHOWN = 3;

const isSkipped = ({ outcome }: RowResult) => outcome === 'skipped';
const isOtherwise = (result: RowResult) => !result.isAsExpected && !isSkipped(result);

/** 1: a row had an unexpected outcome. 3: all outcomes were as expected, but some rows were skipped without permission. */
export function exitCodeOf(results: readonly RowResult[], maySkip: boolean): 0 | 1 | 3 {
  if (results.some(isOtherwise)) return 1;
  return results.some(isSkipped) && !maySkip ? 3 : 0;
}

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

/** Everything that depends on a failed precondition is also undecided, so the first few are enough. */
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

/**
 * `43 of 44 rows came out as expected, 1 skipped: disk-full (why) (1855 s)`, after the notes on single rows.
 */
export function summary(results: readonly RowResult[]): string {
  const skipped = results.filter(isSkipped);
  const otherwise = results.filter(isOtherwise);
  const asExpected = results.length - skipped.length - otherwise.length;
  const seconds = results.reduce((sum, one) => sum + one.seconds, 0);
  const notes = results.flatMap((one) =>
    one.note === null || isSkipped(one) ? [] : [`${one.name}: ${one.note}`],
  );
  const told = [
    `${asExpected} of ${countOf(results.length, 'row')} came out as expected`,
    ...(otherwise.length === 0 ? [] : [`${otherwise.length} otherwise: ${namesOf(otherwise)}`]),
    ...(skipped.length === 0 ? [] : [`${skipped.length} skipped: ${whySkipped(skipped)}`]),
  ];
  return [...notes, `${told.join(', ')} (${seconds} s)`, ...k6Alone(results)].join('\n');
}

const namesOf = (results: readonly RowResult[]) => results.map(({ name }) => name).join(', ');

/** Groups rows by reason: `script-cannot-run, disk-full (nothing is judged in it: …)`. */
const whySkipped = (results: readonly RowResult[]) =>
  [...Map.groupBy(results, ({ note }) => note)].map(([why, own]) => `${namesOf(own)} (${why})`).join(', ');

function k6Alone(results: readonly RowResult[]): readonly string[] {
  const asked = results.filter(({ mustStop, k6 }) => mustStop && k6 !== undefined);
  if (asked.length === 0) return [];
  const blind = asked.filter(({ k6 }) => k6 === '0');
  return [`k6 alone exits 0 on ${blind.length} of ${asked.length} faults that must stop a release`];
}
