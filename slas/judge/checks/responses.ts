import { requestsOf } from '../../client/requests.ts';
import type { LoadRecord, Plan, Precondition, RunRecord } from '../../model/model.ts';
import { countOf, formatCount, were } from '../../render/numbers.ts';
import { beyondAllowance, failedIn, unaskedOf } from './allowance.ts';
import { check, NOTHING_SENT } from './check.ts';
import { FAILED } from './counted-errors.ts';
import { areFailuresAllowed } from './load-script.ts';

/** Preconditions about the responses that the client got: nothing passes on the good ones that are left. */

/** A page that says "please log in" with status 200 is a good answer to every counter: the load script looks closer. */
export function answersRight(plan: Plan, { load }: RunRecord): Precondition {
  const id = 'answers-right';
  const errors = load === null ? null : scriptErrorWords(load);
  if (load?.wrongAnswers === undefined) {
    // A script that ends early may have been about to look.
    if (errors !== null) return check(id, false, errors);
    return check(id, null, unlooked(load));
  }
  const { told, isMost } = lookedInto(plan, load, load.wrongAnswers);
  if (errors !== null) return check(id, false, `${errors}; ${told}`);
  if (load.wrongAnswers === 0) return check(id, isMost ? true : null, told);
  return areFailuresAllowed(plan, load)
    ? check(id, isMost ? true : null, `${told}: no more than may fail (see checks-passed)`)
    : check(id, false, told);
}

/** `the load script failed 3 times (logs/k6.log), first: TypeError: …`; null if it never did. */
function scriptErrorWords({ scriptErrors = 0, firstScriptError }: LoadRecord): string | null {
  if (scriptErrors === 0) return null;
  const first =
    firstScriptError === undefined ? '' : `${scriptErrors === 1 ? ': ' : ', first: '}${firstScriptError}`;
  return `the load script failed ${countOf(scriptErrors, 'time')} (logs/k6.log)${first}`;
}

/** Checks of the script's own may look at bodies or not: they are counted elsewhere. */
const unlooked = (load: LoadRecord | null) =>
  load?.checks?.length
    ? 'what the checks of the load script look at is not known (see checks-passed)'
    : 'response bodies were not checked';

/** How many answers were looked into: of the others nothing is claimed. Of a few of them any may be wrong: they share the tolerance for what nobody asked for. */
function lookedInto(plan: Plan, load: LoadRecord, wrong: number) {
  const { answered, expectedRefusals = 0, lookedInto: looked } = load;
  const good = answered['2xx'];
  if (looked === undefined)
    return {
      told: `${countOf(wrong, 'answer')} ${were(wrong)} found not to be what was asked for; how many of the ${formatCount(good)} good ones were looked into was not recorded`,
      isMost: false,
    };
  if (good + expectedRefusals === 0)
    return { told: 'there was no successful response to look into', isMost: false };
  const unseen = Math.max(0, good - looked);
  const all = countOf(good - unseen + expectedRefusals, expectedRefusals > 0 ? 'answer' : 'good answer');
  const told =
    unseen === 0
      ? `${formatCount(wrong)} of ${all} ${were(wrong)} not what was asked for`
      : `${formatCount(wrong)} of ${all} that were looked into ${were(wrong)} not what was asked for; nobody looked into the other ${formatCount(unseen)} of ${formatCount(good)} good ones`;
  return { told, isMost: unseen === 0 || beyondAllowance(plan, load, unseen) === null };
}

/**
 * Refusals as the client's own mistake (4xx but 429) are nobody's errors, and shrink what is judged. More than a few, and
 * either the script or the service is wrong: nothing passes on the rest. What is missed all the same stays missed.
 */
export function requestsValid(plan: Plan, { load }: RunRecord): Precondition {
  const id = 'requests-valid';
  if (load === null) return check(id, null, 'no run record: only the server was asked');
  if (load.sent === 0) return check(id, null, NOTHING_SENT);
  const { mistaken } = unaskedOf(plan, load);
  const expected =
    load.expectedRefusals === undefined
      ? ''
      : `, ${formatCount(load.expectedRefusals)} more as they were meant to be`;
  const told = `${formatCount(mistaken)} of ${countOf(load.sent, 'request')} ${were(mistaken)} refused as mistakes of the client (4xx)${expected}`;
  return allowed(id, mistaken, told, plan, load);
}

/** Where there are any, all that nobody asked for must be few, together. */
function allowed(id: string, own: number, told: string, plan: Plan, load: LoadRecord): Precondition {
  const beyond = own === 0 ? null : beyondAllowance(plan, load);
  return check(id, beyond === null, beyond === null ? told : `${told}; ${beyond}`);
}

/** Requests without an answer are in no counter of the service: a document that counts none must not pass on the rest. */
export function lossesJudged(plan: Plan, { load }: RunRecord): Precondition {
  const id = 'losses-judged';
  if (load === null) return check(id, null, 'no run record: only the server was asked');
  if (load.sent === 0) return check(id, null, NOTHING_SENT);
  const told = `${formatCount(load.lost)} of ${countOf(load.sent, 'request')} ${were(load.lost)} never answered`;
  const { lost } = unaskedOf(plan, load);
  const uncounted = lost === 0 ? '' : ', and no objective counts them (a ratio with "lost: bad" does)';
  return allowed(id, lost, told + uncounted, plan, load);
}

/**
 * Answers that are no good ones are in no latency and no mean. Where no objective counts them, nothing passes on the few good
 * ones that are left.
 */
export function failuresJudged(plan: Plan, { load }: RunRecord): Precondition {
  const id = 'failures-judged';
  if (load?.sent === 0) return check(id, null, NOTHING_SENT);
  if (load === null) return check(id, null, 'the load generator left no record of its requests');
  const unasked = unaskedOf(plan, load);
  const unjudged = failedIn(unasked);
  if (load.client === undefined && unjudged === 0)
    return check(id, null, 'the load generator left no record of its requests');
  const failed =
    load.client === undefined
      ? load.answered['3xx'] + load.answered['5xx']
      : requestsOf(load.client).filter(({ status }) => FAILED.test(status)).length;
  const told = `${formatCount(failed)} of ${countOf(load.sent, 'request')} ${were(failed)} answered with 3xx, 429 or 5xx`;
  const statuses = [...unasked.failed.keys()].sort().join(', ');
  const uncounted =
    unjudged === 0 ? '' : `: no objective counts ${formatCount(unjudged)} of them (${statuses}) as bad`;
  return allowed(id, unjudged, told + uncounted, plan, load);
}
