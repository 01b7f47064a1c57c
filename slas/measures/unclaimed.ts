import { answersInAll, requestsOf } from '../client/requests.ts';
import { alternativesOf, isMatched, matcherOf, textOf } from '../document/patterns.ts';
import { claimedCodes, claimsCode, codesOf, isStatusLabel } from '../document/statuses.ts';
import { claimsGrpc, isAlike, isGoodWord, isGrpcWord, spellingsOf } from '../document/vocabularies.ts';
import type { LabelMatcher, PlannedMeasure, RunRecord, Series } from '../model/model.ts';
import { candidatesOf, readSelector, type Selected, tellingLabels } from '../prometheus/promql.ts';
import { countOf, formatCount } from '../render/numbers.ts';
import { countIncreases, type Frame } from '../window/window.ts';

/**
 * Events that an error rate's matchers claim neither as bad nor as good: `4xx`, where `5..|429` is bad; `UNAVAILABLE`, where
 * `Unavailable` is. They may be bad, all or none. A client that saw each response knows more; without one the rate is judged both
 * ways.
 */

type Ratio = PlannedMeasure & { readonly kind: 'ratio' };
type Labels = Series['labels'];

/** Why a value may be bad: its codes overlap what is bad, it is the same word in another spelling, or nobody knows. */
type Doubt = 'codes' | 'same' | 'unknown';

export interface Unclaimed {
  /** At most so many more are bad; of these, so many are not in the total. */
  readonly mayBeBad: number;
  readonly outside: number;
  /** So many are bad for certain: the client saw them. */
  readonly bad: number;
  readonly words: string;
}

export const NOTHING_UNCLAIMED: Unclaimed = { mayBeBad: 0, outside: 0, bad: 0, words: '' };

interface Event {
  readonly labels: Labels;
  readonly count: number;
}

/** What the two selectors ask for, and which of the labels tell bad events from the others. */
interface Asked {
  readonly bad: Selected;
  readonly all: Selected;
  readonly telling: readonly string[];
  readonly isOneMetric: boolean;
}

function askedBy(planned: Ratio): Asked {
  const [bad, all] = [readSelector(planned.bad), readSelector(planned.total)];
  return { bad, all, telling: tellingLabels(bad, all), isOneMetric: bad.metric === all.metric };
}

/** What nobody claims, or why it could not be counted. `countedBad` are those that are bad already, lost ones included. */
export function unclaimedBy(
  planned: Ratio,
  countedBad: number,
  all: readonly { readonly labels: Labels; readonly increase: number }[],
  frame: Frame,
  run: RunRecord,
): Unclaimed | string {
  const asked = askedBy(planned);
  const selector = candidatesOf(planned);
  const candidates = frame.readings.has(selector) ? countIncreases(selector, frame, 'zero') : null;
  const increases = candidates?.ok ? candidates.increases : all;
  const events = increases.map(({ labels, increase }): Event => ({ labels, count: increase }));
  const series = frame.readings.get(selector)?.series ?? [];
  const known = [...events.map(({ labels }) => labels), ...series.map(({ labels }) => labels)];
  const doubtIn = (labels: Labels) => doubtOf(labels, asked, known);
  if (candidates?.ok === false && series.some(({ labels }) => doubtIn(labels) !== null))
    return candidates.reason;
  const inDoubt = events.flatMap((event) => {
    const doubt = event.count > 0 ? doubtIn(event.labels) : null;
    return doubt === null ? [] : [{ ...event, doubt }];
  });
  if (inDoubt.length === 0) return NOTHING_UNCLAIMED;
  const told = `neither "bad" nor "good" claims ${countOf(sumOf(inDoubt), 'event')}: ${listed(inDoubt, asked)} (bad is ${askedWords(asked)})`;
  return witnessed(planned, inDoubt, told, countedBad, events, asked, frame, run);
}

// ---------------------------------------------------------------------------------------------- which are in doubt

/** null where a series is claimed as bad, is of something else, or is good for certain. */
function doubtOf(labels: Labels, asked: Asked, known: readonly Labels[]): Doubt | null {
  const { bad, telling } = asked;
  const missed = Object.keys(bad.where).filter((label) => !isMatched(bad.where[label]!, labels[label] ?? ''));
  if (missed.length === 0 || missed.some((label) => !telling.includes(label))) return null;
  const doubts = missed.map((label) =>
    label in labels
      ? doubtOfValue(label, labels[label]!, asked, known)
      : asked.isOneMetric && !isToldByOthers(label, labels, known)
        ? 'unknown'
        : null,
  );
  if (doubts.includes(null)) return null;
  return doubts.includes('unknown') ? 'unknown' : doubts.includes('codes') ? 'codes' : 'same';
}

/** Whether the same target has the label on other series: there it tells bad events from those that lack it. */
const isToldByOthers = (label: string, { job, instance }: Labels, known: readonly Labels[]) =>
  known.some((one) => label in one && one.job === job && one.instance === instance);

function doubtOfValue(label: string, value: string, asked: Asked, known: readonly Labels[]): Doubt | null {
  const { bad, all, isOneMetric } = asked;
  const match = bad.where[label]!;
  const values = [...new Set(known.flatMap((labels) => labels[label] ?? []))];
  const claimed =
    isStatusLabel(label) || /^outcome$/i.test(label) ? claimedCodes(label, match) : new Set<string>();
  const codes = claimed.size > 0 || isStatusLabel(label) ? codesOf(label, value, values) : null;
  if (codes !== null && claimed.size > 0) return codes.some((code) => claimed.has(code)) ? 'codes' : null;
  if (isGoodWord(label, value)) return null;
  if (spellingsOf(label, value).some(matcherOf(match))) return 'same';
  const isClaimedAsGood = isNamed(all.where[label], value);
  if (claimed.size > 0) return isClaimedAsGood ? null : 'unknown';
  if (codes?.every((code) => code < '400')) return null;
  if (claimsGrpc(match) && isGrpcWord(label, value)) return null;
  return !isOneMetric || isClaimedAsGood ? null : doubtOfWord(match, value, values);
}

/** A word that nobody claims: in doubt where nothing shows that the bad ones are spelt as the document has them. */
function doubtOfWord(match: LabelMatcher, value: string, values: readonly string[]): Doubt | null {
  const unseen = alternativesOf(match).filter((part) => !values.some(matcherOf(part)));
  const isWhollyUnseen = !values.some(matcherOf(match));
  return isWhollyUnseen || unseen.some((part) => isAlike(textOf(part), value)) ? 'unknown' : null;
}

/** Words that no service has: what matches them matches anything. */
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

/** What the client saw bounds how many of them are bad, or tells it exactly where these were all of its responses. */
function witnessed(
  planned: Ratio,
  inDoubt: readonly Doubtful[],
  told: string,
  countedBad: number,
  events: readonly Event[],
  asked: Asked,
  frame: Frame,
  { load, window }: RunRecord,
): Unclaimed {
  const all = sumOf(inDoubt);
  const outside = sumOf(inDoubt.filter(({ labels }) => !isInTotal(labels, asked)));
  const nobody = { mayBeBad: all, outside, bad: 0, words: told };
  const isWhole = frame.fromSeconds === window.fromSeconds && frame.toSeconds === window.toSeconds;
  if (load === null || !load.completed || !frame.isIsolated || !isWhole) return nobody;
  const bad = badAtClient(planned.badStatus, load);
  // That a word is spelt otherwise is no question for the client: it saw a status.
  if (bad === null || (planned.badStatus === null && inDoubt.some(({ doubt }) => doubt === 'same')))
    return nobody;
  const more = Math.max(0, bad + load.lost - countedBad);
  const atMost = Math.min(all, more);
  const seen = `the client got ${countOf(bad, 'response')} that are bad by their status`;
  const isAllOfClient = load.lost === 0 && sumOf(events) === answersInAll(load) && planned.badStatus !== null;
  const share = Math.min(outside, atMost);
  if (isAllOfClient || atMost === 0)
    return {
      mayBeBad: 0,
      outside: share,
      bad: atMost,
      words: `${told}; ${seen}, so ${formatCount(atMost)} of these are bad`,
    };
  return {
    mayBeBad: atMost,
    outside: share,
    bad: 0,
    words: `${told}; ${seen}, so at most ${formatCount(atMost)} of these are bad`,
  };
}

/** Responses that are bad by what the client saw of them; null where it left too little to tell. */
function badAtClient(
  badStatus: string | null,
  { answered, client, wrongAnswers = 0 }: NonNullable<RunRecord['load']>,
) {
  // Which words stand for which statuses is not known: any response but a successful one may be bad.
  if (badStatus === null)
    return answered['1xx'] + answered['3xx'] + answered['4xx'] + answered['5xx'] + wrongAnswers;
  const is = claimsCode(badStatus);
  if (client !== undefined)
    return requestsOf(client).filter(({ status }) => status !== '0' && is(status)).length;
  const none = answered['1xx'] + answered['3xx'] + answered['4xx'] + answered['5xx'] === 0;
  return none ? 0 : null;
}

const isInTotal = (labels: Labels, { all, isOneMetric }: Asked) =>
  isOneMetric && Object.keys(all.where).every((label) => isMatched(all.where[label]!, labels[label] ?? ''));

// ---------------------------------------------------------------------------------------------- in words

const MOST_LISTED = 6;

/** `700 with status "4xx"`: each value with its count, the most first. */
function listed(inDoubt: readonly Event[], { bad }: Asked): string {
  const counts = new Map<string, number>();
  for (const { labels, count } of inDoubt) {
    const missed = Object.keys(bad.where).filter(
      (label) => !isMatched(bad.where[label]!, labels[label] ?? ''),
    );
    const told = missed
      .map((label) => (labels[label] === undefined ? `no label "${label}"` : `${label} "${labels[label]}"`))
      .join(', ');
    counts.set(told, (counts.get(told) ?? 0) + count);
  }
  const ordered = [...counts].sort(([, a], [, b]) => b - a);
  const more =
    ordered.length > MOST_LISTED ? `, and ${formatCount(ordered.length - MOST_LISTED)} other values` : '';
  return (
    ordered
      .slice(0, MOST_LISTED)
      .map(([told, count]) => `${formatCount(count)} with ${told}`)
      .join(', ') + more
  );
}

const askedWords = ({ bad, telling }: Asked) =>
  telling.map((label) => `${label} "${textOf(bad.where[label]!)}"`).join(', ');
