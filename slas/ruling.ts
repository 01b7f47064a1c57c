import type { Certainty } from './certainty.ts';
import { holm } from './intervals.ts';
import type { Interval, ObjectiveOutcome, PlannedObjective, Steadiness } from './model.ts';
import { countOf, formatCount, formatInterval, formatValue } from './numbers.ts';

/** What was decided of one objective, and why. */
export interface Decision {
  readonly verdict: ObjectiveOutcome;
  readonly severity: 'target' | 'alert' | null;
  readonly reason: string;
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
  const reason = [decision.reason, ...notes(one, certainty)].join('; ');
  if (steadiness !== 'growing' || decision.verdict !== 'met') return { ...decision, reason };
  return { verdict: 'undecided', severity: null, isWhole: true, reason: `${GROWING} (seen: ${reason})` };
}

const GROWING = 'growing: it got worse all the time, and its last third alone is beyond the target';

/** What a limit that is kept only for now, or only on average, says of itself. */
const unsteady = (steadiness: Steadiness | null) =>
  steadiness === 'growing'
    ? [GROWING]
    : steadiness === 'not-steady'
      ? ['not steady: it did not keep its level']
      : [];

function notes(one: Observed, certainty: Certainty): readonly string[] {
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
): readonly string[] {
  const { side, detectable, independenceAssumed } = certainty;
  if (side === null) return isClient ? [] : [tooFewBlocks(certainty)];
  return [
    ...(side === 'both'
      ? [`within noise of the limit${isClient ? ' there' : ''}: ${enclosed(objective, certainty.interval!)}`]
      : []),
    ...(verdict === 'met' && detectable !== null && !isClient
      ? [`a true share of ${formatValue(detectable, 'ratio')} ${beyond(objective)} would have been found`]
      : []),
    ...(independenceAssumed ? ['independence assumed'] : []),
  ];
}

const beyond = ({ measure }: PlannedObjective) => (measure.kind === 'latency' ? 'slower ones' : 'bad ones');

const tooFewBlocks = ({ blocks }: Certainty) =>
  `no interval: ${countOf(blocks, 'stretch of time', 'stretches of time')}, 12 are needed`;

const enclosed = (objective: PlannedObjective, interval: Interval) =>
  `the ${formatValue(interval.confidence, 'ratio')} bounds are ${formatInterval(interval, objective.unit, objective.target.text)}`;

function atConfidence(
  { objective, decision, certainty, steadiness, isClient }: Observed,
  confidence: number,
  isShownMissed: boolean,
  tests: number,
): Decision {
  if (!decision.isWhole || certainty === null) return decision;
  const level = formatValue(confidence, 'ratio');
  const open = (why: string): Decision => ({
    verdict: 'undecided',
    severity: null,
    isWhole: true,
    reason: `not sure at ${level}: ${why} (seen: ${decision.reason})`,
  });
  const { side, interval, independenceAssumed } = certainty;
  const sure = `; ${isClient ? 'there ' : ''}${interval === null ? '' : enclosed(objective, interval)}`;
  switch (side) {
    case null:
      return open(tooFewBlocks(certainty));
    case 'both':
      return open(
        `${enclosed(objective, interval!)}, with the limit inside; ${moreNeeded(objective, certainty)}`,
      );
    case 'bad':
      if (!isShownMissed)
        return open(
          `beyond the limit by itself, but one of ${tests} objectives may look so by chance (Holm)`,
        );
      return { ...decision, reason: [decision.reason + sure, ...unsteady(steadiness)].join('; ') };
    case 'good':
      // The interval is that of a service that keeps its level. A miss needs no such promise: it happened.
      if (unsteady(steadiness).length > 0) return open(unsteady(steadiness)[0]!);
      if (independenceAssumed)
        return open(
          'no slow or bad request tells how much requests depend on each other (independence assumed)',
        );
      return { ...decision, reason: decision.reason + sure };
    default:
      return side satisfies never;
  }
}

/** `about 3,351 more requests would decide with 80 % probability if the share stays, 193 if none more is bad`. */
function moreNeeded({ measure }: PlannedObjective, { needed }: Certainty): string {
  const { more80, moreIfNoneBad } = needed!;
  const noneBad = moreIfNoneBad === null ? '' : `${formatCount(moreIfNoneBad)} if none more is bad`;
  if (more80 === null)
    return `too near the limit to decide within a day of such load${noneBad === '' ? '' : `, or ${noneBad}`}`;
  const what = measure.kind === 'mean' ? 'observations' : 'requests';
  const likely = `about ${formatCount(more80)} more ${what} would decide with 80 % probability if it stays so`;
  return noneBad === '' ? likely : `${likely}, ${noneBad}`;
}
