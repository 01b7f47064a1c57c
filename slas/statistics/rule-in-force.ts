import type { PlannedObjective } from '../model/model.ts';
import type { Ruling } from './intervals.ts';
import { badAllowed, budgetOf } from './statistics.ts';

/** The share of bad requests that an objective allows. */
export const budgetFor = ({ measure, target }: PlannedObjective) =>
  measure.kind === 'latency'
    ? budgetOf(measure.percentile)
    : measure.kind === 'success'
      ? badAllowed(target)
      : target.value;

/** The decision rule that applies to a share. */
export const rulingOf = ({ measure, target }: PlannedObjective, confidence: number | null): Ruling =>
  confidence === null
    ? { rule: 'observed', missedAtLimit: measure.kind !== 'latency' && /^[<>]$/.test(target.comparison) }
    : { rule: 'bounds', confidence };
