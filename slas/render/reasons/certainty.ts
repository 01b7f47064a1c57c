import type { DecisionReasons } from '../../model/reasons.ts';
import { countOf, formatConfidence, formatCount, formatInterval, formatValue } from '../numbers.ts';
import type { Entries } from './entry.ts';

type Bounds = DecisionReasons['bounds'];

const boundsOf = ({ interval, unit, target }: Bounds) =>
  `the ${formatConfidence(interval.confidence)} bounds are ${formatInterval(interval, unit, target)}`;

const LONGER = 'Run longer, or at a higher rate: `./sla plan` shows how many requests are needed.';
const STEADY = "Check the plots in the run's report for a memory leak, a growing queue or a cold cache.";

/** How certain a decision is. */
export const CERTAINTY = {
  bounds: {
    words: boundsOf,
    meaning: 'The confidence interval behind the decision. It lies entirely on one side of the limit.',
    next: 'Nothing.',
  },
  'limit-within-bounds': {
    words: (params) => `${boundsOf(params)}, with the limit between them`,
    meaning:
      'With `--confidence`: the interval contains the limit, so the true value may lie on either side.',
    next: LONGER,
  },
  'at-limit': {
    words: (params) => `exactly at the limit: ${boundsOf(params)}`,
    meaning:
      'The measured value is exactly at the limit. The observed value decides; another run may have a different outcome.',
    next: `${LONGER} Or use \`--confidence 0.95\`, which reports this as undecided.`,
  },
  'close-to-limit': {
    words: (params) => `too close to the limit to be sure: ${boundsOf(params)}`,
    meaning:
      'The measured value is near the limit, and the interval contains the limit: another run may have a different outcome.',
    next: `${LONGER} Or use \`--confidence 0.95\`, which reports this as undecided.`,
  },
  'too-few-to-prove': {
    words: ({ samples, share, interval, more }) =>
      `${countOf(samples, 'request')} ${samples === 1 ? 'is' : 'are'} too few to prove ${formatValue(share, 'ratio')} at ${formatConfidence(interval.confidence)} confidence (${more === null ? 'a day of this load would not be enough' : `about ${formatCount(more)} more needed`})`,
    meaning:
      'The measured value is far from the limit, but so few requests were judged that the interval still contains the limit.',
    next: LONGER,
  },
  'minimum-detectable-effect': {
    words: ({ share, overSeconds }) =>
      `minimum detectable effect: ${formatValue(share, 'ratio')} of requests ${overSeconds === null ? 'failing' : `over ${formatValue(overSeconds, 'seconds')}`}`,
    meaning:
      'The smallest true share that 95% of such runs would report as missed. A smaller excess may go undetected.',
    next: 'Nothing, unless a smaller excess matters: then run longer.',
  },
  'independence-assumed': {
    words: () => 'requests are assumed to be independent',
    meaning:
      'No request was slow or failed, so the run does not show how much requests depend on each other. The interval assumes that they are independent.',
    next: 'Nothing. With `--confidence`, the objective is undecided: add a lower bucket edge to the histogram.',
  },
  'too-few-blocks': {
    words: ({ blocks, needed }) =>
      `no confidence interval: the run has ${countOf(blocks, 'scrape interval')}, and at least ${formatCount(needed)} are needed`,
    meaning: 'The dependence between requests is estimated from scrape intervals, and the run has too few.',
    next: 'Run longer, or scrape more often.',
  },
  'not-sure': {
    words: ({ confidence, because, seen }, put) =>
      `undecided at ${formatConfidence(confidence)} confidence: ${put(because)} (measured: ${put(seen)})`,
    meaning: 'With `--confidence`: the measurement cannot decide the objective at that confidence.',
    next: LONGER,
  },
  'chance-among-several': {
    words: ({ tests }) =>
      `beyond the limit when tested alone, but among ${tests} objectives one may exceed its limit by chance (Holm's correction)`,
    meaning:
      'With `--confidence`: several objectives are tested at once, and one may exceed its limit by chance.',
    next: LONGER,
  },
  'more-needed': {
    words: ({ what, more80, moreIfNoneBad }) => {
      const none =
        moreIfNoneBad === null
          ? ''
          : `${formatCount(moreIfNoneBad)} more would be enough if none of them is slow or fails`;
      if (more80 === null)
        return `even a day of this load would not be enough if the value stays the same${none === '' ? '' : `; ${none}`}`;
      const likely = `about ${formatCount(more80)} more ${what} would decide it with ${formatValue(0.8, 'ratio')} probability if the value stays the same`;
      return none === '' ? likely : `${likely}; ${none}`;
    },
    meaning: 'How much more load a decision needs.',
    next: 'Set the duration accordingly.',
  },
  growing: {
    words: () => 'growing: it got steadily worse, and the last third of the hold misses the target',
    meaning: 'The objective is met over the whole hold only because its early values were good.',
    next: STEADY,
  },
  'growing-seen': {
    words: ({ seen }, put) =>
      `growing: it got steadily worse, and the last third of the hold misses the target (measured: ${put(seen)})`,
    meaning:
      'The objective would be met over the whole hold only because its early values were good, so it is undecided.',
    next: STEADY,
  },
  'not-steady': {
    words: () => 'not steady: it changed during the hold',
    meaning:
      'A trend test (Mann–Kendall, p < 0.01) found that the value rose or fell while the load did not change.',
    next: STEADY,
  },
} satisfies Partial<Entries<DecisionReasons>>;
