import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { VerdictDocument } from '../render/json.ts';
import { readCaseFiles } from '../testing/cases.ts';
import { verdictOf } from '../testing/judged-cases.ts';

/**
 * The words of verdicts. `cases/verdicts.txt` names judging cases, and lists under each case the lines that
 * no case above it printed. What users read is part of the interface, and every change of it is visible there. `./sla
 * test slas/cases/verdicts -u` regenerates it; review the diff before committing. To add a case, add a line
 * `# its name`.
 */

const FILE = 'verdicts.txt';
const MARKS = new Map([
  [true, '✓'],
  [false, '✗'],
  [null, '?'],
]);

const linesOf = ({ summary, objectives, preconditions, alerts }: VerdictDocument) => [
  summary,
  ...objectives.map(({ id, verdict, severity, reason }) => `${id}: ${severity ?? verdict}: ${reason}`),
  ...preconditions.map(({ id, ok, detail }) => `${MARKS.get(ok)} ${id}: ${detail}`),
  ...(alerts === undefined ? [] : [`alerts: ${alerts.detail}`]),
  ...(alerts?.held ?? []).map(({ id, agrees, note }) => `${MARKS.get(agrees)} ${id}: ${note}`),
];

/** Lines count as the same if they differ only in numbers, in the objective, or in the reported measurement. */
const sense = (line: string) =>
  line
    .replace(/^\S+: (met|undecided|target|alert): |^(missed|undecided): .*$/, '$1$2')
    .replace(/ \(seen.*\)$/, '')
    .replace(/"[^"]*"|\w+\{[^}]*\}/g, '""')
    .replace(/[\d.,:]+/g, '0');

function wordsOf(names: readonly string[]): string {
  const cases = new Map([...readCaseFiles().values()].flat().map((one) => [one.name, one]));
  const told = new Set<string>();
  const paragraphs = names.map((name) => {
    const one = cases.get(name);
    if (one === undefined) return `# ${name}\nthere is no such case\n`;
    const fresh = linesOf(verdictOf(one)).filter((line) => {
      const isFresh = !told.has(sense(line));
      told.add(sense(line));
      return isFresh;
    });
    return [`# ${name}`, ...fresh, ''].join('\n');
  });
  return paragraphs.join('\n');
}

test('verdicts have the recorded words', async () => {
  const file = readFileSync(new URL(FILE, import.meta.url), 'utf8');
  const names = [...file.matchAll(/^# (.*)$/gm)].map(([, name]) => name!);
  expect(names.length).toBeGreaterThan(80);
  await expect(wordsOf(names)).toMatchFileSnapshot(FILE);
});
