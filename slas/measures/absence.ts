import { answeredWith, requestsOf } from '../client/requests.ts';
import { isMatched, textOf } from '../document/patterns.ts';
import { isStatusLabel } from '../document/statuses.ts';
import { foreignTo } from '../document/vocabularies.ts';
import type { PlannedMeasure, RunRecord, Series } from '../model/model.ts';
import { readSelector, type Selected } from '../prometheus/promql.ts';
import type { Increase } from '../window/increases.ts';
import { belongsTo } from '../window/targets.ts';
import type { Frame } from '../window/window.ts';

/**
 * Bad events that have no series at all, which counts as 0 where the document says `absent: zero`. An error that never happened
 * looks like one that nobody could have counted. What tells them apart:
 *
 *   1. Series of the same metric that are there. If they lack a label, or if all their statuses are written in a way that is never
 *      matched, none will ever be counted.
 *   2. If one of them differs from a bad one in one value alone (that which tells bad from good), a bad one would have been told.
 *   3. A client that saw every answer, and none that was bad, is a witness of its own.
 *
 * With none of these nothing speaks for the 0.
 */

type Ratio = PlannedMeasure & { readonly kind: 'ratio' };

/** `words`: it counts as 0, and how that is told. `reason`: why it does not. */
export type Absence =
  | { readonly ok: true; readonly words: string }
  | { readonly ok: false; readonly reason: string };

const unearned = (reason: string): Absence => ({ ok: false, reason });

export function absenceOf(planned: Ratio, frame: Frame, run: RunRecord): Absence {
  const bad = readSelector(planned.bad);
  const seen = seriesOf(bad.metric, frame).map(({ labels }) => labels);
  const telling = tellingOf(planned);
  const foreign = telling.flatMap((label) => foreignWords(label, bad, seen));
  if (foreign.length > 0) return unearned(`no bad event could be counted: ${foreign[0]}`);
  const zero = `no series matched ${planned.bad}: counted as 0 because the document says "absent: zero"`;
  if (isOneValueAway(telling, bad, seen))
    return {
      ok: true,
      words: `${zero}, though nothing in this window shows that there ever will be one`,
    };
  if (isWitnessed(planned, frame, run))
    return { ok: true, words: `${zero}, and no answer that the client saw was bad either` };
  return unearned(
    `${unseenWords(telling, bad, seen)}, so nothing shows that a bad event would have been counted: correct its name, let the service declare it at 0, or take bad and total from the same metric`,
  );
}

/** A label that bad events are told by, and that what was counted lacks: none could be counted as bad. null if there is none. */
export function lackingOf(
  { badLabels, ...planned }: Ratio,
  bad: readonly Increase[],
  all: readonly Increase[],
  frame: Frame,
): string | null {
  if (bad.length > 0) return null;
  const { metric } = readSelector(planned.bad);
  const seen = seriesOf(metric, frame);
  // A total of another metric has labels of its own.
  const isOneMetric = metric === readSelector(planned.total).metric;
  for (const label of badLabels) {
    if (isOneMetric && all.some(({ labels }) => !(label in labels)))
      return `no bad event could be counted: the series of the total have no label "${label}"`;
    if (seen.length > 0 && seen.every(({ labels }) => !(label in labels)))
      return `no bad event could be counted: no series of ${metric} has a label "${label}"; correct it in the document`;
  }
  return null;
}

/** Whatever it was read for: each series of a metric that belongs to a target. */
function seriesOf(metric: string, { readings, targets }: Frame): readonly Series[] {
  return [...readings.values()]
    .flatMap(({ series }) => series)
    .filter((one) => one.labels.__name__ === metric && targets.some((target) => belongsTo(one, target)));
}

/** The labels that may tell bad from good: a status, where there is one; what else is asked for must have been seen. */
function tellingOf({ badLabels }: Ratio): readonly string[] {
  const statuses = badLabels.filter(isStatusLabel);
  return statuses.length > 0 ? statuses : badLabels;
}

/** Its values are all written in one way, and what is asked for is not. */
function foreignWords(
  label: string,
  { where }: Selected,
  seen: readonly Series['labels'][],
): readonly string[] {
  // Of another handler, or of another method, they may be spelt otherwise.
  const own = seen.filter((labels) => missedBy(labels, { metric: '', where }, label).length === 0);
  const values = [...new Set((own.length > 0 ? own : seen).flatMap((labels) => labels[label] ?? []))];
  const looks = foreignTo(where[label]!, values, label);
  if (looks === null) return [];
  return [
    `${label} is "${values[0]}" in this window, ${looks}, which "${textOf(where[label]!)}" never matches; correct it in the document`,
  ];
}

const isOneValueAway = (telling: readonly string[], bad: Selected, seen: readonly Series['labels'][]) =>
  telling.some((label) =>
    seen.some((labels) => label in labels && missedBy(labels, bad, label).length === 0),
  );

/** Which labels but one are not as the selector has them. */
const missedBy = (labels: Series['labels'], { where }: Selected, but: string) =>
  Object.keys(where).filter((label) => label !== but && !isMatched(where[label]!, labels[label] ?? ''));

/** Of the series that come closest to what is asked for, which labels they miss beside the one that tells. */
function unseenWords(telling: readonly string[], bad: Selected, seen: readonly Series['labels'][]): string {
  const misses = telling.flatMap((label) => seen.map((labels) => missedBy(labels, bad, label)));
  const [fewest = []] = misses.toSorted((a, b) => a.length - b.length);
  const told = fewest.map((label) => `${label} "${textOf(bad.where[label]!)}"`).join(', ');
  return `no series of ${bad.metric}${told === '' ? '' : ` with ${told}`} was seen in this window`;
}

/** Where others send requests, too, the client saw its own answers alone. */
function isWitnessed({ badStatus }: Ratio, { isIsolated }: Frame, { load }: RunRecord): boolean {
  if (load === null || !isIsolated) return false;
  if (load.answered['5xx'] > 0) return false;
  return badStatus === null || answeredWith(requestsOf(load.client), badStatus).length === 0;
}
