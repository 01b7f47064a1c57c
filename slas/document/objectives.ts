import { isByClientAlone } from '../model/kinds.ts';
import type { Measure, Objective, Unit } from '../model/model.ts';

/** Properties of an objective that follow from its measure. */

/** Whether an objective applies by default. A recovery does not, because it needs a phase to recover from. */
export const isGeneral = ({ measure, onlyWhereNamed }: Objective): boolean =>
  measure.kind !== 'recovery' && onlyWhereNamed !== true;

/** Whether Prometheus can monitor an objective by itself, under any load. */
export const isWatchable = (objective: Objective): boolean =>
  isGeneral(objective) && !isByClientAlone(objective.measure);

/** The unit of a measure's limits. */
export function unitOf(measure: Measure): Unit {
  switch (measure.kind) {
    case 'latency':
    case 'recovery':
      return 'seconds';
    case 'ratio':
    case 'success':
    case 'uptime':
      return 'ratio';
    case 'throughput':
      return 'per_second';
    case 'mean':
    case 'peak':
      return measure.unit;
    default:
      return measure satisfies never;
  }
}
