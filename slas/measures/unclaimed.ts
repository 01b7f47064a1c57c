import { allResponses, countIn, isLost } from '../client/requests.ts';
import { alternativesOf, isMatched, matcherOf, textOf } from '../document/patterns.ts';
import { asksForCodes, claimedCodes, claimsCode, codesOf, isStatusLabel } from '../document/statuses.ts';
import {
  claimsGrpc,
  isAlike,
  isBadWord,
  isErrorLabel,
  isGoodWord,
  isGrpcWord,
  spellingsOf,
} from '../document/vocabularies.ts';
import type { LabelMatcher, PlannedMeasure, RunRecord, Selected, Series } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { ok, type Result } from '../model/result.ts';
import { candidatesOf, distinguishingLabels } from '../prometheus/promql.ts';
import { countIncreases, type Frame } from '../window/window.ts';
import { isWholeRun, witnessOf } from './witness.ts';

/**
 * Events that an error rate's matchers select neither as bad nor as good: `4xx`, where `5..|429` is bad;
 * `UNAVAILABLE`, where `Unavailable` is. Any number of them may be errors. A client that saw each response
 * narrows this down. Without one, the rate is judged twice: as if all of them were errors, and as if none
 * were.
 */

type Ratio = PlannedMeasure & { readonly kind: 'ratio' };
type Labels = Series['labels'];

/**
 * Why a value may be bad: its codes overlap with those of bad events, it is the same word in another spelling, or it is an unknown word.
 */
type Doubt = 'codes' | 'same' | 'unknown';

export interface Unclaimed {
  /** At most this many more events are bad; `outside` of them are not in the total. */
  readonly mayBeBad: number;
  readonly outside: number;
  /** This many events are certainly bad, because the client saw them. */
  readonly bad: number;
  readonly reasons: readonly Reason[];
}

export const NOTHING_UNCLAIMED: Unclaimed = { mayBeBad: 0, outside: 0, bad: 0, reasons: [] };

interface Event {
  readonly labels: Labels;
  readonly count: number;
}

/** What the two selectors ask for, and which labels distinguish bad events from others. */
interface Asked {
  readonly bad: Selected;
  readonly all: Selected;
  readonly distinguishing: readonly string[];
  readonly isOneMetric: boolean;
}

function askedBy(planned: Ratio, { selectedBy }: Frame): Asked {
  const [bad, all] = [selectedBy(planned.bad), selectedBy(planned.total)];
  return { bad, all, distinguishing: distinguishingLabels(bad, all), isOneMetric: bad.metric === all.metric };
}

/**
 * Unclaimed events, or why they could not be counted. `countedBad` are the known bad events, including
 * unanswered ones. The frame may be a part of the run.
 */
export function unclaimedBy(
  planned: Ratio,
  countedBad: number,
  all: readonly { readonly labels: Labels; readonly increase: number }[],
  frame: Frame,
  run: RunRecord,
): Result<Unclaimed, Reason> {
  const asked = askedBy(planned, frame);
  const selector = candidatesOf(planned, frame.selectedBy);
  const candidates = frame.readings.has(selector) ? countIncreases(selector, frame, 'zero') : null;
  const increases = candidates?.ok ? candidates.value : all;
  const events = increases.map(({ labels, increase }): Event => ({ labels, count: increase }));
  const series = frame.readings.get(selector)?.series ?? [];
  const known = [...events.map(({ labels }) => labels), ...series.map(({ labels }) => labels)];
  const doubtIn = (labels: Labels) => doubtOf(labels, asked, known);
  if (candidates?.ok === false && series.some(({ labels }) => doubtIn(labels) !== null)) return candidates;
  const inDoubt = events.flatMap((event) => {
    const doubt = event.count > 0 ? doubtIn(event.labels) : null;
    return doubt === null ? [] : [{ ...event, doubt }];
  });
  if (inDoubt.length === 0) return ok(NOTHING_UNCLAIMED);
  return ok(witnessed(planned, inDoubt, countedBad, events, asked, frame, run));
}

// ---------------------------------------------------------------------------------------------- which are in doubt

/** null if the document selects the series as bad, if the series describes something else, or if it is certainly good. */
function doubtOf(labels: Labels, asked: Asked, known: readonly Labels[]): Doubt | null {
  const { bad, distinguishing } = asked;
  const missed = Object.keys(bad.where).filter((label) => !isMatched(bad.where[label]!, labels[label] ?? ''));
  if (missed.length === 0 || missed.some((label) => !distinguishing.includes(label))) return null;
  const doubts = missed.map((label) =>
    label in labels
      ? doubtOfValue(label, labels[label]!, asked, known)
      : asked.isOneMetric &&
          (holdsCodes(label, bad.where[label]!) || !isDistinguishedByOthers(label, labels, known))
        ? 'unknown'
        : null,
  );
  if (doubts.includes(null)) return null;
  return doubts.includes('unknown') ? 'unknown' : doubts.includes('codes') ? 'codes' : 'same';
}

/** Whether the same target has the label on other series: there it distinguishes bad events from the rest. */
export const isDistinguishedByOthers = (label: string, { job, instance }: Labels, known: readonly Labels[]) =>
  known.some((one) => label in one && one.job === job && one.instance === instance);

/** Whether a label holds statuses: by its name, or because the document selects codes by it. */
export const holdsCodes = (label: string, match: LabelMatcher) =>
  isStatusLabel(label) || (label !== 'le' && asksForCodes(match));

function doubtOfValue(label: string, value: string, asked: Asked, known: readonly Labels[]): Doubt | null {
  const { bad, all, isOneMetric } = asked;
  const match = bad.where[label]!;
  const values = [...new Set(known.flatMap((labels) => labels[label] ?? []))];
  const isOfCodes = holdsCodes(label, match);
  const claimed = isOfCodes || /^outcome$/i.test(label) ? claimedCodes(label, match) : new Set<string>();
  const codes = claimed.size > 0 || isOfCodes ? codesOf(label, value, values) : null;
  if (codes !== null && claimed.size > 0) return codes.some((code) => claimed.has(code)) ? 'codes' : null;
  if (isGoodWord(label, value)) return null;
  if (spellingsOf(label, value).some(matcherOf(match))) return 'same';
  const isClaimedAsGood = isNamed(all.where[label], value);
  if (claimed.size > 0) return isClaimedAsGood ? null : 'unknown';
  if (codes?.every((code) => code < '400')) return null;
  if (claimsGrpc(match) && isGrpcWord(label, value)) return null;
  if (isClaimedAsGood) return null;
  // Under `exception`, every word names an exception, so `Timeout.*` excludes the other exceptions on purpose.
  return isOneMetric && isErrorLabel(label) ? 'unknown' : doubtOfWord(match, value, values, isOneMetric);
}

/**
 * An unclaimed word. It is uncertain unless something shows that bad events are spelled as in the document. A
 * metric that counts only errors has kinds that the document excludes on purpose: there, only a word similar
 * to one of the document's is uncertain.
 */
function doubtOfWord(
  match: LabelMatcher,
  value: string,
  values: readonly string[],
  isOneMetric: boolean,
): Doubt | null {
  const unseen = alternativesOf(match).filter((part) => !values.some(matcherOf(part)));
  if (unseen.some((part) => isAlike(textOf(part), value))) return 'unknown';
  if (!isOneMetric) return null;
  return isBadWord(value) || !values.some(matcherOf(match)) ? 'unknown' : null;
}

/** Words that no service uses. A matcher that matches them matches any word. */
const ANYTHING = ['zzzzz', '_0_'];

/** Whether a matcher names a value, rather than letting anything pass. */
function isNamed(match: LabelMatcher | undefined, value: string): boolean {
  if (match === undefined) return false;
  const is = matcherOf(match);
  return is(value) && !ANYTHING.some(is);
}

// ---------------------------------------------------------------------------------------------- how many are bad

type Doubtful = Event & { readonly doubt: Doubt };

const sumOf = (events: readonly Event[]) => events.reduce((sum, { count }) => sum + count, 0);

/**
 * The client's record bounds the number of bad events among the unclaimed ones. If the record covers all of them, it gives the exact
 * number.
 */
function witnessed(
  planned: Ratio,
  inDoubt: readonly Doubtful[],
  countedBad: number,
  events: readonly Event[],
  asked: Asked,
  frame: Frame,
  run: RunRecord,
): Unclaimed {
  const all = sumOf(inDoubt);
  const outside = sumOf(inDoubt.filter(({ labels }) => !isInTotal(labels, asked)));
  const because = (client: UnclaimedParams['client']) => [
    reason('unclaimed-events', {
      ...listedValues(inDoubt, asked.bad.where),
      bad: askedFor(asked.bad.where, asked.distinguishing),
      events: all,
      client,
    }),
  ];
  const undecided = { mayBeBad: all, outside, bad: 0, reasons: because(null) };
  const client = clientsErrors(planned.badStatus, frame, run);
  // The client cannot say whether a word is another spelling, because it saw a status code.
  if (client === null || (planned.badStatus === null && inDoubt.some(({ doubt }) => doubt === 'same')))
    return undecided;
  const { bad, lost, answers } = client;
  const more = Math.max(0, bad + lost - countedBad);
  const atMost = Math.min(all, more);
  const isAllOfClient = lost === 0 && sumOf(events) === answers && planned.badStatus !== null;
  const share = Math.min(outside, atMost);
  const isExact = isAllOfClient || atMost === 0;
  const reasons = because({ errors: bad, bad: atMost, isExact });
  return isExact
    ? { mayBeBad: 0, outside: share, bad: atMost, reasons }
    : { mayBeBad: atMost, outside: share, bad: 0, reasons };
}

/** The outcomes that the client saw for the requests that the frame may include. */
interface ClientsErrors {
  readonly bad: number;
  readonly lost: number;
  /** For a part of the run, it is unknown how many of the requests the service counted in that part. */
  readonly answers: number | null;
}

/** Responses that are bad by the status that the client received; null if its record does not say. */
function clientsErrors(badStatus: string | null, frame: Frame, run: RunRecord): ClientsErrors | null {
  const { load } = run;
  const witness = witnessOf(frame, run);
  if (witness !== null) {
    // It is unknown which words stand for which statuses: any unsuccessful response may be bad.
    const is = badStatus === null ? (status: string) => !status.startsWith('2') : claimsCode(badStatus);
    const bad = countIn(witness.outcomes, (one) => !isLost(one) && is(one.status));
    const wrong = badStatus === null ? (load!.wrongAnswers ?? 0) : 0;
    return {
      bad: bad + wrong,
      lost: witness.lost,
      answers: witness.isWhole ? allResponses(load!) : null,
    };
  }
  if (load === null || !load.completed || !frame.isIsolated || !isWholeRun(frame, run.window)) return null;
  const { answered, client, wrongAnswers = 0 } = load;
  const others = answered['1xx'] + answered['3xx'] + answered['4xx'] + answered['5xx'];
  if (badStatus !== null && (client !== undefined || others > 0)) return null;
  return {
    bad: badStatus === null ? others + wrongAnswers : 0,
    lost: load.lost,
    answers: allResponses(load),
  };
}

const isInTotal = (labels: Labels, { all, isOneMetric }: Asked) =>
  isOneMetric && Object.keys(all.where).every((label) => isMatched(all.where[label]!, labels[label] ?? ''));

// ---------------------------------------------------------------------------------------------- what is reported

const MAX_LISTED = 6;

type UnclaimedParams = Reason<'unclaimed-events'>['params'];

/** The matchers of a selector for the given labels. */
export const askedFor = (where: Selected['where'], labels: readonly string[]) =>
  labels.map((label) => ({ label, asked: textOf(where[label]!) }));

/** Each value that a selector excludes with its count, the most frequent first. */
export function listedValues(
  inDoubt: readonly { readonly labels: Labels; readonly count: number }[],
  where: Selected['where'],
) {
  const counts = new Map<string, UnclaimedParams['values'][number]>();
  for (const { labels, count } of inDoubt) {
    const missed = Object.keys(where)
      .filter((label) => !isMatched(where[label]!, labels[label] ?? ''))
      .map((label) => ({ label, value: labels[label] ?? null }));
    const key = JSON.stringify(missed);
    counts.set(key, { count: (counts.get(key)?.count ?? 0) + count, labels: missed });
  }
  const ordered = [...counts.values()].sort((a, b) => b.count - a.count);
  return {
    values: ordered.slice(0, MAX_LISTED),
    others: Math.max(0, ordered.length - MAX_LISTED),
  };
}
