import { type Between, isWithin, NOTHING_BETWEEN, type UnclaimedCount } from '../measures/measure.ts';
import { isRatio } from '../model/kinds.ts';
import type {
  Limit,
  Plan,
  PlannedMeasure,
  PlannedObjective,
  Precondition,
  RunRecord,
} from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { NOTHING_OUTSIDE, type Outside } from '../window/outside.ts';
import { isShownWhatever } from './certainty.ts';
import {
  brokenBy,
  met,
  missed,
  ONLY_CUT_SHORT,
  type Reasons,
  tooFew,
  uncountedReasons,
  undecided,
  undecidedFor,
} from './decisions.ts';
import type { Decision } from './ruling.ts';

/** Plans stored by early versions have no confidence. */
export const confidenceOf = ({ confidence }: Plan) => confidence ?? null;

export interface Grounds {
  readonly plan: Plan;
  readonly run: RunRecord;
  readonly preconditions: readonly Precondition[];
}

/**
 * Preconditions that prevent a pass and make latencies unreliable, but do not undo an error: a failed request
 * stays failed even if it was sent late or another body was wrong. A met objective becomes undecided, because
 * a load that was spread out may have been easier on the service.
 */
const UNMAKES_NO_ERROR = ['generator-on-time', 'answers-right'];

export interface Count {
  readonly samples: number;
  readonly bad: number;
  readonly badBeyondAlert: number;
  readonly uncounted?: number;
  readonly uncountedWhy?: Reason;
  readonly outside?: Outside;
  readonly reasons: Reasons;
  readonly doubtful?: number;
  readonly mayBeBad?: number;
  readonly hasErrorsInside?: true;
  readonly unclaimed?: UnclaimedCount;
  readonly between?: Between;
}

/** Compares a count of good and bad events with a limit. */
export function decideShare(
  objective: PlannedObjective,
  counted: Count,
  broken: readonly Precondition[],
  grounds: Grounds,
): Decision {
  const { plan, run } = grounds;
  const { samples, uncounted = 0, doubtful = 0, mayBeBad = 0, outside = NOTHING_OUTSIDE } = counted;
  const { between = NOTHING_BETWEEN } = counted;
  const seen = [...counted.reasons, ...uncountedReasons(uncounted, counted.uncountedWhy)];
  // Neither requests that may not belong to this phase nor requests in flight may cause a miss. For *met*, both are assumed to be bad.
  const own = samples - doubtful + mayBeBad;
  const bad = Math.max(0, counted.bad - doubtful);
  // Of the responses between the edges around the limit, a miss must hold as if all were within it.
  const surelyBad = Math.max(0, bad - between.bad);
  const badBeyondAlert = Math.max(0, counted.badBeyondAlert - between.beyondAlert - doubtful);
  // A miss must hold even without the bad requests that may lie outside the window, and even if all unclaimed events were good.
  const good = counted.unclaimed?.mayBeGood ?? 0;
  const beyond = (of: number, all = of + good) =>
    missesBy(
      objective,
      Math.max(0, surelyBad - outside.bad),
      Math.max(0, badBeyondAlert - outside.bad),
      all - Math.min(outside.bad, bad) + uncounted,
    );
  const missedBy = (severity: 'target' | 'alert', ...reasons: Reasons): Decision =>
    severity === 'alert' || !mayBeAlert(objective, counted)
      ? missed([...seen, ...reasons], severity === 'alert')
      : {
          ...missed(
            [...seen, ...reasons, reason('alert-between-edges', { alertSeconds: objective.alert!.value })],
            false,
          ),
          mayBeAlert: true,
        };
  const isTooFew = own < objective.leastSamples;
  if (broken.length === 0 && !isTooFew) {
    const miss = beyond(own);
    if (miss !== null) return { ...missedBy(miss), isWhole: true };
    if (good > 0 && beyond(own, own) !== null)
      return undecided([...seen, reason('unclaimed-latencies-would-decide', {})]);
    const keeps = (badOnes: number, all = own) =>
      isWithin(objective.measure, objective.target, Math.min(all, badOnes) + uncounted, all + uncounted);
    if (!keeps(bad) && keeps(surelyBad))
      return {
        ...undecided([...seen, limitBetween(objective, counted)]),
        // Without other clients, the service measured only the client's requests, and no request took longer at the service than at the
        // client.
        ...(plan.isolated === false || run.load === null ? {} : { isBetween: true }),
      };
    // For *met*, the opposite is assumed: all bad requests lie in the window, and as few good ones as
    // possible.
    const fewest = (badOnes: number) => Math.max(1, Math.min(own, badOnes), own - outside.all);
    const doubt = outsideReason(outside, isWithin(objective.measure, objective.target, bad, own));
    if (outside.all > 0 && keeps(bad) !== keeps(bad, fewest(bad))) return undecided([...seen, doubt]);
    if (outside.bad > 0 && uncounted === 0 && !keeps(bad)) return undecided([...seen, doubt]);
    // Assume that all uncounted requests were bad.
    if (!keeps(bad)) return undecided([...seen, reason('uncounted-would-decide', {})]);
    if (!keeps(counted.bad + mayBeBad, fewest(counted.bad + mayBeBad)))
      return { ...undecidedBy(counted, seen), isOfOthers: true };
    if (!keepsWithUnclaimed(objective, counted, fewest(counted.bad + mayBeBad) + uncounted, uncounted))
      return undecided([...seen, unclaimedReason(objective)]);
    return { ...met(seen), isWhole: true };
  }
  const because = [
    broken[0] === undefined ? tooFew('request', own, objective.leastSamples) : brokenBy(broken[0]),
  ];
  const doubts = doubtsOfMiss(objective, broken);
  if (doubts.length === 0 && !isTooFew) {
    const miss = beyond(own);
    if (miss !== null) return { ...missedBy(miss, reason('stands-despite', { because })), isWhole: true };
  }
  // For a script's own plan, the number of missing requests is unknown.
  const isBounded = doubts.length === 0 || plan.load?.k6 === undefined;
  if (isBounded && doubts.every(({ id }) => ONLY_CUT_SHORT.includes(id))) {
    // The bad requests counted so far break the limit even if every missing request was good.
    const planned = doubts.length === 0 ? 0 : maxPlanned(plan, run);
    const all = Math.max(samples, objective.leastSamples, planned);
    const miss = beyond(all);
    if (miss !== null && isShown(objective, surelyBad, all, plan))
      return missedBy(miss, reason('certain-despite', { because }));
  }
  return lostBeyondDoubt(objective, grounds) ?? undecidedFor(because, seen);
}

const limitBetween = ({ target }: PlannedObjective, { between }: Count) =>
  reason('limit-between-edges', {
    limitSeconds: target.value,
    lowSeconds: between!.lowSeconds,
    highSeconds: between!.highSeconds,
    ...(between!.isNative === undefined ? {} : { isNative: true as const }),
  });

/** The target is missed, and the responses in the bucket of the alert threshold decide whether that is urgent. */
const mayBeAlert = (
  { measure, alert }: PlannedObjective,
  { badBeyondAlert, samples, between }: Count,
): boolean =>
  alert !== null &&
  between !== undefined &&
  between.beyondAlert > 0 &&
  isBeyondAlert(measure, alert, badBeyondAlert, samples);

/** Undecided, because requests that may or may not belong to the objective would decide. */
const undecidedBy = ({ hasErrorsInside }: Count, seen: Reasons): Decision =>
  hasErrorsInside === undefined
    ? undecidedFor([reason('phase-edges-would-decide', {})], seen)
    : undecided([...seen, reason('unknown-latencies-would-decide', {})]);

const doubtsOfMiss = ({ measure }: PlannedObjective, broken: readonly Precondition[]) =>
  isRatio(measure) ? broken.filter(({ id }) => !UNMAKES_NO_ERROR.includes(id)) : broken;

const unclaimedReason = ({ measure }: PlannedObjective) =>
  measure.kind === 'latency'
    ? reason('unclaimed-latencies-would-decide', {})
    : reason('unclaimed-events-would-decide', {});

/** Whether the limit is met even if all unclaimed events were bad. */
function keepsWithUnclaimed(
  { measure, target }: PlannedObjective,
  { bad, mayBeBad: atEdges = 0, unclaimed }: Count,
  own: number,
  uncounted: number,
): boolean {
  if (unclaimed === undefined) return true;
  const all = own + unclaimed.outside;
  return isWithin(measure, target, Math.min(all, bad + atEdges + uncounted + unclaimed.mayBeBad), all);
}

/** Why the counts cover more than the window, and how that could change the decision. */
function outsideReason({ all, bad, strangers }: Outside, isKept: boolean): Reason {
  if (!isKept) return reason('outside-bad-would-decide', { atMost: bad });
  return strangers === undefined
    ? reason('outside-good-would-decide', { atMost: all })
    : reason('strangers-would-decide', { atMost: strangers });
}

/**
 * If a confidence is given, a miss must hold at that confidence, however strongly requests depend on each
 * other.
 */
function isShown(objective: PlannedObjective, bad: number, all: number, plan: Plan): boolean {
  const confidence = confidenceOf(plan);
  return confidence === null || isShownWhatever(objective, bad, all, confidence);
}

const maxPlanned = (plan: Plan, run: RunRecord) =>
  Math.max(plan.load?.plannedRequests ?? 0, run.load?.plannedRequests ?? 0);

/** What the given number of bad requests out of `all` breaks: nothing, the SLO target, or also the alert threshold. */
function missesBy(
  { measure: planned, target, alert }: PlannedObjective,
  bad: number,
  badBeyondAlert: number,
  all: number,
) {
  if (isWithin(planned, target, bad, all)) return null;
  if (alert === null) return 'target';
  return isBeyondAlert(planned, alert, badBeyondAlert, all) ? 'alert' : 'target';
}

/** An alert `> 300ms` fires when the limit of 300 ms is broken; an alert `> 5%` when the rate exceeds 5%. */
const isBeyondAlert = (planned: PlannedMeasure, alert: Limit, bad: number, all: number) =>
  planned.kind === 'latency' ? !isWithin(planned, alert, bad, all) : isWithin(planned, alert, bad, all);

/** Unanswered requests are counted by the client alone: enough of them break an error rate on their own. */
export function lostBeyondDoubt(objective: PlannedObjective, { plan, run }: Grounds): Decision | null {
  const { measure: planned, leastSamples } = objective;
  if (!isRatio(planned)) return null;
  if (planned.lost !== 'bad' || run.load === null) return null;
  // With other clients, the number of all requests is unknown, and so is the share of unanswered ones.
  if (plan.isolated === false) return null;
  const { lost, sent, plannedRequests, completed, droppedIterations } = run.load;
  // For a script's own plan, the number of missing requests is unknown.
  if (plan.load?.k6 !== undefined && (!completed || droppedIterations > 0)) return null;
  const all = Math.max(sent, plannedRequests, leastSamples);
  const miss = missesBy(objective, lost, lost, all);
  if (miss === null || !isShown(objective, lost, all, plan)) return null;
  const alone = [reason('lost-alone-miss', { lost, sent, of: all })];
  return {
    ...missed(alone, miss === 'alert'),
    value: planned.kind === 'success' ? 1 - lost / all : lost / all,
    samples: sent,
  };
}
