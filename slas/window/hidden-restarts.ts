import type { Plan, Reading, Sample } from '../model/model.ts';
import { roleOf } from '../prometheus/promql.ts';
import { belongsTo, clock, parseValue, type TargetWindow } from './targets.ts';

/**
 * Where no start time is exported, only a counter that falls shows a restart. One that was small may have been passed between two
 * scrapes: at 50 before, at 350 after it, it may have counted 300 more, or 350 from 0, and what the old process counted after
 * its last scrape is lost. A counter rules a restart out where it went past a value that a new process could not have reached:
 * more than twice as fast as it ever grew, or for the CPU more than one second a second. One such counter of a target is enough.
 */

export interface HiddenRestart {
  readonly target: TargetWindow;
  /** Two scrapes: the process may have been replaced between them. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** No process is taken to have been more than twice as busy unseen as it ever was between two of its scrapes. */
const TWICE = 2;
const ONE_CORE = 1;

export function hiddenRestarts(
  plan: Plan,
  targets: readonly TargetWindow[],
  readings: ReadonlyMap<string, Reading>,
): readonly HiddenRestart[] {
  const starts = readings.get(plan.processStart)?.series ?? [];
  return targets
    .filter((target) => target.problem === null && !starts.some((one) => belongsTo(one, target)))
    .flatMap((target) => gapsIn(target, proofsOf(target, plan, readings)));
}

type Stretch = readonly [fromSeconds: number, toSeconds: number];

/** Stretches of time in which some counter of a target shows that its process went on. */
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
    for (const one of series)
      if (belongsTo(one, target)) proofs.push(...wentOn(inside(one.samples, target), least));
  }
  return proofs.sort(([a], [b]) => a - b);
}

function inside(samples: readonly Sample[], { openSeconds, closeSeconds, intervalSeconds }: TargetWindow) {
  const half = intervalSeconds / 2;
  return samples
    .filter(([at]) => at > openSeconds - half && at < closeSeconds + half)
    .map(([at, text]) => [at, parseValue(text)] as const);
}

function wentOn(samples: readonly (readonly [number, number])[], leastRate: number): readonly Stretch[] {
  const steps = samples.slice(1).map(([at, value], index) => {
    const [before, less] = samples[index]!;
    return { before, at, less, value, rate: (value - less) / (at - before) };
  });
  const busiest = steps.reduce((most, { rate }) => (rate > most ? rate : most), 0);
  // One that stood still all the time may be set when a process starts.
  if (busiest === 0) return [];
  const isOutOfReach = ({ before, at, value }: (typeof steps)[number]) =>
    value >= Math.max(TWICE * busiest, leastRate) * (at - before);
  return steps
    .filter((step) => step.value >= step.less && step.less > 0 && isOutOfReach(step))
    .map(({ before, at }): Stretch => [before, at]);
}

/** What no proof covers of the window of a target, from scrape to scrape. */
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

/** `a restart of a between 00:00:10.000 and 00:00:15.000 cannot be ruled out` */
export function restartWords(restarts: readonly HiddenRestart[]): string {
  const [first] = restarts;
  const { target, fromSeconds, toSeconds } = first!;
  const more = restarts.length === 1 ? '' : ` (and ${restarts.length - 1} times more)`;
  return `a restart of ${target.name} between ${clock(fromSeconds)} and ${clock(toSeconds)}${more} cannot be ruled out`;
}
