import { type DecisionTime, type DecisionTimes, proposedMaximum } from '../plan/decision-times.ts';
import type { NumberTime } from '../plan/number-times.ts';
import { formatCount } from './numbers.ts';
import { printableLine } from './printable.ts';

/** The columns: the shares of the error budget that the service uses. */
const AT = ['at 50%', 'at 150%'];

/** How long runs with `--until-decided` would take, for the terminal. */
export function renderDecisionTimes(
  times: readonly DecisionTimes[],
  numbers: readonly NumberTime[],
  maxSeconds: number,
  /** The run whose design effects were used; null if there is none. */
  basis: string | null,
): string {
  if (times.length === 0) return '';
  const known = times.some(({ dependent }) => dependent !== null);
  const rows = times.map(({ id, independent, dependent }) => [
    printableLine(id),
    ...[independent.better, independent.worse].map((time) => timeInWords(time)),
    ...(known ? ofEffect(dependent) : []),
  ]);
  const header = ['objective', ...AT, ...(known ? ['design effect', ...AT] : [])];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('   ')}`;
  return [
    `  Time until 80% of runs are decided, if the service uses 50% or 150% of its error budget,`,
    `  ${basisInWords(known ? basis : null)}:`,
    '',
    ...[header, ...rows].map(line),
    '',
    ...numbers.map((one) => `  ${printableLine(one.id)}: ${numberInWords(one, maxSeconds)}`),
    ...(numbers.length === 0 ? [] : ['']),
    `  ${proposalInWords(proposedMaximum(times), maxSeconds)}`,
    '',
    '',
  ].join('\n');
}

const ofEffect = (dependent: DecisionTimes['dependent']) =>
  dependent === null
    ? ['unknown', '', '']
    : [
        String(Number(dependent.designEffect.toPrecision(2))),
        timeInWords(dependent.better),
        timeInWords(dependent.worse),
      ];

const basisInWords = (basis: string | null) =>
  basis === null
    ? 'if requests are independent (no earlier run of this plan shows how dependent they are; dependence makes runs longer)'
    : `if requests are independent, and if they are as dependent as in run ${printableLine(basis)}`;

function numberInWords(time: NumberTime, maxSeconds: number): string {
  switch (time.is) {
    case 'census':
      return 'every interim look counts all scrapes so far, so it never delays the decision';
    case 'unknown':
      return 'unknown until a run of this plan has measured how much it varies';
    case 'as-before':
      return time.atSeconds === null
        ? `not decided within ${formatCount(maxSeconds)} s if it stays as it was in that run`
        : `${formatCount(time.atSeconds)} s if it stays as it was in that run`;
    default:
      return time satisfies never;
  }
}

/** For example `68 s`. For a plan that is too short, the duration that it would need. */
const timeInWords = ({ atSeconds, maxSeconds }: DecisionTime) =>
  atSeconds !== null
    ? `${formatCount(atSeconds)} s`
    : maxSeconds === null
      ? 'over 4 h'
      : `needs ${formatCount(maxSeconds)} s`;

function proposalInWords(proposed: number | null, maxSeconds: number): string {
  if (proposed === null)
    return 'At least one objective is not decided within 4 h: raise the rate, or do not rely on its decision.';
  const text = proposed % 60 === 0 ? `${proposed / 60}m` : `${proposed}s`;
  const compared = proposed > maxSeconds ? `; ${formatCount(maxSeconds)} s is not enough` : '';
  return `Suggested: --max-duration ${text}${compared}.`;
}
