import { isLost, outcomesOf } from '../../client/requests.ts';
import { isWithin } from '../../measures/measure.ts';
import { isRatio } from '../../model/kinds.ts';
import type { LoadRecord, Plan, PlannedObjective } from '../../model/model.ts';
import { type Reason, reason } from '../../model/reasons.ts';
import { budgetFor } from '../../statistics/rule-in-force.ts';
import { countedErrors, coversTheLoad, FAILED, isCountedAsBad } from './counted-errors.ts';

/**
 * Requests with an unexpected outcome that no objective counts as bad: client errors, redirects, failures,
 * unanswered requests. Together with the counted errors, they share one tolerance, the strictest error
 * limit of the plan. For example, 1% of one kind and 1% of another add up to 2% of the requests.
 */
export interface Unexpected {
  /** 4xx except 429 that the script did not expect. */
  readonly mistaken: number;
  /**
   * 3xx, 429 and 5xx that no objective counts as bad, by status (by class, if the client did not record each
   * request).
   */
  readonly failed: ReadonlyMap<string, number>;
  readonly lost: number;
}

/** The tolerance if no objective limits errors: the allowed deviation of a load from its plan. */
const MAX_UNCOUNTED = 0.02;

export function unexpectedOf(plan: Plan, load: LoadRecord): Unexpected {
  const lostIsCounted = coversTheLoad(plan, ({ measure }) => isRatio(measure) && measure.lost === 'bad');
  const statuses = statusesOf(load);
  const uncounted = [...statuses].filter(([status]) => !isCountedAsBad(plan, exampleOf(status)));
  const failed = new Map(uncounted.filter(([status]) => FAILED.test(exampleOf(status))));
  const refused = uncounted.filter(([status]) => status.startsWith('4') && !failed.has(status));
  const mistaken = refused.reduce((sum, [, count]) => sum + count, 0) - (load.expectedRefusals ?? 0);
  return { mistaken: Math.max(0, mistaken), failed, lost: lostIsCounted ? 0 : load.lost };
}

/** Responses by status; by class of status if the client did not record each request. */
function statusesOf({ client, answered }: LoadRecord): ReadonlyMap<string, number> {
  if (client === undefined) return new Map(Object.entries(answered).filter(([, count]) => count > 0));
  const counts = new Map<string, number>();
  for (const one of outcomesOf(client))
    if (!isLost(one)) counts.set(one.status, (counts.get(one.status) ?? 0) + one.count);
  return counts;
}

/** The most common status of a class stands for the class. */
const exampleOf = (status: string) => ({ '3xx': '302', '4xx': '404', '5xx': '500' })[status] ?? status;

export const failedIn = ({ failed }: Unexpected) =>
  [...failed.values()].reduce((sum, count) => sum + count, 0);
const allOf = (unexpected: Unexpected) => unexpected.mistaken + unexpected.lost + failedIn(unexpected);

/** The ratio with the lowest limit; undefined if the plan has none. */
const strictestOf = ({ objectives }: Plan): PlannedObjective | undefined =>
  objectives
    .filter(({ measure, advisory }) => advisory !== true && isRatio(measure))
    .toSorted(
      (a, b) => budgetFor(a) - budgetFor(b) || a.target.comparison.length - b.target.comparison.length,
    )[0];

/**
 * Why there are too many such requests; null while they are tolerated. `more` is the number of additional requests with an unknown outcome.
 */
export function beyondAllowance(plan: Plan, load: LoadRecord, more = 0): Reason | null {
  const unexpected = unexpectedOf(plan, load);
  const own = allOf(unexpected) + more;
  if (own === 0) return null;
  const strictest = strictestOf(plan);
  const counted = strictest === undefined ? 0 : countedErrors(plan, load);
  const together = own + counted;
  const isKept =
    strictest === undefined || isWithin(strictest.measure, strictest.target, together, load.sent);
  if (isKept && own <= MAX_UNCOUNTED * load.sent) return null;
  return reason('unexpected-outcomes', {
    requests: isKept ? own : together,
    sent: load.sent,
    refused: unexpected.mistaken,
    failed: [...unexpected.failed].toSorted().map(([status, count]) => ({ status, count })),
    unanswered: unexpected.lost,
    ...(more === 0 ? {} : { interrupted: more }),
    countedErrors: isKept ? 0 : counted,
    tolerance: MAX_UNCOUNTED,
    limit: isKept ? null : { id: strictest!.id, text: strictest!.target.text },
  });
}
