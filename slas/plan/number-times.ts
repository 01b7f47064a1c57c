import type { Load, Plan, Sequential, Verdict } from '../model/model.ts';
import { normalQuantile } from '../statistics/distributions.ts';
import { EIGHTY_PERCENT } from '../statistics/intervals.ts';

/**
 * When a run that lasts until it is decided would decide means, rates and uptimes. Means and rates have no
 * error budget, so they are assumed to stay as an earlier run measured them.
 */

/** A mean or a rate that an earlier run measured. */
export interface EarlierNumber {
  readonly value: number;
  readonly standardError: number;
  readonly samples: number;
}

export type NumberTime =
  /** An uptime counts all scrapes until a look, so it has no separate decision time. */
  | { readonly id: string; readonly is: 'census' }
  /** No earlier run of this plan has bounds for the objective. */
  | { readonly id: string; readonly is: 'unknown' }
  /** `atSeconds`: the first look by which 80% of the runs have decided; null if no look of this plan is late enough. */
  | { readonly id: string; readonly is: 'as-before'; readonly atSeconds: number | null };

export function numberTimes(
  { sequential, objectives }: Plan,
  { plannedRequests, scheduledSeconds, k6 }: Load,
  earlier: ReadonlyMap<string, EarlierNumber>,
): readonly NumberTime[] {
  if (sequential === undefined || k6 !== undefined) return [];
  const perSecond = plannedRequests / scheduledSeconds;
  return objectives.flatMap(({ id, measure: { kind }, target }): NumberTime[] => {
    if (kind === 'uptime') return [{ id, is: 'census' }];
    if (kind !== 'mean' && kind !== 'throughput') return [];
    const one = earlier.get(id);
    if (one === undefined) return [{ id, is: 'unknown' }];
    return [{ id, is: 'as-before', atSeconds: lookThatDecides(one, target.value, perSecond, sequential) }];
  });
}

/** The standard error shrinks with the square root of the number of requests. */
function lookThatDecides(
  { value, standardError, samples }: EarlierNumber,
  target: number,
  perSecond: number,
  { looks, atLeastSeconds }: Sequential,
): number | null {
  const decides = ({ atSeconds, confidence }: Sequential['looks'][number]) => {
    const error = standardError * Math.sqrt(samples / (perSecond * atSeconds));
    const needed = (normalQuantile((1 + confidence) / 2) + EIGHTY_PERCENT) * error;
    return atSeconds >= atLeastSeconds && Math.abs(value - target) >= needed;
  };
  return looks.find(decides)?.atSeconds ?? null;
}

/** The means and rates of an earlier run that have bounds. */
export function numbersOf({ objectives }: Pick<Verdict, 'objectives'>): ReadonlyMap<string, EarlierNumber> {
  const found = objectives.flatMap(({ id, value, samples, share, interval }): [string, EarlierNumber][] => {
    if (value === null || share !== null || interval === null || samples === 0) return [];
    // A bound may be truncated at the end of its unit's range.
    const halfWidth = Math.max(interval.high - value, value - interval.low);
    const standardError = halfWidth / normalQuantile(interval.eachBound ?? (1 + interval.confidence) / 2);
    return [[id, { value, standardError, samples }]];
  });
  return new Map(found);
}
