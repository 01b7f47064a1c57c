import type { ClientMeasured, ClientRequests, Limit, PlannedObjective, RunRecord } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { type Block, type LowerEdge, lowerEdgesOf } from '../statistics/design-effect.ts';
import { budgetOf, compareShare } from '../statistics/statistics.ts';
import {
  ascendingSeconds,
  isLost,
  nthBlocked,
  rankOf,
  type Selection,
  selectWhere,
  slowerBySecond,
} from './requests.ts';

/**
 * Client-side latency of an objective. It includes connecting, the network and queueing before the handler,
 * which service-side latency does not. It judges successful responses, and unanswered requests, which
 * exceed every limit.
 */
export interface ClientView {
  readonly measured: ClientMeasured;
  readonly bad: number;
  readonly badBeyondAlert: number;
  /** The duration of the slowest response. A percentile that falls among unanswered requests is higher. */
  readonly slowestSeconds: number;
  /** Seconds to establish a connection, at the same percentile. */
  readonly blockedSeconds: number;
  readonly reasons: readonly Reason[];
  /** k6 does not record requests that it interrupts; each of them may belong to this objective, and be slow. */
  readonly uncounted: number;
  readonly uncountedWhy: Reason;
  /** The bad requests of each second, by start time. `lower` has the requests over some values below the limit, including the median. */
  readonly blocks: readonly Block[];
  readonly lower: readonly LowerEdge[];
}

/** null if the objective has no client side, or the load generator left no record of its requests. */
export function viewOfClient(
  { measure, target, alert }: PlannedObjective,
  { load }: RunRecord,
): ClientView | null {
  if (measure.kind !== 'latency' || measure.clientPath === null || load?.client === undefined) return null;
  const requests = judgedRequests(load.client, measure.clientPath);
  const { ordered } = requests;
  const count = ordered.length;
  if (count === 0) return null;
  const over = (limit: Limit) => count - rankOf(ordered, limit.value);
  const bad = over(target);
  const position = positionOf(measure.percentile, count);
  const value = percentileOfRequests(ordered, measure.percentile);
  const share = (count - bad) / count;
  const quantiles = LOWER_QUANTILES.map((part) => ordered[Math.floor(part * (count - 1))]!);
  const lower = [...new Set(quantiles)].filter((quantile) => quantile < target.value);
  const [blocks, ...lowerBlocks] = slowerBySecond(requests, [target.value, ...lower]);
  const { interruptedIterations: interrupted = 0 } = load;
  return {
    measured: { samples: count, share, value },
    bad,
    badBeyondAlert: alert === null ? 0 : over(alert),
    slowestSeconds: ordered[rankOf(ordered, Number.MAX_VALUE) - 1] ?? 0,
    blocks: blocks!,
    lower: lowerEdgesOf(lower, lowerBlocks, target.value),
    blockedSeconds: nthBlocked(requests, position),
    uncounted: interrupted,
    uncountedWhy: reason('iterations-interrupted', { iterations: interrupted }),
    reasons: [
      reason('client-share', {
        good: count - bad,
        samples: count,
        limitSeconds: target.value,
        percentile: measure.percentile,
        valueSeconds: value,
      }),
    ],
  };
}

/**
 * Percentiles of the client's latencies: the requests that exceed these show the dependence between requests.
 */
export const LOWER_QUANTILES = [0.5, 0.75, 0.9, 0.95, 0.99];

interface Judged extends Selection {
  /** The durations of the judged requests in ascending order. */
  readonly ordered: Float64Array;
}

/** Cached, because several objectives judge the same requests, and sorting millions takes time. */
const judged = new WeakMap<ClientRequests, Map<string, Judged>>();

/** Successful responses, and unanswered requests, which exceed any limit. */
export function judgedRequests(client: ClientRequests, path: string): Judged {
  const known = judged.get(client) ?? new Map<string, Judged>();
  const found = known.get(path) ?? judgedAfresh(client, path);
  judged.set(client, known.set(path, found));
  return found;
}

function judgedAfresh(client: ClientRequests, wanted: string): Judged {
  const selection = selectWhere(
    client,
    (one) => one.path === wanted && (isLost(one) || one.status.startsWith('2')),
  );
  return { ...selection, ordered: ascendingSeconds(selection) };
}

/** A percentile of ascending durations; null if there are none, or if the percentile falls among unanswered requests. */
export function percentileOfRequests(ordered: Float64Array, percentile: number): number | null {
  const seconds = ordered[positionOf(percentile, ordered.length)];
  return seconds !== undefined && Number.isFinite(seconds) ? seconds : null;
}

/**
 * The position of the smallest of ascending values that at least this percentage do not exceed: exact, because all
 * values are known.
 */
function positionOf(percentile: number, length: number): number {
  const isEnough = (index: number) => compareShare(length - 1 - index, length, budgetOf(percentile)) <= 0;
  let [low, high] = [0, length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isEnough(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Explains the difference between client-side and service-side latency: the event loop or connecting, if
 * one of them accounts for at least half of it; otherwise somewhere between client and service.
 */
export function explainGap(
  clientSeconds: number,
  serverSeconds: number,
  blockedSeconds: number,
  lagSeconds: number | null,
): Reason {
  const gapSeconds = clientSeconds - serverSeconds;
  if (lagSeconds !== null && lagSeconds >= gapSeconds / 2)
    return reason('client-slower-event-loop', { gapSeconds, lagSeconds });
  if (blockedSeconds >= gapSeconds / 2)
    return reason('client-slower-connecting', { gapSeconds, blockedSeconds });
  return reason('client-slower-in-between', { gapSeconds });
}
