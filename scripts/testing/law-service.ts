import { seeded } from '../../slas/simulation/queues.ts';
import type { KnownService, Treatment } from '../selftest/at-limit/known-service.ts';

/**
 * Services with a known capacity: a pool of workers with one queue, in which each request occupies a worker for the same time.
 */
export interface ServiceLaw {
  readonly workers: number;
  readonly workMs: number;
  /** `workMs` is the mean of exponentially distributed times. */
  readonly isRandom?: true;
  /** A request is refused with 503 if it would have to wait longer. Absent: never. */
  readonly refusedAfterMs?: number;
  /** The service stops responding once this many requests wait. Absent: never. */
  readonly diesAtWaiting?: number;
}

/**
 * Adds a random delay, in which no worker is busy. Without a spread of latencies, nothing shows whether requests depend on each
 * other.
 */
const MAX_DELAY_MS = 90;
const NEVER: Treatment = { afterMs: 0, status: null };

/** The number of requests per second that the workers can process. */
export const capacityOf = ({ workers, workMs }: ServiceLaw) => (1000 * workers) / workMs;

/**
 * The waiting time is computed instead of awaited in a real queue, so the capacity is exact even if this machine's timers are
 * late.
 */
export function byLaw(law: ServiceLaw, seed = 1): KnownService['treat'] {
  const { workers, workMs, isRandom, refusedAfterMs, diesAtWaiting } = law;
  const free = Array.from({ length: workers }, () => 0);
  const random = seeded(seed);
  let isDead = false;
  return () => {
    const now = performance.now();
    const first = free.indexOf(Math.min(...free));
    const waitMs = Math.max(0, free[first]! - now);
    isDead ||= diesAtWaiting !== undefined && (waitMs * workers) / workMs > diesAtWaiting;
    if (isDead) return NEVER;
    if (refusedAfterMs !== undefined && waitMs > refusedAfterMs) return { afterMs: 1, status: 503 };
    const ownMs = isRandom ? -workMs * Math.log(1 - random()) : workMs;
    free[first] = Math.max(now, free[first]!) + ownMs;
    return { afterMs: waitMs + ownMs + (isRandom ? 0 : MAX_DELAY_MS * random()), status: 200 };
  };
}
