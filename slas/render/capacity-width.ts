import { estimateFrom } from '../capacity/estimate.ts';
import { provingHold } from '../capacity/known.ts';
import type { CapacityRecord, StepRecord } from '../capacity/record.ts';
import type { CapacityResult } from '../capacity/result.ts';
import type { SearchAnswer } from '../capacity/search.ts';
import { rate } from './capacity.ts';
import { countOf, formatValue, were } from './numbers.ts';

/** How wide the interval of a search is, and why. */

/** An interval that is wider than this is reported as imprecise. */
const WIDE = 0.1;

/** A caveat that a reader must know before using the answer; null if there is none. */
export function cautionInWords({ steps }: CapacityRecord, { answer }: CapacityResult): string | null {
  const interval = closedInterval(answer);
  if (interval === null) return null;
  const { low, high, width } = interval;
  if (width <= WIDE) return null;
  const open = steps.filter(
    ({ outcome, ratePerSecond }) => outcome === 'undecided' && ratePerSecond >= low && ratePerSecond < high,
  ).length;
  const why = open === 0 ? '' : `: ${countOf(open, 'run')} in it ${were(open)} undecided`;
  return `The interval is wide (${formatValue(Number(width.toPrecision(2)), 'ratio')} of ${rate(high)})${why}. A larger --budget with a longer --hold usually narrows it, and so does a quieter machine.${worthInWords(steps)}${estimateInWords(steps, low, high)}`;
}

/** Where the limit probably lies in a wide interval. It is never the answer, because no hold confirmed it. */
function estimateInWords(steps: readonly StepRecord[], low: number, high: number): string {
  const found = estimateFrom(steps, 'upper');
  if (found === null || found.deviation > MAX_DEVIATION) return '';
  const about = Number(found.limitPerSecond.toPrecision(2));
  // Rounding must not move it out of the interval.
  if (about <= low || about >= high) return '';
  return ` The runs near the limit suggest that the highest rate is about ${formatValue(about, 'per_second')}; this is an estimate, which no hold confirmed.`;
}

/** The standard deviation of the estimate, relative to it. */
const MAX_DEVIATION = 0.1;

/** How little even a long hold shows about a service with a queue. */
function worthInWords(steps: readonly StepRecord[]): string {
  const hold = provingHold(steps);
  const samples = Math.max(0, ...(hold?.figures?.latencies ?? []).map((one) => one.samples ?? 0));
  const independent = hold === undefined ? null : independentOf(hold);
  if (independent === null || independent > CLUSTERED * samples) return '';
  return ` Slow responses come in clusters: the ${countOf(samples, 'response')} of the hold carry as much information as ${countOf(Math.round(independent), 'independent one')}.`;
}

export const INDEPENDENT =
  'slow responses come in clusters, so the responses of a run carry only as much information as this many independent ones (for the objective with the fewest); a run with few of them is undecided, unless the rate is far from the limit';

/**
 * The responses of a run carry as much information as this many independent ones, for the objective with the fewest. null: unknown.
 */
export function independentOf({ figures, near }: StepRecord): number | null {
  const known = [
    ...(figures?.latencies ?? []).map(({ independent }) => independent),
    near?.independent,
    near?.hardest?.independent,
  ].filter((one) => one !== undefined);
  return known.length === 0 ? null : Math.min(...known);
}

const CLUSTERED = 0.5;

/** The width of a closed interval, relative to its upper end; null: it is open, or there is no answer. */
export const widthOf = ({ answer }: CapacityResult): number | null => closedInterval(answer)?.width ?? null;

function closedInterval(answer: SearchAnswer | null) {
  if (answer === null || !answer.ok || answer.refutedPerSecond === null) return null;
  const { provenPerSecond: low, refutedPerSecond: high } = answer;
  return { low, high, width: (high - low) / high };
}
