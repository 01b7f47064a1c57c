import type { ObjectiveVerdict, PlannedObjective, Waiver } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { SCRIPT_ROW } from './script-rows.ts';

/**
 * Objectives that are judged and shown but do not decide the verdict: advisory ones, and those with a
 * waiver. A waiver applies until the end of its last day in UTC. The time of the run counts, so a stored
 * run gets the same verdict whenever it is judged again.
 */

export function exempted(
  verdict: ObjectiveVerdict,
  { advisory, waiver }: PlannedObjective,
  endedAtSeconds: number,
): ObjectiveVerdict {
  if (waiver !== undefined && endedAtSeconds < waiver.endsAtSeconds)
    return { ...verdict, exempt: 'waived', reasons: [waived(waiver), ...verdict.reasons] };
  const expired = waiver === undefined ? [] : [reason('waiver-expired', told(waiver))];
  if (advisory === true)
    return {
      ...verdict,
      exempt: 'advisory',
      reasons: [reason('advisory', {}), ...expired, ...verdict.reasons],
    };
  return expired.length === 0 ? verdict : { ...verdict, reasons: [...expired, ...verdict.reasons] };
}

const told = ({ owner, reason: why, until }: Waiver) => ({ owner, why, until });
const waived = (waiver: Waiver): Reason => reason('waived', told(waiver));

/** The objectives that decide the verdict. */
export const decisive = (objectives: readonly ObjectiveVerdict[]): readonly ObjectiveVerdict[] =>
  objectives.filter(({ exempt }) => exempt === undefined);

/**
 * If a document has objectives, at least one of them must decide: the checks and thresholds of a load script do not
 * replace objectives that are all advisory or waived.
 */
export function isDecidedByDocument(objectives: readonly ObjectiveVerdict[]): boolean {
  const own = objectives.filter(({ id }) => !id.startsWith(SCRIPT_ROW));
  return own.length === 0 || decisive(own).length > 0;
}

/** The objectives that do not decide the verdict, with their outcomes. */
export const exemptOf = (objectives: readonly ObjectiveVerdict[]) =>
  objectives.flatMap(({ id, exempt, verdict }) => (exempt === undefined ? [] : [{ id, exempt, verdict }]));
