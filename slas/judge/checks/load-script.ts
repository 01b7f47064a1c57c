import { holds } from '../../document/limits.ts';
import type {
  CheckRecord,
  Limit,
  LoadRecord,
  Plan,
  Precondition,
  RunRecord,
  ThresholdRecord,
} from '../../model/model.ts';
import { type Reason, reason } from '../../model/reasons.ts';
import { compareShare } from '../../statistics/statistics.ts';
import { check } from './check.ts';
import { countedErrors } from './counted-errors.ts';

/**
 * What k6 itself reports about the load script: failed checks, crossed thresholds, and other failures. Each
 * of them prevents a pass, because k6 itself would report the run as failed.
 */

const total = (checks: readonly CheckRecord[], field: 'passes' | 'fails') =>
  checks.reduce((sum, one) => sum + one[field], 0);

const madeOf = (checks: readonly CheckRecord[]) => total(checks, 'passes') + total(checks, 'fails');

// ---------------------------------------------------------------------------------------------- checks

/**
 * The threshold on the checks decides: the document's, the script's, or both. Without a threshold, no more checks may fail than there are
 * errors.
 */
export function checksPassed(plan: Plan, { load }: RunRecord): Precondition {
  const id = 'checks-passed';
  if (load === null) return check(id, null, reason('no-run-record', {}));
  const { checks = [] } = load;
  const areRecorded = load.checks !== undefined;
  if (madeOf(checks) === 0 && plan.checks !== undefined)
    return check(id, false, reason('required-checks-missing', { required: plan.checks.text, areRecorded }));
  if (!areRecorded) return check(id, null, reason('checks-not-recorded', {}));
  if (madeOf(checks) === 0) return check(id, null, reason('no-checks', {}));
  const rules = rulesOf(plan, load);
  if (rules.length === 0) return withoutRule(plan, load, checks);
  const broken = rules.filter(({ isKept }) => !isKept);
  const decisive = (broken.length > 0 ? broken : rules).map(({ why }) => why);
  return check(id, broken.length === 0, checksMade(checks), ...decisive);
}

const MAX_NAMES = 5;

/** How many checks failed, and which failed most often. */
function checksMade(checks: readonly CheckRecord[]): Reason {
  const failed = checks.filter(({ fails }) => fails > 0).toSorted((a, b) => b.fails - a.fails);
  const worst = failed
    .slice(0, MAX_NAMES)
    .map(({ name, passes, fails }) => ({ name, fails, made: passes + fails }));
  const more = failed.length - worst.length;
  return reason('checks-made', { made: madeOf(checks), fails: total(checks, 'fails'), worst, more });
}

interface Rule {
  readonly isKept: boolean;
  readonly why: Reason;
}

/** What the document and the script require of all checks together. */
function rulesOf({ checks: limit }: Plan, load: LoadRecord): readonly Rule[] {
  const ofScript = (load.thresholds ?? [])
    .filter(({ metric, samples }) => metric === 'checks' && samples !== 0)
    .map(({ threshold, isCrossed }) => ({
      isKept: !isCrossed,
      why: reason('checks-threshold', { threshold, isCrossed }),
    }));
  return limit === undefined ? ofScript : [ruleOfDocument(limit, load.checks ?? []), ...ofScript];
}

function ruleOfDocument(limit: Limit, checks: readonly CheckRecord[]): Rule {
  const sign = compareShare(total(checks, 'passes'), madeOf(checks), limit.value);
  const isKept = holds(sign, { ...limit, value: 0 });
  return { isKept, why: reason('checks-required', { required: limit.text }) };
}

/** Whether the document or the script tolerates failed checks, and no more than the tolerated number failed. */
export const areFailuresAllowed = (plan: Plan, load: LoadRecord): boolean => {
  const rules = madeOf(load.checks ?? []) === 0 ? [] : rulesOf(plan, load);
  return rules.length > 0 && rules.every(({ isKept }) => isKept);
};

/**
 * A request that is counted as an error may also fail its checks, because the error rate's limit already
 * tolerates it. A check that failed more often than there were errors must have failed on a response that
 * nothing else counts as bad.
 */
function withoutRule(plan: Plan, load: LoadRecord, checks: readonly CheckRecord[]): Precondition {
  const id = 'checks-passed';
  const errors = countedErrors(plan, load);
  const own = checks.filter((one) => !hasThresholdOfItsOwn(one, load));
  const surplus = own.filter((one) => one.fails > (isMadeOnSuccesses(one, load) ? 0 : errors));
  const seen = checksMade(checks);
  // A response that our library reports as wrong was successful, so no counted error explains the failed check.
  if (surplus.length === 0 && (load.wrongAnswers ?? 0) === 0)
    return total(own, 'fails') > 0
      ? check(id, true, seen, reason('checks-failed-on-errors', { errors }))
      : check(id, true, seen);
  if (errors === 0) return check(id, false, seen);
  const isBeyond = surplus.some(({ fails }) => fails > errors);
  const beyond = isBeyond
    ? reason('checks-failed-beyond-errors', { errors })
    : reason('checks-failed-on-successes', {});
  return check(id, false, seen, beyond);
}

/** If a check ran exactly as often as there were successful responses, it ran on those responses, so no error explains its failures. */
const isMadeOnSuccesses = ({ passes, fails }: CheckRecord, { answered }: LoadRecord) =>
  passes + fails === answered['2xx'];

/** `checks{check:the body is right}` of the script decides for that check; if it is crossed, `thresholds-kept` is false. */
function hasThresholdOfItsOwn({ name }: CheckRecord, { thresholds = [] }: LoadRecord): boolean {
  const own = `checks{check:${name.split('::').at(-1)}}`;
  return thresholds.some(({ metric, samples }) => metric === own && samples !== 0);
}

/**
 * The script's own thresholds. k6 also reports a threshold on a metric without samples as kept, although
 * nothing shows that it is.
 */
export function thresholdsKept({ load }: RunRecord): Precondition {
  const id = 'thresholds-kept';
  if (load === null) return check(id, null, reason('no-run-record', {}));
  if (load.thresholds === undefined) return check(id, null, reason('thresholds-not-recorded', {}));
  const { thresholds } = load;
  if (thresholds.length === 0) return check(id, null, reason('no-thresholds', {}));
  const crossed = thresholds.filter(({ isCrossed }) => isCrossed);
  if (crossed.length > 0) return check(id, false, reason('thresholds-crossed', firstOf(crossed)));
  const unmeasured = thresholds.filter(({ samples }) => samples === 0);
  const kept = thresholds.filter(({ samples }) => samples !== 0);
  const seen =
    kept.length === 0 ? reason('no-threshold-measured', {}) : reason('thresholds-kept', firstOf(kept));
  if (unmeasured.length === 0) return check(id, true, seen);
  return check(id, null, reason('thresholds-unmeasured', firstOf(unmeasured)), seen);
}

const firstOf = (thresholds: readonly ThresholdRecord[]) => ({
  count: thresholds.length,
  thresholds: thresholds.slice(0, MAX_NAMES).map(({ metric, threshold, value, samples }) => ({
    ...{ metric, threshold, value: value ?? null, hasSamples: samples !== 0 },
  })),
});

/**
 * `setup()` or `teardown()` threw, the script called `fail`, or k6 exited with an error after the complete
 * load.
 */
export function scriptSucceeded({ load }: RunRecord): Precondition {
  const id = 'script-succeeded';
  if (load === null) return check(id, null, reason('no-run-record', {}));
  if (load.failures === undefined) return check(id, null, reason('script-end-not-recorded', {}));
  if (load.failures.length === 0) return check(id, true, reason('script-succeeded', {}));
  return check(id, false, ...load.failures.map((failure) => reason('script-failure', { failure })));
}
