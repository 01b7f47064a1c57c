import { busiestRate, grownBy, type Increase } from './increases.ts';
import type { TargetWindow } from './targets.ts';
import type { Frame } from './window.ts';

/**
 * Counts that may lie outside the requested window. Counting goes from the last scrape before the window to
 * the first after it: with one scrape a minute, that is up to two minutes more. A series that began during
 * the window, or a process that ran elsewhere before, may also add earlier counts. Both are bounded, so an
 * objective is judged twice: as if all of these requests were good, and as if all of them had failed.
 */
export interface Outside {
  readonly all: number;
  readonly bad: number;
  /** This many of `all` may be scrapes, or requests that the client did not send. Absent: none. */
  readonly strangers?: number;
}

export const NOTHING_OUTSIDE: Outside = { all: 0, bad: 0 };

/**
 * No stretch outside the window is assumed to be more than twice as busy as the busiest interval between two
 * scrapes.
 */
const TWICE = 2;

/**
 * At most this many events of `counts`, minus those of `less` (a bucket of the requests within the limit),
 * lie outside. `among` counts all events; its rate bounds what the seconds outside can contain.
 */
export function outsideOf(
  counts: readonly Increase[],
  frame: Frame,
  among: readonly Increase[] = counts,
  less: readonly Increase[] = [],
): number {
  const perSecond = TWICE * busiestRate(among, frame);
  return frame.targets.reduce((sum, target) => {
    const own = (of: readonly Increase[]) => of.filter((one) => one.target === target);
    return sum + outsideAt(target, own(counts), own(less), frame, perSecond);
  }, 0);
}

/** The same for a sum, to which a single event may have contributed any amount: everything that was added in the intervals at the edges. */
export function outsideSum(sums: readonly Increase[], frame: Frame): number {
  return frame.targets.reduce((sum, target) => {
    const own = sums.filter((one) => one.target === target);
    return sum + outsideAt(target, own, [], frame, Number.POSITIVE_INFINITY);
  }, 0);
}

function outsideAt(
  target: TargetWindow,
  counts: readonly Increase[],
  less: readonly Increase[],
  frame: Frame,
  perSecond: number,
): number {
  const by = (at: number) =>
    sumOf(counts, (one) => grownBy(one, at)) - sumOf(less, (one) => grownBy(one, at));
  const early = sumOf(counts, earlyOf) - sumOf(less, earlyOf);
  const whole = sumOf(counts, ({ increase }) => increase) - sumOf(less, ({ increase }) => increase);
  const known = target.scrapes
    .filter(({ atSeconds }) => atSeconds > target.openSeconds && atSeconds < target.closeSeconds)
    .map(({ atSeconds }) => by(atSeconds))
    .filter(Number.isFinite);
  const { opening, closing } = secondsOutside(target, frame);
  const most = (seconds: number) => (seconds <= 0 ? 0 : Math.floor(perSecond * seconds) + 1);
  const atEdges =
    Math.min(known[0] ?? whole, most(opening)) + Math.min(whole - (known.at(-1) ?? 0), most(closing));
  return Math.max(0, Math.min(whole, atEdges + early));
}

const earlyOf = ({ parts }: Increase) => parts.reduce((sum, { early }) => sum + early, 0);

const sumOf = (counts: readonly Increase[], of: (one: Increase) => number) =>
  counts.reduce((sum, one) => sum + of(one), 0);

/** The precision of a window's edges, as a share of the window. A load may deviate from its plan by the same share. */
const SAME = 0.02;

/** If a target began or ended mid-window, none of its counts lie outside at that edge. */
export function secondsOutside({ processes, openSeconds, closeSeconds }: TargetWindow, frame: Frame) {
  const { fromSeconds, toSeconds, isAlone } = frame;
  const opening = processes[0]!.beganSeconds === null ? fromSeconds - openSeconds : 0;
  const closing = processes.at(-1)!.unseenSeconds === 0 ? closeSeconds - toSeconds : 0;
  const isSame = opening + closing <= SAME * (toSeconds - fromSeconds);
  return isAlone || isSame ? { opening: 0, closing: 0 } : { opening, closing };
}

/** The interval that was counted, if it exceeds the requested one and something may lie outside. */
export function countedSpan(
  frame: Frame,
): { readonly fromSeconds: number; readonly toSeconds: number } | null {
  if (frame.targets.length === 0) return null;
  const isWider = frame.targets.some((target) => {
    const { opening, closing } = secondsOutside(target, frame);
    return opening + closing > 0;
  });
  if (!isWider || frame.targets.some(({ problem }) => problem !== null)) return null;
  return {
    fromSeconds: Math.min(...frame.targets.map(({ openSeconds }) => openSeconds)),
    toSeconds: Math.max(...frame.targets.map(({ closeSeconds }) => closeSeconds)),
  };
}
