import type { LoadReasons } from '../../model/reasons-preconditions.ts';
import { countOf, formatCount, formatValue, were } from '../numbers.ts';
import type { Entries } from './entry.ts';

const NOTHING = 'Nothing.';
const LOG = 'Look at logs/k6.log, and correct the load script.';
const RECORD = 'Run the load again with this version, which records it.';
const MACHINE = 'Give the load generator its own machine, more CPU (`--generators`), or more virtual users.';

/**
 * Findings of the preconditions on the load, on the load script and on the responses that the client
 * received.
 */
export const LOAD: Entries<LoadReasons> = {
  'no-run-record': {
    words: () => 'no run record: another process generated the load',
    meaning: 'Only a window was judged, so there is no client record.',
    next: 'Nothing. To check it, generate the load with `./sla gate` or `./sla run`.',
  },
  'planned-load-unknown': {
    words: () => 'no run record: it is unknown whether the planned load was sent',
    meaning: 'The plan has a load, but no record shows that it was sent.',
    next: 'Generate the load with `./sla gate` or `./sla run`.',
  },
  'nothing-sent': {
    words: () => 'no request was sent',
    meaning: 'Without requests there is nothing to judge.',
    next: LOG,
  },
  'load-sent': {
    words: ({ sent, planned }) =>
      `${formatCount(sent)} of ${countOf(planned, 'planned request')} ${were(sent)} sent`,
    meaning: 'How much of the planned load k6 sent.',
    next: NOTHING,
  },
  'sent-without-library': {
    words: ({ requests }) =>
      `the script sent ${countOf(requests, 'request')} without loadtests/lib/request.ts (use its send, get or post: only these are recorded)`,
    meaning: "Other requests are neither counted as sent nor judged by the client's clock.",
    next: 'Send them with `send`, `get` or `post` of loadtests/lib/request.ts.',
  },
  'load-cut-short': {
    words: ({ because }) => `the load was cut short (${because ?? 'reason unknown'})`,
    meaning: 'The load ended before all planned requests were sent.',
    next: 'See the named reason.',
  },
  'load-of-another-plan': {
    words: ({ plannedRequests, scheduledSeconds }) =>
      `the run record belongs to another load: the plan has ${countOf(plannedRequests, 'request')} in ${formatCount(scheduledSeconds)} s`,
    meaning: 'Plan and record do not belong together.',
    next: 'Judge the run with the plan that was stored with it.',
  },
  'requests-dropped': {
    words: ({ dropped, inFlight }) =>
      `k6 dropped ${countOf(dropped, 'planned request')} because no virtual user was free${inFlight === null ? '' : `, with at most ${countOf(inFlight, 'request')} in flight at once`}`,
    meaning: 'Every virtual user was waiting for a response, or busy in the script, when a request was due.',
    next: 'If few were in flight, the machine or the script was slow; otherwise the service was: raise `vus`, or lower the rate.',
  },
  'load-off-plan': {
    words: ({ tolerance }) => `more than ${formatValue(tolerance, 'ratio')} off the plan`,
    meaning: 'The load that was sent is not the planned one.',
    next: MACHINE,
  },
  'phase-not-sent': {
    words: ({ phase }) => `no request of phase "${phase}" was sent`,
    meaning: 'A phase of the plan never began.',
    next: LOG,
  },
  'phase-off-plan': {
    words: ({ phase, sent, planned, tolerance }) =>
      `phase "${phase}" got ${formatCount(sent)} of ${countOf(planned, 'planned request')}, more than ${formatValue(tolerance, 'ratio')} off`,
    meaning: 'The load of a phase is not the planned one, even if the sum of all phases is.',
    next: MACHINE,
  },
  'lateness-unknown': {
    words: () => 'how late requests started was not measured',
    meaning: 'The record does not have the start times of requests.',
    next: NOTHING,
  },
  'started-late': {
    words: ({ phase, lateSeconds }) =>
      `99% of requests${phase === null ? '' : ` of phase "${phase}"`} started at most ${Math.round(lateSeconds * 1000)} ms late`,
    meaning: 'How late the load generator was.',
    next: NOTHING,
  },
  'generator-too-late': {
    words: ({ allowedSeconds }) =>
      `the load generator was short of CPU, or had no free virtual user (at most ${formatValue(allowedSeconds, 'seconds')} are allowed)`,
    meaning: "The load generator's delay would count as latency of the service.",
    next: MACHINE,
  },
  'processes-unwatched': {
    words: () => 'the processes were not watched',
    meaning: 'It is unknown whether a process died during the window.',
    next: NOTHING,
  },
  'processes-survived': {
    words: () => 'the service, the load generator and Prometheus ran to the end',
    meaning: 'No process that was started for the run died.',
    next: NOTHING,
  },
  incident: {
    words: ({ incident }) => incident,
    meaning: 'A process died during the run.',
    next: "Look at that process's log in the run's folder.",
  },

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
    meaning: '`checks` of the document decides how many checks must pass.',
    next: NOTHING,
  },
  'checks-threshold': {
    words: ({ threshold, isCrossed }) =>
      `the script's threshold ${threshold} ${isCrossed ? 'is crossed' : 'allows that'}`,
    meaning: 'A threshold of the load script on its checks decides how many must pass.',
    next: NOTHING,
  },
  'checks-failed-on-errors': {
    words: ({ errors }) =>
      `none more often than the ${countOf(errors, 'request')} already counted as ${errors === 1 ? 'an error' : 'errors'}`,
    meaning: "Checks may fail on requests that are errors: the error rate's limit judges these.",
    next: NOTHING,
  },
  'checks-failed-beyond-errors': {
    words: ({ errors }) =>
      `only ${countOf(errors, 'request')} failed as ${errors === 1 ? 'an error' : 'errors'}`,
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
    meaning: 'k6 itself calls such a run failed.',
    next: 'Look at the named metric.',
  },
  'thresholds-kept': {
    words: (params) => `kept: ${listed(params)}`,
    meaning: 'No threshold of the load script is crossed.',
    next: NOTHING,
  },
  'thresholds-unmeasured': {
    words: (params) => `not measured because there were no samples (k6 calls that kept): ${listed(params)}`,
    meaning: 'A threshold on a metric without samples says nothing.',
    next: "Does the threshold name a metric, or a tag, that the script doesn't have?",
  },
  'no-threshold-measured': {
    words: () => 'none was measured',
    meaning: 'No threshold had samples.',
    next: "Do the thresholds name metrics that the script doesn't have?",
  },
  'script-end-not-recorded': {
    words: () => 'how the load script ended was not recorded',
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
      `the load script failed ${countOf(errors, 'time')} (logs/k6.log)${first === null ? '' : `${errors === 1 ? ': ' : ', first: '}${first}`}`,
    meaning: 'An iteration of the load script threw an exception, perhaps before it checked a response.',
    next: LOG,
  },

  'checks-of-unknown-content': {
    words: () => "it is unknown what the load script's checks look at (see checks-passed)",
    meaning: 'The checks may or may not look at response bodies.',
    next: NOTHING,
  },
  'bodies-unchecked': {
    words: () => 'response bodies were not checked',
    meaning: 'A wrong page with status 200 would go undetected.',
    next: 'Check bodies in the load script: call `expectAnswer` of loadtests/lib/request.ts.',
  },
  'no-successes': {
    words: () => 'there was no successful response to check',
    meaning: 'No response had a 2xx status.',
    next: 'See the error rate.',
  },
  'responses-checked': {
    words: ({ wrong, checked, unchecked, successful, expectedRefusals }) => {
      const kind = expectedRefusals > 0 ? 'response' : 'successful response';
      return unchecked === 0
        ? `${formatCount(wrong)} of ${countOf(checked, kind)} ${were(wrong)} not as expected`
        : `${formatCount(wrong)} of ${countOf(checked, `checked ${kind}`)} ${were(wrong)} not as expected; the other ${formatCount(unchecked)} of ${countOf(successful, 'successful response')} ${were(unchecked)} not checked`;
    },
    meaning: "The results of the load script's response checks.",
    next: 'If some were wrong, look at what the service sent: an error page with status 200, or a login page?',
  },
  'responses-checked-unknown': {
    words: ({ wrong, successful }) =>
      `${countOf(wrong, 'response')} ${were(wrong)} not as expected; how many of the ${countOf(successful, 'successful response')} were checked was not recorded`,
    meaning: 'The run was stored by a version that did not record how many responses were checked.',
    next: RECORD,
  },
  'failures-allowed': {
    words: () => 'within the allowed number (see checks-passed)',
    meaning: 'The document, or a threshold of the script, allows this many checks to fail.',
    next: NOTHING,
  },
  'client-errors': {
    words: ({ refused, sent, expected }) =>
      `${formatCount(refused)} of ${countOf(sent, 'request')} ${were(refused)} refused as client errors (4xx)${expected === null ? '' : `, ${formatCount(expected)} more as expected`}`,
    meaning: '4xx responses other than 429 mean that the load script sent something wrong.',
    next: 'If there are any, look at the response bodies; mark intended refusals as expected.',
  },
  'requests-unanswered': {
    words: ({ unanswered, sent }) =>
      `${formatCount(unanswered)} of ${countOf(sent, 'request')} went unanswered`,
    meaning: 'Refused connections, resets and timeouts. The service does not count them.',
    next: 'If there are any, look at the log of the service: did it crash, or refuse connections?',
  },
  'unanswered-not-judged': {
    words: () => 'no objective counts them (a ratio with "lost: bad" does)',
    meaning: 'Otherwise the run could pass on the answered requests alone.',
    next: 'Add `lost: bad` to the error rate.',
  },
  'iterations-interrupted': {
    words: ({ iterations }) =>
      `k6 interrupted ${countOf(iterations, 'iteration')}, whose last request may have got no response`,
    meaning:
      'k6 emits no sample for a request that it interrupts at the end of `gracefulStop`, and the service has not counted it either. Each such iteration counts as a possible unanswered request.',
    next: 'Set the `timeout` of requests below `gracefulStop`, so that requests without a response are recorded; then look at why the service does not respond.',
  },
  'no-client-record': {
    words: () => 'the load generator did not record individual requests',
    meaning: 'The status of each request is unknown.',
    next: RECORD,
  },
  'failed-responses': {
    words: ({ failed, sent }) =>
      `${formatCount(failed)} of ${countOf(sent, 'request')} got a response with status 3xx, 429 or 5xx`,
    meaning: 'Responses that are neither successful nor client errors.',
    next: 'If there are any, see which objective counts them.',
  },
  'failed-not-judged': {
    words: ({ failed, statuses }) =>
      `no objective counts ${formatCount(failed)} of them (${statuses.join(', ')}) as errors`,
    meaning: 'Otherwise the run could pass on the remaining successful responses alone.',
    next: 'Extend `bad` of the error rate to these statuses.',
  },
  'unexpected-outcomes': {
    words: ({ requests, sent, tolerance, limit, ...kinds }) => {
      const all = `${formatCount(requests)} of ${countOf(sent, 'request')} (${formatValue(requests / sent, 'ratio')}) did not get the expected response (${kindsOf(kinds)})`;
      return limit === null
        ? `${all}: at most ${formatValue(tolerance, 'ratio')} are tolerated`
        : `${all}: together more than the limit of ${limit.id}, "${limit.text}"`;
    },
    meaning:
      'Client errors, uncounted failures and unanswered requests, with the errors that are counted, share one tolerance: the strictest error limit of the document.',
    next: 'Look at the largest of these kinds.',
  },
};

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

/** `30 client errors (4xx), 20 with status 302, 3 unanswered, 5 counted as errors`. */
function kindsOf({
  refused,
  failed,
  unanswered,
  interrupted = 0,
  countedErrors,
}: Pick<
  LoadReasons['unexpected-outcomes'],
  'refused' | 'failed' | 'unanswered' | 'interrupted' | 'countedErrors'
>): string {
  const kinds = [
    { count: refused, words: refused === 1 ? 'client error (4xx)' : 'client errors (4xx)' },
    ...failed.map(({ status, count }) => ({ count, words: `with status ${status}` })),
    { count: unanswered, words: 'unanswered' },
    { count: interrupted, words: 'possibly unanswered' },
    { count: countedErrors, words: countedErrors === 1 ? 'counted as an error' : 'counted as errors' },
  ];
  return kinds
    .filter(({ count }) => count > 0)
    .map(({ count, words }) => `${formatCount(count)} ${words}`)
    .join(', ');
}
