import type { ClientMeasured, ClientRequests, Limit, PlannedObjective, RunRecord } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import type { Block } from '../statistics/design-effect.ts';
import { budgetOf, compareShare } from '../statistics/statistics.ts';
import { requestsOf } from './requests.ts';
import { slotsOf } from './slots.ts';

/**
 * The client's side of a latency objective: its clock includes connecting, queueing before the handler and
 * the network, which the service's does not. Judged are successful responses and unanswered requests, which
 * exceed every limit.
 */
export interface ClientView {
  readonly measured: ClientMeasured;
  readonly bad: number;
  readonly badBeyondAlert: number;
  /** The slowest response: a percentile that falls among unanswered requests is above it. */
  readonly slowestSeconds: number;
  /** Seconds to establish a connection, at the same percentile. */
  readonly blockedSeconds: number;
  readonly reasons: readonly Reason[];
  /**
   * The bad requests of each second, by start time; and those over some values below the limit, including the
   * median.
   */
  readonly blocks: readonly Block[];
  readonly lower: readonly (readonly Block[])[];
}

interface Request {
  /** From the first request of the load to this one. */
  readonly startSeconds: number;
  readonly seconds: number;
  readonly blockedSeconds: number;
}

/** null if the objective has no client side, or the load generator left no record of its requests. */
export function viewOfClient(
  { measure, target, alert }: PlannedObjective,
  { load }: RunRecord,
): ClientView | null {
  if (measure.kind !== 'latency' || measure.clientPath === null || load?.client === undefined) return null;
  const requests = judgedRequests(load.client, measure.clientPath);
  if (requests.length === 0) return null;
  const over = (limit: Limit) => requests.filter(({ seconds }) => seconds > limit.value).length;
  const bad = over(target);
  const seconds = percentileOf(
    requests.map((request) => request.seconds),
    measure.percentile,
  );
  const value = Number.isFinite(seconds) ? seconds : null;
  const answered = requests.map((request) => request.seconds).filter(Number.isFinite);
  const share = (requests.length - bad) / requests.length;
  const ordered = requests.map((request) => request.seconds).sort((a, b) => a - b);
  const quantiles = LOWER.map((part) => ordered[Math.floor(part * (ordered.length - 1))]!);
  const lower = [...new Set(quantiles)].filter((quantile) => quantile < target.value);
  return {
    measured: { samples: requests.length, share, value },
    bad,
    badBeyondAlert: alert === null ? 0 : over(alert),
    slowestSeconds: answered.reduce((slowest, one) => Math.max(slowest, one), 0),
    blocks: slowerBySecond(requests, target.value),
    lower: lower.map((quantile) => slowerBySecond(requests, quantile)),
    blockedSeconds: percentileOf(
      requests.map(({ blockedSeconds }) => blockedSeconds),
      measure.percentile,
    ),
    reasons: [
      reason('client-share', {
        good: requests.length - bad,
        samples: requests.length,
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
const LOWER = [0.5, 0.75, 0.9, 0.95, 0.99];

const slowerBySecond = (requests: readonly Request[], limitSeconds: number) =>
  slotsOf(requests, ({ seconds }) => seconds > limitSeconds);

/** Judged are successful responses, and unanswered requests, which exceed any limit. */
export function judgedRequests(client: ClientRequests, wanted: string): readonly Request[] {
  return requestsOf(client)
    .filter(({ path, status }) => path === wanted && /^(0$|2)/.test(status))
    .map(({ startSeconds, durationSeconds, blockedSeconds, status }) => ({
      startSeconds,
      seconds: status === '0' ? Infinity : durationSeconds,
      blockedSeconds,
    }));
}

/** The smallest value that at least this percentage does not exceed: exact, because all values are known. */
function percentileOf(values: readonly number[], percentile: number): number {
  const ordered = values.toSorted((a, b) => a - b);
  const at = ordered.findIndex(
    (_, index) => compareShare(ordered.length - 1 - index, ordered.length, budgetOf(percentile)) <= 0,
  );
  return ordered[at]!;
}

/**
 * Where the time goes that the client sees and the service's own histogram does not: event loop or
 * connecting, if either explains at least half of it; otherwise what lies between.
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
