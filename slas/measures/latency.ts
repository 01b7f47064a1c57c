import { countWhere, isAnsweredWith, type Outcome } from '../client/requests.ts';
import { toSeconds } from '../document/units.ts';
import { outcomeLabels } from '../document/vocabularies.ts';
import type {
  LoadRecord,
  Plan,
  PlannedMeasure,
  PlannedObjective,
  RunRecord,
  Series,
  TimeUnit,
} from '../model/model.ts';
import { reason } from '../model/reasons.ts';
import { budgetOf, compareShare } from '../statistics/statistics.ts';
import { slowerBlocks } from '../window/blocks.ts';
import type { Increase } from '../window/increases.ts';
import { outsideOf } from '../window/outside.ts';
import { parseValue } from '../window/targets.ts';
import { uncountedOf } from '../window/uncounted.ts';
import { countIncreases, type Frame } from '../window/window.ts';
import { errorsCounted } from './errors-counted.ts';
import { type Measured, nothing, orNone, orNowhere, partialEvent } from './measured.ts';
import { unclaimedLatencies } from './unclaimed-latencies.ts';

/** The share of successful responses within a limit; exact if the limit is a bucket edge. */

/** `run` may be a phase of the `whole` run. */
interface Grounds {
  readonly plan: Plan;
  readonly run: RunRecord;
  readonly whole: RunRecord;
}

type Edges = ReadonlyMap<number, number>;

export function measureLatency(
  planned: PlannedMeasure & { kind: 'latency' },
  objective: PlannedObjective,
  frame: Frame,
  { plan, run, whole }: Grounds,
): Measured {
  const { target, alert } = objective;
  const counted = countIncreases(planned.buckets, frame);
  if (!counted.ok) return nothing(counted.error);
  const part = partialEvent(counted.value);
  if (part !== null) return nothing(part);
  const { valuesIn } = planned;
  const histograms = [...groupHistograms(counted.value, valuesIn).values()];
  for (const limit of [target, ...(alert === null ? [] : [alert])]) {
    const lacking = histograms.find(({ edges }) => !edges.has(limit.value));
    if (lacking)
      return nothing(
        reason('no-bucket-edge', {
          labels: lacking.labels,
          limitSeconds: limit.value,
          limit: limit.text,
        }),
      );
  }
  const broken = histograms.find(({ edges }) => !edges.has(Infinity) || !ascends(edges));
  if (broken) return nothing(reason('buckets-inconsistent', { labels: broken.labels }));
  const edges = sumEdges(histograms.map((histogram) => histogram.edges));
  const samples = edges.get(Infinity)!;
  if (samples === 0) return nothing(reason('no-successful-response', {}));
  const good = edges.get(target.value)!;
  const { value, bucket } = percentileOf(edges, planned.percentile);
  const upToLimit = [...edges.keys()].filter((edge) => edge <= target.value);
  const slower = slowerBlocks(counted.value, upToLimit, frame, valuesIn);
  const all = counted.value.filter(({ labels }) => parseValue(labels.le!) === Infinity);
  const inside = errorsInside(planned, samples, frame, plan, run);
  const left = unclaimedLatencies(planned, objective, samples, frame, whole);
  if (!left.ok) return nothing(left.error);
  const { slow, fast } = left.value;
  const quick = counted.value.filter(({ labels }) => parseValue(labels.le!) === target.value);
  return {
    kind: 'share',
    samples,
    ...orNone(uncountedOf(all, frame), frame),
    ...orNowhere({ all: outsideOf(all, frame), bad: outsideOf(all, frame, all, quick) }),
    ...(inside === null ? {} : inside.doubt),
    bad: samples - good,
    badBeyondAlert: alert === null ? 0 : samples - edges.get(alert.value)!,
    value,
    share: good / samples,
    bucket,
    reasons: [
      reason('responses-within', {
        good,
        samples,
        isSuccessful: inside === null,
        limitSeconds: target.value,
        percentile: planned.percentile,
        bucket,
      }),
      ...(inside === null ? [] : [inside.reason]),
      ...left.value.reasons,
    ],
    ...(slow + fast === 0 ? {} : { unclaimed: { mayBeBad: slow, outside: slow, mayBeGood: fast } }),
    blocks: slower.at(-1)!,
    lower: slower.slice(0, -1),
  };
}

/**
 * A histogram that is not selected by status includes error responses, too: fast ones would hide a miss, slow
 * ones would cause one. The client or the service's counters show how many there were, so the objective is
 * judged as if all had been fast, and as if all had been slow. null: the histogram has successful responses
 * only.
 */
function errorsInside(
  { buckets, clientPath }: PlannedMeasure & { kind: 'latency' },
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

/**
 * How many responses were not 2xx, and how many the histogram lacks, which may be errors or slow responses.
 */
function errorsSeen({ client, answered }: LoadRecord, path: string | null, samples: number) {
  if (client === undefined)
    return { errors: answered['1xx'] + answered['3xx'] + answered['4xx'] + answered['5xx'], missing: 0 };
  const isAnswered = isAnsweredWith(null);
  const isOwn = (one: Outcome) => isAnswered(one) && (path === null || one.path === path);
  const own = countWhere(client, isOwn);
  const errors = countWhere(client, (one) => isOwn(one) && !one.status.startsWith('2'));
  return { errors, missing: path === null ? 0 : Math.min(errors, Math.max(0, own - samples)) };
}

/** One histogram for each label set and target: its edges in seconds, and how much each bucket grew. */
function groupHistograms(increases: readonly Increase[], valuesIn: TimeUnit | undefined) {
  const groups = new Map<string, { labels: Series['labels']; edges: Map<number, number> }>();
  for (const { labels, target, increase } of increases) {
    const { le, ...rest } = labels;
    const key = `${target.name} ${JSON.stringify(rest)}`;
    const group = groups.get(key) ?? { labels: rest, edges: new Map<number, number>() };
    // If one histogram spells an edge in two ways, it is unknown which one counts; and NaN is not an edge.
    const edge = toSeconds(parseValue(le ?? ''), valuesIn);
    group.edges.set(group.edges.has(edge) ? Number.NaN : edge, increase);
    groups.set(key, group);
  }
  return groups;
}

const inOrder = (edges: Edges) => [...edges].sort(([a], [b]) => a - b);

const ascends = (edges: Edges) =>
  inOrder(edges).every(
    ([edge, grown], index, all) => !Number.isNaN(edge) && (index === 0 || grown >= all[index - 1]![1]),
  );

/** Sums over the edges that all histograms have: replicas are added up before anything is judged. */
function sumEdges(histograms: readonly Edges[]): Edges {
  const [first, ...others] = histograms;
  const common = inOrder(first!).filter(([edge]) => others.every((edges) => edges.has(edge)));
  return new Map(
    common.map(([edge, grown]) => [edge, others.reduce((sum, edges) => sum + edges.get(edge)!, grown)]),
  );
}

/** The bucket of a percentile, and a value interpolated in it; above the last finite edge, that edge. */
function percentileOf(edges: Edges, percentile: number): { value: number; bucket: [number, number | null] } {
  const ordered = inOrder(edges);
  const samples = ordered.at(-1)![1];
  const at = ordered.findIndex(
    ([, grown]) => compareShare(samples - grown, samples, budgetOf(percentile)) <= 0,
  );
  const [high, upTo] = ordered[at]!;
  const [low, below] = at === 0 ? [0, 0] : ordered[at - 1]!;
  if (high === Infinity) return { value: low, bucket: [low, null] };
  const within = upTo === below ? 1 : ((percentile / 100) * samples - below) / (upTo - below);
  return { value: low + (high - low) * Math.min(1, Math.max(0, within)), bucket: [low, high] };
}
