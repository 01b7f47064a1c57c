import type { SearchSettings } from '../capacity/search.ts';
import { DISTURBED_LAW, type Law, simulateSearch, trueCapacity } from './capacity.ts';

/** Many searches of each service of known capacity: how often they are wrong, and how wide their intervals are. */

export const LIMIT_SECONDS = 0.2;

export const SEARCHED_LAWS: readonly { readonly name: string; readonly law: Law }[] = [
  { name: 'fixed times, 4 workers', law: { workers: 4, meanSeconds: 0.02, isFixed: true, isEven: true } },
  { name: 'fixed times, 2 workers', law: { workers: 2, meanSeconds: 0.04, isFixed: true, isEven: true } },
  { name: 'exponential times, 2 workers', law: { workers: 2, meanSeconds: 0.02 } },
  { name: 'exponential times, 4 workers', law: { workers: 4, meanSeconds: 0.02 } },
  { name: 'exponential times, 16 workers', law: { workers: 16, meanSeconds: 0.05 } },
  { name: 'exponential times, 4 workers, disturbed', law: DISTURBED_LAW },
];

export interface SearchedCell {
  readonly answered: number;
  readonly provenTooHigh: number;
  readonly missedTooLow: number;
  /** In ascending order; an open interval has the width 1. */
  readonly widths: readonly number[];
}

export function searchedCell(
  law: Law,
  runs: number,
  firstSeed: number,
  settings?: SearchSettings,
): SearchedCell {
  const truth = trueCapacity(law, LIMIT_SECONDS);
  const found = Array.from({ length: runs }, (_, index) => {
    const { answer } = simulateSearch(law, LIMIT_SECONDS, firstSeed + index, settings);
    return answer.ok ? answer : null;
  }).filter((one) => one !== null);
  return {
    answered: found.length,
    provenTooHigh: found.filter(({ provenPerSecond }) => provenPerSecond > truth).length,
    missedTooLow: found.filter(
      ({ refutedPerSecond }) => refutedPerSecond !== null && refutedPerSecond < truth,
    ).length,
    widths: found
      .map(({ provenPerSecond: low, refutedPerSecond: high }) => (high === null ? 1 : (high - low) / high))
      .toSorted((a, b) => a - b),
  };
}
