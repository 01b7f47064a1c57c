import type { MeasureReasons } from '../../model/reasons.ts';
import type { Notation } from '../../model/reasons-measures.ts';
import { are, countOf, formatBucket, formatCount, formatValue, were } from '../numbers.ts';
import { edgesAround } from './edges.ts';
import type { Entries } from './entry.ts';

type Labels = Readonly<Record<string, string>>;
type Unclaimed = MeasureReasons['unclaimed-events'];

const seriesOf = (labels: Labels) => `series ${JSON.stringify(labels)}`;
const percent = (ratio: number) => formatValue(ratio, 'ratio');
const successful = (n: number) => countOf(n, 'successful response');

const CORRECT_BAD_OR_TOTAL =
  'correct `bad` or `total` in the document, so that `total` counts every event that `bad` counts';
const CORRECT_DOCUMENT = 'Correct the selector of the objective in the document.';
const LOAD = 'Check that the load reaches the service that Prometheus scrapes.';
const EXTEND_BAD = 'Extend the matcher of `bad` in the document, or name the values that are good.';

/** Verdicts of earlier versions contain the words instead of a code. */
const NOTATIONS: Readonly<Record<Notation, string>> = {
  'three-digits': 'a three-digit number',
  'class-digit': 'a status class, as one digit',
  class: 'a status class',
  'grpc-go': 'a gRPC code as Go spells it',
  'grpc-capitals': 'a gRPC code in upper case',
  'grpc-small': 'a gRPC code in lower case',
  'boolean-small': 'true or false in lower case',
  'boolean-capital': 'True or False',
  'boolean-capitals': 'TRUE or FALSE',
  micrometer: 'an outcome as Micrometer spells it',
};

/** How latencies and ratios were measured, or why they could not be. */
export const SHARES = {
  'responses-within': {
    words: ({ good, samples, isSuccessful, limitSeconds, percentile, bucket }) =>
      `${formatCount(good)} of ${isSuccessful ? successful(samples) : countOf(samples, 'response')} took ${formatValue(limitSeconds, 'seconds')} or less (${percent(good / samples)}, ${percentile}% needed); p${percentile} ${formatBucket(bucket, 'seconds')}`,
    meaning: 'The share of responses within the limit. It is exact, because the limit is a bucket edge.',
    next: 'Nothing, if the objective is met. Otherwise look at the latencies in the report.',
  },
  'responses-around': {
    words: ({
      least,
      most,
      samples,
      isSuccessful,
      limitSeconds,
      lowSeconds,
      highSeconds,
      percentile,
      bucket,
    }) => {
      const all = isSuccessful ? successful(samples) : countOf(samples, 'response');
      const took = (count: number, seconds: number) =>
        `${formatCount(count)} took ${formatValue(seconds, 'seconds')} or less (${percent(count / samples)})`;
      const around = [
        ...(lowSeconds === 0 ? [] : [took(least, lowSeconds)]),
        ...(highSeconds === null ? [] : [took(most, highSeconds)]),
      ];
      const known = around.length === 0 ? all : `of ${all}, ${around.join(' and ')}`;
      return `${known}; ${formatValue(limitSeconds, 'seconds')} is not a bucket edge: it lies ${edgesAround({ lowSeconds, highSeconds })} (${percentile}% needed); p${percentile} ${formatBucket(bucket, 'seconds')}`;
    },
    meaning:
      'The limit is not a bucket edge. The share of responses within it is at least that at the edge below, and at most that at the edge above.',
    next: 'Nothing, if the objective is decided. A bucket edge at the limit makes the share exact.',
  },
  'errors-included': {
    words: ({ errors, isByClient }) =>
      `error responses are included, because the histogram is not selected by status${errors === null ? '' : `: ${isByClient ? 'the client received' : 'the service counted'} ${countOf(errors, 'response')} that ${were(errors)} not 2xx`}`,
    meaning: 'The histogram has no status label, so error responses are included, fast or slow.',
    next: 'Give the histogram a status label, and select successful responses by it.',
  },
  'unclaimed-latencies': {
    words: ({ responses, selected, atMost, ...values }) =>
      `the objective selects ${askedWords(selected)} and leaves out ${countOf(responses, 'response')} that may be successful: ${valuesWords(values)}${atMost === null ? '' : `; according to the client record, ${atMost === 0 ? 'none of them is' : `at most ${formatCount(atMost)} of them are`}`}`,
    meaning:
      'The label that distinguishes successful responses also has other values. These responses are judged both as successful and as failed.',
    next: "Extend the latency's selector in the document to all values of successful responses.",
  },
  'no-successful-response': {
    words: () => 'no successful response was counted in the window',
    meaning: 'The histogram did not grow, so there is no latency to judge.',
    next: LOAD,
  },
  'buckets-inconsistent': {
    words: ({ labels }) =>
      `the buckets of ${seriesOf(labels)} are inconsistent: they must be cumulative and end with le="+Inf"`,
    meaning: 'Each bucket of a histogram includes the counts of the buckets below it; these do not.',
    next: CORRECT_DOCUMENT,
  },
  'histograms-native': {
    words: ({ native, classic, both }) => {
      if (classic === 0)
        return both === 0
          ? 'counted by a native histogram'
          : 'counted by a native histogram; Prometheus also stores classic buckets, which are ignored';
      if (native === 0)
        return 'counted by classic buckets; Prometheus also stores a native histogram, which is ignored';
      return `counted by native histograms (${formatCount(native)}) and classic ones (${formatCount(classic)})`;
    },
    meaning:
      'Prometheus stores the histogram natively, or with custom buckets. Its buckets are counted without interpolation; a limit inside a bucket is bracketed by the ends of that bucket.',
    next: 'Nothing.',
  },
  'client-alone': {
    words: ({ path, lacks }) => CLIENT_ALONE[lacks ?? 'nothing'](path),
    meaning:
      'The objective names no histogram, so the client record decides it. Without such a record, the objective is undecided.',
    next: 'Nothing, if the objective is decided. Otherwise generate the load with `./sla gate` or `./sla run` and a script that requests that path or name, or add a `histogram` to the objective.',
  },
  'path-not-requested': {
    words: ({ path, paths }) =>
      `the load sent no request to "${path}", so its client-side latency cannot be judged; it sent requests to ${paths.join(', ')}`,
    meaning: 'The `client:` path of the objective is not one that the load requests.',
    next: 'Correct the path in the document.',
  },

  'none-is-no-error': {
    words: ({ label, value, asked, events }) =>
      `${countOf(events, 'event')} with ${label} "${value}" ${were(events)} not counted as errors: that value means "no error", although "${asked}" matches it`,
    meaning: 'The matcher of `bad` is a pattern that also matches the word for "no error".',
    next: 'Write a pattern that matches errors only. The alerting rules use the pattern as it is.',
  },
  'requests-failed': {
    words: ({ bad, samples, unanswered }) =>
      `${formatCount(bad)} of ${countOf(samples, 'request')} failed (${percent(samples === 0 ? 0 : bad / samples)})${unanswered === 0 ? '' : `, ${formatCount(unanswered)} of them unanswered`}`,
    meaning: 'Failed requests as a share of all requests, including those that only the client saw.',
    next: 'Nothing, if the objective is met. Otherwise look at the log of the service.',
  },
  'requests-succeeded': {
    words: ({ good, samples, unanswered }) =>
      `${formatCount(good)} of ${countOf(samples, 'request')} succeeded (${percent(good / samples)})${unanswered === 0 ? '' : `; ${formatCount(unanswered)} ${were(unanswered)} unanswered`}`,
    meaning: 'Good events as a share of all events. Whatever `good` does not select counts as failed.',
    next: 'Nothing, if the objective is met. Otherwise look at the log of the service.',
  },
  'more-good-than-total': {
    words: ({ good, total }) =>
      `the counts contradict each other: ${countOf(good, 'good event')} in a total of ${formatCount(total)}; correct \`good\` or \`total\` in the document`,
    meaning: 'The count of good events exceeds the count of all events, which must include them.',
    next: CORRECT_DOCUMENT,
  },
  'good-outside-total': {
    words: ({ count, labels }) =>
      `the counts contradict each other: ${countOf(count, 'good event')} of ${seriesOf(labels)} ${are(count)} not part of \`total\`; correct \`good\` or \`total\` in the document`,
    meaning: '`total` must include all good events, but it leaves out a series that `good` selects.',
    next: CORRECT_DOCUMENT,
  },
  'no-request-counted': {
    words: () => 'no request was counted in the window',
    meaning: 'The counter of all events did not grow, so there is no share to judge.',
    next: LOAD,
  },
  'absent-as-zero': {
    words: ({ shownBy }) =>
      `no error series exists; counted as 0 errors (\`absent: zero\`)${shownBy === 'client' ? ', and the client received no error either' : ''}`,
    meaning:
      'The document says that a missing error series means 0, and series of the same metric, or the client, show that an error would have been counted.',
    next: "Nothing. To rule out any doubt, initialise the service's error series at 0.",
  },
  'error-value-foreign': {
    words: ({ label, value, looks, asked }) =>
      `no error could be counted: in this window ${label} is "${value}" (${NOTATIONS[looks] ?? looks}), which "${asked}" never matches; correct it in the document`,
    meaning:
      'The matcher of `bad` cannot match any value of the label, because the service writes them in another form.',
    next: CORRECT_DOCUMENT,
  },
  'errors-unproven': {
    words: ({ metric, with: lacking }) =>
      `no series of ${metric}${lacking.length === 0 ? '' : ` with ${lacking.map(({ label, asked }) => `${label} "${asked}"`).join(', ')}`} was seen in this window, so it is unknown whether an error would have been counted; correct its name, initialise it at 0 in the service, or use the same metric for \`bad\` and \`total\``,
    meaning:
      '`absent: zero` counts a missing error series as 0 only if something shows that errors would be counted.',
    next: 'Correct the name, initialise the series at 0 in the service, or use one metric for both.',
  },
  'error-label-missing': {
    words: ({ label, metric }) =>
      metric === null
        ? `no error could be counted: the series of \`total\` have no label "${label}"`
        : `no error could be counted: no series of ${metric} has a label "${label}"; correct it in the document`,
    meaning: 'The series lack the label that distinguishes errors.',
    next: CORRECT_DOCUMENT,
  },
  'more-errors-than-total': {
    words: ({ bad, total }) =>
      `the counts contradict each other: ${countOf(bad, 'error')} in a total of ${formatCount(total)}; ${CORRECT_BAD_OR_TOTAL}`,
    meaning: 'The count of errors exceeds the count of all events, which must include them.',
    next: CORRECT_DOCUMENT,
  },
  'errors-outside-total': {
    words: ({ count, labels }) =>
      `the counts contradict each other: ${countOf(count, 'error')} of ${seriesOf(labels)} ${are(count)} not part of \`total\`; ${CORRECT_BAD_OR_TOTAL}`,
    meaning: '`total` must include all errors, but it leaves out a series that `bad` selects.',
    next: CORRECT_DOCUMENT,
  },
  'client-saw-more-errors': {
    words: ({ client, counted }) =>
      `the client received ${countOf(client, 'error response')}, and the objective counted ${counted === 0 ? 'no error' : countOf(counted, 'error')}`,
    meaning: 'The error counter misses errors that the client saw.',
    next: 'Select errors by their status, or correct `bad` in the document.',
  },
  'unclaimed-events': {
    words: (params) => `${unclaimedWords(params)}${clientWords(params)}`,
    meaning:
      'Events have label values that neither `bad` nor `good` of the document matches. They are judged both as errors and as successful.',
    next: EXTEND_BAD,
  },
} satisfies Partial<Entries<MeasureReasons>>;

const CLIENT_ALONE: Readonly<
  Record<NonNullable<MeasureReasons['client-alone']['lacks']> | 'nothing', (path: string) => string>
> = {
  nothing: () => 'judged by client-side latency alone, because the objective names no histogram',
  load: () =>
    'it can only be judged client-side, and this window has no client record: generate the load with ./sla gate',
  record: () => 'it can only be judged client-side, and the load generator left no record of its requests',
  requests: (path) => `it can only be judged client-side, and the client record has no requests to ${path}`,
  successes: (path) =>
    `it can only be judged client-side, and no request to ${path} received a successful response`,
};

/** `700 with status "4xx"`: each value with its count, the most frequent first. */
function unclaimedWords({ events, bad, ...values }: Unclaimed): string {
  return `neither \`bad\` nor \`good\` matches ${countOf(events, 'event')}: ${valuesWords(values)} (\`bad\` is ${askedWords(bad)})`;
}

const askedWords = (asked: Unclaimed['bad']) => asked.map((one) => `${one.label} "${one.asked}"`).join(', ');

function valuesWords({ values, others }: Pick<Unclaimed, 'values' | 'others'>): string {
  const listed = values.map(
    ({ count, labels }) =>
      `${formatCount(count)} with ${labels.map(({ label, value }) => (value === null ? `no label "${label}"` : `${label} "${value}"`)).join(', ')}`,
  );
  const more = others === 0 ? '' : `, and ${formatCount(others)} other values`;
  return `${listed.join(', ')}${more}`;
}

function clientWords({ client }: Unclaimed): string {
  if (client === null) return '';
  const { errors, bad, isExact } = client;
  return `; the client received ${countOf(errors, 'response')} with an error status, so ${isExact ? '' : 'at most '}${formatCount(bad)} of these ${isExact && bad === 1 ? 'is an error' : 'are errors'}`;
}
