import { mostInFlight, requestsOf } from '../../client/requests.ts';
import type { Load, LoadRecord, Plan, Precondition, RunRecord } from '../../model/model.ts';
import { countOf, formatCount, were } from '../../render/numbers.ts';
import { phasesOf, sentWhile } from '../../window/phases.ts';
import { check } from './check.ts';

/** Preconditions about the load: k6 sent what was planned, and sent it in time. */

/** Of a phase with a fraction of a request one more may be sent; 2% off is still the planned load. */
export function loadDelivered(plan: Plan, run: RunRecord): Precondition {
  const id = 'load-delivered';
  if (run.load === null)
    return plan.load === null
      ? check(id, null, 'no run record: somebody else made the load')
      : check(id, false, `no run record: nobody knows whether the planned load was sent`);
  const { plannedRequests, sent, droppedIterations, completed, stoppedBecause } = run.load;
  const told = `${formatCount(sent)} of ${countOf(plannedRequests, 'planned request')} ${were(sent)} sent${pastTheLibrary(run.load)}`;
  if (!completed)
    return check(
      id,
      false,
      `the load was cut short (${stoppedBecause ?? 'reason unknown'})${sent === 0 && pastTheLibrary(run.load) === '' ? '' : `: ${told}`}`,
    );
  if (plan.load !== null && !isOfPlan(plan.load, run.load))
    return check(
      id,
      false,
      `the run record is of another load than the plan, which has ${countOf(plan.load.plannedRequests, 'request')} in ${formatCount(plan.load.scheduledSeconds)} s: ${told}`,
    );
  if (droppedIterations > 0)
    return check(
      id,
      false,
      `${countOf(droppedIterations, 'planned request')} ${were(droppedIterations)} dropped, no virtual user was free${inFlightWords(run.load)}: ${told}`,
    );
  const ok =
    sent >= 0.98 * plannedRequests && sent <= 1.02 * plannedRequests + (plan.load?.phases.length ?? 1);
  if (!ok) return check(id, false, `${told}: more than 2% off`);
  const off = offPlan(plan, run);
  return check(id, off === null, off === null ? told : `${told}, but ${off}`);
}

/** What is sent otherwise is in no record of single requests: neither counted as sent nor judged by the client's clock. */
const pastTheLibrary = ({ otherRequests = 0, sent, plannedRequests }: LoadRecord) =>
  otherRequests === 0 || sent >= plannedRequests
    ? ''
    : `; the script sent ${countOf(otherRequests, 'request')} without loadtests/lib/request.ts (use its send, get or post: only these are recorded)`;

/** Whether it was the service that held the virtual users up, or they themselves. */
const inFlightWords = ({ client }: LoadRecord) =>
  client === undefined
    ? ''
    : `, with at most ${countOf(mostInFlight(requestsOf(client)), 'request')} waiting for an answer at once`;

/** A spike that was sent too thin may hide in the sum of all phases. One request more or less lies at its edges. */
function offPlan(plan: Plan, run: RunRecord): string | null {
  const phases = phasesOf(plan, run);
  if (plan.load === null || phases.length === 0) return null;
  const silent = plan.load.phases.find(({ name }) => !phases.some((phase) => phase.name === name));
  if (silent !== undefined) return `none of phase "${silent.name}"`;
  for (const phase of phases) {
    const { name, ratePerSecond, durationSeconds } = phase;
    const planned = ratePerSecond * durationSeconds;
    // A generator that is starved of CPU sends a phase's last requests in the next one. Visits may reach into it.
    const isVisit = (plan.load.requestsPerArrival ?? 1) > 1;
    const counts = [phase.sent, (isVisit ? null : sentWhile(phase, run)) ?? phase.sent];
    const sent = counts.find((count) => count < 0.98 * planned - 1 || count > 1.02 * planned + 1);
    if (sent !== undefined)
      return `${formatCount(sent)} of ${formatCount(Math.floor(planned))} in phase "${name}": more than 2% off`;
  }
  return null;
}

const isOfPlan = (planned: Load, record: LoadRecord) =>
  planned.plannedRequests === record.plannedRequests && planned.scheduledSeconds === record.scheduledSeconds;

/** Past this, what the client measures is its own lateness. */
const LATEST_START_SECONDS = 0.1;

export function generatorOnTime(plan: Plan, run: RunRecord): Precondition {
  const id = 'generator-on-time';
  const whole = run.load?.startedLateP99Seconds;
  if (whole === undefined) return check(id, null, 'how late requests began was not measured');
  // A short phase that was late is few of all requests.
  const latest = phasesOf(plan, run)
    .map(({ name, startedLateP99Seconds }) => ({
      where: ` of phase "${name}"`,
      lateSeconds: startedLateP99Seconds,
    }))
    .find(({ lateSeconds }) => lateSeconds > LATEST_START_SECONDS);
  const { where, lateSeconds } = latest ?? { where: '', lateSeconds: whole };
  const told = `99% of the requests${where} began at most ${Math.round(lateSeconds * 1000)} ms late`;
  if (lateSeconds <= LATEST_START_SECONDS) return check(id, true, told);
  return check(
    id,
    false,
    `${told}: the generator was starved of CPU, or had no virtual user free (${LATEST_START_SECONDS * 1000} ms are allowed)`,
  );
}
