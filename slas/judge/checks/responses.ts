import { countWhere } from '../../client/requests.ts';
import type { LoadRecord, Plan, Precondition, RunRecord } from '../../model/model.ts';
import { type Reason, reason } from '../../model/reasons.ts';
import { beyondAllowance, failedIn, unexpectedOf } from './allowance.ts';
import { check } from './check.ts';
import { FAILED } from './counted-errors.ts';
import { areFailuresAllowed } from './load-script.ts';

/**
 * Preconditions on the responses that the client received: too many unexpected ones prevent a pass on the
 * rest.
 */

/** To every counter, a login page with status 200 is a success, so the load script checks response bodies. */
export function answersRight(plan: Plan, { load }: RunRecord): Precondition {
  const id = 'answers-right';
  const errors = load === null ? [] : scriptErrors(load);
  if (load?.wrongAnswers === undefined) {
    // A script that failed may have been about to check a response.
    if (errors.length > 0) return check(id, false, ...errors);
    return check(id, null, unchecked(load));
  }
  const { seen, isMost } = checkedResponses(plan, load, load.wrongAnswers);
  if (errors.length > 0) return check(id, false, ...errors, seen);
  if (load.wrongAnswers === 0) return check(id, isMost ? true : null, seen);
  return areFailuresAllowed(plan, load)
    ? check(id, isMost ? true : null, seen, reason('failures-allowed', {}))
    : check(id, false, seen);
}

const scriptErrors = ({ scriptErrors: errors = 0, firstScriptError: first }: LoadRecord) =>
  errors === 0 ? [] : [reason('script-errors', { errors, first: first ?? null })];

/** It is unknown whether the script's own checks look at bodies; `checks-passed` counts them. */
const unchecked = (load: LoadRecord | null) =>
  load?.checks?.length ? reason('checks-of-unknown-content', {}) : reason('bodies-unchecked', {});

/** Any of the unchecked responses may be wrong: they share the tolerance for unexpected outcomes. */
function checkedResponses(
  plan: Plan,
  load: LoadRecord,
  wrong: number,
): { readonly seen: Reason; readonly isMost: boolean } {
  const { answered, expectedRefusals = 0, lookedInto: looked } = load;
  const successful = answered['2xx'];
  if (looked === undefined)
    return { seen: reason('responses-checked-unknown', { wrong, successful }), isMost: false };
  if (successful + expectedRefusals === 0) return { seen: reason('no-successes', {}), isMost: false };
  const unseen = Math.max(0, successful - looked);
  const checked = successful - unseen + expectedRefusals;
  return {
    seen: reason('responses-checked', { wrong, checked, unchecked: unseen, successful, expectedRefusals }),
    isMost: unseen === 0 || beyondAllowance(plan, load, unseen) === null,
  };
}

/**
 * Client errors (4xx except 429) are not errors of the service, and reduce the number of judged requests. If
 * there are more than a few, either the script or the service is wrong, and the rest cannot pass. A missed
 * objective stays missed.
 */
export function requestsValid(plan: Plan, { load }: RunRecord): Precondition {
  const id = 'requests-valid';
  if (load === null) return check(id, null, reason('no-run-record', {}));
  if (load.sent === 0) return check(id, null, reason('nothing-sent', {}));
  const { mistaken: refused } = unexpectedOf(plan, load);
  const seen = reason('client-errors', { refused, sent: load.sent, expected: load.expectedRefusals ?? null });
  return allowed(id, refused, [seen], plan, load);
}

/** If there are unexpected outcomes, all of them together must be within the tolerance. */
function allowed(
  id: string,
  own: number,
  seen: readonly Reason[],
  plan: Plan,
  load: LoadRecord,
  more = 0,
): Precondition {
  const beyond = own + more === 0 ? null : beyondAllowance(plan, load, more);
  return beyond === null ? check(id, true, ...seen) : check(id, false, ...seen, beyond);
}

/**
 * Unanswered requests appear in no counter of the service: a document that does not count them must not pass
 * on the rest.
 */
export function lossesJudged(plan: Plan, { load }: RunRecord): Precondition {
  const id = 'losses-judged';
  if (load === null) return check(id, null, reason('no-run-record', {}));
  if (load.sent === 0) return check(id, null, reason('nothing-sent', {}));
  const seen = reason('requests-unanswered', { unanswered: load.lost, sent: load.sent });
  const { lost } = unexpectedOf(plan, load);
  const { interruptedIterations: interrupted = 0 } = load;
  const uncounted = lost === 0 ? [] : [reason('unanswered-not-judged', {})];
  const cut = interrupted === 0 ? [] : [reason('iterations-interrupted', { iterations: interrupted })];
  return allowed(id, lost, [seen, ...uncounted, ...cut], plan, load, interrupted);
}

/**
 * Latencies and means include successful responses only. If no objective counts the others, the remaining
 * successful ones cannot pass.
 */
export function failuresJudged(plan: Plan, { load }: RunRecord): Precondition {
  const id = 'failures-judged';
  if (load?.sent === 0) return check(id, null, reason('nothing-sent', {}));
  if (load === null) return check(id, null, reason('no-run-record', {}));
  const unexpected = unexpectedOf(plan, load);
  const unjudged = failedIn(unexpected);
  if (load.client === undefined && unjudged === 0) return check(id, null, reason('no-client-record', {}));
  const failed =
    load.client === undefined
      ? load.answered['3xx'] + load.answered['5xx']
      : countWhere(load.client, ({ status }) => FAILED.test(status));
  const seen = reason('failed-responses', { failed, sent: load.sent });
  const statuses = [...unexpected.failed.keys()].sort();
  const uncounted = unjudged === 0 ? [] : [reason('failed-not-judged', { failed: unjudged, statuses })];
  return allowed(id, unjudged, [seen, ...uncounted], plan, load);
}
