import type { Load } from '../model/model.ts';

/** The planned load of one phase, or of the whole run if no name is given. */
export function plannedIn(load: Load, name: string | undefined) {
  const phase = load.phases.find((one) => one.name === name);
  if (phase === undefined)
    return { plannedRequests: load.plannedRequests, scheduledSeconds: load.scheduledSeconds };
  const { ratePerSecond, durationSeconds } = phase;
  return { plannedRequests: Math.floor(ratePerSecond * durationSeconds), scheduledSeconds: durationSeconds };
}
