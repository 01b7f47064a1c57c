import type { Plan, Precondition } from '../../model/model.ts';
import { readSelector } from '../../prometheus/promql.ts';
import { countOf } from '../../render/numbers.ts';
import { differingLabels, type SameProcess, samenessOf } from '../../window/distinct.ts';
import type { TargetWindow } from '../../window/targets.ts';
import type { Frame } from '../../window/window.ts';
import { check } from './check.ts';

/** The precondition that no process is counted twice, and the selector that would count each once. */

/** Selectors that leave each process once, as `{ app: billing, job: fleet }`; none where no single label does. */
function remediesFor(plan: Plan, frame: Frame, same: readonly SameProcess[]): readonly string[] {
  const processOf = processesOf(frame.targets, same);
  const all = new Set(processOf.values());
  const [[a, b] = []] = same.map(({ targets }) => targets);
  if (a === undefined || b === undefined) return [];
  const { where } = readSelector(plan.up);
  const options = differingLabels(a, b).flatMap((label) =>
    [...new Set(frame.targets.flatMap(({ labels }) => labels[label] ?? []))].sort().flatMap((value) => {
      const kept = frame.targets.filter(({ labels }) => labels[label] === value);
      const isEachOnce =
        kept.length === all.size && new Set(kept.map((one) => processOf.get(one))).size === all.size;
      return isEachOnce ? [asSelector({ ...where, [label]: value })] : [];
    }),
  );
  return options.slice(0, MOST_REMEDIES);
}

const MOST_REMEDIES = 2;

/** Each target's process, by the first target that was seen of it. */
function processesOf(targets: readonly TargetWindow[], same: readonly SameProcess[]) {
  const processOf = new Map(targets.map((target) => [target, target]));
  for (const {
    targets: [a, b],
  } of same) {
    const [one, other] = [processOf.get(a)!, processOf.get(b)!];
    for (const [target, process] of processOf) if (process === other) processOf.set(target, one);
  }
  return processOf;
}

const asSelector = (labels: Readonly<Record<string, unknown>>) =>
  `{ ${Object.entries(labels)
    .map(
      ([label, value]) =>
        `${label}: ${/^[a-zA-Z][\w./-]*$/.test(String(value)) ? value : JSON.stringify(value)}`,
    )
    .join(', ')} }`;

// ---------------------------------------------------------------------------------------------- in words

const labelsOf = ({ labels }: TargetWindow) =>
  `{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`;

export function targetsDistinct(plan: Plan, frame: Frame): Precondition {
  const id = 'targets-distinct';
  const { same, unknown } = samenessOf(plan, frame);
  const [first] = same;
  if (first !== undefined) {
    const {
      targets: [a, b],
      why,
    } = first;
    const more = same.length === 1 ? '' : ` (and ${countOf(same.length - 1, 'more pair')})`;
    const detail = `${labelsOf(a)} and ${labelsOf(b)} are the same process, scraped twice and counted twice: they share ${why}${more}; ${remedyWords(remediesFor(plan, frame, same))}`;
    return check(id, false, detail);
  }
  const [open] = unknown;
  if (open !== undefined)
    return check(
      id,
      null,
      `${labelsOf(open[0])} and ${labelsOf(open[1])} may be the same process, scraped twice: they share an address, and no counter of theirs grew that could show it`,
    );
  const { length } = frame.targets;
  if (length === 0) return check(id, null, 'no target was scraped');
  return check(
    id,
    true,
    length === 1 ? 'there is one target' : `no two of the ${length} targets are the same process`,
  );
}

const remedyWords = (remedies: readonly string[]) =>
  remedies.length > 0
    ? `select each process once, with service.selector: ${remedies.join(' or ')}`
    : 'select each process once: add a label to service.selector, or let one of the two jobs drop the target';
