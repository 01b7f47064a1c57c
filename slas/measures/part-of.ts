import type { PlannedMeasure } from '../model/model.ts';
import { readSelector } from '../prometheus/promql.ts';
import { countOf, formatCount, were } from '../render/numbers.ts';
import { type Increase, total } from '../window/increases.ts';
import { keyOf } from './measured.ts';

/** Bad events are some of all: where they cannot be, the two selections contradict each other, and no share means anything. */
export function notAPart(
  planned: PlannedMeasure & { kind: 'ratio' },
  bad: readonly Increase[],
  all: readonly Increase[],
): string | null {
  const [badCount, allCount] = [total(bad), total(all)];
  const remedy = 'correct bad or total in the document, so that total counts every event that bad counts';
  if (badCount > allCount)
    return `the counts contradict each other: ${countOf(badCount, 'bad event')} in a total of ${formatCount(allCount)}; ${remedy}`;
  if (readSelector(planned.bad).metric !== readSelector(planned.total).metric) return null;
  const known = new Set(all.map(({ labels }) => keyOf(labels)));
  const outside = bad.find(({ labels, increase }) => increase > 0 && !known.has(keyOf(labels)));
  return outside === undefined
    ? null
    : `the counts contradict each other: ${countOf(outside.increase, 'event')} of series ${JSON.stringify(outside.labels)} ${were(outside.increase)} bad, and the total does not count them; ${remedy}`;
}
