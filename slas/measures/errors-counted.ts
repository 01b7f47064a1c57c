import { isMatched } from '../document/patterns.ts';
import { codesOf, mayHoldStatus } from '../document/statuses.ts';
import type { LabelMatcher, Plan, Series } from '../model/model.ts';
import { total } from '../window/increases.ts';
import { countIncreases, type Frame } from '../window/window.ts';

/**
 * The number of errors among the responses of a histogram without a status, if no client saw each response. It is taken from the service's
 * own counters. `missing` is 0, because nothing shows that the histogram lacks responses.
 */
export function errorsCounted(
  plan: Plan,
  where: Readonly<Record<string, LabelMatcher>>,
  samples: number,
  frame: Frame,
): { readonly errors: number; readonly missing: number } {
  const requests = plan.requests === null ? null : unsuccessfulIn(plan.requests, where, frame);
  const ratios = plan.objectives.flatMap(({ measure }) =>
    measure.kind === 'ratio'
      ? [countIn(measure.bad, where, frame)]
      : measure.kind === 'success'
        ? [countIn(measure.total, where, frame) - countIn(measure.good, where, frame)]
        : [],
  );
  const errors = Math.max(requests?.errors ?? 0, ...ratios);
  // A histogram with exactly as many responses as were successful includes only these.
  const isSuccessfulOnly = errors > 0 && errors === requests?.errors && requests.successes === samples;
  return { errors: isSuccessfulOnly ? 0 : errors, missing: 0 };
}

/**
 * Counts that may belong to the histogram's responses: none of their labels contradicts the histogram's
 * selector.
 */
function increasesOf(selector: string, where: Readonly<Record<string, LabelMatcher>>, frame: Frame) {
  const counted = countIncreases(selector, frame, 'zero');
  if (!counted.ok) return [];
  const isOfHistogram = (labels: Series['labels']) =>
    Object.entries(where).every(
      ([label, match]) => label === 'le' || !(label in labels) || isMatched(match, labels[label]!),
    );
  return counted.value.filter(({ labels }) => isOfHistogram(labels));
}

/** How many events of a selector may belong to the histogram's responses. */
const countIn = (selector: string, where: Readonly<Record<string, LabelMatcher>>, frame: Frame) =>
  total(increasesOf(selector, where, frame));

/** Every event that is not known to be a success may be an error; null if no series has a status. */
function unsuccessfulIn(selector: string, where: Readonly<Record<string, LabelMatcher>>, frame: Frame) {
  const all = increasesOf(selector, where, frame);
  const valuesOf = (label: string) => [...new Set(all.flatMap(({ labels }) => labels[label] ?? []))];
  const successful = all.filter(({ labels }) =>
    Object.keys(labels).some((label) => {
      const codes = mayHoldStatus(label) ? codesOf(label, labels[label]!, valuesOf(label)) : null;
      return codes?.every((code) => code.startsWith('2')) ?? false;
    }),
  );
  const hasStatus = all.some(({ labels }) => Object.keys(labels).some(mayHoldStatus));
  if (!hasStatus) return null;
  return { errors: total(all) - total(successful), successes: total(successful) };
}
