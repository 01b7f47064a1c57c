import type { Plan, Reading, Sample, Series } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { roleOf } from '../prometheus/promql.ts';
import { isOfCountingProcess, provingStarts } from './own-processes.ts';
import { belongsTo, parseValue, type TargetWindow } from './targets.ts';

/**
 * If no start time is exported, only a falling counter shows a restart, and a small counter may not fall:
 * from 50 at one scrape to 350 at the next, it may have counted 300 more, or 350 from 0 while the old
 * process's last counts are lost. A counter rules a restart out if a new process could not have reached its
 * value: it would have had to grow more than twice as fast as ever before (for the CPU: by more than one
 * second per second). One such counter per target is enough.
 */

export interface HiddenRestart {
  readonly target: TargetWindow;
  /** Two scrapes between which the process may have been replaced. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** Between scrapes, a process is assumed to be at most twice as busy as in its busiest interval between two scrapes. */
const TWICE = 2;
const ONE_CORE = 1;

export function hiddenRestarts(
  plan: Plan,
  targets: readonly TargetWindow[],
  readings: ReadonlyMap<string, Reading>,
): readonly HiddenRestart[] {
  return targets
    .filter((target) => target.problem === null && provingStarts(target, plan, readings).length === 0)
    .flatMap((target) => gapsIn(target, proofsOf(target, plan, readings)));
}

type Stretch = readonly [fromSeconds: number, toSeconds: number];

/** Intervals in which some counter of a target proves that its process continued. */
function proofsOf(
  target: TargetWindow,
  plan: Plan,
  readings: ReadonlyMap<string, Reading>,
): readonly Stretch[] {
  const proofs: Stretch[] = [];
  for (const [selector, { series }] of readings) {
    const role = roleOf(plan, selector);
    if (role !== 'counter' && role !== 'requests') continue;
    const least = selector === plan.cpu ? ONE_CORE : 0;
    const isProof = (one: Series) =>
      belongsTo(one, target) && (selector !== plan.cpu || isOfCountingProcess(one, target, plan, readings));
    for (const one of series) if (isProof(one)) proofs.push(...wentOn(inside(one.samples, target), least));
  }
  return proofs.sort(([a], [b]) => a - b);
}

function inside(samples: readonly Sample[], { openSeconds, closeSeconds, intervalSeconds }: TargetWindow) {
  const half = intervalSeconds / 2;
  return samples
    .filter(([at]) => at > openSeconds - half && at < closeSeconds + half)
    .map(([at, text]) => [at, parseValue(text)] as const);
}

function wentOn(samples: readonly (readonly [number, number])[], minRate: number): readonly Stretch[] {
  const steps = samples.slice(1).map(([at, value], index) => {
    const [before, less] = samples[index]!;
    return { before, at, less, value, rate: (value - less) / (at - before) };
  });
  const busiest = steps.reduce((most, { rate }) => (rate > most ? rate : most), 0);
  // A counter that never grew may be set when a process starts.
  if (busiest === 0) return [];
  const isOutOfReach = ({ before, at, value }: (typeof steps)[number]) =>
    value >= Math.max(TWICE * busiest, minRate) * (at - before);
  return steps
    .filter((step) => step.value >= step.less && step.less > 0 && isOutOfReach(step))
    .map(({ before, at }): Stretch => [before, at]);
}

/** The intervals between scrapes of a target's window that no counter covers. */
function gapsIn(target: TargetWindow, proofs: readonly Stretch[]): readonly HiddenRestart[] {
  const { openSeconds, closeSeconds, intervalSeconds } = target;
  const near = intervalSeconds / 2;
  const gaps: HiddenRestart[] = [];
  let at = openSeconds;
  for (const [from, to] of [...proofs, [closeSeconds, closeSeconds] as const]) {
    if (from > at + near) gaps.push({ target, fromSeconds: at, toSeconds: from });
    at = Math.max(at, to);
  }
  return gaps;
}

/** The first possible restart, and the number of further ones. */
export function possibleRestart(restarts: readonly HiddenRestart[]): Reason {
  const { target, fromSeconds, toSeconds } = restarts[0]!;
  const more = restarts.length - 1;
  return reason('restart-possible', { target: target.name, fromSeconds, toSeconds, more });
}
