import { countOf, countWhere, isAnsweredWith, isLost, totalSeconds } from '../client/requests.ts';
import { holds } from '../document/limits.ts';
import { isRatio } from '../model/kinds.ts';
import type {
  ClientRequests,
  Limit,
  PlannedMeasure,
  PlannedObjective,
  RunRecord,
  Unit,
} from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { compareShare } from '../statistics/statistics.ts';
import { type AcrossEdges, acrossEdges, type PhaseTimes } from '../window/phases.ts';
import type { Frame } from '../window/window.ts';
import { type Measured, nothing } from './measured.ts';

interface Around {
  /** The whole run, and the part of it that was sent in the phase. */
  readonly run: RunRecord;
  readonly inPhase: RunRecord;
  readonly frame: Frame;
  /** Requests that may have been sent in the phase and were never recorded. They took at most as long as the request timeout. */
  readonly open: number;
  readonly timeoutSeconds: number;
}

/**
 * The service's counts for a phase differ slightly from the requests sent during the phase. They include
 * responses to earlier requests, but not requests in flight at the last scrape. Both are known from the
 * client's record of the whole run. If they could change the verdict, the objective is undecided.
 */
export function allowForEdges(
  measured: Measured,
  objective: PlannedObjective,
  phase: PhaseTimes,
  { run, inPhase, frame, open: unrecorded, timeoutSeconds }: Around,
): Measured {
  const { measure, target } = objective;
  // A gauge at the scrapes of a phase belongs to that phase alone.
  if (measure.kind === 'peak') return measured;
  if (measured.kind !== 'share' && measured.kind !== 'number') return measured;
  const isByClient = measure.kind === 'latency' && measure.clientPath !== null;
  if (!frame.isIsolated && !isByClient) return nothing(reason('others-send-requests', {}));
  const across = acrossEdges(phase, run, frame);
  if (across === null) return nothing(reason('no-request-record', { lacking: 'phase-edges' }));
  if (measured.kind === 'number')
    return allowForFew(measured, objective, across, {
      count: unrecorded,
      seconds: unrecorded * timeoutSeconds,
    });
  const { carriedIn } = across;
  if (measure.kind === 'latency' && measure.clientPath !== null) {
    // Client-side latency covers every request sent during the phase, including those in flight at its end.
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
  // `inPhase` counts the unrecorded requests as unanswered.
  const open =
    countWhere(across.inFlight, (one) => !(lostIsBad && isLost(one))) + (lostIsBad ? 0 : unrecorded);
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
 * The service's counts do not cover the time between a phase's first request and its first scrape. If the
 * responses that the client received break the SLO target and the counts do not, requests failed in that
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
function allowForFew(
  measured: Figure,
  { measure, unit }: PlannedObjective,
  across: AcrossEdges,
  unrecorded: Open,
): Measured {
  const open = {
    count: countOf(across.inFlight) + unrecorded.count,
    seconds: totalSeconds(across.inFlight) + unrecorded.seconds,
  };
  const carriedIn = countOf(across.carriedIn);
  const some = Math.max(carriedIn, open.count);
  if (some > FEW * measured.samples)
    return nothing(
      reason('too-many-across-edges', {
        carriedIn,
        inFlight: open.count,
        samples: measured.samples,
        seen: measured.reasons,
      }),
    );
  const most = measure.kind === 'mean' ? mostOf(open, unit) : 0;
  if (most === 0) return measured;
  // A few requests that take seconds can move a mean of milliseconds beyond its limit.
  const [sum, all] = [measured.value * measured.samples, measured.samples + open.count];
  return { ...measured, inFlight: { low: sum / all, high: (sum + most) / all } };
}

type Figure = Measured & { kind: 'number' };

/** Requests in flight, and the seconds that they took at most in total. */
interface Open {
  readonly count: number;
  readonly seconds: number;
}

/** What requests in flight add to the sum of a mean at most; 0 for units whose values have no bounds. */
const mostOf = ({ count, seconds }: Open, unit: Unit): number =>
  unit === 'seconds' ? seconds : unit === 'ratio' ? count : 0;
