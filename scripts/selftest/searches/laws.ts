import { trueCapacity } from '../../../slas/simulation/capacity.ts';
import { capacityOf, type ServiceLaw } from '../../testing/law-service.ts';
import { LIMIT_MS } from '../at-limit/known-document.ts';

/** Services for which queueing theory gives the highest rate that meets the objective. */
export interface KnownLaw extends ServiceLaw {
  readonly name: string;
  readonly arrivals: 'even' | 'poisson';
}

export const LAWS: readonly KnownLaw[] = [
  { name: 'fixed-2', workers: 2, workMs: 40, arrivals: 'even' },
  { name: 'fixed-4', workers: 4, workMs: 40, arrivals: 'even' },
  { name: 'random-4', workers: 4, workMs: 40, isRandom: true, arrivals: 'poisson' },
];

export const truthOf = (law: KnownLaw): number =>
  law.isRandom
    ? trueCapacity({ workers: law.workers, meanSeconds: law.workMs / 1000 }, LIMIT_MS / 1000)
    : capacityOf(law);

/** Far below the capacity; the search doubles the rate from there. Different for each seed, so that searches do not all try the same rates. */
export function startPerSecond(law: KnownLaw, seed: number): number {
  const part = FROM + (TO - FROM) * ((seed * GOLDEN) % 1);
  return Number((part * truthOf(law)).toPrecision(3));
}

const FROM = 0.15;
const TO = 0.35;
/** Its multiples, modulo 1, are spread evenly. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;
