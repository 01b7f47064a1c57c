import type { Load } from '../model/model.ts';

/** What is planned for one phase, or (no name) for the whole. */
export function plannedIn(load: Load, name: string | undefined) {
  const phase = load.phases.find((one) => one.name === name);
  if (phase === undefined)
    return { plannedRequests: load.plannedRequests, scheduledSeconds: load.scheduledSeconds };
  const { ratePerSecond, durationSeconds } = phase;
  return { plannedRequests: Math.floor(ratePerSecond * durationSeconds), scheduledSeconds: durationSeconds };
}
