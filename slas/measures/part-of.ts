import { keyOf } from '../model/labels.ts';
import type { PlannedMeasure } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { type Increase, total } from '../window/increases.ts';
import type { Frame } from '../window/window.ts';

/** Errors must be a part of all events. If they cannot be, the two selectors contradict each other, and the ratio is meaningless. */
export function notPartOf(
  planned: PlannedMeasure & { kind: 'ratio' },
  bad: readonly Increase[],
  all: readonly Increase[],
  { selectedBy }: Frame,
): Reason | null {
  const [badCount, allCount] = [total(bad), total(all)];
  if (badCount > allCount) return reason('more-errors-than-total', { bad: badCount, total: allCount });
  if (selectedBy(planned.bad).metric !== selectedBy(planned.total).metric) return null;
  const known = new Set(all.map(({ labels }) => keyOf(labels)));
  const outside = bad.find(({ labels, increase }) => increase > 0 && !known.has(keyOf(labels)));
  return outside === undefined
    ? null
    : reason('errors-outside-total', { count: outside.increase, labels: outside.labels });
}
