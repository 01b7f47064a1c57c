import { alternativesOf, textOf } from '../document/patterns.ts';
import { codesOf, mayHoldStatus } from '../document/statuses.ts';
import { isNoErrorWord } from '../document/vocabularies.ts';
import type { PlannedMeasure, Series } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { distinguishingLabels } from '../prometheus/promql.ts';
import { type Increase, total } from '../window/increases.ts';
import type { Frame } from '../window/window.ts';

/**
 * Micrometer writes `exception="None"` if there was no exception, and `exception=~".+"` also matches that word. Such events are not errors,
 * unless the document names the word itself or their status is a server error.
 */
export function withoutNone(
  planned: PlannedMeasure & { kind: 'ratio' },
  bad: readonly Increase[],
  { selectedBy }: Frame,
): { readonly errors: readonly Increase[]; readonly reasons: readonly Reason[] } {
  const { where } = selectedBy(planned.bad);
  const telling = distinguishingLabels({ where }, selectedBy(planned.total));
  const isNamed = (label: string, value: string) =>
    alternativesOf(where[label]!).some((part) => textOf(part) === value);
  const noneIn = (labels: Series['labels']) =>
    telling.find(
      (label) => label in labels && isNoErrorWord(label, labels[label]!) && !isNamed(label, labels[label]!),
    );
  const none = bad.filter(({ labels }) => noneIn(labels) !== undefined && !isServerError(labels));
  if (total(none) === 0) return { errors: bad, reasons: [] };
  const { labels } = none[0]!;
  const label = noneIn(labels)!;
  const told = { label, value: labels[label]!, asked: textOf(where[label]!), events: total(none) };
  return { errors: bad.filter((one) => !none.includes(one)), reasons: [reason('none-is-no-error', told)] };
}

const isServerError = (labels: Series['labels']) =>
  Object.keys(labels).some((label) => {
    const codes = mayHoldStatus(label) ? codesOf(label, labels[label]!, [labels[label]!]) : null;
    return codes?.every((code) => code.startsWith('5')) ?? false;
  });
