import type { LoadReasons } from '../../model/reasons-preconditions.ts';
import { countOf, formatCount, formatValue, timesOf, were } from '../numbers.ts';
import type { Entries } from './entry.ts';

const NOTHING = 'Nothing.';
const LOG = 'Look at logs/k6.log, and correct the load script.';
const RECORD = 'Run the load again with this version, which records it.';

/** Checks, thresholds and errors of the load script. */
export const SCRIPT_CHECKS = {
  'required-checks-missing': {
    words: ({ required, areRecorded }) =>
      `the document requires ${required} of checks to pass, but ${areRecorded ? 'the load script made none' : 'none were recorded'}`,
    meaning: 'Without checks the requirement of the document cannot be judged.',
    next: "Call k6's `check` in the load script, or remove `checks` from the document.",
  },
  'checks-not-recorded': {
    words: () => 'the checks of the load script were not recorded',
    meaning: 'The run was stored by a version that did not record checks.',
    next: RECORD,
  },
  'no-checks': {
    words: () => 'the load script made no checks',
    meaning: 'The load script never called `check`.',
    next: NOTHING,
  },
  'checks-made': {
    words: ({ made, fails, worst, more }) => {
      if (fails === 0) return made === 1 ? 'the only check passed' : `all ${formatCount(made)} checks passed`;
      const names = worst.map((one) => `"${one.name}" ${formatCount(one.fails)} of ${formatCount(one.made)}`);
      const all = [...names, ...(more > 0 ? [`${formatCount(more)} more`] : [])].join(', ');
      return `${formatCount(fails)} of ${countOf(made, 'check')} failed, ${formatValue((made - fails) / made, 'ratio')} passed (${all})`;
    },
    meaning: "How many of the load script's checks passed.",
    next: 'Look at the named checks.',
  },
  'checks-required': {
    words: ({ required }) => `the document requires ${required} to pass`,
    meaning: '`checks` in the document sets how many checks must pass.',
    next: NOTHING,
  },
  'checks-threshold': {
    words: ({ threshold, isCrossed }) =>
      `the script's threshold ${threshold} ${isCrossed ? 'is crossed' : 'allows that'}`,
    meaning: 'A threshold of the load script on its checks sets how many must pass.',
    next: NOTHING,
  },
  'checks-failed-on-errors': {
    words: ({ errors }) =>
      `no check failed more than ${timesOf(errors)}, and ${countOf(errors, 'request')} ${were(errors)} counted as ${errors === 1 ? 'an error' : 'errors'}`,
    meaning:
      "Checks may fail on requests that are errors, because the error rate's limit already judges these.",
    next: NOTHING,
  },
  'checks-failed-beyond-errors': {
    words: ({ errors }) =>
      `only ${countOf(errors, 'request')} ${were(errors)} counted as ${errors === 1 ? 'an error' : 'errors'}`,
    meaning: 'Checks failed on responses that no objective counts as errors.',
    next: 'Look at the named check, or set `checks` in the document to allow some to fail.',
  },
  'checks-failed-on-successes': {
    words: () => 'they failed on successful responses',
    meaning: 'The check was made on successful responses only, so no error explains its failures.',
    next: 'Look at the named check, or set `checks` in the document to allow some to fail.',
  },
  'thresholds-not-recorded': {
    words: () => 'the thresholds of the load script were not recorded',
    meaning: 'The run was stored by a version that did not record thresholds.',
    next: RECORD,
  },
  'no-thresholds': {
    words: () => 'the load script sets no thresholds',
    meaning: 'There is nothing to check.',
    next: NOTHING,
  },
  'thresholds-crossed': {
    words: (params) =>
      `the load script's ${params.count === 1 ? 'threshold is' : 'thresholds are'} crossed: ${listed(params)}`,
    meaning: 'k6 itself reports such a run as failed.',
    next: 'Look at the named metric.',
  },
  'thresholds-kept': {
    words: (params) => `kept: ${listed(params)}`,
    meaning: 'No threshold of the load script is crossed.',
    next: NOTHING,
  },
  'thresholds-unmeasured': {
    words: (params) =>
      `not measured because there were no samples (k6 reports that as kept): ${listed(params)}`,
    meaning: 'A threshold on a metric without samples shows nothing.',
    next: 'Check whether the threshold names a metric or tag that the script does not have.',
  },
  'no-threshold-measured': {
    words: () => 'no threshold was measured',
    meaning: 'No threshold had samples.',
    next: 'Check whether the thresholds name metrics that the script does not have.',
  },
  'script-end-not-recorded': {
    words: () => 'the record does not show how the load script ended',
    meaning: 'The run was stored by a version that did not record it.',
    next: RECORD,
  },
  'script-failure': {
    words: ({ failure }) => failure,
    meaning: '`setup()` or `teardown()` failed, the script called `fail`, or k6 ended with an error.',
    next: LOG,
  },
  'script-succeeded': {
    words: () => 'k6 reported no failure of the load script as a whole',
    meaning: 'The load script ended normally.',
    next: NOTHING,
  },
  'script-errors': {
    words: ({ errors, first }) =>
      `the load script failed ${timesOf(errors)} (logs/k6.log)${first === null ? '' : `${errors === 1 ? ': ' : ', first: '}${first}`}`,
    meaning: 'An iteration of the load script threw an exception, perhaps before it checked a response.',
    next: LOG,
  },
} satisfies Partial<Entries<LoadReasons>>;

const listed = ({ count, thresholds }: LoadReasons['thresholds-kept']) => {
  const more = count - thresholds.length;
  return [
    ...thresholds.map(({ metric, threshold, value, hasSamples }) => {
      const measured = value === null ? '' : ` (measured: ${formatValue(value, 'number')})`;
      return `${metric}: ${threshold}${hasSamples ? measured : ' (no samples)'}`;
    }),
    ...(more > 0 ? [`${formatCount(more)} more`] : []),
  ].join(', ');
};
