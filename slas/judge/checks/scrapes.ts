import type { Plan, Precondition, RunRecord } from '../../model/model.ts';
import { countOf, formatCount } from '../../render/numbers.ts';
import { type PhaseTimes, phasesOf } from '../../window/phases.ts';
import type { TargetWindow } from '../../window/targets.ts';
import type { Frame } from '../../window/window.ts';
import { check } from './check.ts';

/** How many of the scrapes that were due in the window worked. */

const failedIn = (scrapes: TargetWindow['scrapes']) => scrapes.filter(({ ok }) => !ok).length;

export const failedWords = (scrapes: TargetWindow['scrapes']) => {
  const failed = failedIn(scrapes);
  return failed === 0 ? '' : `, ${formatCount(failed)} of them failed`;
};

/** The least share of the scrapes that were due which must have worked. */
const LEAST_WORKED = 0.5;

interface Counted {
  readonly what: string;
  readonly due: number;
  readonly worked: number;
}

/** Two scrapes are enough to subtract; between them a restart, a gap or a fault would go unseen where most others failed. */
export function scrapesWorked(plan: Plan, run: RunRecord, frame: Frame): Precondition {
  const id = 'scrapes-worked';
  if (frame.targets.length === 0)
    return check(id, null, 'Prometheus has no samples of the service around the window');
  const whole = frame.targets.map(inWindow);
  // Of a long window only odd blocks are read scrape by scrape.
  const phases = frame.blocks === null ? judgedPhases(plan, run) : [];
  const all = [...whole, ...phases.flatMap((phase) => frame.targets.map((target) => inPhase(target, phase)))];
  const thin = all.filter(({ due, worked }) => worked < LEAST_WORKED * due);
  if (thin.length === 0) {
    const sum = (key: 'due' | 'worked') => whole.reduce((sum, one) => sum + one[key], 0);
    return check(id, true, `${formatCount(sum('worked'))} of ${countOf(sum('due'), 'scrape')} worked`);
  }
  const told = thin.map(
    ({ what, due, worked }) => `${formatCount(worked)} of ${countOf(due, 'scrape')} of ${what}`,
  );
  return check(
    id,
    false,
    `only ${told.join(', ')} worked: fewer than half show too little; find out why they failed (the target's page in Prometheus), and run again`,
  );
}

function inWindow({ name, scrapes, unreadScrapes, missedScrapes }: TargetWindow): Counted {
  const due = scrapes.length + unreadScrapes + missedScrapes;
  return { what: name, due, worked: due - missedScrapes - failedIn(scrapes) };
}

function inPhase(target: TargetWindow, phase: PhaseTimes): Counted {
  const { name, scrapes, intervalSeconds } = target;
  // A replica that started or ended inside the phase was due for a part of it.
  const fromSeconds = Math.max(phase.fromSeconds, target.openSeconds);
  const toSeconds = Math.min(phase.toSeconds, target.closeSeconds);
  const inside = scrapes.filter(({ atSeconds }) => atSeconds >= fromSeconds && atSeconds <= toSeconds);
  const due = Math.max(inside.length, Math.floor((toSeconds - fromSeconds) / intervalSeconds));
  return { what: `${name} in phase "${phase.name}"`, due, worked: inside.length - failedIn(inside) };
}

const judgedPhases = (plan: Plan, run: RunRecord) =>
  phasesOf(plan, run).filter(({ name }) =>
    plan.objectives.some(({ phase, measure }) => phase === name && measure.kind !== 'recovery'),
  );
