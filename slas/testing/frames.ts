import type { Plan, PlannedMeasure, RunRecord } from '../model/model.ts';
import { cutWindow } from '../window/cut-window.ts';
import type { Increase } from '../window/increases.ts';
import { countIncreases, type Frame } from '../window/window.ts';
import type { Given } from './case-text.ts';
import { healthy } from './cases.ts';

/** A cut window of the healthy service, and the growth of its counters, for tests of single steps of the judge. */
export interface Cut {
  readonly plan: Plan;
  readonly run: RunRecord;
  readonly frame: Frame;
  /** The planned objective of this kind; there is only one. */
  readonly measure: <K extends PlannedMeasure['kind']>(kind: K) => PlannedMeasure & { kind: K };
  /** The growth of each series of a selector; a series that a target lacks was 0. */
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
