import type { Interval, ObjectiveOutcome, PlannedObjective, Steadiness } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { MIN_BLOCKS } from '../statistics/design-effect.ts';
import { holm } from '../statistics/intervals.ts';
import { budgetFor } from '../statistics/rule-in-force.ts';
import type { Certainty } from './certainty.ts';

/** The decision on one objective, and its reason. */
export interface Decision {
  readonly verdict: ObjectiveOutcome;
  readonly severity: 'target' | 'alert' | null;
  readonly reasons: readonly Reason[];
  /** Used instead of the measured share: the lowest that the share can be. */
  readonly value?: number;
  readonly samples?: number;
  readonly bucket?: readonly [number, null];
  /**
   * Client-side latency decided: the objective is missed client-side but not service-side, or was measured
   * client-side only.
   */
  readonly byClient?: true;
  /** Undecided, because a miss may be caused by requests that were sent before the phase. Client-side data can decide that. */
  readonly isOfOthers?: true;
  /** Undecided because the limit lies between two bucket edges. Client-side latency, which is higher, may decide. */
  readonly isBetween?: true;
  /** Missed. Whether the value is beyond the alert threshold is unknown, because the threshold lies between two bucket edges. */
  readonly mayBeAlert?: true;
  /** The decision is based on a complete measurement with an interval, and not on a bound that holds in spite of missing data. */
  readonly isWhole?: true;
}

/** A decision by the observed value, with its certainty. */
export interface Observed {
  readonly objective: PlannedObjective;
  readonly decision: Decision;
  readonly certainty: Certainty | null;
  /** Whether the judged value was steady; null if the load was not constant, or too short to tell. */
  readonly steadiness: Steadiness | null;
  /** True if this decision uses client-side latency. It is shown next to the service-side result, so its wording is shorter. */
  readonly isClient: boolean;
}

/**
 * The final decision. Without a confidence, the observed decision stands, and the interval's position relative to the limit is reported.
 * With a confidence, complete measurements are decided by their intervals. *Met* needs no correction, because all objectives must be met to
 * pass. *Missed* is corrected for multiple tests (Holm), because one missed objective is enough to fail.
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

/** The limit is met only so far, or only on average. */
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
  const { side, detectable, overSeconds, independenceAssumed } = certainty;
  if (side === null) return isClient ? [] : [tooFewBlocks(certainty)];
  return [
    ...(side === 'both' ? [nearTheLimit(objective, certainty)] : []),
    ...(verdict === 'met' && detectable !== null && !isClient
      ? [reason('minimum-detectable-effect', { share: detectable, overSeconds })]
      : []),
    ...(independenceAssumed ? [reason('independence-assumed', {})] : []),
  ];
}

/** The interval contains the limit, either because the value is near it or because there are few requests. */
function nearTheLimit(objective: PlannedObjective, certainty: Certainty): Reason {
  const { margin, isFar, samples, needed } = certainty;
  const bounds = boundsOf(objective, certainty.interval!);
  if (margin === 0) return reason('at-limit', bounds);
  if (!isFar) return reason('close-to-limit', bounds);
  const more = needed?.moreIfNoneBad ?? null;
  return reason('too-few-to-prove', { ...bounds, samples, share: 1 - budgetFor(objective), more });
}

const tooFewBlocks = ({ blocks }: Certainty) => reason('too-few-blocks', { blocks, needed: MIN_BLOCKS });

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
      // The interval assumes that the service does not change. A miss does not need that assumption,
      // because the bad requests have already occurred.
      if (unsteady(steadiness).length > 0) return open(...unsteady(steadiness));
      if (independenceAssumed) return open(reason('independence-assumed', {}));
      return { ...decision, reasons: [...decision.reasons, ...sure] };
    default:
      return side satisfies never;
  }
}

const moreNeeded = ({ measure }: PlannedObjective, { needed }: Certainty) =>
  reason('more-needed', { what: measure.kind === 'mean' ? 'observations' : 'requests', ...needed! });
