import { seeded } from '../../slas/simulation/queues.ts';
import type { KnownService, Treatment } from '../selftest/at-limit/known-service.ts';

/** Services of known law: a pool of workers with one queue, each request taking the same time of a worker. */
export interface ServiceLaw {
  readonly workers: number;
  readonly workMs: number;
  /** `workMs` is the mean of exponentially distributed times. */
  readonly isRandom?: true;
  /** Refused with 503 if it would have to wait longer. Absent: never. */
  readonly refusedAfterMs?: number;
  /** It no longer responds at all once this many requests wait. Absent: it always does. */
  readonly diesAtWaiting?: number;
}

/** Without a spread of latencies, nothing shows whether requests depend on each other; no worker is busy meanwhile. */
const MAX_DELAY_MS = 90;
const NEVER: Treatment = { afterMs: 0, status: null };

/** Requests a second that the workers can do. */
export const capacityOf = ({ workers, workMs }: ServiceLaw) => (1000 * workers) / workMs;

/** The queue is computed, not waited for, so that the law holds exactly however late this machine's timers are. */
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
