import { isCensus } from '../model/kinds.ts';
import type { PlannedObjective, Problem, SlaDocument } from '../model/model.ts';
import { cannotPass } from './cannot-pass.ts';
import { planScenario, planWindow } from './plan.ts';
import { tooShort } from './power-analysis.ts';

/** Warnings about future runs that follow from the document alone. */

/** Scenarios that cannot pass as they are written. */
export const scenarioWarnings = (document: SlaDocument): readonly Problem[] =>
  document.scenarios.flatMap(({ name }) => {
    const planned = planScenario(document, name);
    if (!planned.ok) return planned.error;
    const load = planned.value.load!;
    return [...tooShort(planned.value, load), ...cannotPass(planned.value, load)];
  });

/** The objective that needs the most requests to be decided, under any load; null if no objective counts requests. */
export function strictest(document: SlaDocument): PlannedObjective | null {
  const counted = planWindow(document).objectives.filter(({ measure }) => !isCensus(measure));
  return counted.toSorted((a, b) => b.leastSamples - a.leastSamples)[0] ?? null;
}
