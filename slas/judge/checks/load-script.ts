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
import { countOf, formatCount, formatValue } from '../../render/numbers.ts';
import { compareShare } from '../../statistics/statistics.ts';
import { check } from './check.ts';
import { countedErrors } from './counted-errors.ts';

/**
 * What k6 itself reports of the load script: failed checks, crossed thresholds, and whatever else ended badly. Each forbids a
 * pass: k6 would not call such a run good, whatever the service's own counters say.
 */

const NO_RECORD = 'no run record: no load script was run here';

const total = (checks: readonly CheckRecord[], field: 'passes' | 'fails') =>
  checks.reduce((sum, one) => sum + one[field], 0);

// ---------------------------------------------------------------------------------------------- checks

/** A threshold on the checks decides: the document's, the script's, or both. Without one no check may fail beyond the errors. */
export function checksPassed(plan: Plan, { load }: RunRecord): Precondition {
  const id = 'checks-passed';
  if (load === null) return check(id, null, NO_RECORD);
  const { checks = [] } = load;
  const made = total(checks, 'passes') + total(checks, 'fails');
  if (made === 0 && plan.checks !== undefined)
    return check(
      id,
      false,
      `the document asks for ${plan.checks.text} of the checks to pass, and ${load.checks === undefined ? 'none were recorded' : 'the load script made none'}`,
    );
  if (load.checks === undefined) return check(id, null, 'the checks of the load script were not recorded');
  if (made === 0) return check(id, null, 'the load script made no checks');
  const rules = rulesOf(plan, load);
  if (rules.length === 0) return withoutRule(plan, load, checks);
  const broken = rules.filter(({ isKept }) => !isKept);
  const told = (broken.length > 0 ? broken : rules).map(({ words }) => words).join('; ');
  return check(id, broken.length === 0, `${failedOf(checks)}: ${told}`);
}

/** `3 of 320 checks failed (99.06% passed)`, and which, most failures first. */
function failedOf(checks: readonly CheckRecord[]): string {
  const fails = total(checks, 'fails');
  const made = fails + total(checks, 'passes');
  if (fails === 0) return made === 1 ? 'the only check passed' : `all ${formatCount(made)} checks passed`;
  const share = formatValue((made - fails) / made, 'ratio');
  return `${formatCount(fails)} of ${countOf(made, 'check')} failed, ${share} passed (${namesOf(checks)})`;
}

const MOST_NAMES = 5;

function namesOf(checks: readonly CheckRecord[]): string {
  const failed = checks.filter(({ fails }) => fails > 0).toSorted((a, b) => b.fails - a.fails);
  const told = failed
    .slice(0, MOST_NAMES)
    .map(({ name, passes, fails }) => `"${name}" ${formatCount(fails)} of ${formatCount(passes + fails)}`);
  const left = failed.length - told.length;
  return [...told, ...(left > 0 ? [`${formatCount(left)} more`] : [])].join(', ');
}

interface Rule {
  readonly isKept: boolean;
  readonly words: string;
}

/** What the document and the script say of the checks as a whole. */
function rulesOf({ checks: limit }: Plan, load: LoadRecord): readonly Rule[] {
  const ofScript = (load.thresholds ?? [])
    .filter(({ metric, samples }) => metric === 'checks' && samples !== 0)
    .map(({ threshold, isCrossed }) => ({
      isKept: !isCrossed,
      words: `the script's threshold ${threshold} ${isCrossed ? 'is crossed' : 'allows that'}`,
    }));
  return limit === undefined ? ofScript : [ruleOfDocument(limit, load.checks ?? []), ...ofScript];
}

function ruleOfDocument(limit: Limit, checks: readonly CheckRecord[]): Rule {
  const passes = total(checks, 'passes');
  const sign = compareShare(passes, passes + total(checks, 'fails'), limit.value);
  const isKept = holds(sign, { ...limit, value: 0 });
  return {
    isKept,
    words: isKept ? `the document asks for ${limit.text}` : `the document asks for ${limit.text} to pass`,
  };
}

/** Whether somebody said how many checks may fail, and no more did. */
export const areFailuresAllowed = (plan: Plan, load: LoadRecord): boolean => {
  const made = total(load.checks ?? [], 'passes') + total(load.checks ?? [], 'fails');
  const rules = made === 0 ? [] : rulesOf(plan, load);
  return rules.length > 0 && rules.every(({ isKept }) => isKept);
};

/**
 * A request that is an error already may fail its checks, too: the error rate's limit is the tolerance for it. A check that
 * failed more often than there are errors failed on a response that nothing else counts.
 */
function withoutRule(plan: Plan, load: LoadRecord, checks: readonly CheckRecord[]): Precondition {
  const id = 'checks-passed';
  const errors = countedErrors(plan, load);
  const own = checks.filter((one) => !hasThresholdOfItsOwn(one, load));
  const surplus = own.filter((one) => one.fails > (isMadeOnSuccesses(one, load) ? 0 : errors));
  // What the library calls wrong was a good response: no error excuses it.
  const wrong = load.wrongAnswers ?? 0;
  const told = failedOf(checks);
  if (surplus.length === 0 && wrong === 0) {
    const excused = total(own, 'fails') > 0;
    return check(
      id,
      true,
      excused
        ? `${told}: none more often than the ${countOf(errors, 'request')} that ${errors === 1 ? 'counts' : 'count'} as ${errors === 1 ? 'an error' : 'errors'} already`
        : told,
    );
  }
  const isBeyond = surplus.some(({ fails }) => fails > errors);
  const beyond =
    errors === 0
      ? ''
      : isBeyond
        ? `, and only ${countOf(errors, 'request')} failed as errors`
        : ', on successful responses';
  return check(id, false, `${told}${beyond}`);
}

/** One that was made exactly as often as there were successful responses was made on these: no error excuses it. */
const isMadeOnSuccesses = ({ passes, fails }: CheckRecord, { answered }: LoadRecord) =>
  passes + fails === answered['2xx'];

/** `checks{check:the body is right}` of the script decides for that check; if it is crossed, `thresholds-kept` says so. */
function hasThresholdOfItsOwn({ name }: CheckRecord, { thresholds = [] }: LoadRecord): boolean {
  const own = `checks{check:${name.split('::').at(-1)}}`;
  return thresholds.some(({ metric, samples }) => metric === own && samples !== 0);
}

// ---------------------------------------------------------------------------------------------- thresholds

/** Those that the script sets itself. k6 takes one over nothing for kept: that is not known, and said. */
export function thresholdsKept({ load }: RunRecord): Precondition {
  const id = 'thresholds-kept';
  if (load === null) return check(id, null, NO_RECORD);
  if (load.thresholds === undefined)
    return check(id, null, 'the thresholds of the load script were not recorded');
  const { thresholds } = load;
  if (thresholds.length === 0) return check(id, null, 'the load script sets no thresholds');
  const crossed = thresholds.filter(({ isCrossed }) => isCrossed);
  if (crossed.length > 0)
    return check(
      id,
      false,
      `${crossed.length === 1 ? 'a threshold' : `${formatCount(crossed.length)} thresholds`} of the load script ${crossed.length === 1 ? 'is' : 'are'} crossed: ${listed(crossed)}`,
    );
  const unmeasured = thresholds.filter(({ samples }) => samples === 0);
  const kept = thresholds.filter(({ samples }) => samples !== 0);
  const told = kept.length === 0 ? 'none was measured' : `kept: ${listed(kept)}`;
  if (unmeasured.length === 0) return check(id, true, told);
  return check(
    id,
    null,
    `not measured, as there were no samples (k6 takes that for kept): ${listed(unmeasured)}; ${told}`,
  );
}

function listed(thresholds: readonly ThresholdRecord[]): string {
  const told = thresholds.slice(0, MOST_NAMES).map(({ metric, threshold, value, samples }) => {
    const measured =
      samples === 0 ? ' (no samples)' : value === null ? '' : ` (measured: ${formatValue(value, 'number')})`;
    return `${metric}: ${threshold}${measured}`;
  });
  const left = thresholds.length - told.length;
  return [...told, ...(left > 0 ? [`${formatCount(left)} more`] : [])].join(', ');
}

// ---------------------------------------------------------------------------------------------- all else

/** `setup()` or `teardown()` threw, the script called itself failed, k6 ended with an error after the whole load. */
export function scriptSucceeded({ load }: RunRecord): Precondition {
  const id = 'script-succeeded';
  if (load === null) return check(id, null, NO_RECORD);
  if (load.failures === undefined) return check(id, null, 'how the load script ended was not recorded');
  if (load.failures.length > 0) return check(id, false, load.failures.join('; '));
  return check(id, true, 'k6 reported no failure of the load script as a whole');
}
