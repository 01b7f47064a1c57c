import { countOf } from '../../../slas/render/numbers.ts';
import { betaQuantile } from '../../../slas/statistics/distributions.ts';

/** How the gates of a service exactly at its limit ended, compared with the error that the confidence states. */

export interface Ended {
  readonly seed: number;
  readonly outcome: 'pass' | 'fail' | 'inconclusive' | 'error';
  /** The look that decided; null: the load ran to its end. */
  readonly afterSeconds: number | null;
  /** Preconditions that did not hold. */
  readonly broken: readonly string[];
  /** Why the gate gave no verdict. */
  readonly error: string | null;
}

export interface Wrong {
  readonly count: number;
  readonly of: number;
  /** Clopper and Pearson: each bound holds with 95% confidence. */
  readonly low: number;
  readonly high: number;
}

export interface AtLimitCounts {
  readonly pass: Wrong;
  readonly fail: Wrong;
  /** Gates that ended undecided, with every precondition met. This is the right verdict. */
  readonly undecided: number;
  /** Gates that this machine disturbed, so that they do not show how the looks decide. */
  readonly disturbed: number;
  readonly errors: number;
  /** The stated share of wrong passes, and of wrong fails. */
  readonly stated: number;
}

const CONFIDENCE = 0.95;
const formatPercent = (share: number) => `${Number((100 * share).toFixed(1))}%`;

/** Runs that were disturbed do not count as right. A wrong verdict always counts. */
export function countsOf(ended: readonly Ended[], stated = 1 - CONFIDENCE): AtLimitCounts {
  const own = (outcome: Ended['outcome']) => ended.filter((one) => one.outcome === outcome);
  const [pass, fail, inconclusive] = [own('pass'), own('fail'), own('inconclusive')];
  const undecided = inconclusive.filter(({ broken }) => broken.length === 0).length;
  const of = pass.length + fail.length + undecided;
  return {
    pass: wrong(pass.length, of),
    fail: wrong(fail.length, of),
    undecided,
    disturbed: inconclusive.length - undecided,
    errors: own('error').length,
    stated,
  };
}

const wrong = (count: number, of: number): Wrong => ({
  count,
  of,
  low: betaQuantile(1 - CONFIDENCE, count, of - count + 1),
  high: of === 0 ? 1 : betaQuantile(CONFIDENCE, count + 1, of - count),
});

/** Whether there are more wrong verdicts than the stated share explains. */
export const isTooOften = ({ pass, fail, stated }: AtLimitCounts) =>
  [pass, fail].some(({ low, of }) => of > 0 && low > stated);

/** 1: verdicts were wrong too often. 3: too few gates gave a verdict for the comparison. */
export function exitCodeOf(counts: AtLimitCounts): 0 | 1 | 3 {
  if (isTooOften(counts)) return 1;
  return counts.pass.of === 0 || counts.errors > 0 ? 3 : 0;
}

const line = (what: string, { count, of, low, high }: Wrong, stated: number) =>
  `${what}: ${count} of ${of} (95% bounds ${formatPercent(low)} to ${formatPercent(high)}; stated: at most ${formatPercent(stated)})`;

export function renderCounts(counts: AtLimitCounts): string {
  const { pass, fail, undecided, disturbed, errors, stated } = counts;
  const rest = [
    ...(disturbed === 0 ? [] : [`${countOf(disturbed, 'gate')} disturbed by this machine, not counted`]),
    ...(errors === 0 ? [] : [`${countOf(errors, 'gate')} without a verdict`]),
  ];
  return [
    'The service is exactly at its limit, so both pass and fail are wrong.',
    line('wrong passes', pass, stated),
    line('wrong fails', fail, stated),
    `undecided at the end, which is right: ${undecided} of ${pass.of}`,
    ...rest,
    ...(isTooOften(counts) ? ['There are more wrong verdicts than the stated share explains.'] : []),
    '',
  ].join('\n');
}
