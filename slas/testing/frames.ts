import type { Plan, PlannedMeasure, RunRecord } from '../model/model.ts';
import type { Increase } from '../window/increases.ts';
import { countIncreases, cutWindow, type Frame } from '../window/window.ts';
import { type Given, healthy } from './cases.ts';

/** A window of the healthy service, cut, and what its counters grew by: for tests of what is computed between the two. */
export interface Cut {
  readonly plan: Plan;
  readonly run: RunRecord;
  readonly frame: Frame;
  /** What was planned of the only objective of this kind. */
  readonly measure: <K extends PlannedMeasure['kind']>(kind: K) => PlannedMeasure & { kind: K };
  /** How much each series of a selector grew; one that a target lacks stood at 0. */
  readonly grown: (selector: string) => readonly Increase[];
}

export function cutOf(changes: Partial<Given> = {}): Cut {
  const { plan, run, evidence } = healthy(changes);
  const frame = cutWindow(plan, run, evidence);
  return {
    plan,
    run,
    frame,
    measure: <K extends PlannedMeasure['kind']>(kind: K) =>
      plan.objectives.map(({ measure }) => measure).find((one) => one.kind === kind) as PlannedMeasure & {
        kind: K;
      },
    grown: (selector) => {
      const counted = countIncreases(selector, frame, 'zero');
      if (!counted.ok) throw new Error(JSON.stringify(counted.error));
      return counted.value;
    },
  };
}
