import { promisedPerSecond } from '../../slas/capacity/objectives.ts';
import type { SearchSettings } from '../../slas/capacity/search.ts';
import type { Objective, SlaDocument } from '../../slas/model/model.ts';
import type { CapacityOptions, ReadOptions } from './options.ts';

/** The settings of a search: the rates that it may send, and the time that it may take. */

const LOWEST_PART = 16;
const MAX_PER_SECOND = 10_000;
/** A search that has to prove a promised throughput needs slightly more than the promise. */
const ABOVE_PROMISED = 1.1;

/** @param judged the objectives that apply to the load */
export function settingsOf(
  document: SlaDocument,
  judged: readonly Objective[],
  plannedPerSecond: number,
  { budgetSeconds, holdSeconds }: Pick<ReadOptions, 'budgetSeconds' | 'holdSeconds'>,
  max: MaxRate | null = null,
): SearchSettings {
  const most = Math.min(MAX_PER_SECOND, max?.perSecond ?? MAX_PER_SECOND);
  const start = Math.min(most, plannedPerSecond);
  const lowest = Math.max(0.01, ABOVE_PROMISED * promisedPerSecond(judged), start / LOWEST_PART);
  return {
    startPerSecond: start,
    minPerSecond: Math.min(start, lowest),
    maxPerSecond: most,
    confidence: confidenceOf(document),
    stepSeconds: { min: 20, climb: 20, max: 60, close: 120 },
    holdSeconds,
    budgetSeconds,
    aroundSeconds: 12,
  };
}

export const confidenceOf = ({ confidence }: SlaDocument): number => confidence ?? 0.95;

/** The setting that limits the rates of a search. */
export interface MaxRate {
  readonly perSecond: number;
  readonly path: '--max-rate' | 'service.maxRate';
}

/** The lower of the two limits. The document's limit applies to a service that was already running. null: neither is set. */
export function maxRateOf(
  { maxPerSecond }: Pick<ReadOptions, 'maxPerSecond'>,
  { service }: Pick<SlaDocument, 'service'>,
  { target }: CapacityOptions,
): MaxRate | null {
  const stated = target === undefined ? null : (service.maxRatePerSecond ?? null);
  const all: MaxRate[] = [
    ...(maxPerSecond === null ? [] : [{ perSecond: maxPerSecond, path: '--max-rate' } as const]),
    ...(stated === null ? [] : [{ perSecond: stated, path: 'service.maxRate' } as const]),
  ];
  return all.toSorted((a, b) => a.perSecond - b.perSecond)[0] ?? null;
}
