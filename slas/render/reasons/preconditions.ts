import type { EvidenceReasons, PreconditionReasons } from '../../model/reasons.ts';
import { clock } from '../../window/targets.ts';
import { countOf, formatCount } from '../numbers.ts';
import type { Entries } from './entry.ts';
import { LOAD } from './load.ts';
import { RECONCILIATION } from './reconciliation.ts';
import { SCRIPT } from './script.ts';

const NOTHING = 'Nothing.';
const SCRAPING = "Open Prometheus's targets page: is the service scraped, and does every scrape succeed?";
const DELAY = 'Set `--ingest-delay` to the time that samples take to reach this server.';
const START_TIME = 'Export `process_start_time_seconds`, as most client libraries do by default.';

/** Findings of the preconditions on Prometheus's samples, its clock, and the service's processes. */
const EVIDENCE: Entries<EvidenceReasons> = {
  'queries-answered': {
    words: ({ queries }) => `Prometheus answered ${countOf(queries, 'query', 'queries')}`,
    meaning: 'Every query that the verdict needs returned a result.',
    next: NOTHING,
  },
  'query-failed': {
    words: ({ query, error }) => `query failed: ${query}: ${error}`,
    meaning: 'A query that the verdict needs failed.',
    next: 'Look at the error and at the log of Prometheus, and run again.',
  },
  'evidence-missing': {
    words: ({ selector }) => `there is no evidence for ${selector}`,
    meaning: 'The stored evidence has no result of a query that the plan needs.',
    next: 'If the document was changed after the run, judge the run with the document that was stored with it.',
  },
  'no-warnings': {
    words: () => 'Prometheus returned no warnings',
    meaning: 'All results are complete.',
    next: NOTHING,
  },
  'query-warned': {
    words: ({ query, warnings }) => `Prometheus warned about ${query}: ${warnings.join('; ')}`,
    meaning: 'A result came with warnings, so it may be partial.',
    next: 'Look at the warning: often a storage node or a remote-read source was down.',
  },

  'no-samples': {
    words: () => 'Prometheus has no samples of the service around the window',
    meaning: 'No series `up` matches `service.selector` in the window.',
    next: 'Compare `service.selector` with the labels on the targets page of Prometheus.',
  },
  'check-selector': {
    words: () => 'check service.selector; if samples arrive later, set --ingest-delay',
    meaning: 'Why Prometheus may have no samples of the service.',
    next: DELAY,
  },
  'target-scraped': {
    words: ({ target, fromSeconds, toSeconds, isStartedInside, isEndedInside, ...of }) =>
      [
        `${target} from ${clock(fromSeconds)}${isStartedInside ? ' (started in the window)' : ''} to ${clock(toSeconds)}${isEndedInside ? ' (ended in the window)' : ''}`,
        `${countOf(of.scrapes, 'scrape')} about ${Number(of.intervalSeconds.toFixed(2))} s apart`,
        ...(of.failed === 0 ? [] : [`${formatCount(of.failed)} of them failed`]),
        ...(of.missed === 0 ? [] : [`${formatCount(of.missed)} missing in the window`]),
      ].join(', '),
    meaning: 'A target has a scrape at both edges of the window: counts between the two are exact.',
    next: NOTHING,
  },
  'samples-not-shown': {
    words: ({ missing, boundSeconds, boundBy, lagSeconds }) => {
      const what = missing.map(({ what, newestSeconds }) =>
        newestSeconds === null
          ? `${what} (none arrived)`
          : `${what} (the newest is from ${clock(newestSeconds)})`,
      );
      const why = {
        option: 'set by --ingest-delay',
        learned:
          lagSeconds === null
            ? 'learned from earlier samples'
            : `learned: samples arrived up to ${seconds(lagSeconds)} late`,
        default: 'the default',
      }[boundBy];
      return `the server did not return ${what.join(', ')} within ${seconds(boundSeconds)} of the end of the window (${why}); if samples arrive later, set --ingest-delay`;
    },
    meaning:
      'The harness waited for the last samples of the window, and the server did not return them in time.',
    next: DELAY,
  },
  'scrapes-succeeded': {
    words: ({ worked, due }) => `${formatCount(worked)} of ${countOf(due, 'scrape')} succeeded`,
    meaning: 'At least half of the scrapes that were due in the window succeeded.',
    next: NOTHING,
  },
  'most-scrapes-failed': {
    words: ({ of }) => {
      const counts = of.map(
        ({ target, phase, worked, due }) =>
          `${formatCount(worked)} of ${countOf(due, 'scrape')} of ${target}${phase === null ? '' : ` in phase "${phase}"`}`,
      );
      return `only ${counts.join(', ')} succeeded, and at least half must; find out why the others failed (see the targets page of Prometheus), and run again`;
    },
    meaning: 'With so few scrapes, a restart, a gap or a fault would go undetected.',
    next: SCRAPING,
  },

  'no-target-scraped': {
    words: () => 'no target was scraped',
    meaning: 'Prometheus scraped no target that matches `service.selector`.',
    next: SCRAPING,
  },
  'one-target': {
    words: () => 'there is one target',
    meaning: 'No process can be counted twice.',
    next: NOTHING,
  },
  'targets-differ': {
    words: ({ targets }) => `no two of the ${formatCount(targets)} targets are the same process`,
    meaning: 'No process is counted twice.',
    next: NOTHING,
  },
  'same-process': {
    words: ({ labels: [a, b], because, morePairs, remedies }, put) => {
      const more = morePairs === 0 ? '' : ` (and ${countOf(morePairs, 'more pair')})`;
      const remedy =
        remedies.length > 0
          ? `select each process once, with service.selector: ${remedies.join(' or ')}`
          : 'select each process once: add a label to service.selector, or let one of the two jobs drop the target';
      return `${a} and ${b} are the same process, scraped twice and counted twice: they share ${put(because)}${more}; ${remedy}`;
    },
    meaning: 'Every request to that process is counted twice, so counts and rates are too high.',
    next: 'Narrow `service.selector`, as the message shows.',
  },
  'maybe-same-process': {
    words: ({ labels: [a, b] }) =>
      `${a} and ${b} may be the same process, scraped twice: nothing distinguishes them, and no counter that could tell them apart grew`,
    meaning: 'Two targets have the same address, and nothing proves or disproves that they are one process.',
    next: 'Narrow `service.selector` to one job.',
  },

  'single-clock': {
    words: () => "no run record, so only Prometheus's clock matters",
    meaning: 'The harness sent no load, so the window is defined by a single clock.',
    next: NOTHING,
  },
  'clock-unread': {
    words: () => "Prometheus's clock could not be read",
    meaning: 'It is unknown whether both clocks agree.',
    next: NOTHING,
  },
  'clocks-compared': {
    words: (params) => differenceOf(params),
    meaning: 'The clocks of this machine and of Prometheus differ by less than a scrape interval.',
    next: NOTHING,
  },
  'clocks-uncertain': {
    words: ({ intervalSeconds, ...params }) =>
      `${differenceOf(params)}: too uncertain for scrapes ${intervalSeconds.toFixed(1)} s apart`,
    meaning: 'Prometheus took so long to respond that its clock could not be read precisely enough.',
    next: 'Look at the connection to Prometheus.',
  },
  'clocks-apart': {
    words: ({ intervalSeconds, ...params }) =>
      `${differenceOf(params)}: too much for scrapes ${intervalSeconds.toFixed(1)} s apart`,
    meaning: 'The window would be wrong by at least one scrape.',
    next: 'Synchronise both machines with NTP.',
  },

  'start-times-unread': {
    words: ({ error }) => `the start times of the processes could not be queried: ${error}`,
    meaning: 'The query for the start times failed.',
    next: 'Look at the error, and run again.',
  },
  'no-start-time': {
    words: ({ selector, because }, put) => `${selector} is not exported: ${put(because)}`,
    meaning:
      'The service does not export its process start time, so the harness looks for falling counters instead.',
    next: START_TIME,
  },
  'start-time-unrelated': {
    words: ({ target, because }, put) =>
      `the start time of ${target} is 0 or belongs to another process, because its labels differ from those of the counters: ${put(because)}`,
    meaning:
      'The target exports a start time that does not show a restart of the process that counts requests, such as that of a sidecar.',
    next: START_TIME,
  },
  'counter-beyond-new-process': {
    words: () => 'no counter fell, and one is higher than a new process could have reached',
    meaning: 'The counters alone show that no process restarted.',
    next: NOTHING,
  },
  'counters-match-client': {
    words: () => 'no counter fell, and the service counted as many requests as the client received responses',
    meaning: 'A restart would have lost counts, and none are missing.',
    next: NOTHING,
  },
  'export-start-time': {
    words: () =>
      'export process_start_time_seconds, or process_cpu_seconds_total, a counter that reveals restarts',
    meaning: 'Metrics that would show whether the process restarted.',
    next: START_TIME,
  },
  'some-start-times-missing': {
    words: () => 'some targets do not export when their process started',
    meaning: 'It is unknown whether these targets restarted.',
    next: START_TIME,
  },
  'start-times-kept': {
    words: () => 'no start time of a process changed',
    meaning: 'No process restarted in the window.',
    next: NOTHING,
  },
  'replicas-elastic': {
    words: ({ started, ended, unseenSeconds }) =>
      `replicas are elastic: ${formatCount(started)} started in the window, ${formatCount(ended)} ended${ended === 0 ? '' : ` (unscraped for at most ${seconds(unseenSeconds)} in total)`}`,
    meaning:
      'With `replicas: elastic`, processes may start and end; the uncounted requests of terminated replicas are bounded.',
    next: NOTHING,
  },
  'process-restarted': {
    words: ({ target, atSeconds }) => `the process of ${target} restarted (detected at ${clock(atSeconds)})`,
    meaning: 'The process restarted in the window, and its counts since the last scrape are lost.',
    next: 'Look at the log of the service: did it crash, run out of memory, or get redeployed?',
  },
  'start-time-unknown-at-edge': {
    words: ({ target }) =>
      `the start time of the process of ${target} is unknown at one or both edges of the window`,
    meaning: 'A restart at an edge of the window would go undetected.',
    next: 'Run again; scrape more often if it happens again.',
  },

  ...RECONCILIATION,
};

/** Why a precondition holds, does not hold, or could not be checked. */
export const PRECONDITIONS: Entries<PreconditionReasons> = { ...EVIDENCE, ...LOAD, ...SCRIPT };

const seconds = (of: number) => `${Number(of.toFixed(1))} s`;

function differenceOf({ aheadSeconds, uncertaintySeconds }: EvidenceReasons['clocks-compared']): string {
  const apart = Math.abs(aheadSeconds).toFixed(3);
  const which = Number(apart) === 0 ? '' : `, Prometheus ${aheadSeconds < 0 ? 'behind' : 'ahead'}`;
  return `clocks differ by ${apart} s (± ${uncertaintySeconds.toFixed(3)} s)${which}`;
}
