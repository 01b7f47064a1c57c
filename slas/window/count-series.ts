import type { Reading, Series } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { fail, ok, type Result } from '../model/result.ts';
import type { Increase, Part } from './increases.ts';
import type { ProcessInstance } from './process-instances.ts';
import { belongsTo, parseValue, type TargetWindow } from './targets.ts';

/** How much one series grew between the edges of a window. Nothing is extrapolated. */

/** The window around a series. */
export interface Around {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly readings: ReadonlyMap<string, Reading>;
  /** The client sent every counted request and received the same number of responses, so no request is from before or after. */
  readonly isSettled: boolean;
  /** The highest request rate of any target between two scrapes; null if unknown. */
  readonly busiest: number | null;
}

/** An increase; null for a series that did not exist before the window ended. */
export function countSeries(
  series: Series,
  target: TargetWindow,
  frame: Around,
  absent: 'zero' | null,
): Result<Increase | null, Reason> {
  const parts: Part[] = [];
  let before = 0;
  for (const processInstance of target.processes) {
    const part = countLife(series, target, processInstance, frame, absent);
    if (!part.ok) return part;
    if (part.value === null) continue;
    parts.push({ ...part.value, before });
    before += part.value.increase;
  }
  return ok(parts.length === 0 ? null : { labels: series.labels, target, increase: before, series, parts });
}

function countLife(
  series: Series,
  target: TargetWindow,
  processInstance: ProcessInstance,
  frame: Around,
  absent: 'zero' | null,
): Result<Omit<Part, 'before'> | null, Reason> {
  const half = target.intervalSeconds / 2;
  const { labels, samples } = series;
  const timeAt = (index: number) => samples[index]![0];
  // Bisection: a window of a day has many samples.
  const from = firstAfter(samples.length, timeAt, processInstance.openSeconds - half);
  const end = firstAfter(samples.length, timeAt, processInstance.closeSeconds + half, false);
  const beganInside = processInstance.beganSeconds !== null;
  const wasThere = !beganInside && from > 0;
  if (from >= end) return wasThere ? fail(reason('series-vanished', { labels })) : ok(null);
  const opening = beganInside ? from : firstAfter(samples.length, timeAt, frame.fromSeconds);
  const isOpen = opening > from;
  const closing =
    processInstance.unseenSeconds === 0
      ? firstAfter(samples.length, timeAt, frame.toSeconds, false)
      : firstAfter(samples.length, timeAt, processInstance.closeSeconds - half);
  if (closing >= end) return fail(reason('series-ended', { labels, atSeconds: timeAt(end - 1) }));
  const isInside = !isOpen && !beganInside;
  if (isInside && (wasThere || (absent !== 'zero' && !mayBeNew(series, from, target, frame))))
    return fail(reason('series-began-unseen', { labels }));
  const first = isOpen ? opening - 1 : from;
  const base = isOpen ? parseValue(samples[first]![1]) : 0;
  const mayBeEarly = beganInside
    ? processInstance.beganSeconds! < frame.fromSeconds
    : isInside && absent !== 'zero' && !isFamilyNew(series, target, processInstance, frame);
  let before = Number.NEGATIVE_INFINITY;
  let fall: Reason | null = null;
  for (let index = first; index <= closing; index++) {
    const value = parseValue(samples[index]![1]);
    const atSeconds = timeAt(index);
    if (!Number.isFinite(value))
      return fail(reason('sample-not-finite', { labels, value: String(value), atSeconds }));
    if (value < before) fall ??= reason('counter-reset', { labels, from: before, to: value, atSeconds });
    before = value;
  }
  const early = mayBeEarly && !frame.isSettled ? parseValue(samples[first]![1]) : 0;
  if (fall !== null) return fail(fall);
  return ok({ processInstance, base, increase: before - base, startsAtZero: !isOpen, early });
}

/**
 * Whether a series that exists from some scrape on can have begun since the previous one: its value is at
 * most twice what its busiest interval, or all requests, would have produced in that time.
 */
function mayBeNew({ samples }: Series, from: number, { scrapes }: TargetWindow, frame: Around): boolean {
  const [at, text] = samples[from]!;
  const scraped = scrapes.findLast(({ atSeconds, ok }) => ok && atSeconds < at - SAME_SCRAPE_SECONDS);
  if (scraped === undefined) return false;
  const own = samples.slice(from + 1).map(([time, value], index) => {
    const [before, less] = samples[from + index]!;
    return (parseValue(value) - parseValue(less)) / (time - before);
  });
  const busiest = own
    .filter(Number.isFinite)
    .reduce((most, rate) => Math.max(most, rate), frame.busiest ?? 0);
  if (busiest === 0) return true;
  return parseValue(text) <= 2 * busiest * (at - scraped.atSeconds) + 1;
}

/** The timestamps of samples of one scrape differ by less than this. */
const SAME_SCRAPE_SECONDS = 0.01;

/** Whether a target was scraped where the window opens and had no series of the metric yet, so that its first series began at 0. */
function isFamilyNew(
  { labels }: Series,
  target: TargetWindow,
  processInstance: ProcessInstance,
  { readings }: Around,
): boolean {
  const until = processInstance.openSeconds + target.intervalSeconds / 2;
  return ![...readings.values()].some(({ series }) =>
    series.some(
      (one) =>
        one.labels.__name__ === labels.__name__ &&
        belongsTo(one, target) &&
        (one.samples[0]?.[0] ?? until) <= until,
    ),
  );
}

/** In ascending times, the index of the first time that is later than a given time (or equal to it, if not `isLater`). */
function firstAfter(
  length: number,
  timeAt: (index: number) => number,
  moment: number,
  isLater = true,
): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isLater ? timeAt(middle) <= moment : timeAt(middle) < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}
