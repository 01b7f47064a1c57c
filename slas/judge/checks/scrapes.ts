import type { Plan, Precondition, RunRecord } from '../../model/model.ts';
import { reason } from '../../model/reasons.ts';
import { type PhaseTimes, phasesOf } from '../../window/phases.ts';
import type { TargetWindow } from '../../window/targets.ts';
import type { Frame } from '../../window/window.ts';
import { check } from './check.ts';

/** How many of the scrapes that were due in the window succeeded. */

export const failedIn = (scrapes: TargetWindow['scrapes']) => scrapes.filter(({ ok }) => !ok).length;

/** The minimum share of due scrapes that must have succeeded. */
const MIN_SUCCEEDED = 0.5;

interface Counted {
  readonly target: string;
  readonly phase: string | null;
  readonly due: number;
  readonly worked: number;
}

/**
 * Two scrapes are enough to subtract, but if most others failed, a restart, a gap or a fault between them
 * would go undetected.
 */
export function scrapesWorked(plan: Plan, run: RunRecord, frame: Frame): Precondition {
  const id = 'scrapes-worked';
  if (frame.targets.length === 0) return check(id, null, reason('no-samples', {}));
  const whole = frame.targets.map(inWindow);
  // In a long window, individual scrapes are read only in irregular blocks.
  const phases = frame.blocks === null ? judgedPhases(plan, run) : [];
  const all = [...whole, ...phases.flatMap((phase) => frame.targets.map((target) => inPhase(target, phase)))];
  const thin = all.filter(({ due, worked }) => worked < MIN_SUCCEEDED * due);
  if (thin.length === 0) {
    const sum = (key: 'due' | 'worked') => whole.reduce((sum, one) => sum + one[key], 0);
    return check(id, true, reason('scrapes-succeeded', { worked: sum('worked'), due: sum('due') }));
  }
  return check(id, false, reason('most-scrapes-failed', { of: thin }));
}

function inWindow({ name, scrapes, unreadScrapes, missedScrapes }: TargetWindow): Counted {
  const due = scrapes.length + unreadScrapes + missedScrapes;
  return { target: name, phase: null, due, worked: due - missedScrapes - failedIn(scrapes) };
}

function inPhase(target: TargetWindow, phase: PhaseTimes): Counted {
  const { name, scrapes, intervalSeconds } = target;
  // A replica that started or ended during the phase was due for only part of it.
  const fromSeconds = Math.max(phase.fromSeconds, target.openSeconds);
  const toSeconds = Math.min(phase.toSeconds, target.closeSeconds);
  const inside = scrapes.filter(({ atSeconds }) => atSeconds >= fromSeconds && atSeconds <= toSeconds);
  const due = Math.max(inside.length, Math.floor((toSeconds - fromSeconds) / intervalSeconds));
  return { target: name, phase: phase.name, due, worked: inside.length - failedIn(inside) };
}

const judgedPhases = (plan: Plan, run: RunRecord) =>
  phasesOf(plan, run).filter(({ name }) =>
    plan.objectives.some(({ phase, measure }) => phase === name && measure.kind !== 'recovery'),
  );
