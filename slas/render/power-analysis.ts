import type { Load, Plan } from '../model/model.ts';
import { analysePower, DEPENDENT, type PowerAnalysis } from '../plan/power-analysis.ts';
import { amountInWords, loadInWords } from './load-in-words.ts';
import { looksInWords } from './looks.ts';
import { formatCount, formatValue } from './numbers.ts';
import { printableLine } from './printable.ts';

/** The power analysis of a plan, for the terminal. */
export function renderPowerAnalysis(plan: Plan, load: Load): string {
  const share = (value: number | null) => (value === null ? '–' : formatValue(value, 'ratio'));
  const all = analysePower(plan, load);
  const rows = all.map(({ id, target, planned, plannedWhat, least, detectable }) =>
    [
      id,
      target,
      planned === null ? 'unknown' : `${formatCount(planned)} ${plannedWhat}`,
      formatCount(least),
      share(detectable.independent),
      share(detectable.dependent),
    ].map(printableLine),
  );
  const header = ['objective', 'target', 'planned', 'minimum', 'MDE', `MDE at ${DEPENDENT}`];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]) =>
    `  ${cells
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('   ')
      .trimEnd()}`;
  return [
    '',
    `${printableLine(`${plan.sla.name} · ${load.scenario}`)}: ${amountInWords(load)}${load.k6 === undefined ? '' : ` (${loadInWords(load)})`} · ${ruleInWords(plan)}`,
    '',
    ...[header, ...rows].map(line),
    '',
    '  minimum: fewer cannot decide the objective.',
    '  MDE: minimum detectable effect, the true share of failed or slow requests that 95% of such runs report as missed,',
    `  if requests are independent, and at a design effect of ${DEPENDENT}: ${DEPENDENT} requests carry as much information as one independent request (near capacity, even less).`,
    ...all.flatMap(edgeNote),
    '',
    '',
  ].join('\n');
}

/** The minimum detectable effect of a limit that is not a bucket edge. */
const edgeNote = ({ id, target, overSeconds }: PowerAnalysis): readonly string[] =>
  overSeconds === undefined
    ? []
    : [
        printableLine(
          `  ${id}: "${target}" is not a bucket edge; ${overSeconds === null ? 'no edge lies above it, so it can never be missed' : `MDE counts requests over ${formatValue(overSeconds, 'seconds')}, the next edge above it`}.`,
        ),
      ];

const ruleInWords = ({ confidence, sequential }: Plan) =>
  sequential !== undefined
    ? `until decided at ${formatValue(confidence!, 'ratio')} confidence, ${looksInWords(sequential)}, met after ${sequential.atLeastSeconds} s at the earliest`
    : confidence === null
      ? 'the observed value decides'
      : `decided at ${formatValue(confidence, 'ratio')} confidence`;
