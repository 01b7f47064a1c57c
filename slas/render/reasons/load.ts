import type { LoadReasons } from '../../model/reasons-preconditions.ts';
import { countOf, formatCount, formatValue, were } from '../numbers.ts';
import type { Entries } from './entry.ts';
import { RESPONSES } from './responses.ts';
import { SCRIPT_CHECKS } from './script-checks.ts';

const NOTHING = 'Nothing.';
const LOG = 'Look at logs/k6.log, and correct the load script.';
const MACHINE = 'Give the load generator its own machine, more CPU (`--generators`), or more virtual users.';

/**
 * Findings of the preconditions on the load, on the load script and on the responses that the client
 * received.
 */
export const LOAD: Entries<LoadReasons> = {
  'no-run-record': {
    words: () => 'no run record: another process generated the load',
    meaning: 'Only a window was judged, so there is no client record.',
    next: 'Nothing. The check needs load that `./sla gate` or `./sla run` generates.',
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
    meaning: 'Other requests are neither counted as sent nor included in client-side latency.',
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
      `phase "${phase}" sent ${formatCount(sent)} of ${countOf(planned, 'planned request')}, more than ${formatValue(tolerance, 'ratio')} off`,
    meaning: 'The load of a phase is not the planned one, even if the sum of all phases is.',
    next: MACHINE,
  },
  'lateness-unknown': {
    words: () => 'the record does not show how late requests started',
    meaning: 'The record does not include when requests started.',
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
      `the load generator was short of CPU, or had no free virtual user (at most ${formatValue(allowedSeconds, 'seconds')} is allowed)`,
    meaning: "The load generator's delay would count as latency of the service.",
    next: MACHINE,
  },
  'processes-unwatched': {
    words: () => 'the processes were not monitored',
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

  ...SCRIPT_CHECKS,
  ...RESPONSES,
};
