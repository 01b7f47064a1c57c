import { cpus } from 'node:os';
import type { VerdictDocument } from '../../slas/render/json.ts';
import type { Expected, Outcome, Row, RowResult } from './row.ts';

/** Compares the outcome of a row with the expected outcome. */

export interface Came {
  readonly exitCode: number | null;
  readonly verdict: VerdictDocument | null;
  readonly errorCode: string | null;
}

const OUTCOMES: Readonly<Record<Expected['exitCode'], Outcome>> = {
  0: 'pass',
  1: 'fail',
  3: 'inconclusive',
  4: 'harness failed',
};

export const expectedFirst = ({ exitCode, by = [], orUndecided }: Expected) =>
  [
    by.length === 0 ? OUTCOMES[exitCode] : `${OUTCOMES[exitCode]}: ${by.join(', ')}`,
    ...(orUndecided === undefined ? [] : [`or undecided: ${orUndecided}`]),
  ].join(', ');

const told = ({ name, fault, expected }: Pick<Row, 'name' | 'fault' | 'expected'>) => ({
  name,
  fault,
  expected: expectedFirst(expected),
  mustStop: expected.exitCode !== 0,
});

/** The deciding reasons: for a fail the missed objectives, otherwise everything that prevents a pass. */
export function decidersOf({ verdict, errorCode }: Came): readonly string[] {
  if (verdict === null) return errorCode === null ? [] : [errorCode];
  const idsOf = (outcome: string) =>
    verdict.objectives.filter((one) => one.verdict === outcome).map(({ id }) => id);
  if (verdict.verdict === 'fail') return idsOf('missed');
  const broken = verdict.preconditions.filter(({ ok }) => ok === false).map(({ id }) => id);
  return [...broken, ...idsOf('undecided')];
}

/**
 * `loadAverage` is the machine's before the row began: above its number of processors, other work competes
 * for them.
 */
export function resultOf(
  { name, fault, expected }: Row,
  came: Came,
  seconds: number,
  loadAverage = 0,
): RowResult {
  const decidedBy = decidersOf(came);
  const { by = [] } = expected;
  // An exit code without the matching verdict is not a verdict.
  const isTrue = came.verdict === null ? came.exitCode !== 0 : came.verdict.exitCode === came.exitCode;
  const isAsExpected = isTrue && (isExpected(expected, came, decidedBy) || isTooClose(expected, came));
  const outcome = OUTCOMES[came.exitCode as Expected['exitCode']] ?? 'blew up';
  return {
    ...told({ name, fault, expected }),
    outcome,
    exitCode: came.exitCode,
    decidedBy: [...decidedBy].sort((a, b) => Number(by.includes(b)) - Number(by.includes(a))),
    seconds,
    isAsExpected,
    note: isAsExpected ? null : busyNote(came, loadAverage),
  };
}

function isExpected(
  { exitCode, by = [], only }: Expected,
  came: Came,
  decidedBy: readonly string[],
): boolean {
  const isComplete = by.every((id) => decidedBy.includes(id));
  const isOnly = only !== true || decidedBy.every((id) => by.includes(id));
  return came.exitCode === exitCode && isComplete && isOnly;
}

function isTooClose({ orUndecided }: Expected, { exitCode, verdict }: Came): boolean {
  if (orUndecided === undefined || verdict === null || exitCode !== 3) return false;
  const isUndecided = verdict.objectives.some((one) => one.id === orUndecided && one.verdict === 'undecided');
  return isUndecided && verdict.preconditions.every(({ ok }) => ok !== false);
}

/** Distinguishes a busy machine from a wrong gate. If k6 was late, the gate itself reports it. */
function busyNote({ verdict }: Came, loadAverage: number): string | null {
  const late = verdict?.preconditions.find(({ id, ok }) => id === 'generator-on-time' && ok === false);
  if (late !== undefined) return `the machine was busy: ${late.detail}`;
  const processors = cpus().length;
  if (loadAverage <= processors) return null;
  return `the machine was busy: a load average of ${loadAverage.toFixed(1)} on ${processors} processors before it`;
}

export const notRun = (
  { name, fault, expected }: Row,
  outcome: 'skipped' | 'blew up',
  note: string,
  seconds: number,
): RowResult => ({
  ...told({ name, fault, expected }),
  outcome,
  exitCode: null,
  decidedBy: [],
  seconds,
  isAsExpected: false,
  note,
});
