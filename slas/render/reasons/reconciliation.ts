import type { EvidenceReasons } from '../../model/reasons.ts';
import { countOf, formatCount, timesOf } from '../numbers.ts';
import type { Entries } from './entry.ts';

const NOTHING = 'Nothing.';
const ALONE = 'Stop the other traffic, or set `isolated: false` in the document if it is expected.';

/** The counts of client and service, compared. */
export const RECONCILIATION = {
  'requests-unnamed': {
    words: () =>
      'the document does not set service.requests, so it is unknown whether the service that was measured is the one under load',
    meaning: 'Only a counter of all requests can be reconciled between client and service.',
    next: 'Name that counter in the document: `service.requests`.',
  },
  'requests-uncounted': {
    words: ({ because }, put) => `the service's requests could not be counted: ${put(because)}`,
    meaning: 'The counter of all requests has no usable value over the window.',
    next: 'Fix the named cause, and run again.',
  },
  'outcomes-unknown': {
    words: ({ sent, known }) =>
      `k6 sent ${countOf(sent, 'request')} but knows the outcome of ${formatCount(known)}: the load script failed`,
    meaning: 'The load script ended before it recorded the outcome of each request.',
    next: 'Look at logs/k6.log.',
  },
  'record-incomplete': {
    words: ({ sent, recorded }) =>
      `k6 sent ${countOf(sent, 'request')} but recorded ${formatCount(recorded)}: some are missing from the record`,
    meaning: 'The record of individual requests is incomplete.',
    next: 'Look at logs/k6.log: was the disk full, or was k6 killed?',
  },
  'counts-compared': {
    words: ({ what, client, service, lost, because }, put) => {
      const unanswered = lost > 0 ? ` (${countOf(lost, 'request')} went unanswered)` : '';
      const why = because.length === 0 ? '' : `: ${put(because)}`;
      return `${what}: the client received ${countOf(client, 'response')}${unanswered}, the service counted ${formatCount(service)}${why}`;
    },
    meaning: 'The counts of client and service, side by side.',
    next: 'Nothing, if the two agree.',
  },
  'responses-missing': {
    words: ({ atMost }) =>
      `responses are missing from its counter${atMost > 0 ? `, and at most ${formatCount(atMost)} of them were lost with terminated replicas` : ''}`,
    meaning: 'The client received responses that the service did not count.',
    next: 'Does `service.selector` select all replicas? Does a proxy answer in place of the service?',
  },
  'gone-with-replicas': {
    words: ({ missing, atMost }) =>
      `${formatCount(missing)} were lost with terminated replicas (at most ${formatCount(atMost)} after their last scrapes)`,
    meaning:
      'With `replicas: elastic`: no more are missing than terminated replicas may have counted after their last scrapes.',
    next: NOTHING,
  },
  'others-expected': {
    words: ({ surplus }) =>
      `${formatCount(surplus)} more came from other clients, which are expected (isolated: false)`,
    meaning: 'The document says that the service has other traffic.',
    next: NOTHING,
  },
  'counted-several-times': {
    words: ({ times }) =>
      `exactly ${timesOf(times)} as many: if each process is scraped ${timesOf(times)}, narrow service.selector to one job`,
    meaning: 'A whole multiple suggests processes that are scraped, or selected, several times.',
    next: 'Narrow `service.selector` to one job.',
  },
  'other-traffic': {
    words: () => 'there was other traffic in the window',
    meaning: 'The service counted more requests than the load generator sent.',
    next: ALONE,
  },
  'scrapes-not-counted-once': {
    words: ({ surplus, scrapes }) =>
      `${formatCount(Math.abs(surplus))} ${surplus < 0 ? 'fewer' : 'more'} than the client's responses; with one request per scrape it would be ${formatCount(scrapes)} more (isolated: except-scrapes)`,
    meaning:
      'The document says that scrapes are the only other requests, but the surplus is not one request per scrape. Others may be among the counts, or the counter leaves scrapes out.',
    next: 'Let `requests` and `total` count the same requests, stop other traffic and further Prometheus servers, or say `isolated: true` if scrapes are not counted.',
  },
  'other-traffic-like-scrapes': {
    words: ({ requestsPerScrape, scrapes }) =>
      `there was other traffic in the window: about ${countOf(requestsPerScrape, 'request')} per scrape (${formatCount(scrapes)} scrapes), which may be Prometheus's own scrapes of /metrics; select the load by a label that these lack (such as http_route, or the method), or leave /metrics out of the instrumentation`,
    meaning:
      'The service counted about one more request per scrape: probably its counter includes scrapes of /metrics.',
    next: 'Follow the message. Other traffic of that size would look the same.',
  },
} satisfies Partial<Entries<EvidenceReasons>>;
