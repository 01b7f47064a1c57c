import { isGeneral } from '../document/objectives.ts';
import type { Objective, Scenario, SlaDocument } from '../model/model.ts';
import { rowsOf } from '../plan/rows.ts';

/** Which objectives a search rests on. This is known before anything is sent. */

/** @param scenario null: the operator's own script is sent */
export const judgedIn = (document: SlaDocument, scenario: Scenario | null): readonly Objective[] =>
  scenario === null
    ? document.objectives.filter(isGeneral)
    : [...new Set(rowsOf(document, scenario).map(({ objective }) => objective))];

/** Whether an objective decides the verdict of a run that ends at this time. */
export const isDecisiveAt = (seconds: number, { advisory, waiver }: Objective): boolean =>
  advisory !== true && (waiver === undefined || seconds >= waiver.endsAtSeconds);

/**
 * Whether too much load makes a service miss an objective. `unknown`: it depends on what the metric means. `no`: an overloaded service
 * still meets it, so that a search that rests on it alone would report whatever rate the load generator reaches.
 */
export type LimitsLoad = 'yes' | 'unknown' | 'no';

export function limitsLoad({ measure, target }: Objective): LimitsLoad {
  const isMaximum = target.comparison.startsWith('<');
  switch (measure.kind) {
    case 'latency':
    case 'ratio':
    case 'success':
      return 'yes';
    case 'mean':
      return isMaximum ? (measure.unit === 'seconds' ? 'yes' : 'unknown') : 'no';
    case 'peak':
      return isMaximum ? 'unknown' : 'no';
    // At ten times the load that it can handle, a service with a queue still serves as many requests a second as ever.
    case 'throughput':
    // A service that ends is missed in any case.
    case 'uptime':
    case 'recovery':
      return 'no';
    default:
      return measure satisfies never;
  }
}

/** The lowest rate that keeps every promised throughput; 0 if none is promised. Below it, a step is missed however fast the service is. */
export const promisedPerSecond = (objectives: readonly Objective[]): number =>
  Math.max(0, ...throughputsIn(objectives).map(({ target }) => target.value));

export const throughputsIn = (objectives: readonly Objective[]): readonly Objective[] =>
  objectives.filter(
    ({ measure, target, advisory }) =>
      measure.kind === 'throughput' && target.comparison.startsWith('>') && advisory !== true,
  );
