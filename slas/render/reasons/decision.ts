import type { DecisionReasons } from '../../model/reasons-decision.ts';
import { clock } from '../../window/targets.ts';
import { countOf, formatCount, formatEnds, formatInterval, formatValue } from '../numbers.ts';
import type { Entries } from './entry.ts';

type Bounds = DecisionReasons['bounds'];

const boundsOf = ({ interval, unit, target }: Bounds) =>
  `the ${formatValue(interval.confidence, 'ratio')} bounds are ${formatInterval(interval, unit, target)}`;

const LONGER = 'Run longer, or at a higher rate: `./sla plan` says how many requests decide.';
const STEADY =
  'Look at the course of the run in its report: a memory leak, a queue that grows, or a cache that is still cold.';

/** Why an objective is met, missed or undecided, and how certain that is. */
export const DECISION: Entries<DecisionReasons> = {
  bounds: {
    words: boundsOf,
    meaning: 'The confidence interval that decided: all of it lies on one side of the limit.',
    next: 'Nothing.',
  },
  'limit-within-bounds': {
    words: (params) => `${boundsOf(params)}, with the limit inside`,
    meaning: 'Under `--confidence`: the interval holds the limit, so the true value may lie on either side.',
    next: LONGER,
  },
  'at-limit': {
    words: (params) => `exactly at the limit: ${boundsOf(params)}`,
    meaning:
      'The measured value is the limit itself. The observed value decides; another run may come out otherwise.',
    next: `${LONGER} Or ask for \`--confidence 0.95\`, which calls this undecided.`,
  },
  'close-to-limit': {
    words: (params) => `too close to the limit to be sure: ${boundsOf(params)}`,
    meaning:
      'The measured value is near the limit and the interval holds the limit: another run may come out otherwise.',
    next: `${LONGER} Or ask for \`--confidence 0.95\`, which calls this undecided.`,
  },
  'too-few-to-prove': {
    words: ({ samples, share, interval, more }) =>
      `${countOf(samples, 'request')} ${samples === 1 ? 'is' : 'are'} too few to prove ${formatValue(share, 'ratio')} at ${formatValue(interval.confidence, 'ratio')} confidence (${more === null ? 'a day of such load would not be enough' : `about ${formatCount(more)} more needed`})`,
    meaning:
      'The measured value is far from the limit, but so few requests were judged that the interval still holds the limit.',
    next: LONGER,
  },
  'minimum-detectable-effect': {
    words: ({ share, overSeconds }) =>
      `minimum detectable effect: ${formatValue(share, 'ratio')} of requests ${overSeconds === null ? 'failing' : `over ${formatValue(overSeconds, 'seconds')}`}`,
    meaning:
      'The smallest true share that such a run finds missed in 95% of all runs. A smaller excess may go unseen.',
    next: 'Nothing, unless a smaller excess matters: then run longer.',
  },
  'independence-assumed': {
    words: () => 'independence assumed',
    meaning:
      'No slow and no failed request shows how much requests depend on each other, so the interval takes them to be independent.',
    next: 'Nothing. Under `--confidence` such an objective is undecided: add a lower bucket edge to the histogram.',
  },
  'too-few-blocks': {
    words: ({ blocks, needed }) =>
      `no confidence interval: ${countOf(blocks, 'interval')} between scrapes, ${formatCount(needed)} are needed`,
    meaning:
      'How much requests depend on each other is estimated from the intervals between scrapes, and there are too few.',
    next: 'Run longer, or scrape more often.',
  },
  'not-sure': {
    words: ({ confidence, because, seen }, put) =>
      `not sure at ${formatValue(confidence, 'ratio')}: ${put(because)} (measured: ${put(seen)})`,
    meaning: 'Under `--confidence`: what was measured does not decide at that confidence.',
    next: LONGER,
  },
  'chance-among-several': {
    words: ({ tests }) =>
      `beyond the limit by itself, but one of ${tests} objectives may look so by chance (Holm's correction)`,
    meaning:
      'Under `--confidence`: several objectives are tested at once, and one may exceed its limit by chance.',
    next: LONGER,
  },
  'more-needed': {
    words: ({ what, more80, moreIfNoneBad }) => {
      const none = moreIfNoneBad === null ? '' : `${formatCount(moreIfNoneBad)} if none of them fails it`;
      if (more80 === null) return `a day of such load would not decide${none === '' ? '' : `, or ${none}`}`;
      const likely = `about ${formatCount(more80)} more ${what} would decide with ${formatValue(0.8, 'ratio')} probability if the value stays`;
      return none === '' ? likely : `${likely}, ${none}`;
    },
    meaning: 'How much more load would decide.',
    next: 'Set the duration accordingly.',
  },
  growing: {
    words: () => 'growing: it got worse throughout, and its last third alone is beyond the target',
    meaning: 'The objective is met over the whole hold only because it began well.',
    next: STEADY,
  },
  'growing-seen': {
    words: ({ seen }, put) =>
      `growing: it got worse throughout, and its last third alone is beyond the target (measured: ${put(seen)})`,
    meaning: 'The objective would be met over the whole hold only because it began well, so it is undecided.',
    next: STEADY,
  },
  'not-steady': {
    words: () => 'not steady: it changed over the hold',
    meaning:
      'A trend test (Mann–Kendall, p < 0.01) found that the value rose or fell while the load did not change.',
    next: STEADY,
  },
  'client-share': {
    words: ({ good, samples, limitSeconds, percentile, valueSeconds }) =>
      `at the client ${formatCount(good)} of ${formatCount(samples)} took ${formatValue(limitSeconds, 'seconds')} or less (${formatValue(good / samples, 'ratio')}), p${percentile} ${valueSeconds === null ? 'among the unanswered requests' : formatValue(valueSeconds, 'seconds')}`,
    meaning: "The same objective by the client's own clock. The worse of client and service decides.",
    next: 'Nothing.',
  },
  'client-slower-event-loop': {
    words: ({ gapSeconds, lagSeconds }) =>
      `${slower(gapSeconds)}: the event loop of the service ran up to ${formatValue(lagSeconds, 'seconds')} late, so requests waited before its clock started`,
    meaning:
      "Only the client's clock missed the limit, and the lag of the service's event loop explains at least half of the difference.",
    next: 'Look for synchronous work in the service, or give it more CPU.',
  },
  'client-slower-connecting': {
    words: ({ gapSeconds, blockedSeconds }) =>
      `${slower(gapSeconds)}, of which ${formatValue(blockedSeconds, 'seconds')} passed before there was a connection`,
    meaning:
      "Only the client's clock missed the limit, and setting up connections explains at least half of the difference.",
    next: 'Look at connection limits, TLS and the accept queue.',
  },
  'client-slower-in-between': {
    words: ({ gapSeconds }) =>
      `${slower(gapSeconds)}: spent between client and service, or in a queue before the handler`,
    meaning: "Only the client's clock missed the limit, and neither event loop nor connecting explains it.",
    next: 'Look at proxies, load balancers and the network between the two.',
  },
  'precondition-broken': {
    words: ({ because }, put) => put(because),
    meaning: 'A precondition that this objective rests on does not hold.',
    next: 'See the precondition.',
  },
  'seen-so-far': {
    words: ({ because, seen }, put) => `${put(because)} (measured so far: ${put(seen)})`,
    meaning: 'Undecided, with what was measured nevertheless.',
    next: 'Remove the cause that is named, and run again.',
  },
  'certain-despite': {
    words: ({ because }, put) => `certain, although ${put(because)}`,
    meaning: 'Requests are missing, and even if all of them had been good the limit would be broken.',
    next: 'Nothing.',
  },
  'stands-despite': {
    words: ({ because }, put) => `this stands, although ${put(because)}`,
    meaning: 'A precondition does not hold, but that cannot have caused the failures that were counted.',
    next: 'Nothing.',
  },
  'too-few-samples': {
    words: ({ what, samples, needed }) =>
      `${countOf(samples, what)} ${samples === 1 ? 'is' : 'are'} too few: at least ${formatCount(needed)} are needed`,
    meaning: 'So few cannot decide this target, whatever they show.',
    next: LONGER,
  },
  'ended-replicas-uncounted': {
    words: ({ atMost }) =>
      `replicas that ended took at most ${formatCount(atMost)} more after their last scrape`,
    meaning: 'What an elastic replica counted after its last scrape is lost; it is bounded.',
    next: 'Nothing.',
  },
  'restarts-uncounted': {
    words: ({ atMost, why }, put) => `${put([why])}, which may hide at most ${formatCount(atMost)} more`,
    meaning:
      'A restart between two scrapes cannot be excluded, and would have taken counts with it; they are bounded.',
    next: 'Export `process_start_time_seconds`, as most client libraries do by default.',
  },
  'uncounted-would-decide': {
    words: () => 'had all of these failed, the limit would be missed',
    meaning: 'The verdict depends on requests that no scrape saw.',
    next: 'Scrape more often; let replicas wait for a last scrape before they end.',
  },
  'outside-good-would-decide': {
    words: ({ atMost }) =>
      `up to ${formatCount(atMost)} of them may lie outside the requested window, and without these the limit could be missed`,
    meaning:
      'Counts begin and end with a scrape, so they cover more than the requested window, and the verdict depends on it.',
    next: 'Scrape more often, or request a longer window.',
  },
  'outside-bad-would-decide': {
    words: ({ atMost }) =>
      `up to ${formatCount(atMost)} of the failures may lie outside the requested window, and without these the limit could be met`,
    meaning:
      'Counts begin and end with a scrape, so they cover more than the requested window, and the verdict depends on it.',
    next: 'Scrape more often, or request a longer window.',
  },
  'some-outside-window': {
    words: () => 'some of them may lie outside the requested window',
    meaning:
      'Counts begin and end with a scrape, so they cover more than the requested window. The value is judged with and without.',
    next: 'Nothing, if the objective is decided.',
  },
  'scrapes-outside-would-decide': {
    words: ({ scrapes }) =>
      `without the ${countOf(scrapes, 'scrape')} before and after the requested window it would be otherwise`,
    meaning: 'The scrapes at the edges lie outside the requested window, and the verdict depends on them.',
    next: 'Scrape more often, or request a longer window.',
  },
  'phase-edges-would-decide': {
    words: () => 'the requests at the edges of the phase would decide',
    meaning: 'Which phase some requests belong to is not known, and the verdict depends on it.',
    next: 'Make the phase longer, or scrape more often.',
  },
  'unknown-latencies-would-decide': {
    words: () => 'whether these were fast or slow would decide',
    meaning:
      'The histogram counts requests that the objective does not judge, and the verdict depends on their latencies.',
    next: 'Give the histogram a status label, or judge the latency by the client (`client:`).',
  },
  'unclaimed-events-would-decide': {
    words: () =>
      'had all of these failed, the limit would be missed; write the values that the service has into the document',
    meaning:
      'Events have label values that neither "bad" nor "good" of the document claims, and the verdict depends on them.',
    next: 'Extend the matcher of `bad` in the document, or name the values that are good.',
  },
  'unclaimed-latencies-would-decide': {
    words: () =>
      'whether these were successful would decide; write the values that the service has into the document',
    meaning:
      'The histogram has responses that the objective leaves out although they may be successful, and the verdict depends on them.',
    next: 'Extend the selector of the latency in the document to all values of successful responses.',
  },
  'lost-alone-miss': {
    words: ({ lost, sent, of }) =>
      `${formatCount(lost)} of ${countOf(sent, 'request')} went unanswered: of the ${formatCount(of)} that could decide, that alone is ${formatValue(lost / of, 'ratio')}`,
    meaning: 'Unanswered requests alone break the limit, whatever the service counted.',
    next: 'Look at the log of the service: did it crash, or refuse connections?',
  },
  'value-not-finite': {
    words: ({ value }) => `the value is ${value}`,
    meaning: 'The result of the subtraction is no finite number.',
    next: 'Look at the series of the objective in evidence.json.',
  },
  'value-between': {
    words: ({ low, high, unit, target }) =>
      `the value is ${formatEnds(low, high, unit, target)}, with the limit inside`,
    meaning: 'What no scrape saw could move the value to either side of the limit.',
    next: 'Scrape more often, or let replicas wait for a last scrape before they end.',
  },
  'load-ended-before-recovery': {
    words: () => 'and the load ended before recovery was due',
    meaning: 'The client was not back within the target when the load ended, but had time left.',
    next: 'Make the phase after the peak longer.',
  },
  'phase-covered': {
    words: ({ fromSeconds, toSeconds, seconds, phaseSeconds }) =>
      `counted at the service from ${clock(fromSeconds)} to ${clock(toSeconds)}, ${formatCount(seconds)} of the phase's ${formatCount(phaseSeconds)} s`,
    meaning: 'Counts of the service begin and end with a scrape, so they cover a part of the phase.',
    next: 'Nothing; scrape more often to cover more.',
  },
  'window-covered': {
    words: ({ fromSeconds, toSeconds, seconds, askedSeconds }) =>
      `counted from ${clock(fromSeconds)} to ${clock(toSeconds)}, ${formatCount(seconds)} s for the ${formatCount(askedSeconds)} s requested`,
    meaning: 'Counts begin and end with a scrape, so they cover more than the requested window.',
    next: 'Nothing; scrape more often to cover less.',
  },
  'objective-met': { words: () => 'the objective is met', meaning: 'The verdict.', next: 'Nothing.' },
  'all-objectives-met': {
    words: ({ count }) => `all ${formatCount(count)} objectives are met`,
    meaning: 'The verdict.',
    next: 'Nothing.',
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
    meaning: 'The verdict: nothing is missed, and not everything could be decided.',
    next: 'See the reason that is named.',
  },
  'no-objectives': {
    words: () => 'the document has no objective for this run, so nothing was judged',
    meaning: 'The verdict of a run without objectives is never a pass.',
    next: 'Add objectives to the document, or name them in the scenario.',
  },
};

const slower = (gapSeconds: number) => `${formatValue(gapSeconds, 'seconds')} slower than at the service`;
