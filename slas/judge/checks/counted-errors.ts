import { countWhere, isLost } from '../../client/requests.ts';
import { claimsCode } from '../../document/statuses.ts';
import { isRatio } from '../../model/kinds.ts';
import type { LoadRecord, Plan, PlannedObjective } from '../../model/model.ts';

/** Which requests of the load an objective counts as bad, by the statuses that the client received. */

/**
 * Whether such objectives are judged over the whole run, or in each of its phases. An advisory objective decides nothing, so the errors of
 * the load cannot be judged by it. A waived objective can be used, because its owner decided to accept these errors.
 */
export function coversTheLoad(
  { objectives, load }: Plan,
  is: (objective: PlannedObjective) => boolean,
): boolean {
  const own = objectives.filter((one) => one.advisory !== true && is(one));
  const names = load?.phases.map(({ name }) => name) ?? [];
  const isWhole = own.some(({ phase }) => phase === undefined);
  return isWhole || (names.length > 0 && names.every((name) => own.some(({ phase }) => phase === name)));
}

/** Neither successful nor a client error: a redirect that k6 did not follow, or an error of the service. */
export const FAILED = /^(3..|429|5..)$/;

/** A ratio that does not select bad events by status is assumed to count every failed response. */
export const isCountedAsBad = (plan: Plan, status: string): boolean =>
  coversTheLoad(
    plan,
    ({ measure }) =>
      isNotGood(measure, status) ||
      (measure.kind === 'ratio' &&
        (measure.badStatus === null ? FAILED.test(status) : claimsCode(measure.badStatus)(status))),
  );

/** An event of the total that is not good is bad. */
function isNotGood(measure: PlannedObjective['measure'], status: string): boolean {
  if (measure.kind !== 'success') return false;
  const { goodStatus, totalStatus } = measure;
  if (goodStatus === null) return FAILED.test(status);
  const isCounted = totalStatus === null || claimsCode(totalStatus)(status);
  return isCounted && !claimsCode(goodStatus)(status);
}

/** How many requests an objective counts as bad. */
export function countedErrors(plan: Plan, load: LoadRecord): number {
  const countsLost = coversTheLoad(plan, ({ measure }) => isRatio(measure) && measure.lost === 'bad');
  const lost = countsLost ? load.lost : 0;
  if (load.client === undefined) return lost + (isCountedAsBad(plan, '500') ? load.answered['5xx'] : 0);
  return lost + countWhere(load.client, (one) => !isLost(one) && isCountedAsBad(plan, one.status));
}
