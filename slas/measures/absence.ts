import { countWhere, isAnsweredWith } from '../client/requests.ts';
import { isMatched, textOf } from '../document/patterns.ts';
import { isStatusLabel } from '../document/statuses.ts';
import { foreignTo } from '../document/vocabularies.ts';
import type { PlannedMeasure, RunRecord, Selected, Series } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { fail, ok, type Result } from '../model/result.ts';
import type { Increase } from '../window/increases.ts';
import { belongsTo } from '../window/targets.ts';
import type { Frame } from '../window/window.ts';

/**
 * Errors that have no series at all, which count as 0 where the document says `absent: zero`. An error that never happened looks like an
 * error that could not have been counted. The following facts distinguish the two cases:
 *
 *   1. Series of the same metric that exist. If they lack a label, or if all their statuses are written in a way that the document
 *      never matches, no error will ever be counted.
 *   2. If one of them differs from an error only in the label that distinguishes errors, an error would have been counted.
 *   3. A client that received every response, and no error among them, shows it independently.
 *
 * Without any of these nothing supports the 0.
 */

type Ratio = PlannedMeasure & { readonly kind: 'ratio' };

/** Why a missing series counts as 0, or why it does not. */
export function absenceOf(planned: Ratio, frame: Frame, run: RunRecord): Result<Reason, Reason> {
  const bad = frame.selectedBy(planned.bad);
  const seen = seriesOf(bad.metric, frame).map(({ labels }) => labels);
  const outcomes = distinguishingLabelOf(planned);
  const foreign = outcomes.flatMap((label) => foreignValue(label, bad, seen));
  if (foreign[0] !== undefined) return fail(foreign[0]);
  const zero = (shownBy: 'series' | 'client') =>
    ok(reason('absent-as-zero', { selector: planned.bad, shownBy }));
  if (isOneValueAway(outcomes, bad, seen)) return zero('series');
  if (isWitnessed(planned, frame, run)) return zero('client');
  const lacking = { metric: bad.metric, with: unseenLabels(outcomes, bad, seen) };
  return fail(reason('errors-unproven', lacking));
}

/**
 * A label that distinguishes errors and that the counted series lack, so that no error could be counted. null
 * if there is none.
 */
export function lackingOf(
  { badLabels, ...planned }: Ratio,
  bad: readonly Increase[],
  all: readonly Increase[],
  frame: Frame,
): Reason | null {
  if (bad.length > 0) return null;
  const { metric } = frame.selectedBy(planned.bad);
  const seen = seriesOf(metric, frame);
  // A total of another metric has its own labels.
  const isOneMetric = metric === frame.selectedBy(planned.total).metric;
  for (const label of badLabels) {
    if (isOneMetric && all.some(({ labels }) => !(label in labels)))
      return reason('error-label-missing', { label, metric: null });
    if (seen.length > 0 && seen.every(({ labels }) => !(label in labels)))
      return reason('error-label-missing', { label, metric });
  }
  return null;
}

/** All series of a metric on a target, whichever query returned them. */
function seriesOf(metric: string, { readings, targets }: Frame): readonly Series[] {
  return [...readings.values()]
    .flatMap(({ series }) => series)
    .filter((one) => one.labels.__name__ === metric && targets.some((target) => belongsTo(one, target)));
}

/**
 * The labels that may distinguish errors: the status labels, if there are any; other labels only if a
 * requested value was seen.
 */
function distinguishingLabelOf({ badLabels }: Ratio): readonly string[] {
  const statuses = badLabels.filter(isStatusLabel);
  return statuses.length > 0 ? statuses : badLabels;
}

/** Whether all values of a label are in one notation, and the requested value is in another. */
function foreignValue(
  label: string,
  { where }: Selected,
  seen: readonly Series['labels'][],
): readonly Reason[] {
  // Series of another handler or method may spell statuses differently.
  const own = seen.filter((labels) => missedBy(labels, { metric: '', where }, label).length === 0);
  const values = [...new Set((own.length > 0 ? own : seen).flatMap((labels) => labels[label] ?? []))];
  const looks = foreignTo(where[label]!, values, label);
  if (looks === null) return [];
  const asked = textOf(where[label]!);
  return [reason('error-value-foreign', { label, value: values[0]!, looks, asked })];
}

const isOneValueAway = (outcomes: readonly string[], bad: Selected, seen: readonly Series['labels'][]) =>
  outcomes.some((label) =>
    seen.some((labels) => label in labels && missedBy(labels, bad, label).length === 0),
  );

/** The labels, except the given one, that do not match the selector. */
const missedBy = (labels: Series['labels'], { where }: Selected, but: string) =>
  Object.keys(where).filter((label) => label !== but && !isMatched(where[label]!, labels[label] ?? ''));

/** The labels that differ in the series closest to the requested selector, except the label that distinguishes errors. */
function unseenLabels(outcomes: readonly string[], bad: Selected, seen: readonly Series['labels'][]) {
  const misses = outcomes.flatMap((label) => seen.map((labels) => missedBy(labels, bad, label)));
  const [fewest = []] = misses.toSorted((a, b) => a.length - b.length);
  return fewest.map((label) => ({ label, asked: textOf(bad.where[label]!) }));
}

/** If other clients also send requests, the load generator saw only its own responses. */
function isWitnessed({ badStatus }: Ratio, { isIsolated }: Frame, { load }: RunRecord): boolean {
  if (load === null || !isIsolated) return false;
  if (load.answered['5xx'] > 0) return false;
  return badStatus === null || countWhere(load.client, isAnsweredWith(badStatus)) === 0;
}
