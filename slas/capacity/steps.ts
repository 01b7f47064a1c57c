import { provingHold } from './known.ts';
import type { CapacityRecord, StepRecord } from './record.ts';
import type { StepPlan } from './search-model.ts';

/** The steps of a stored search: adding one, and what they show about the replicas that were measured. */

export function withStep({ begun: _, ...record }: CapacityRecord, step: StepRecord): CapacityRecord {
  const steps = [...record.steps, step];
  return { ...record, steps, replicas: provingHold(steps)?.replicas ?? step.replicas ?? record.replicas };
}

/**
 * The step in progress becomes one that decided nothing. Otherwise, a hold that goes badly could be interrupted and repeated as often as it
 * takes to pass, at a confidence for a single attempt.
 * @param tookSeconds null: unknown, so it took all of its time
 */
export function interruptedIn(record: CapacityRecord, tookSeconds: number | null): CapacityRecord {
  const { begun } = record;
  if (begun === undefined) return record;
  return withStep(record, interruptedStep(begun, tookSeconds ?? begun.maxSeconds));
}

const interruptedStep = (
  { kind, ratePerSecond, maxSeconds }: Pick<StepPlan, 'kind' | 'ratePerSecond' | 'maxSeconds'>,
  tookSeconds: number,
): StepRecord => ({
  ...{ kind, ratePerSecond, maxSeconds, tookSeconds },
  ...{ outcome: 'invalid', because: 'interrupted' },
  ...{ run: null, verdict: null, missed: [], broken: [], loadedSeconds: 0, figures: null },
});

/** The lowest and the highest number of replicas in the steps that were judged; null: every step had the same number. */
export function changedReplicas(
  steps: readonly StepRecord[],
): { readonly min: number; readonly max: number } | null {
  const known = steps.flatMap(({ outcome, replicas }) =>
    outcome === 'invalid' || replicas === undefined ? [] : [replicas],
  );
  const [min, max] = [Math.min(...known), Math.max(...known)];
  return known.length === 0 || min === max ? null : { min, max };
}
