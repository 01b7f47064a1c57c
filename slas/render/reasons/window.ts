import type { WindowReasons } from '../../model/reasons-window.ts';
import { clock } from '../../window/targets.ts';
import { countOf, timesOf } from '../numbers.ts';
import type { Entries } from './entry.ts';

type Missing = WindowReasons['series-missing'];
type Span = Pick<WindowReasons['phase-without-scrapes'], 'phase' | 'fromSeconds' | 'toSeconds'>;

const seriesOf = (labels: Readonly<Record<string, string>>) => `series ${JSON.stringify(labels)}`;
const phaseOf = ({ phase, fromSeconds, toSeconds }: Span) =>
  `phase "${phase}" (${clock(fromSeconds)} to ${clock(toSeconds)})`;
/** Words for each edge of the window. */
const AT = { open: 'start', close: 'end' } as const;

const tenths = (seconds: number) => `${seconds.toFixed(1)} s`;

const ASK_PROMETHEUS = "Look at Prometheus's log, and run again.";
const SCRAPES = 'Find out why the scrape failed or is missing: look at the target in Prometheus.';
const RESTARTED = 'Find out why the service restarted: look at its log.';
const STARTS = 'Scrape each replica separately, so that one address belongs to one process.';
const LONGER_PHASE = 'Make the phase longer, or scrape more often.';
const SELECTOR = 'Correct `service.selector` in the document.';

/** Why nothing could be counted in a window. */
export const WINDOW: Entries<WindowReasons> = {
  'no-evidence': {
    words: ({ selector }) => `there is no evidence for ${selector}`,
    meaning: 'The stored evidence has no data for the selector.',
    next: 'Collect the evidence again: it belongs to another plan or version.',
  },
  'prometheus-error': {
    words: ({ error }) => `the query to Prometheus failed: ${error}`,
    meaning: 'A query that the objective needs failed.',
    next: ASK_PROMETHEUS,
  },
  'prometheus-warned': {
    words: ({ warnings }) => `Prometheus warned: ${warnings.join('; ')}`,
    meaning: 'A response with a warning may be incomplete, so it is not used.',
    next: ASK_PROMETHEUS,
  },
  'no-data': {
    words: ({ selector }) => `Prometheus has no data for ${selector} around the window`,
    meaning: 'The query succeeded and returned no series.',
    next: 'Check the metric name and `service.selector` in the document.',
  },

  'edge-scrape-failed': {
    words: ({ target, edge, atSeconds }) =>
      `the scrape of ${target} at the ${AT[edge]} of the window (${clock(atSeconds)}) failed`,
    meaning: 'Counts are differences between the scrapes at the edges of the window. One of them failed.',
    next: SCRAPES,
  },
  'edge-not-scraped': {
    words: ({ target, edge, atSeconds, nearestSeconds }) => {
      const [side, nearest] =
        edge === 'open' ? ['before', 'last scrape before it'] : ['after', 'first scrape after it'];
      const seen = nearestSeconds === null ? '' : ` (the ${nearest} was at ${clock(nearestSeconds)})`;
      return `${target} was not scraped at the ${AT[edge]} of the window, at or shortly ${side} ${clock(atSeconds)}${seen}`;
    },
    meaning: 'Counts are differences between the scrapes at the edges of the window. One of them is missing.',
    next: SCRAPES,
  },
  'edge-scrape-late': {
    words: ({ target, edge, seconds }) =>
      edge === 'open'
        ? `${target} was not scraped at the start of the window: the last scrape before it came ${tenths(seconds)} earlier`
        : `${target} was not scraped at the end of the window: the first scrape after it came ${tenths(seconds)} later`,
    meaning: 'Counts are differences between the scrapes at the edges of the window. One of them is missing.',
    next: SCRAPES,
  },
  'scraped-too-rarely': {
    words: ({ target }) => `${target} was scraped fewer than twice around the window`,
    meaning: 'A difference needs two scrapes.',
    next: SCRAPES,
  },
  'all-scraped-once': {
    words: ({ target }) => `${target} was scraped only once, and so was every other target`,
    meaning: 'Without two scrapes of any target, the scrape interval is unknown.',
    next: SCRAPES,
  },

  'start-time-unscraped': {
    words: ({ target, atSeconds }) =>
      `${target} reports the start time of its process at ${clock(atSeconds)}, but "up" has no scrape then`,
    meaning: "A replica's samples contradict its `up` series.",
    next: SCRAPES,
  },
  'start-time-went-back': {
    words: ({ target, started, before }) =>
      `the process start time of ${target} is ${started}${before === null ? '' : `, but was ${before} at earlier scrapes`}: several processes share one address`,
    meaning: 'A start time that goes back shows that the scrapes reached different processes.',
    next: STARTS,
  },
  'started-after-scrape': {
    words: ({ target, seconds }) =>
      `${target} reports that its process started ${tenths(seconds)} after it was scraped, so its clock differs from Prometheus's`,
    meaning: 'The start time comes from another machine, whose clock is wrong.',
    next: 'Synchronise the clocks of the service and of Prometheus.',
  },
  'started-unseen': {
    words: ({ target, seconds }) =>
      `${target} was not scraped at the start of the window, although its process had started ${tenths(seconds)} before that`,
    meaning: 'It is unknown what the process had counted when the window began.',
    next: SCRAPES,
  },
  'restart-possible': {
    words: ({ target, fromSeconds, toSeconds, more }) =>
      `a restart of ${target} between ${clock(fromSeconds)} and ${clock(toSeconds)}${more === 0 ? '' : ` (and in ${countOf(more, 'other gap')})`} cannot be ruled out`,
    meaning: 'No start time is exported, and no counter shows that the process continued.',
    next: 'Export `process_start_time_seconds`, as most client libraries do by default.',
  },

  'series-of-no-target': {
    words: ({ labels }) => `${seriesOf(labels)} does not belong to any scraped target`,
    meaning: 'Each series must come from exactly one scraped target.',
    next: SELECTOR,
  },
  'series-of-several-targets': {
    words: ({ labels }) => `${seriesOf(labels)} belongs to several targets`,
    meaning: 'Each series must come from exactly one scraped target.',
    next: SELECTOR,
  },
  'series-missing': {
    words: (params) => `${params.target} has no series ${params.selector} in the window${remedyOf(params)}`,
    meaning: 'A target without the series counts nothing, so the sum over all targets would be too small.',
    next: 'Correct the metric name, exclude other programs by a label, or warm up the service.',
  },
  'series-came-and-went': {
    words: ({ labels }) => `${seriesOf(labels)} began and ended within the window`,
    meaning: 'Its counts are unknown, because no scrape saw it at an edge.',
    next: RESTARTED,
  },
  'series-vanished': {
    words: ({ labels }) => `${seriesOf(labels)} existed before the window but has no sample in it`,
    meaning: 'A series that existed before the window must exist in it.',
    next: RESTARTED,
  },
  'series-ended': {
    words: ({ labels, atSeconds }) => `${seriesOf(labels)} ends within the window, at ${clock(atSeconds)}`,
    meaning: 'Its counts after its last sample are unknown.',
    next: RESTARTED,
  },
  'series-began-unseen': {
    words: ({ labels }) =>
      `${seriesOf(labels)} has no sample at the start of the window, so it is unknown what it had counted before`,
    meaning: 'It may have begun within the window, or may have existed before with a count of its own.',
    next: 'Initialise the series at 0 in the service, or send requests before the window (`service.warmUp`).',
  },
  'sample-not-finite': {
    words: ({ labels, value, atSeconds }) => `${seriesOf(labels)} is ${value} at ${clock(atSeconds)}`,
    meaning: 'A counter has a value that is not a finite number.',
    next: 'Look at the series of the objective in evidence.json.',
  },
  'series-not-finite': {
    words: ({ labels }) => `${seriesOf(labels)} is not a finite number throughout the window`,
    meaning:
      'A counter has a value that is not a finite number. Prometheus reports this for samples that were not read.',
    next: 'Look at the series in Prometheus.',
  },
  'counter-reset': {
    words: ({ labels, from, to, atSeconds }) =>
      `${seriesOf(labels)} fell from ${from} to ${to} at ${clock(atSeconds)}: the service restarted`,
    meaning: 'A counter falls only when its process restarts, and what it counted before is lost.',
    next: RESTARTED,
  },
  'counter-reset-unread': {
    words: ({ labels, falls }) =>
      `${seriesOf(labels)} fell ${timesOf(falls)} within the window: the service restarted`,
    meaning:
      'A counter falls only when its process restarts. Prometheus reports this for samples that were not read.',
    next: RESTARTED,
  },
  'resets-unknown': {
    words: ({ labels }) => `Prometheus does not report whether ${seriesOf(labels)} fell within the window`,
    meaning: 'Long windows are downsampled, which requires the resets of every series.',
    next: ASK_PROMETHEUS,
  },

  'no-phase-record': {
    words: () => 'the load generator left no record of its phases, so the requests of this phase are unknown',
    meaning: 'The objective applies to one phase, and it is unknown when that phase began.',
    next: 'Generate the load with `./sla run`, which records its phases.',
  },
  'phase-not-begun': {
    words: ({ phase }) => `phase "${phase}" never began`,
    meaning: 'The load ended before the phase.',
    next: 'Find out why the load ended early: see load-delivered.',
  },
  'phase-without-scrapes': {
    words: (params) =>
      `a target was scraped fewer than twice during ${phaseOf(params)}, so nothing was counted`,
    meaning: "A phase's counts run from its first scrape to its last.",
    next: LONGER_PHASE,
  },
  'phase-edge-not-scraped': {
    words: (params) => `a scrape of ${params.target} is missing at the edge of ${phaseOf(params)}`,
    meaning: "A phase's counts run from its first scrape to its last, and one of these is missing.",
    next: SCRAPES,
  },

  'same-process-marks': {
    words: ({ address, startSeconds, counters }) =>
      [
        ...(address === null ? [] : [`the address ${address}`]),
        ...(startSeconds === null ? [] : [`the start time ${startSeconds}`]),
        ...(counters === null
          ? []
          : [`${countOf(counters, 'counter')} that ${counters === 1 ? 'moves' : 'move'} in step`]),
      ].join(', '),
    meaning: 'What two targets have in common. It shows that they are one process that is scraped twice.',
    next: 'See targets-distinct.',
  },
};

/**
 * The remedy for a missing series. If other targets have the metric, a label that only they have excludes a sidecar. If no target has it, a
 * warm-up creates the series.
 */
function remedyOf({ target, isUnknown, elsewhere }: Missing): string {
  if (elsewhere === null)
    return isUnknown
      ? ': correct its name or, if its first request creates it, send one before the window (service.warmUp)'
      : '';
  const { label } = elsewhere;
  const remedy =
    label === null
      ? 'add a label to service.selector that only the service has'
      : `add ${label.name}: ${label.value} to service.selector`;
  return `, but ${elsewhere.target} has one: if ${target} is another program (a sidecar, an exporter), ${remedy}`;
}
