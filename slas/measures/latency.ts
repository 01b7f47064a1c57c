import { countWhere, isAnsweredWith, type Outcome } from '../client/requests.ts';
import { outcomeLabels } from '../document/vocabularies.ts';
import type { LoadRecord, Plan, PlannedMeasure, PlannedObjective, RunRecord } from '../model/model.ts';
import type { MeasureReasons } from '../model/reasons.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { lowerEdgesOf } from '../statistics/design-effect.ts';
import { slowerBlocks } from '../window/blocks.ts';
import { mayBeScrapes } from '../window/counted-scrapes.ts';
import { total } from '../window/increases.ts';
import { outsideOf } from '../window/outside.ts';
import { uncountedOf } from '../window/uncounted.ts';
import { countIncreases, type Frame } from '../window/window.ts';
import { errorsCounted } from './errors-counted.ts';
import {
  allOf,
  type Bracket,
  bracketOf,
  bucketsAt,
  commonEdges,
  groupHistograms,
  isConsistent,
  isExact,
  percentileOf,
  withinOf,
} from './histograms.ts';
import { type Measured, nothing, orNone, orNowhere, partialEvent } from './measured.ts';
import { unclaimedLatencies } from './unclaimed-latencies.ts';

/**
 * The share of successful responses within a limit: exact if the limit is a bucket edge, otherwise bounded by the edges
 * on both sides of it.
 */

/** A latency of a histogram. */
export type LatencyOfBuckets = PlannedMeasure & { readonly kind: 'latency'; readonly buckets: string };

/** `run` may be a phase of the `whole` run. */
interface Grounds {
  readonly plan: Plan;
  readonly run: RunRecord;
  readonly whole: RunRecord;
}

export function measureLatency(
  planned: LatencyOfBuckets,
  objective: PlannedObjective,
  frame: Frame,
  { plan, run, whole }: Grounds,
): Measured {
  const { target, alert } = objective;
  const counted = countIncreases(planned.buckets, frame);
  if (!counted.ok) return nothing(counted.error);
  const part = partialEvent(counted.value);
  if (part !== null) return nothing(part);
  const histograms = groupHistograms(counted.value, planned.valuesIn);
  const broken = histograms.find((histogram) => !isConsistent(histogram));
  if (broken) return nothing(reason('buckets-inconsistent', { labels: broken.labels }));
  const all = allOf(histograms);
  const samples = total(all);
  if (samples === 0) return nothing(reason('no-successful-response', {}));
  const isNative = (frame.readings.get(planned.buckets)?.kinds?.native ?? 0) > 0;
  const bracket = bracketOf(target.value, histograms);
  const atAlert = alert === null ? null : withinOf(bracketOf(alert.value, histograms));
  const good = withinOf(bracket);
  const { value, bucket } = percentileOf(histograms, planned.percentile);
  const faster = commonEdges(histograms).filter((edge) => edge < bracket.lowSeconds);
  const [blocks, ...lower] = slowerBlocks(
    all,
    [bracket.lower, ...faster.map((edge) => bucketsAt(edge, histograms))],
    frame,
  );
  const inside = errorsInside(planned, samples, frame, plan, run);
  const left = unclaimedLatencies(planned, objective, samples, frame, whole);
  if (!left.ok) return nothing(left.error);
  const { slow, fast } = left.value;
  return {
    kind: 'share',
    samples,
    ...orNone(uncountedOf(all, frame), frame),
    ...orNowhere(
      { all: outsideOf(all, frame), bad: outsideOf(all, frame, all, bracket.lower) },
      scrapesAmong(planned, samples, frame, plan),
    ),
    ...(inside === null ? {} : inside.doubt),
    bad: samples - good.least,
    badBeyondAlert: atAlert === null ? 0 : samples - atAlert.least,
    ...between(bracket, atAlert, isNative),
    value,
    share: good.least / samples,
    bucket,
    reasons: [
      shareOf(bracket, isNative, {
        samples,
        isSuccessful: inside === null,
        limitSeconds: target.value,
        percentile: planned.percentile,
        bucket,
      }),
      ...nativeNote(planned, frame),
      ...(inside === null ? [] : [inside.reason]),
      ...left.value.reasons,
    ],
    ...(slow + fast === 0 ? {} : { unclaimed: { mayBeBad: slow, outside: slow, mayBeGood: fast } }),
    blocks: blocks!,
    lower: lowerEdgesOf(faster, lower, target.value),
  };
}

const nativeNote = ({ buckets }: LatencyOfBuckets, { readings }: Frame): readonly Reason[] => {
  const kinds = readings.get(buckets)?.kinds;
  return kinds === undefined ? [] : [reason('histograms-native', kinds)];
};

/** The responses in the buckets that contain the limit or the alert threshold. */
function between(
  bracket: Bracket,
  atAlert: { readonly least: number; readonly most: number } | null,
  isNative: boolean,
) {
  const { least, most } = withinOf(bracket);
  const beyondAlert = atAlert === null ? 0 : atAlert.most - atAlert.least;
  if (isExact(bracket) && beyondAlert === 0) return {};
  const { lowSeconds, highSeconds } = bracket;
  return {
    between: {
      bad: most - least,
      beyondAlert,
      lowSeconds,
      highSeconds: Number.isFinite(highSeconds) ? highSeconds : null,
      ...(isNative ? { isNative: true as const } : {}),
    },
  };
}

/**
 * Scrapes that may be among the fast responses: the known number, plus the scrapes at the edges. If the objective has a client path, the
 * reconciliation row of that path shows them.
 */
function scrapesAmong(
  { clientPath }: LatencyOfBuckets,
  samples: number,
  frame: Frame,
  { countsScrapes }: Plan,
): number {
  if (countsScrapes !== true || clientPath !== null) return 0;
  return Math.min(samples, mayBeScrapes(frame));
}

type Within = Omit<MeasureReasons['responses-within'], 'good'>;

function shareOf(bracket: Bracket, isNative: boolean, params: Within): Reason {
  const { least, most } = withinOf(bracket);
  // No observation lies between two populated buckets of a native histogram.
  if (isExact(bracket) || (isNative && least === most))
    return reason('responses-within', { good: least, ...params });
  const { lowSeconds, highSeconds } = bracket;
  return reason('responses-around', {
    ...params,
    least,
    most,
    lowSeconds,
    highSeconds: Number.isFinite(highSeconds) ? highSeconds : null,
  });
}

/**
 * A histogram that is not selected by status also includes error responses: fast errors would hide a miss, slow errors would cause one. The
 * client's record or the service's counters show how many errors there were. The objective is judged twice: as if all errors had been fast,
 * and as if all had been slow. null if the histogram has successful responses only.
 */
function errorsInside(
  { buckets, clientPath }: LatencyOfBuckets,
  samples: number,
  frame: Frame,
  plan: Plan,
  { load }: RunRecord,
) {
  const { where } = frame.selectedBy(buckets);
  if (outcomeLabels(where).length > 0) return null;
  const isByClient = load !== null && frame.isIsolated;
  const { errors, missing } = isByClient
    ? errorsSeen(load, clientPath, samples)
    : errorsCounted(plan, where, samples, frame);
  if (errors === 0) return { reason: reason('errors-included', { errors: null, isByClient }), doubt: {} };
  const doubt = {
    doubtful: Math.min(errors, samples),
    mayBeBad: missing,
    hasErrorsInside: true,
  } as const;
  return { reason: reason('errors-included', { errors, isByClient }), doubt };
}

/** How many responses were not 2xx, and how many responses the histogram lacks. The missing responses may be errors or slow responses. */
function errorsSeen({ client, answered }: LoadRecord, path: string | null, samples: number) {
  if (client === undefined)
    return { errors: answered['1xx'] + answered['3xx'] + answered['4xx'] + answered['5xx'], missing: 0 };
  const isAnswered = isAnsweredWith(null);
  const isOwn = (one: Outcome) => isAnswered(one) && (path === null || one.path === path);
  const own = countWhere(client, isOwn);
  const errors = countWhere(client, (one) => isOwn(one) && !one.status.startsWith('2'));
  return { errors, missing: path === null ? 0 : Math.min(errors, Math.max(0, own - samples)) };
}
