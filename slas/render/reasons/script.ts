import type { ScriptReasons } from '../../model/reasons-script.ts';
import { countOf, formatCount, formatValue, were } from '../numbers.ts';
import type { Entries } from './entry.ts';

const NOTHING = 'Nothing.';
const MORE_VUS =
  'Give the scenario more virtual users (`preAllocatedVUs`, `maxVUs`), or the load generator more CPU.';

/** Findings on a k6 script that plans its own load, and the script's own results. */
export const SCRIPT: Entries<ScriptReasons> = {
  'script-iterations': {
    words: ({ iterations, planned, requests }) => {
      const sent = `${countOf(requests, 'request')} ${were(requests)} sent`;
      return planned === null
        ? `${countOf(iterations, 'iteration')} completed; ${sent}`
        : `${formatCount(iterations)} of ${countOf(planned, 'planned iteration')} completed; ${sent}`;
    },
    meaning: "How much of the script's plan k6 carried out.",
    next: NOTHING,
  },
  'scenarios-not-recorded': {
    words: () => 'the record does not show how many iterations each scenario of the script completed',
    meaning: "The record does not show whether k6 ran the script's plan in full.",
    next: 'Run the load again; if k6 was killed, see logs/k6.log.',
  },
  'scenario-idle': {
    words: ({ scenario }) => `no iteration of scenario "${scenario}" completed`,
    meaning: 'A scenario of the script did nothing, or its iterations took longer than the scenario.',
    next: 'Look at logs/k6.log, and at how long an iteration takes.',
  },
  'scenario-off-plan': {
    words: ({ scenario, iterations, dropped, planned, tolerance }) => {
      const missing = planned - iterations - dropped;
      const others = [
        ...(dropped > 0 ? [`${formatCount(dropped)} dropped`] : []),
        ...(missing > 0 ? [`${formatCount(missing)} interrupted or never started`] : []),
      ];
      return `scenario "${scenario}" completed ${formatCount(iterations)} of ${countOf(planned, 'planned iteration')}${others.length === 0 ? '' : ` (${others.join(', ')})`}, more than ${formatValue(tolerance, 'ratio')} off`;
    },
    meaning: 'What k6 did is not what the script plans.',
    next: 'If iterations were interrupted, raise `gracefulStop` or `maxDuration` of the scenario.',
  },
  'iterations-dropped': {
    words: ({ scenario, dropped, planned }) =>
      `k6 dropped ${formatCount(dropped)} of ${countOf(planned, 'planned iteration')} of scenario "${scenario}" because no virtual user was free`,
    meaning: 'Every virtual user of the scenario was busy when an iteration was due.',
    next: MORE_VUS,
  },
  'scenario-late': {
    words: ({ scenario, lateSeconds }) =>
      `99% of iterations of scenario "${scenario}" started at most ${Math.round(lateSeconds * 1000)} ms late`,
    meaning: 'How late the load generator started iterations.',
    next: NOTHING,
  },
  'load-open': {
    words: () => 'every scenario starts its iterations on schedule, however fast the service is',
    meaning: 'The script uses arrival-rate executors only.',
    next: NOTHING,
  },
  'load-closed': {
    words: ({ scenarios }) =>
      `${scenarios.length === 1 ? 'scenario' : 'scenarios'} ${scenarios.map((name) => `"${name}"`).join(', ')} ${scenarios.length === 1 ? 'uses' : 'use'} a closed model: the load drops while the service is slow, so it cannot show latencies at a given rate (coordinated omission)`,
    meaning:
      'A virtual user of these executors waits for a response before it sends its next request. Requests that would have been slow were never sent.',
    next: 'For a promise about a rate, use `constant-arrival-rate` or `ramping-arrival-rate`.',
  },
  'requests-to-target-only': {
    words: () => 'every request went to the load target',
    meaning: 'The script sent nothing to another host.',
    next: NOTHING,
  },
  'requests-elsewhere': {
    words: ({ hosts, more }) => {
      const named = hosts.map(({ host, requests }) => `${host} (${countOf(requests, 'request')})`);
      return `the script sent requests to other hosts, which k6 was not allowed to reach; these requests are left out: ${[...named, ...(more > 0 ? [`${formatCount(more)} more`] : [])].join(', ')}`;
    },
    meaning: 'Load goes to the load target only. Requests to other hosts failed, and are not counted.',
    next: 'Remove these requests from the script, or expect everything that depends on them to fail.',
  },
  'client-saw-none': {
    words: ({ path, protocols }) => {
      const others = protocols.map(({ protocol, samples }) =>
        countOf(samples, `${NAMES[protocol] ?? protocol} sample`),
      );
      return `client-side latency was not judged: the script sent no HTTP request to ${path}${others.length === 0 ? '' : ` (${others.join(', ')} ${protocols.length === 1 && protocols[0]!.samples === 1 ? 'is' : 'are'} judged service-side only)`}`;
    },
    meaning:
      'The document asks for the client-side latency of this path, and the client record has no request to it.',
    next: 'Check that `client` of the objective names a path, or a k6 `name` tag, that the script uses.',
  },

  'k6-compared': {
    words: ({ threshold, value, isCrossed, samples }) => {
      const measured = value === null ? '' : `: k6 measured ${formatValue(value, 'number')}`;
      const over = samples === null ? '' : ` over ${countOf(samples, 'sample')}`;
      return `the script's threshold ${threshold} is ${isCrossed ? 'crossed' : 'kept'}${measured}${over}`;
    },
    meaning: "A threshold of the load script, with k6's own value in k6's own unit.",
    next: 'If it is crossed, look at the named metric.',
  },
  'k6-measured-nothing': {
    words: ({ isCrossed }) =>
      `k6 has no samples for this threshold's metric, and reports the threshold as ${isCrossed ? 'crossed' : 'kept'}`,
    meaning: 'A threshold on a metric without samples shows nothing.',
    next: 'Check whether the threshold names a metric or tag that the script does not have.',
  },
  'k6-ended-the-run': {
    words: () => 'k6 aborted the run because of it',
    meaning: 'The threshold has `abortOnFail`.',
    next: NOTHING,
  },
};

const NAMES: Readonly<Record<string, string>> = { grpc: 'gRPC', websocket: 'WebSocket' };
