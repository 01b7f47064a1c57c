import { countOf, countWhere, isAnsweredWith, isLost } from '../client/requests.ts';
import { holds } from '../document/limits.ts';
import { isRatio } from '../model/kinds.ts';
import type { ClientRequests, Limit, PlannedMeasure, PlannedObjective, RunRecord } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { compareShare } from '../statistics/statistics.ts';
import { type AcrossEdges, acrossEdges, type PhaseTimes } from '../window/phases.ts';
import type { Frame } from '../window/window.ts';
import { type Measured, nothing } from './measured.ts';

/**
 * The service's counts inside a phase differ slightly from the requests sent in it: responses to earlier
 * requests are included, and requests in flight at the last scrape are not. Both are known from the client's
 * record of the whole run. If they could change the verdict, the objective is undecided.
 */
export function allowForEdges(
  measured: Measured,
  { measure, target }: PlannedObjective,
  phase: PhaseTimes,
  run: RunRecord,
  inPhase: RunRecord,
  frame: Frame,
): Measured {
  // A gauge at the scrapes of a phase belongs to that phase alone.
  if (measure.kind === 'peak') return measured;
  if (measured.kind !== 'share' && measured.kind !== 'number') return measured;
  const isByClient = measure.kind === 'latency' && measure.clientPath !== null;
  if (!frame.isIsolated && !isByClient) return nothing(reason('others-send-requests', {}));
  const across = acrossEdges(phase, run, frame);
  if (across === null) return nothing(reason('no-request-record', { lacking: 'phase-edges' }));
  if (measured.kind === 'number') return allowForFew(measured, across);
  const { carriedIn } = across;
  if (measure.kind === 'latency' && measure.clientPath !== null) {
    // The client's clock judges every request that was sent in the phase, including those in flight at its
    // end.
    const others = countWhere(carriedIn, ({ path }) => path === measure.clientPath);
    return withDoubt(measured, others, carried(others));
  }
  if (measure.kind === 'ratio') {
    const hidden = badByClient(measured, measure, target, inPhase.load!.client);
    if (hidden !== null) return nothing(hidden);
  }
  if (measure.kind === 'success') {
    const hidden = failedByClient(measured, measure, target, inPhase.load!.client);
    if (hidden !== null) return nothing(hidden);
  }
  const lostIsBad = isRatio(measure) && measure.lost === 'bad';
  const lost = lostIsBad ? inPhase.load!.lost : 0;
  const open = countWhere(across.inFlight, (one) => !(lostIsBad && isLost(one)));
  const late =
    measure.kind === 'ratio'
      ? answeredLate(measured.bad - lost, measure, across, inPhase)
      : measure.kind === 'success'
        ? Math.min(countOf(across.givenUp), Math.max(0, measured.bad - lost))
        : 0;
  const before = countOf(carriedIn) + late;
  const because = [
    ...(open === 0 ? [] : [reason('in-flight-at-phase-end', { count: open })]),
    ...carried(before),
  ];
  // The service may also have counted an unanswered request as bad.
  const twice = Math.min(lost, Math.max(0, measured.bad - lost));
  return {
    ...withDoubt(measured, before + twice, because),
    mayBeBad: (measured.mayBeBad ?? 0) + open,
  };
}

/**
 * Requests that the client gave up on before the phase may be among the failed requests, unless the client itself saw these fail in the
 * phase.
 */
function answeredLate(
  countedBad: number,
  { badStatus }: Ratio,
  { givenUp }: AcrossEdges,
  { load }: RunRecord,
): number {
  const seenBad = badStatus === null ? 0 : countWhere(load!.client, isAnsweredWith(badStatus));
  return Math.min(countOf(givenUp), Math.max(0, countedBad - seenBad));
}

/**
 * The service's counts say nothing about the time between a phase's first request and its first scrape. If
 * the responses that the client received break the SLO target and the counts do not, requests failed in that
 * time.
 */
function badByClient(
  { bad, samples }: Share,
  { badStatus, totalStatus, lost }: Ratio,
  target: Limit,
  client: ClientRequests | undefined,
): Reason | null {
  if (client === undefined || badStatus === null) return null;
  const lostOnes = lost === 'bad' ? countWhere(client, isLost) : 0;
  const seenBad = lostOnes + countWhere(client, isAnsweredWith(badStatus));
  const seen = lostOnes + countWhere(client, isAnsweredWith(totalStatus));
  const isKept = (part: number, all: number) =>
    all > 0 && holds(compareShare(part, all, target.value), { ...target, value: 0 });
  if (!isKept(bad, samples) || isKept(seenBad, seen)) return null;
  return reason('phase-errors-uncounted', { sent: seen, sentBad: seenBad, samples, bad });
}

/** The same for a ratio of good events: every response with another status is bad, and with `lost: bad` also every unanswered request. */
function failedByClient(
  { bad, samples }: Share,
  { goodStatus, totalStatus, lost }: PlannedMeasure & { kind: 'success' },
  target: Limit,
  client: ClientRequests | undefined,
): Reason | null {
  if (client === undefined || goodStatus === null) return null;
  const sent =
    countWhere(client, isAnsweredWith(totalStatus)) + (lost === 'bad' ? countWhere(client, isLost) : 0);
  const sentBad = sent - countWhere(client, isAnsweredWith(goodStatus));
  const isKept = (part: number, all: number) =>
    all > 0 && holds(compareShare(all - part, all, target.value), { ...target, value: 0 });
  if (!isKept(bad, samples) || isKept(sentBad, sent)) return null;
  return reason('phase-errors-uncounted', { sent, sentBad, samples, bad });
}

const carried = (atMost: number) => (atMost === 0 ? [] : [reason('sent-before-phase', { atMost })]);

type Share = Measured & { kind: 'share' };
type Ratio = PlannedMeasure & { kind: 'ratio' };

const withDoubt = (measured: Share, doubtful: number, because: readonly Reason[]): Share => ({
  ...measured,
  doubtful: Math.min((measured.doubtful ?? 0) + doubtful, measured.samples),
  reasons: [...measured.reasons, ...because],
});

/** The allowed deviation of a load from its plan. */
const FEW = 0.02;

/** A mean or a rate does not show which requests it includes. It is not judged if more than a few requests cross the edges. */
function allowForFew(measured: Measured & { kind: 'number' }, across: AcrossEdges): Measured {
  const [carriedIn, inFlight] = [countOf(across.carriedIn), countOf(across.inFlight)];
  const some = Math.max(carriedIn, inFlight);
  if (some <= FEW * measured.samples) return measured;
  return nothing(
    reason('too-many-across-edges', {
      carriedIn,
      inFlight,
      samples: measured.samples,
      seen: measured.reasons,
    }),
  );
}
