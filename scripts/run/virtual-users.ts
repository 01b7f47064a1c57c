import type { Load, PlannedObjective } from '../../slas/model/model.ts';

/**
 * How many virtual users are ready before a load begins. Each one that k6 has to add during the run costs an
 * arrival, and each takes 0.2 to 0.3 MB. The number of requests in flight is the rate times the duration of
 * each: beyond the largest latency limit, an objective is missed anyway. Twice that number is ready, because
 * a service that stalls briefly must still receive its load.
 */
const HEADROOM = 2;
/** At a low rate, the service may stall for seconds with fewer requests in flight than this. */
const MIN_READY = 100;
/** Used if no objective limits a latency. */
const DEFAULT_LIMIT_SECONDS = 0.5;

export function virtualUsersFor(load: Load, objectives: readonly PlannedObjective[]): number {
  const limits = objectives.flatMap(({ measure, target }) =>
    measure.kind === 'latency' || measure.kind === 'mean' ? [target.value] : [],
  );
  const limitSeconds = limits.length === 0 ? DEFAULT_LIMIT_SECONDS : Math.max(...limits);
  const perSecond = Math.max(0, ...load.phases.map(({ ratePerSecond }) => ratePerSecond));
  return Math.max(MIN_READY, Math.ceil(perSecond * limitSeconds * HEADROOM));
}
