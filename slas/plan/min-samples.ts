import type { Limit, PlannedMeasure } from '../model/model.ts';
import { badAllowed, budgetOf, minRequests } from '../statistics/statistics.ts';

/** The minimum number of requests or scrapes to judge an objective. */

/** This many scrapes are enough to judge a gauge, because scrapes need no confidence interval. */
const MIN_SCRAPES = 10;

/** The confidence for the minimum number of requests, unless a higher one is requested. */
export const DEFAULT_CONFIDENCE = 0.95;

/** With fewer samples, a mean or a rate is too uncertain to be judged. */
const MIN_FOR_MEAN = 30;

const MIN_FOR_RATE = 30;

export function leastSamples(measure: PlannedMeasure, target: Limit, confidence: number): number {
  switch (measure.kind) {
    case 'latency':
    case 'recovery':
      return minRequests(budgetOf(measure.percentile), confidence);
    case 'ratio':
      return target.value > 0 && target.value < 1 ? minRequests(target.value, confidence) : 1;
    case 'success':
      return target.value > 0 && target.value < 1 ? minRequests(badAllowed(target), confidence) : 1;
    case 'throughput':
      return MIN_FOR_RATE;
    case 'uptime':
    case 'peak':
      return MIN_SCRAPES;
    case 'mean':
      return MIN_FOR_MEAN;
    default:
      return measure satisfies never;
  }
}
