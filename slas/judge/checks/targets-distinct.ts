import type { Plan, Precondition } from '../../model/model.ts';
import { reason } from '../../model/reasons.ts';
import { differingLabels, type SameProcess, samenessOf } from '../../window/distinct.ts';
import type { TargetWindow } from '../../window/targets.ts';
import type { Frame } from '../../window/window.ts';
import { check } from './check.ts';

/** The precondition that no process is counted twice, and a selector that would count each process once. */

/**
 * Selectors that keep each process once, such as `{ app: billing, job: fleet }`; empty if no single label
 * does.
 */
function remediesFor(plan: Plan, frame: Frame, same: readonly SameProcess[]): readonly string[] {
  const [[a, b] = []] = same.map(({ targets }) => targets);
  if (a === undefined || b === undefined) return [];
  const { where } = frame.selectedBy(plan.up);
  const options = differingLabels(a, b).flatMap((label) =>
    [...new Set(frame.targets.flatMap(({ labels }) => labels[label] ?? []))].sort().flatMap((value) => {
      const kept = new Set(frame.targets.filter(({ labels }) => labels[label] === value));
      const isOnceAtMost = same.every(({ targets: [one, other] }) => !(kept.has(one) && kept.has(other)));
      // For each target that is left out, another one that reports the same process is kept.
      const isEachKept = frame.targets.every(
        (target) =>
          kept.has(target) ||
          same.some(({ targets }) => targets.includes(target) && targets.some((one) => kept.has(one))),
      );
      return isOnceAtMost && isEachKept ? [asSelector({ ...where, [label]: value })] : [];
    }),
  );
  return options.slice(0, MAX_REMEDIES);
}

const MAX_REMEDIES = 2;

const asSelector = (labels: Readonly<Record<string, unknown>>) =>
  `{ ${Object.entries(labels)
    .map(
      ([label, value]) =>
        `${label}: ${/^[a-zA-Z][\w./-]*$/.test(String(value)) ? value : JSON.stringify(value)}`,
    )
    .join(', ')} }`;

const labelsOf = ({ labels }: TargetWindow) =>
  `{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`;

export function targetsDistinct(plan: Plan, frame: Frame): Precondition {
  const id = 'targets-distinct';
  const { same, unknown } = samenessOf(plan, frame);
  const [first] = same;
  if (first !== undefined) {
    const [a, b] = first.targets;
    const found = reason('same-process', {
      labels: [labelsOf(a), labelsOf(b)],
      because: [first.why],
      morePairs: same.length - 1,
      remedies: remediesFor(plan, frame, same),
    });
    return check(id, false, found);
  }
  const [open] = unknown;
  if (open !== undefined)
    return check(id, null, reason('maybe-same-process', { labels: [labelsOf(open[0]), labelsOf(open[1])] }));
  const targets = frame.targets.length;
  if (targets === 0) return check(id, null, reason('no-target-scraped', {}));
  return check(id, true, targets === 1 ? reason('one-target', {}) : reason('targets-differ', { targets }));
}
