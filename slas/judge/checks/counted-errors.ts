import { requestsOf } from '../../client/requests.ts';
import { claimsCode } from '../../document/statuses.ts';
import type { LoadRecord, Plan, PlannedObjective } from '../../model/model.ts';

/** Which requests of the load some objective counts as bad, by what the client saw of them. */

/** Whether such objectives are judged over the whole run, or in each of its phases. */
export function coversTheLoad(
  { objectives, load }: Plan,
  is: (objective: PlannedObjective) => boolean,
): boolean {
  const own = objectives.filter(is);
  const names = load?.phases.map(({ name }) => name) ?? [];
  const isWhole = own.some(({ phase }) => phase === undefined);
  return isWhole || (names.length > 0 && names.every((name) => own.some(({ phase }) => phase === name)));
}

/** Neither a good answer nor the client's own mistake: a redirect goes nowhere, and the others are the service's. */
export const FAILED = /^(3..|429|5..)$/;

/** A ratio whose bad events are told by no status is taken to count every failed response. */
export const isCountedAsBad = (plan: Plan, status: string): boolean =>
  coversTheLoad(
    plan,
    ({ measure }) =>
      measure.kind === 'ratio' &&
      (measure.badStatus === null ? FAILED.test(status) : claimsCode(measure.badStatus)(status)),
  );

/** Requests that an objective counts as bad, by what the client saw of them. */
export function countedErrors(plan: Plan, load: LoadRecord): number {
  const countsLost = coversTheLoad(plan, ({ measure }) => measure.kind === 'ratio' && measure.lost === 'bad');
  const lost = countsLost ? load.lost : 0;
  if (load.client === undefined) return lost + (isCountedAsBad(plan, '500') ? load.answered['5xx'] : 0);
  const statuses = Map.groupBy(requestsOf(load.client), ({ status }) => status);
  return [...statuses].reduce(
    (sum, [status, all]) => (status !== '0' && isCountedAsBad(plan, status) ? sum + all.length : sum),
    lost,
  );
}
