import type { Interval, ObjectiveOutcome, PlannedObjective, Steadiness } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { LEAST_BLOCKS } from '../statistics/design-effect.ts';
import { holm } from '../statistics/intervals.ts';
import { budgetFor } from '../statistics/rule-in-force.ts';
import type { Certainty } from './certainty.ts';

/** What was decided of one objective, and why. */
export interface Decision {
  readonly verdict: ObjectiveOutcome;
  readonly severity: 'target' | 'alert' | null;
  readonly reasons: readonly Reason[];
  /** Where it is not what was measured: the least that the share can be. */
  readonly value?: number;
  readonly samples?: number;
  readonly bucket?: readonly [number, null];
  /** The client's clock missed what the service's did not. */
  readonly byClient?: true;
  /** Undecided, as what would be a miss may be of requests that were sent before the phase: the client's clock knows. */
  readonly isOfOthers?: true;
  /** It rests on a whole measurement, which has an interval; not on what is beyond doubt whatever is missing. */
  readonly isWhole?: true;
}

/** A decision by the observed value, with how sure that is. */
export interface Observed {
  readonly objective: PlannedObjective;
  readonly decision: Decision;
  readonly certainty: Certainty | null;
  /** Whether it kept its level; null where it was no hold, or too short to tell. */
  readonly steadiness: Steadiness | null;
  /** By the client's clock: told shorter, beside what the service's says. */
  readonly isClient: boolean;
}

/**
 * What is decided in the end. Without a confidence it is what was observed, and its place beside the limit is told. With
 * one, whole measurements are decided by their intervals: *met* needs no correction, since all must be met to pass;
 * *missed* is corrected for there being several (Holm), since one is enough to fail.
 */
export function rule(all: readonly Observed[], confidence: number | null): readonly Decision[] {
  if (confidence === null) return all.map(observed);
  const tests = all.flatMap(({ decision, certainty }, index) =>
    decision.isWhole && certainty !== null && certainty.pOfMiss !== null
      ? [{ index, p: certainty.pOfMiss }]
      : [],
  );
  const shown = holm(
    tests.map(({ p }) => p),
    1 - confidence,
  );
  const missed = new Set(tests.filter((_, rank) => shown[rank]).map(({ index }) => index));
  return all.map((one, index) => atConfidence(one, confidence, missed.has(index), tests.length));
}

function observed(one: Observed): Decision {
  const { decision, certainty, steadiness } = one;
  if (!decision.isWhole || certainty === null) return decision;
  const reasons = [...decision.reasons, ...notes(one, certainty)];
  if (steadiness !== 'growing' || decision.verdict !== 'met') return { ...decision, reasons };
  return {
    verdict: 'undecided',
    severity: null,
    isWhole: true,
    reasons: [reason('growing-seen', { seen: reasons })],
  };
}

/** A limit that is kept only for now, or only on average. */
function unsteady(steadiness: Steadiness | null): readonly Reason[] {
  if (steadiness === 'growing') return [reason('growing', {})];
  return steadiness === 'not-steady' ? [reason('not-steady', {})] : [];
}

function notes(one: Observed, certainty: Certainty): readonly Reason[] {
  const { objective, decision, steadiness, isClient } = one;
  const { verdict } = decision;
  const isTold = verdict === 'met' && steadiness === 'growing';
  return [
    ...certaintyNotes(objective, verdict, isClient, certainty),
    ...(isTold ? [] : unsteady(steadiness)),
  ];
}

function certaintyNotes(
  objective: PlannedObjective,
  verdict: ObjectiveOutcome,
  isClient: boolean,
  certainty: Certainty,
): readonly Reason[] {
  const { side, detectable, independenceAssumed } = certainty;
  if (side === null) return isClient ? [] : [tooFewBlocks(certainty)];
  return [
    ...(side === 'both' ? [besideTheLimit(objective, certainty)] : []),
    ...(verdict === 'met' && detectable !== null && !isClient
      ? [reason('minimum-detectable-effect', { share: detectable, overSeconds: limitSeconds(objective) })]
      : []),
    ...(independenceAssumed ? [reason('independence-assumed', {})] : []),
  ];
}

/** The interval holds the limit: because the value is near it, or because there are few requests. */
function besideTheLimit(objective: PlannedObjective, certainty: Certainty): Reason {
  const { margin, isFar, samples, needed } = certainty;
  const bounds = boundsOf(objective, certainty.interval!);
  if (margin === 0) return reason('at-limit', bounds);
  if (!isFar) return reason('close-to-limit', bounds);
  const more = needed?.moreIfNoneBad ?? null;
  return reason('too-few-to-prove', { ...bounds, samples, share: 1 - budgetFor(objective), more });
}

const limitSeconds = ({ measure, target }: PlannedObjective) =>
  measure.kind === 'latency' ? target.value : null;

const tooFewBlocks = ({ blocks }: Certainty) => reason('too-few-blocks', { blocks, needed: LEAST_BLOCKS });

const boundsOf = ({ unit, target }: PlannedObjective, interval: Interval) => ({
  interval,
  unit,
  target: target.text,
});

function atConfidence(
  { objective, decision, certainty, steadiness }: Observed,
  confidence: number,
  isShownMissed: boolean,
  tests: number,
): Decision {
  if (!decision.isWhole || certainty === null) return decision;
  const open = (...because: readonly Reason[]): Decision => ({
    verdict: 'undecided',
    severity: null,
    isWhole: true,
    reasons: [reason('not-sure', { confidence, because, seen: decision.reasons })],
  });
  const { side, interval, independenceAssumed } = certainty;
  const sure = interval === null ? [] : [reason('bounds', boundsOf(objective, interval))];
  switch (side) {
    case null:
      return open(tooFewBlocks(certainty));
    case 'both':
      return open(
        reason('limit-within-bounds', boundsOf(objective, interval!)),
        moreNeeded(objective, certainty),
      );
    case 'bad':
      if (!isShownMissed) return open(reason('chance-among-several', { tests }));
      return { ...decision, reasons: [...decision.reasons, ...sure, ...unsteady(steadiness)] };
    case 'good':
      // The interval is that of a service that keeps its level. A miss needs no such promise: it happened.
      if (unsteady(steadiness).length > 0) return open(...unsteady(steadiness));
      if (independenceAssumed) return open(reason('independence-assumed', {}));
      return { ...decision, reasons: [...decision.reasons, ...sure] };
    default:
      return side satisfies never;
  }
}

const moreNeeded = ({ measure }: PlannedObjective, { needed }: Certainty) =>
  reason('more-needed', { what: measure.kind === 'mean' ? 'observations' : 'requests', ...needed! });
