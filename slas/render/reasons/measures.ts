import type { MeasureReasons } from '../../model/reasons.ts';
import { clock } from '../../window/targets.ts';
import { are, countOf, formatCount, formatValue, timesOf, were } from '../numbers.ts';
import type { Entries } from './entry.ts';
import { SHARES } from './shares.ts';

type Labels = Readonly<Record<string, string>>;

const seriesOf = (labels: Labels) => `series ${JSON.stringify(labels)}`;
const successful = (n: number) => countOf(n, 'successful response');

const NAME_THE_COUNTER = 'name the counter that it is computed from';
const CORRECT_DOCUMENT = 'Correct the selector of the objective in the document.';
const LOAD = 'Check that the load reaches the service that Prometheus scrapes.';
const KEEP_RECORD = 'Generate the load with `./sla run`, which keeps a record of every request.';

/** How an objective was measured, or why it could not be. */
export const MEASURES: Entries<MeasureReasons> = {
  ...SHARES,

  'responses-over-load': {
    words: ({ samples, seconds }) => `${successful(samples)} in ${formatCount(seconds)} s`,
    meaning: 'Throughput: successful responses over the scheduled time of the load.',
    next: 'Nothing, if the objective is met.',
  },
  'responses-after-load': {
    words: ({ samples, seconds, scheduledSeconds }) =>
      `${successful(samples)} in ${formatCount(seconds)} s; the load was scheduled over ${formatCount(scheduledSeconds)} s`,
    meaning:
      'The service fell behind: its last responses came after the load had ended, so they are divided by the time they took.',
    next: "Look for a queue in the service: its capacity is below the load's rate.",
  },
  'responses-between-scrapes': {
    words: ({ samples }) => `${successful(samples)} between the first and the last scrape`,
    meaning: "Throughput: each target's count, divided by the time between its own scrapes.",
    next: 'Nothing, if the objective is met.',
  },
  'mean-of': {
    words: ({ samples }) => `mean of ${countOf(samples, 'observation')}`,
    meaning: 'The mean of all observations in the window.',
    next: 'Nothing, if the objective is met.',
  },
  'nothing-observed': {
    words: () => 'nothing was observed in the window',
    meaning: 'The count of observations did not grow, so there is no mean.',
    next: LOAD,
  },
  'no-load': {
    words: () => 'no request was made in the window, so there is no throughput to judge',
    meaning: 'Without requests, throughput says nothing about the service.',
    next: 'Choose a window with load.',
  },
  'series-unpaired': {
    words: ({ sum, count, labels }) =>
      `every series of ${sum} needs one of ${count} with the same labels, but ${JSON.stringify(labels)} has none`,
    meaning: 'A mean divides a sum by the count with the same labels.',
    next: CORRECT_DOCUMENT,
  },
  'counter-stands-still': {
    words: ({ selector, responses }) =>
      `${selector} did not grow although the client received ${successful(responses)}, so it does not count them; ${NAME_THE_COUNTER}`,
    meaning: 'The selected series is a gauge, or a counter of something else.',
    next: CORRECT_DOCUMENT,
  },

  'value-not-whole': {
    words: ({ labels, value, atSeconds }) =>
      `${seriesOf(labels)} is ${value} at ${clock(atSeconds)}, which is not a whole number of events, so it is not a counter; ${NAME_THE_COUNTER}`,
    meaning: 'The selected series is a rate, a ratio or another gauge.',
    next: CORRECT_DOCUMENT,
  },
  'counter-unnamed': {
    words: ({ metric }) =>
      `nothing shows that ${metric} is a counter: its name does not end in _total, _count, _bucket or _sum, and a gauge that happens to rise looks the same; name a counter, or confirm it with unusual: true`,
    meaning: 'A gauge with whole numbers that does not fall in the window looks like a counter.',
    next: 'Name a counter of the service, or confirm with `unusual: true` on the objective that it is one.',
  },
  'counter-falls-often': {
    words: ({ labels, falls }) =>
      `${seriesOf(labels)} fell ${timesOf(falls)} within the window, but counters only rise: it is a gauge, or the service restarted each time; ${NAME_THE_COUNTER}`,
    meaning: 'The selected series is a gauge, or the service restarts again and again.',
    next: CORRECT_DOCUMENT,
  },
  'increase-not-whole': {
    words: ({ labels, increase }) =>
      `${seriesOf(labels)} grew by ${increase}, which is not a whole number of events, so it does not count them`,
    meaning: 'Events are judged as whole numbers. The selected series counts something else.',
    next: CORRECT_DOCUMENT,
  },
  'value-impossible': {
    words: ({ of, value, unit }) => {
      const what = of ?? 'the mean';
      if (unit === 'ratio')
        return `${what} is ${Number(value.toPrecision(6))}, but a ratio lies between 0 and 1: write \`unit: number\` if it is a percentage or a count`;
      return `${what} is ${value}, which is not possible for a ${unit === 'seconds' ? 'time' : 'rate'}`;
    },
    meaning: 'The values are not in the unit that the document says.',
    next: 'Correct the unit of the objective in the document.',
  },

  'scrapes-up': {
    words: ({ up, samples, unknown, isStale, odd }) =>
      `up at ${formatCount(up)} of ${countOf(samples, 'scrape')} (one scrape is ${points(samples)})${unknown === 0 ? '' : `; ${formatCount(unknown)} unknown: ${unknownScrapes(isStale, odd)}`}`,
    meaning: 'The share of scrapes at which the gauge was 1. Unknown ones are judged both as up and as down.',
    next: 'Nothing, if the objective is met.',
  },
  'highest-of': {
    words: ({ samples, missed }) =>
      `highest of ${countOf(samples, 'scrape')}${missed === 0 ? '' : `; ${formatCount(missed)} more ${were(missed)} missed`}`,
    meaning: 'The highest value of the gauge at any scrape.',
    next: 'Nothing, if the objective is met.',
  },
  'gauge-not-finite': {
    words: ({ selector, target, value }) =>
      `${selector}${target === null ? '' : ` of ${target}`} is ${value} within the window`,
    meaning: 'The gauge has a value that is not a finite number.',
    next: 'Look at the series of the objective in evidence.json.',
  },
  'may-have-been-higher': {
    words: ({ selector, missed }) =>
      `${countOf(missed, 'scrape')} ${were(missed)} missed, and ${selector} may have been higher then`,
    meaning: 'An upper limit is met only if the gauge was read at every scrape.',
    next: 'Find out why scrapes failed, and run again.',
  },
  'service-not-scraped': {
    words: ({ selector }) =>
      `nothing shows that ${selector} was refreshed: Prometheus has no "up" for its job, and a pushed value remains after its process has died; let Prometheus scrape the service, or use another objective`,
    meaning: 'A pushed value says nothing about the present unless the service itself is scraped.',
    next: 'Let Prometheus scrape the service, or use another objective.',
  },
  'series-passed-on': {
    words: ({ labels, target }) =>
      `${seriesOf(labels)} was relayed by ${target}, whose "up" says nothing about the process that the series describes: let Prometheus scrape that process`,
    meaning: 'The series came through another process, such as a gateway.',
    next: 'Let Prometheus scrape the process itself.',
  },
  'refreshes-unknown': {
    words: ({ labels }) =>
      `${seriesOf(labels)} was pushed or read from a file, and not all of its update times are known in a window this long`,
    meaning: 'Long windows are downsampled, which hides when a value was refreshed.',
    next: 'Judge a shorter window, or let Prometheus scrape the service.',
  },
  'refreshed-before-window': {
    words: ({ labels, atSeconds }) =>
      `${seriesOf(labels)} was last refreshed at ${new Date(atSeconds * 1000).toISOString()}, before the window: a value that was pushed or read from a file remains after its process has died`,
    meaning: 'The value is older than the window.',
    next: 'Check that the process that pushes or writes the value is running.',
  },

  'others-send-requests': {
    words: () =>
      'other clients also send requests, so the requests in flight at the edges of the phase are unknown',
    meaning:
      'The counts of a phase require a client that knows every request (`isolated: false` says it does not).',
    next: 'Judge the client-side latency of the phase (`client:`), or judge the whole run.',
  },
  'no-request-record': {
    words: ({ lacking }) =>
      `the load generator left no record of its requests${lacking === 'recovery' ? ', and only the client can measure recovery' : ', so those in flight at the edges of the phase are unknown'}`,
    meaning: 'The objective needs the record of each request.',
    next: KEEP_RECORD,
  },
  'in-flight-at-phase-end': {
    words: ({ count }) =>
      `${formatCount(count)} more ${were(count)} in flight at the last scrape of the phase and may fail`,
    meaning: 'Requests of the phase that the service had not yet counted at its last scrape.',
    next: 'Nothing, if the objective is decided.',
  },
  'sent-before-phase': {
    words: ({ atMost }) => `up to ${formatCount(atMost)} of them were sent before the phase`,
    meaning: 'The service counted responses in the phase to requests that were sent before it.',
    next: 'Nothing, if the objective is decided.',
  },
  'phase-errors-uncounted': {
    words: ({ sent, sentBad, samples, bad }) =>
      `${formatCount(sentBad)} of ${countOf(sent, 'request')} that the client sent in the phase failed, but the service counted ${formatCount(bad)} failed of ${formatCount(samples)} between its scrapes`,
    meaning: 'Requests failed between the start of the phase and its first scrape.',
    next: 'Scrape more often, or make the phase longer.',
  },
  'too-many-across-edges': {
    words: ({ carriedIn, inFlight, samples, seen }, put) =>
      `${countOf(carriedIn, 'request')} ${were(carriedIn)} in flight when the phase began and ${formatCount(inFlight)} when it ended: more than 2% of the ${formatCount(samples)} counted (${put(seen)})`,
    meaning: "A phase's mean or rate is not judged if it may include many requests of other phases.",
    next: 'Make the phase longer.',
  },
  'recovery-too-few': {
    words: ({ samples, phase, needed }) =>
      `${countOf(samples, 'request')} after phase "${phase}" ${are(samples)} too few: at least ${formatCount(needed)} are needed to show that it recovered`,
    meaning: 'Recovery is judged over intervals of the next phase that contain enough requests.',
    next: 'Make the phase after it longer, or raise its rate.',
  },
  recovery: {
    words: ({ slow, samples, phase, withinSeconds, percentile, fromSeconds }) => {
      const told = `${formatCount(slow)} of ${countOf(samples, 'request')} after phase "${phase}" took more than ${formatValue(withinSeconds, 'seconds')} at the client`;
      return fromSeconds === null
        ? `${told}; p${percentile} was still above that when the load ended`
        : `${told}; p${percentile} stayed within that from ${fromSeconds} s on`;
    },
    meaning: 'How long after a phase client-side latency was back within the limit.',
    next: 'Nothing, if the objective is met.',
  },
};

/** Why the gauge is unknown at some scrapes, and the remedy if its value is `odd`. */
function unknownScrapes(isStale: boolean, odd: number | undefined): string {
  const missed = `a scrape failed or is missing${isStale ? ', or the value was not refreshed' : ''}`;
  return odd === undefined
    ? missed
    : `the gauge is ${odd}, which is neither 1 (up) nor 0 (down), or ${missed}; name a gauge that is 1 while the service is up`;
}

/** The resolution of a census, in percentage points. */
function points(samples: number): string {
  const share = Number((100 / samples).toPrecision(2));
  return `${share} percentage ${share === 1 ? 'point' : 'points'}`;
}
