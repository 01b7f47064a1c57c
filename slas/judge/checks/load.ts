import { maxInFlight } from '../../client/requests.ts';
import type { Load, LoadRecord, Plan, Precondition, RunRecord } from '../../model/model.ts';
import { type Reason, reason } from '../../model/reasons.ts';
import { phasesOf, sentWhile } from '../../window/phases.ts';
import { check } from './check.ts';
import { iterationsOf, lateScenario, offScriptPlan } from './script-load.ts';

/** Preconditions on the load: k6 sent what was planned, on time. */

/** The allowed deviation of a load from its plan, as a share of the plan. */
const TOLERANCE = 0.02;

/** A load within 2% of the plan counts as delivered. A phase that is planned with a fraction of a request may send one more. */
export function loadDelivered(plan: Plan, run: RunRecord): Precondition {
  const id = 'load-delivered';
  if (run.load === null)
    return plan.load === null
      ? check(id, null, reason('no-run-record', {}))
      : check(id, false, reason('planned-load-unknown', {}));
  if (plan.load?.k6 !== undefined) return scriptDelivered(plan.load, plan.load.k6, run.load);
  const wrong = wrongLoad(plan, run.load);
  if (wrong !== null) return check(id, false, wrong, ...sentOf(run.load));
  const { sent, plannedRequests } = run.load;
  const phases = plan.load?.phases.length ?? 1;
  const isOff = sent < (1 - TOLERANCE) * plannedRequests || sent > (1 + TOLERANCE) * plannedRequests + phases;
  if (isOff) return check(id, false, ...sentOf(run.load), reason('load-off-plan', { tolerance: TOLERANCE }));
  const off = offPlan(plan, run);
  return off === null ? check(id, true, ...sentOf(run.load)) : check(id, false, ...sentOf(run.load), off);
}

/** A k6 script plans iterations; the number of requests per iteration is not planned. */
function scriptDelivered(
  planned: Load,
  { scenarios }: NonNullable<Load['k6']>,
  record: LoadRecord,
): Precondition {
  const wrong = anotherLoad(planned, record) ?? offScriptPlan(scenarios, record, TOLERANCE);
  const seen = iterationsOf(scenarios, record);
  return wrong === null
    ? check('load-delivered', true, ...seen)
    : check('load-delivered', false, wrong, ...seen);
}

/** Why the load differs from the planned one, regardless of how much was sent; null if it does not. */
function wrongLoad({ load: planned }: Plan, load: LoadRecord): Reason | null {
  const { droppedIterations: dropped, client } = load;
  const another = anotherLoad(planned, load);
  if (another !== null) return another;
  if (dropped === 0) return null;
  // Whether the virtual users were busy waiting for the service, or with their own work.
  const inFlight = client === undefined ? null : maxInFlight(client);
  return reason('requests-dropped', { dropped, inFlight });
}

function anotherLoad(planned: Load | null, load: LoadRecord): Reason | null {
  const { completed, stoppedBecause } = load;
  if (!completed) return reason('load-cut-short', { because: stoppedBecause ?? null });
  if (planned === null || isOfPlan(planned, load)) return null;
  const { plannedRequests, scheduledSeconds } = planned;
  return reason('load-of-another-plan', { plannedRequests, scheduledSeconds });
}

/**
 * Requests that the script sends without our library are not recorded: they are not counted as sent, and
 * are not included in client-side latency.
 */
function sentOf({ sent, plannedRequests: planned, otherRequests = 0, completed }: LoadRecord) {
  const others =
    otherRequests === 0 || sent >= planned
      ? []
      : [reason('sent-without-library', { requests: otherRequests })];
  return sent === 0 && !completed && others.length === 0
    ? []
    : [reason('load-sent', { sent, planned }), ...others];
}

/**
 * A spike with too few requests may be invisible in the sum of all phases. A request at a phase's edge may
 * fall on either side.
 */
function offPlan(plan: Plan, run: RunRecord): Reason | null {
  const phases = phasesOf(plan, run);
  if (plan.load === null || phases.length === 0) return null;
  const silent = plan.load.phases.find(({ name }) => !phases.some((phase) => phase.name === name));
  if (silent !== undefined) return reason('phase-not-sent', { phase: silent.name });
  for (const phase of phases) {
    const planned = phase.ratePerSecond * phase.durationSeconds;
    // A load generator that is short of CPU sends a phase's last requests in the next one. Visits may also extend into the next phase.
    const isVisit = (plan.load.requestsPerArrival ?? 1) > 1;
    const counts = [phase.sent, (isVisit ? null : sentWhile(phase, run)) ?? phase.sent];
    const sent = counts.find(
      (count) => count < (1 - TOLERANCE) * planned - 1 || count > (1 + TOLERANCE) * planned + 1,
    );
    if (sent !== undefined)
      return reason('phase-off-plan', {
        ...{ phase: phase.name, sent, planned: Math.floor(planned), tolerance: TOLERANCE },
      });
  }
  return null;
}

const isOfPlan = (planned: Load, record: LoadRecord) =>
  planned.plannedRequests === record.plannedRequests && planned.scheduledSeconds === record.scheduledSeconds;

/** The maximum lateness of the load generator. Beyond it, the client would measure its own delay. */
const MAX_LATE_SECONDS = 0.1;

export function generatorOnTime(plan: Plan, run: RunRecord): Precondition {
  const id = 'generator-on-time';
  const late =
    plan.load === null || run.load === null ? null : lateScenario(plan.load, run.load, MAX_LATE_SECONDS);
  if (late !== null)
    return check(id, false, late, reason('generator-too-late', { allowedSeconds: MAX_LATE_SECONDS }));
  const whole = run.load?.startedLateP99Seconds;
  if (whole === undefined) return check(id, null, reason('lateness-unknown', {}));
  // Delays in a short phase may be a small share of all requests.
  const latest = phasesOf(plan, run)
    .map(({ name, startedLateP99Seconds }) => ({ phase: name, lateSeconds: startedLateP99Seconds }))
    .find(({ lateSeconds }) => lateSeconds > MAX_LATE_SECONDS);
  const { phase, lateSeconds } = latest ?? { phase: null, lateSeconds: whole };
  const seen = reason('started-late', { phase, lateSeconds });
  if (lateSeconds <= MAX_LATE_SECONDS) return check(id, true, seen);
  return check(id, false, seen, reason('generator-too-late', { allowedSeconds: MAX_LATE_SECONDS }));
}
