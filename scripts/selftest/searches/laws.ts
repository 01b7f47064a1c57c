import { trueCapacity } from '../../../slas/simulation/capacity.ts';
import { capacityOf, type ServiceLaw } from '../../testing/law-service.ts';
import { LIMIT_MS } from '../at-limit/known-document.ts';

/** Services for which queueing theory gives the highest rate that meets the objective. */
export interface KnownLaw extends ServiceLaw {
  readonly name: string;
  readonly arrivals: 'even' | 'poisson';
  /** Far below the capacity; the search doubles the rate from there. */
  readonly startPerSecond: number;
}

export const LAWS: readonly KnownLaw[] = [
  { name: 'fixed-2', workers: 2, workMs: 40, arrivals: 'even', startPerSecond: 25 },
  { name: 'fixed-4', workers: 4, workMs: 40, arrivals: 'even', startPerSecond: 25 },
  { name: 'random-4', workers: 4, workMs: 40, isRandom: true, arrivals: 'poisson', startPerSecond: 25 },
];

export const truthOf = (law: KnownLaw): number =>
  law.isRandom
    ? trueCapacity({ workers: law.workers, meanSeconds: law.workMs / 1000 }, LIMIT_MS / 1000)
    : capacityOf(law);
