import type { Plan, RunRecord } from '../../slas/model/model.ts';
import { duration } from './format.ts';

export interface PhaseTimes {
  readonly name: string;
  readonly ratePerSecond: number;
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** For example `25/s for 60 s`. */
  readonly words: string;
}

/**
 * When each phase began and ended, according to the load generator's record, or to the plan if there is no record. If the load was stopped
 * early, the phases end there.
 */
export function phasesWithTimes({ load }: Plan, run: RunRecord): readonly PhaseTimes[] {
  let begun = run.load?.client?.originSeconds ?? run.window.fromSeconds;
  const all = (load?.phases ?? []).map(({ name, ratePerSecond, durationSeconds }) => {
    const recorded = run.load?.phases?.find((phase) => phase.name === name)?.fromSeconds;
    const fromSeconds = recorded ?? begun;
    begun = fromSeconds + durationSeconds;
    const words = `${ratePerSecond}/s for ${duration(durationSeconds)}`;
    return { name, ratePerSecond, fromSeconds, toSeconds: begun, words };
  });
  if (run.load?.completed !== false) return all;
  const end = run.window.toSeconds;
  return all
    .filter(({ fromSeconds }) => fromSeconds < end)
    .map((phase) => ({ ...phase, toSeconds: Math.min(end, phase.toSeconds) }));
}
