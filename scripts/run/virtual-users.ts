import type { Load, PlannedObjective } from '../../slas/model/model.ts';

/**
 * The number of virtual users that are ready before the load begins. Each one that k6 has to add during the run costs one
 * arrival. A virtual user takes 0.2 to 0.3 MB. The number of requests in flight is the rate times the latency. Beyond the
 * largest latency limit, an objective is missed anyway. Twice that number is ready, so that a service that stalls briefly
 * still receives its load.
 */
const HEADROOM = 2;
/** At a low rate, this many virtual users cover a stall of several seconds. */
const MIN_READY = 100;
/** The latency limit that is assumed if no objective limits a latency. */
const DEFAULT_LIMIT_SECONDS = 0.5;

/**
 * A search overloads the service on purpose. Without enough virtual users, k6 would have to add hundreds of them while it shares the
 * cores with a saturated service, and would be late.
 */
const OVERLOAD = { headroom: 8, max: 1_000 };

export function virtualUsersFor(
  load: Load,
  objectives: readonly PlannedObjective[],
  isOverloadLikely = false,
): number {
  const limits = objectives.flatMap(({ measure, target }) =>
    measure.kind === 'latency' || measure.kind === 'mean' ? [target.value] : [],
  );
  const limitSeconds = limits.length === 0 ? DEFAULT_LIMIT_SECONDS : Math.max(...limits);
  const perSecond = Math.max(0, ...load.phases.map(({ ratePerSecond }) => ratePerSecond));
  const most = isOverloadLikely
    ? Math.min(OVERLOAD.max, Math.ceil(perSecond * limitSeconds * OVERLOAD.headroom))
    : 0;
  return Math.max(MIN_READY, Math.ceil(perSecond * limitSeconds * HEADROOM), most);
}
