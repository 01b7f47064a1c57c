import type { LoadReasons } from '../../model/reasons-preconditions.ts';
import { countOf, formatCount, formatValue, were } from '../numbers.ts';
import type { Entries } from './entry.ts';

const NOTHING = 'Nothing.';
const RECORD = 'Run the load again with this version, which records it.';

/** The responses that the load received. */
export const RESPONSES = {
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
      `${formatCount(refused)} of ${countOf(sent, 'request')} ${were(refused)} rejected as client errors (4xx)${expected === null ? '' : `, ${formatCount(expected)} more as expected`}`,
    meaning: '4xx responses other than 429 mean that the load script sent something wrong.',
    next: 'If there are any, look at the response bodies; mark intended rejections as expected.',
  },
  'requests-unanswered': {
    words: ({ unanswered, sent }) =>
      `${formatCount(unanswered)} of ${countOf(sent, 'request')} went unanswered`,
    meaning: 'Refused connections, resets and timeouts. The service does not count them.',
    next: 'If there are any, look at the log of the service: did it crash, or refuse connections?',
  },
  'unanswered-not-judged': {
    words: () => 'no objective counts them (a ratio with "lost: bad" would)',
    meaning: 'If no objective counted unanswered requests, the run could pass on the answered ones alone.',
    next: 'Add `lost: bad` to the error rate.',
  },
  'iterations-interrupted': {
    words: ({ iterations }) =>
      `k6 interrupted ${countOf(iterations, 'iteration')}, whose last request may have gone unanswered`,
    meaning:
      'k6 emits no sample for a request that it interrupts at the end of `gracefulStop`, and the service has not counted it either. Each such iteration counts as a possible unanswered request.',
    next: 'Set the `timeout` of requests below `gracefulStop`, so that k6 records requests without a response. Then find out why the service does not respond.',
  },
  'no-client-record': {
    words: () => 'the load generator did not record individual requests',
    meaning: 'The status of each request is unknown.',
    next: RECORD,
  },
  'failed-responses': {
    words: ({ failed, sent }) =>
      `${formatCount(failed)} of ${countOf(sent, 'request')} received a response with status 3xx, 429 or 5xx`,
    meaning: 'Responses that are neither successful nor client errors.',
    next: 'If there are any, see which objective counts them.',
  },
  'failed-not-judged': {
    words: ({ failed, statuses }) =>
      `no objective counts ${formatCount(failed)} of them (${statuses.join(', ')}) as errors`,
    meaning: 'If no objective counted these as errors, the run could pass on the successful responses alone.',
    next: 'Extend `bad` of the error rate to these statuses.',
  },
  'unexpected-outcomes': {
    words: ({ requests, sent, tolerance, limit, ...kinds }) => {
      const all = `${formatCount(requests)} of ${countOf(sent, 'request')} (${formatValue(requests / sent, 'ratio')}) did not receive the expected response (${kindsOf(kinds)})`;
      return limit === null
        ? `${all}: at most ${formatValue(tolerance, 'ratio')} are tolerated`
        : `${all}: together more than the limit of ${limit.id}, "${limit.text}"`;
    },
    meaning:
      'Client errors, uncounted failures, unanswered requests and counted errors share one tolerance: the strictest error limit of the document.',
    next: 'Look at the most frequent kind first.',
  },
} satisfies Partial<Entries<LoadReasons>>;

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
