import type { DecisionReasons } from '../../model/reasons.ts';
import { clock } from '../../window/targets.ts';
import { countOf, formatCount, formatEnds, formatValue } from '../numbers.ts';
import { CERTAINTY } from './certainty.ts';
import { edgesAround } from './edges.ts';
import type { Entries } from './entry.ts';

const LONGER = 'Run longer, or at a higher rate: `./sla plan` shows how many requests are needed.';

/** Why an objective is met, missed or undecided, and how certain that is. */
export const DECISION: Entries<DecisionReasons> = {
  ...CERTAINTY,

  'client-share': {
    words: ({ good, samples, limitSeconds, percentile, valueSeconds }) =>
      `client-side, ${formatCount(good)} of ${formatCount(samples)} took ${formatValue(limitSeconds, 'seconds')} or less (${formatValue(good / samples, 'ratio')}), p${percentile} ${valueSeconds === null ? 'among the unanswered requests' : formatValue(valueSeconds, 'seconds')}`,
    meaning: 'The same objective, measured by the load generator. The worse of client and service decides.',
    next: 'Nothing.',
  },
  'client-slower-event-loop': {
    words: ({ gapSeconds, lagSeconds }) =>
      `${slower(gapSeconds)}: the service's event loop ran up to ${formatValue(lagSeconds, 'seconds')} late, so requests waited before the service began to time them`,
    meaning:
      "Only client-side latency missed the limit, and the lag of the service's event loop explains at least half of the difference.",
    next: 'Look for synchronous work in the service, or give it more CPU.',
  },
  'client-slower-connecting': {
    words: ({ gapSeconds, blockedSeconds }) =>
      `${slower(gapSeconds)}: requests waited ${formatValue(blockedSeconds, 'seconds')} for a connection`,
    meaning:
      'Only client-side latency missed the limit, and setting up connections explains at least half of the difference.',
    next: 'Look at connection limits, TLS and the accept queue.',
  },
  'client-slower-in-between': {
    words: ({ gapSeconds }) =>
      `${slower(gapSeconds)}: requests spent that time between client and service, or in a queue before the handler`,
    meaning:
      'Only client-side latency missed the limit. Event-loop lag and connection setup do not explain it.',
    next: 'Look at proxies, load balancers and the network between the two.',
  },
  'precondition-broken': {
    words: ({ because }, put) => put(because),
    meaning: 'A precondition of this objective does not hold.',
    next: 'See the precondition.',
  },
  'seen-so-far': {
    words: ({ because, seen }, put) => `${put(because)} (measured so far: ${put(seen)})`,
    meaning: 'Undecided; the measured value is shown for information.',
    next: 'Fix the named cause, and run again.',
  },
  'certain-despite': {
    words: ({ because }, put) => `the result is certain, although ${put(because)}`,
    meaning:
      'Requests are missing, but the objective would be missed even if all of them had succeeded in time.',
    next: 'Nothing.',
  },
  'stands-despite': {
    words: ({ because }, put) => `the result stands, although ${put(because)}`,
    meaning: 'A precondition does not hold, but it cannot have caused the failures that were counted.',
    next: 'Nothing.',
  },
  'too-few-samples': {
    words: ({ what, samples, needed }) =>
      `${countOf(samples, what)} ${samples === 1 ? 'is' : 'are'} too few: at least ${formatCount(needed)} are needed`,
    meaning: 'Whatever their values, this number of samples cannot decide the target.',
    next: LONGER,
  },
  'ended-replicas-uncounted': {
    words: ({ atMost }) =>
      `terminated replicas handled at most ${formatCount(atMost)} more after their last scrape`,
    meaning: "A terminated replica's counts after its last scrape are lost, but their number is bounded.",
    next: 'Nothing.',
  },
  'restarts-uncounted': {
    words: ({ atMost, why }, put) => `${put([why])}, and may hide at most ${formatCount(atMost)} more`,
    meaning:
      'A restart between two scrapes cannot be ruled out. It would have lost counts, but their number is bounded.',
    next: 'Export `process_start_time_seconds`, as most client libraries do by default.',
  },
  'uncounted-would-decide': {
    words: () => 'if all of these had failed, the limit would be missed',
    meaning: 'The verdict depends on requests that no scrape saw, or that k6 interrupted and did not record.',
    next: 'Scrape more often, and let replicas wait for a last scrape before they terminate. If iterations were interrupted, set the `timeout` of requests below `gracefulStop`, or raise `gracefulStop`.',
  },
  'strangers-would-decide': {
    words: ({ atMost }) =>
      `up to ${formatCount(atMost)} of them may be scrapes or requests that the load did not send; without these, the limit could be missed`,
    meaning:
      'The service counted more requests than the load sent, or may have counted scrapes, and the verdict depends on these.',
    next: 'Select only the routes that the load requests. For a latency, add a `client`.',
  },
  'outside-good-would-decide': {
    words: ({ atMost }) =>
      `up to ${formatCount(atMost)} of them may lie outside the requested window; without these, the limit could be missed`,
    meaning:
      'Counts begin and end with a scrape, so they cover more than the requested window, and the verdict depends on the difference.',
    next: 'Scrape more often, or request a longer window.',
  },
  'outside-bad-would-decide': {
    words: ({ atMost }) =>
      `up to ${formatCount(atMost)} of the failures may lie outside the requested window; without these, the limit could be met`,
    meaning:
      'Counts begin and end with a scrape, so they cover more than the requested window, and the verdict depends on the difference.',
    next: 'Scrape more often, or request a longer window.',
  },
  'some-outside-window': {
    words: () => 'some of them may lie outside the requested window',
    meaning:
      'Counts begin and end with a scrape, so they cover more than the requested window. The value is judged with and without the requests that may lie outside.',
    next: 'Nothing, if the objective is decided.',
  },
  'scrapes-outside-would-decide': {
    words: ({ scrapes }) =>
      `without the ${countOf(scrapes, 'scrape')} before and after the requested window, the outcome would differ`,
    meaning: 'The scrapes at the edges lie outside the requested window, and the verdict depends on them.',
    next: 'Scrape more often, or request a longer window.',
  },
  'phase-edges-would-decide': {
    words: () => 'the outcome depends on the requests at the edges of the phase',
    meaning: 'It is unknown which phase some requests belong to, and the verdict depends on it.',
    next: 'Make the phase longer, or scrape more often.',
  },
  'unknown-latencies-would-decide': {
    words: () => 'the outcome depends on whether these were fast or slow',
    meaning:
      'The histogram counts requests that the objective does not judge, and the verdict depends on their latencies.',
    next: 'Give the histogram a status label, or judge the client-side latency (`client:`).',
  },
  'unclaimed-events-would-decide': {
    words: () =>
      "if all of these had failed, the limit would be missed; list the service's values in the document",
    meaning:
      'Events have label values that neither `bad` nor `good` of the document matches, and the verdict depends on them.',
    next: 'Extend the matcher of `bad` in the document, or name the values that are good.',
  },
  'limit-between-edges': {
    words: ({ limitSeconds, isNative, ...edges }) =>
      `the limit lies ${edgesAround(edges)}, so the outcome depends on responses whose exact latency is unknown; ${isNative === true ? 'give the native histogram a higher resolution, or also judge the client-side latency (client)' : `add a bucket edge at ${formatValue(limitSeconds, 'seconds')}`}`,
    meaning:
      'The limit lies between two bucket edges. The target is missed at the lower edge and met at the upper edge.',
    next: 'Add a bucket edge at the limit to the service (`./sla check` prints how), choose an existing edge as the limit, or judge the client-side latency (`client:`). For a native histogram, lower the bucket growth factor.',
  },
  'alert-between-edges': {
    words: ({ alertSeconds }) =>
      `it is unknown whether the alert threshold is exceeded, because ${formatValue(alertSeconds, 'seconds')} is not a bucket edge`,
    meaning:
      'The target is missed. The alert threshold lies between two bucket edges, so the histogram does not show whether it is exceeded.',
    next: 'Add a bucket edge at the alert threshold to the service.',
  },
  'unclaimed-latencies-would-decide': {
    words: () =>
      "the outcome depends on whether these were successful; list the service's values in the document",
    meaning: 'The objective excludes responses that may be successful, and the verdict depends on them.',
    next: "Extend the latency's selector in the document to all values of successful responses.",
  },
  'lost-alone-miss': {
    words: ({ lost, sent, of }) =>
      `${formatCount(lost)} of ${countOf(sent, 'request')} went unanswered: that alone is ${formatValue(lost / of, 'ratio')} of the ${formatCount(of)} that are judged`,
    meaning: 'The unanswered requests alone exceed the limit, whatever the service counted.',
    next: 'Look at the log of the service: did it crash, or refuse connections?',
  },
  'value-not-finite': {
    words: ({ value }) => `the value is ${value}`,
    meaning: 'The computed value is not a finite number.',
    next: 'Look at the series of the objective in evidence.json.',
  },
  'value-between': {
    words: ({ low, high, unit, target }) =>
      `the value is ${formatEnds(low, high, unit, target)}, so it may lie on either side of the limit`,
    meaning: 'Requests that no scrape saw could move the value to either side of the limit.',
    next: 'Scrape more often, or let replicas wait for a last scrape before they terminate.',
  },
  'requests-may-be-open': {
    words: () => 'requests in flight at this interim look could change the outcome',
    meaning:
      'With `--until-decided`: k6 records a request when it ends, so an interim look may not include the slowest requests.',
    next: 'Nothing. A later look decides.',
  },
  'scrapes-to-come': {
    words: () => 'later scrapes could still make up for those that failed',
    meaning:
      'With `--until-decided`: an interim look reports uptime as missed only if it can no longer be met.',
    next: 'Nothing. A later look decides.',
  },
  'load-ended-before-recovery': {
    words: () => 'and the load ended before recovery was due',
    meaning:
      'Client-side latency was not back within the limit when the load ended, but the time allowed for recovery had not passed.',
    next: 'Make the phase after the peak longer.',
  },
  'phase-covered': {
    words: ({ fromSeconds, toSeconds, seconds, phaseSeconds, isFirstPart }) =>
      `counted service-side from ${clock(fromSeconds)} to ${clock(toSeconds)}: ${formatCount(seconds)} s of the ${isFirstPart ? 'first' : "phase's"} ${formatCount(phaseSeconds)} s`,
    meaning:
      "The service's counts begin and end with a scrape, so they cover only part of the phase. At an interim look, they cover part of the time so far.",
    next: 'Nothing. Scraping more often covers more of the phase.',
  },
  'window-covered': {
    words: ({ fromSeconds, toSeconds, seconds, askedSeconds }) =>
      `counted from ${clock(fromSeconds)} to ${clock(toSeconds)}: ${formatCount(seconds)} s, where ${formatCount(askedSeconds)} s were requested`,
    meaning: 'Counts begin and end with a scrape, so they cover more than the requested window.',
    next: 'Nothing. Scraping more often reduces the difference.',
  },
  'objective-met': { words: () => 'the objective is met', meaning: 'The verdict.', next: 'Nothing.' },
  'all-objectives-met': {
    words: ({ count }) => `all ${formatCount(count)} objectives are met`,
    meaning: 'The verdict.',
    next: 'Nothing.',
  },
  'decisive-objectives-met': {
    words: ({ count, exempt }) =>
      `${count === 1 ? 'the decisive objective is' : `all ${formatCount(count)} decisive objectives are`} met; not decisive: ${exemptInWords(exempt)}`,
    meaning: 'The verdict. Advisory and waived objectives are judged, but do not affect it.',
    next: 'Look at those that are missed or undecided.',
  },
  'nothing-decisive': {
    words: ({ exempt }) => `no objective is decisive: ${exemptInWords(exempt)}`,
    meaning: 'Every objective of this run is advisory or waived, and such a run never passes.',
    next: 'Remove `advisory`, or the waiver, from at least one objective.',
  },
  advisory: {
    words: () => 'advisory: it does not affect the verdict',
    meaning: 'The document says `advisory: true`.',
    next: 'Nothing. Remove `advisory` once the objective should affect the verdict.',
  },
  waived: {
    words: ({ owner, why, until }) => `waived until ${until} by ${owner}: ${why}`,
    meaning:
      'The document has a waiver for this objective, and the run ended on or before the last day of the waiver (UTC).',
    next: 'Fix the cause before the waiver ends.',
  },
  'waiver-expired': {
    words: ({ owner, why, until }) =>
      `its waiver expired on ${until} and no longer applies (by ${owner}: ${why})`,
    meaning: 'The run ended after the last day of the waiver, so the objective affects the verdict again.',
    next: 'Fix the cause, or ask the owner to renew the waiver. Remove it once the objective is met.',
  },
  'objectives-missed': {
    words: ({ missed, undecided }) =>
      `missed: ${missed.join(', ')}${undecided.length === 0 ? '' : `; undecided: ${undecided.join(', ')}`}`,
    meaning: 'The verdict: one missed objective fails the run.',
    next: 'See the objective.',
  },
  'objectives-undecided': {
    words: ({ undecided, because }, put) =>
      `${undecided.length === 0 ? 'a precondition does not hold' : `undecided: ${undecided.join(', ')}`} (${put(because)})`,
    meaning: 'The verdict: no objective is missed, but not everything could be decided.',
    next: 'See the named reason.',
  },
  'no-objectives': {
    words: () => 'the document has no objective for this run, so nothing was judged',
    meaning: 'A run without objectives never passes.',
    next: 'Add objectives to the document, or name them in the scenario.',
  },
};

/** `latency-p95 (waived, missed)` */
export const exemptInWords = (exempt: readonly { id: string; exempt: string; verdict: string }[]) =>
  exempt.map((one) => `${one.id} (${one.exempt}, ${one.verdict})`).join(', ');

const slower = (gapSeconds: number) =>
  `client-side latency is ${formatValue(gapSeconds, 'seconds')} higher than service-side`;
