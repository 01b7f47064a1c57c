import { countWhere, endsWhere, isAnsweredWith, startsWhere } from '../client/requests.ts';
import { ratesBySecond } from '../client/slots.ts';
import { UNIT_RANGES } from '../document/limits.ts';
import { toSeconds } from '../document/units.ts';
import { keyOf } from '../model/labels.ts';
import type { LoadRecord, PlannedMeasure, RunRecord, Unit } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import type { Block } from '../statistics/design-effect.ts';
import { countBlocks, isWhole, secondBlocks } from '../window/blocks.ts';
import { mayBeScrapes } from '../window/counted-scrapes.ts';
import { type Increase, total } from '../window/increases.ts';
import { outsideOf, outsideSum } from '../window/outside.ts';
import { uncountedOf, unobservedOf, whyUncounted } from '../window/uncounted.ts';
import { countIncreases, type Frame } from '../window/window.ts';
import { notACounter } from './counters.ts';
import { impossible, type Measured, nothing, partialEvent, type Range } from './measured.ts';

/** Measures rates and means, whose values are compared with their limits directly. */

export function measureThroughput(
  planned: PlannedMeasure & { kind: 'throughput' },
  run: RunRecord,
  frame: Frame,
  requests: string | null,
  isPhase: boolean,
  countsScrapes = false,
): Measured {
  const gauge = notACounter(planned.counter, frame);
  if (gauge !== null) return nothing(gauge);
  const counted = countIncreases(planned.counter, frame);
  if (!counted.ok) return nothing(counted.error);
  const part = partialEvent(counted.value);
  if (part !== null) return nothing(part);
  const samples = total(counted.value);
  // Responses of a counter with status labels are reconciled by status.
  if (samples === 0 && planned.status == null && standsStill(counted.value, run, frame))
    return nothing(
      reason('counter-stands-still', { selector: planned.counter, responses: run.load!.answered['2xx'] }),
    );
  const atMost = uncountedOf(counted.value, frame);
  const told = (
    rateOf: (increases: readonly Increase[], more: number) => number,
    seen: Reason,
    blocks: readonly Block[] | null = slotsOfAnswers(planned, run, samples, isPhase),
    outside: { readonly outside?: Range } = {},
  ): Measured => ({
    kind: 'number',
    samples,
    value: rateOf(counted.value, 0),
    reasons: [seen],
    ...within(atMost, rateOf(counted.value, 0), rateOf(counted.value, atMost), frame),
    ...outside,
    blocks: blocks ?? secondBlocks(counted.value, frame),
  });
  // Other clients continue before and after the load. Their responses would be divided by the seconds of the load only.
  if (run.load !== null && !isPhase && frame.isIsolated) {
    const scheduled = run.load.scheduledSeconds;
    const drained = drainedOver(planned, run.load, samples);
    if (drained !== null)
      return told(
        (_, more) => (samples + more) / drained.seconds,
        reason('responses-after-load', {
          samples,
          seconds: drained.seconds,
          scheduledSeconds: scheduled,
        }),
        drained.blocks,
      );
    return told(
      (_, more) => (samples + more) / scheduled,
      reason('responses-over-load', { samples, seconds: scheduled }),
    );
  }
  const asked = requests === null ? counted : countIncreases(requests, frame, 'zero');
  if (!asked.ok) return nothing(asked.error);
  if (total(asked.value) === 0) return nothing(reason('no-load', {}));
  return told(
    (increases, more) => rateBetweenScrapes(increases, frame) + more / longestSpan(frame),
    reason('responses-between-scrapes', { samples }),
    undefined,
    rateInside(samples, outsideOf(counted.value, frame), frame, countsScrapes ? mayBeScrapes(frame) : 0),
  );
}

/** A counter of the client's responses grows; a gauge with a constant value does not. */
const standsStill = (increases: readonly Increase[], { load }: RunRecord, { isIsolated }: Frame) =>
  isIsolated &&
  (load?.answered['2xx'] ?? 0) > 0 &&
  increases.some(({ parts }) => parts.some(({ base }) => base > 0));

/** Each replica's rate is over its own seconds; that of a replica that was not always there is over the seconds of the window. */
const rateBetweenScrapes = (increases: readonly Increase[], frame: Frame) =>
  increases.reduce(
    (sum, { increase, target }) =>
      sum + increase / (isWhole(target) ? target.closeSeconds - target.openSeconds : longestSpan(frame)),
    0,
  );

const longestSpan = ({ targets }: Frame) =>
  Math.max(...targets.map(({ closeSeconds }) => closeSeconds)) -
  Math.min(...targets.map(({ openSeconds }) => openSeconds));

const within = (atMost: number, one: number, other: number, frame: Frame) =>
  atMost === 0
    ? {}
    : {
        uncounted: { atMost, low: Math.min(one, other), high: Math.max(one, other) },
        ...whyUncounted(frame),
      };

/**
 * The bounds of the rate over the requested window, if the counts cover more: without the requests that may lie outside, and with all of
 * them. Scrapes may be among the counted requests.
 */
function rateInside(
  samples: number,
  outside: number,
  { fromSeconds, toSeconds, targets }: Frame,
  scrapes: number,
) {
  if (outside === 0 && scrapes === 0) return {};
  const seconds = toSeconds - fromSeconds;
  // Counted between scrapes, the rate is over the seconds from edge to edge.
  const spans = targets.map(({ openSeconds, closeSeconds }) => closeSeconds - openSeconds);
  const over = outside === 0 ? Math.max(seconds, ...spans) : seconds;
  const least = Math.max(0, samples - outside - scrapes);
  return { outside: { low: least / over, high: samples / seconds } };
}

/** The bounds of the mean without the observations that may lie outside, which are assumed to be as large and as small as possible. */
function meanInside(sum: number, samples: number, most: number, outside: number, outsideTotal: number) {
  if (outside === 0) return {};
  const largest = Math.min(outsideTotal, most * outside);
  const rest = samples - outside;
  return {
    outside: {
      low: (sum - largest) / Math.max(1, samples - largest / most),
      high: Math.min(most, rest > 0 ? sum / rest : Number.POSITIVE_INFINITY),
    },
  };
}

/**
 * If a service falls behind, its last responses arrive long after the load has ended. Then the rate is over the seconds from the first
 * response to the last. The last hundredth is left out, because a few stragglers are not a backlog. null if it keeps up.
 */
function drainedOver(
  { status }: PlannedMeasure & { kind: 'throughput' },
  { client, scheduledSeconds }: LoadRecord,
  samples: number,
): { readonly seconds: number; readonly blocks: readonly Block[] } | null {
  if (client === undefined || status === undefined) return null;
  const ends = endsWhere(client, isAnsweredWith(status));
  if (ends.length === 0 || samples === 0) return null;
  const most = Math.ceil(0.99 * ends.length);
  const seconds = (ends[most - 1]! - ends[0]!) * (ends.length / most);
  if (seconds <= (1 + SAME) * scheduledSeconds) return null;
  const first = ends[0]!;
  return {
    seconds,
    blocks: ratesBySecond(
      ends.subarray(0, most).map((end) => end - first),
      seconds * (most / ends.length),
    ),
  };
}

/**
 * The allowed difference between the client's count and the service's: the allowed deviation of a load from
 * its plan.
 */
const SAME = 0.02;

/**
 * Successful responses by the second in which their requests were sent, as the client saw them: seconds show
 * more of the variance than scrapes do. null if the client left no record, or counted something else than the
 * service did; in a phase, the service counts only the part between two scrapes.
 */
function slotsOfAnswers(
  { status }: PlannedMeasure & { kind: 'throughput' },
  { load }: RunRecord,
  samples: number,
  isPhase: boolean,
): readonly Block[] | null {
  if (load?.client === undefined || status === undefined) return null;
  const isGood = isAnsweredWith(status);
  if (!isPhase && Math.abs(countWhere(load.client, isGood) - samples) > SAME * samples) return null;
  return ratesBySecond(startsWhere(load.client, isGood, load.client.originSeconds), load.scheduledSeconds);
}

export function measureMean(planned: PlannedMeasure & { kind: 'mean' }, unit: Unit, frame: Frame): Measured {
  const sums = countIncreases(planned.sum, frame);
  if (!sums.ok) return nothing(sums.error);
  const counts = countIncreases(planned.count, frame);
  if (!counts.ok) return nothing(counts.error);
  const single = unpaired(sums.value, counts.value) ?? unpaired(counts.value, sums.value);
  if (single !== null)
    return nothing(
      reason('series-unpaired', { sum: planned.sum, count: planned.count, labels: single.labels }),
    );
  const samples = total(counts.value);
  if (samples === 0) return nothing(reason('nothing-observed', {}));
  const seconds = (value: number) => toSeconds(value, planned.valuesIn);
  const sum = seconds(total(sums.value));
  const atMost = unobservedOf(counts.value, frame);
  const wrong = impossible(null, sum / samples, unit);
  if (wrong !== null) return nothing(wrong);
  // The range of an observation that no scrape saw.
  const { low, high } = UNIT_RANGES[unit];
  return {
    kind: 'number',
    samples,
    value: sum / samples,
    reasons: [reason('mean-of', { samples })],
    ...within(
      atMost,
      (sum + low * atMost) / (samples + atMost),
      (sum + high * atMost) / (samples + atMost),
      frame,
    ),
    ...meanInside(sum, samples, high, outsideOf(counts.value, frame), seconds(outsideSum(sums.value, frame))),
    blocks: countBlocks(sums.value, counts.value, frame).map(({ part, total: all }) => ({
      part: seconds(part),
      total: all,
    })),
  };
}

/** A series that has no counterpart, which is a series with the same labels and another name. */
function unpaired(some: readonly Increase[], others: readonly Increase[]): Increase | null {
  const keys = new Set(others.map(({ labels }) => keyOf(labels, '__name__')));
  return some.find(({ labels }) => !keys.has(keyOf(labels, '__name__'))) ?? null;
}
