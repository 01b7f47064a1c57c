import { answersInAll, mostInFlight, requestsOf } from './client-requests.ts';
import type {
  Evidence,
  Load,
  LoadRecord,
  Plan,
  PlannedObjective,
  Precondition,
  RunRecord,
  Series,
} from './model.ts';
import { countOf, formatCount, were } from './numbers.ts';
import { phasesOf, sentWhile } from './phases.ts';
import { selectorsOfPlan } from './promql.ts';
import type { Reconciliation } from './reconcile.ts';
import { wholly } from './statuses.ts';
import { belongsTo, clock, parseValue, type TargetWindow } from './targets.ts';
import type { Frame } from './window.ts';

/** The checks that a verdict stands on. Each says in words what it saw; null is "could not be checked here". */
export function checkPreconditions(
  plan: Plan,
  run: RunRecord,
  evidence: Evidence,
  frame: Frame,
  reconciled: Reconciliation,
): readonly Precondition[] {
  return [
    prometheusAnswered(plan, evidence, frame),
    withoutWarnings(evidence),
    edgesScraped(frame),
    clocksAgree(run, evidence, frame),
    notRestarted(plan, frame),
    loadDelivered(plan, run),
    generatorOnTime(plan, run),
    answersRight(run),
    requestsValid(run),
    lossesJudged(plan, run),
    failuresJudged(plan, run),
    clientAndServerAgree(run, reconciled),
    nothingDied(run),
  ];
}

const check = (id: string, ok: boolean | null, detail: string): Precondition => ({ id, ok, detail });

function prometheusAnswered(plan: Plan, { readings }: Evidence, frame: Frame): Precondition {
  const silent = [...readings, ...frame.readings.values()].find(({ error }) => error !== null);
  if (silent) return check('prometheus-answered', false, `${silent.query}: ${silent.error}`);
  const unasked = selectorsOfPlan(plan).find((selector) => !frame.readings.has(selector));
  if (unasked) return check('prometheus-answered', false, `there is no evidence for ${unasked}`);
  return check(
    'prometheus-answered',
    true,
    `${countOf(readings.length, 'query', 'queries')} ${were(readings.length)} answered`,
  );
}

function withoutWarnings({ readings }: Evidence): Precondition {
  const warned = readings.filter(({ warnings }) => warnings.length > 0);
  const first = warned[0];
  if (first) return check('no-warnings', false, `${first.query}: ${first.warnings.join('; ')}`);
  return check('no-warnings', true, 'Prometheus warned of nothing');
}

function edgesScraped(frame: Frame): Precondition {
  const id = 'edges-scraped';
  const { targets } = frame;
  if (targets.length === 0)
    return check(id, false, 'Prometheus has no samples of the service around the window');
  const broken = targets.filter(({ problem }) => problem !== null);
  if (broken.length > 0) return check(id, false, broken.map(({ problem }) => problem).join('; '));
  const told = targets.map(
    ({ name, openSeconds, closeSeconds, scrapes, unreadScrapes, missedScrapes, intervalSeconds, lives }) =>
      `${name} from ${clock(openSeconds)}${lives[0]!.bornSeconds === null ? '' : ' (it started inside)'} to ${clock(closeSeconds)}${lives.at(-1)!.unseenSeconds === 0 ? '' : ' (it ended inside)'}, ${countOf(scrapes.length + unreadScrapes, 'scrape')} about ${Number(intervalSeconds.toFixed(2))} s apart${missedScrapes ? `, ${formatCount(missedScrapes)} missed inside` : ''}`,
  );
  return check(id, true, told.join('; '));
}

/** The window is cut by our clock and by Prometheus's: they may differ by less than a scrape. */
function clocksAgree({ load }: RunRecord, { clock: read }: Evidence, { targets }: Frame): Precondition {
  const id = 'clocks-agree';
  if (load === null) return check(id, null, 'no run record: only the clock of Prometheus matters');
  const intervalSeconds = Math.min(...targets.map((target) => target.intervalSeconds));
  if (read === undefined || !Number.isFinite(intervalSeconds))
    return check(id, null, 'the clock of Prometheus could not be read');
  const { aheadSeconds, uncertaintySeconds } = read;
  const ahead = `the clock of Prometheus is ${Math.abs(aheadSeconds).toFixed(3)} s ${aheadSeconds < 0 ? 'behind' : 'ahead'}`;
  const told = `${ahead}, give or take ${uncertaintySeconds.toFixed(3)} s`;
  if (Math.abs(aheadSeconds) < uncertaintySeconds && uncertaintySeconds >= intervalSeconds)
    return check(
      id,
      null,
      `${told}: too little is known of it, with ${intervalSeconds.toFixed(1)} s between two scrapes`,
    );
  const ok = Math.abs(aheadSeconds) - uncertaintySeconds < intervalSeconds;
  return check(
    id,
    ok,
    ok ? told : `${told}: more than the ${intervalSeconds.toFixed(1)} s between two scrapes`,
  );
}

function notRestarted(plan: Plan, frame: Frame): Precondition {
  const id = 'service-not-restarted';
  const reading = frame.readings.get(plan.processStart);
  if (reading !== undefined && reading.error !== null)
    return check(id, false, `whether it did could not be asked: ${reading.error}`);
  const series = reading?.series ?? [];
  if (series.length === 0)
    return check(id, null, `there is no ${plan.processStart}: only counters that fell would tell`);
  const isElastic = plan.replicas === 'elastic';
  const found = frame.targets.flatMap((target) => {
    const own = series.filter((one) => belongsTo(one, target));
    if (own.length === 1 && isElastic) return [];
    return own.length === 0 ? [null] : own.map((one) => restartOf(one, target));
  });
  const restart = found.find((one) => typeof one === 'string');
  if (restart) return check(id, false, restart);
  if (frame.targets.length === 0 || found.includes(null))
    return check(id, null, 'not every target tells when its process started');
  if (isElastic) return check(id, true, elasticReplicas(frame));
  return check(id, true, 'each process kept its start time');
}

/** Where replicas come and go it is told how many did: their counts begin at 0, and what went with them is bounded. */
function elasticReplicas({ targets }: Frame): string {
  const lives = targets.flatMap((target) => target.lives);
  const born = lives.filter(({ bornSeconds }) => bornSeconds !== null).length;
  const ended = lives.filter(({ unseenSeconds }) => unseenSeconds > 0);
  const seconds = ended.reduce((sum, { unseenSeconds }) => sum + unseenSeconds, 0);
  const unseen = ended.length === 0 ? '' : `, unseen for at most ${Number(seconds.toFixed(1))} s in all`;
  return `replicas are elastic: ${formatCount(born)} started inside, ${formatCount(ended.length)} ended${unseen}`;
}

/** What speaks against one process having run from edge to edge; undefined if nothing does. */
function restartOf({ samples }: Series, target: TargetWindow): string | undefined {
  const { name, openSeconds, closeSeconds, intervalSeconds, problem } = target;
  // Without edges, all that was read is looked at.
  const half = intervalSeconds / 2;
  const inside = samples.filter(
    ([at]) => problem !== null || (at > openSeconds - half && at < closeSeconds + half),
  );
  const start = parseValue(inside[0]?.[1] ?? '');
  const changed = inside.find(([, value]) => parseValue(value) !== start);
  if (changed) return `the process of ${name} restarted: seen at ${clock(changed[0])}`;
  if (problem !== null) return undefined;
  const isWhole =
    inside.some(([at]) => at < openSeconds + half) && inside.some(([at]) => at > closeSeconds - half);
  return isWhole
    ? undefined
    : `the start time of the process of ${name} is not known at both edges of the window`;
}

/** Of a phase with a fraction of a request one more may be sent; 2 % off is still the planned load. */
function loadDelivered(plan: Plan, run: RunRecord): Precondition {
  const id = 'load-delivered';
  if (run.load === null)
    return plan.load === null
      ? check(id, null, 'no run record: somebody else made the load')
      : check(id, false, `no run record: nobody knows whether the planned load was sent`);
  const { plannedRequests, sent, droppedIterations, completed, stoppedBecause } = run.load;
  const told = `${formatCount(sent)} of ${countOf(plannedRequests, 'planned request')} ${were(sent)} sent`;
  if (!completed)
    return check(
      id,
      false,
      `the load was cut short (${stoppedBecause ?? 'reason unknown'})${sent === 0 ? '' : `: ${told}`}`,
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
  if (!ok) return check(id, false, `${told}: more than 2 % off`);
  const off = offPlan(plan, run);
  return check(id, off === null, off === null ? told : `${told}, but ${off}`);
}

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
      return `${formatCount(sent)} of ${formatCount(Math.floor(planned))} in phase "${name}": more than 2 % off`;
  }
  return null;
}

/** A page that says "please log in" with status 200 is a good answer to every counter: the load script looks closer. */
function answersRight({ load }: RunRecord): Precondition {
  const id = 'answers-right';
  if (load?.wrongAnswers === undefined) {
    const failed = load?.scriptErrors ?? 0;
    // A script that ends early may have been about to look.
    if (failed > 0)
      return check(id, false, `the load script failed ${countOf(failed, 'time')} (logs/k6.log)`);
    return check(id, null, 'nobody looked into the answers');
  }
  const { wrongAnswers, scriptErrors = 0 } = load;
  const { told, isMost } = lookedInto(load, wrongAnswers);
  if (scriptErrors > 0)
    return check(id, false, `the load script failed ${countOf(scriptErrors, 'time')} (logs/k6.log); ${told}`);
  return check(id, wrongAnswers > 0 ? false : isMost ? true : null, told);
}

/** How many answers were looked into: of the others nothing is claimed. A few of them are as many as a load may be off its plan. */
function lookedInto({ answered, expectedRefusals = 0, lookedInto: looked }: LoadRecord, wrong: number) {
  const good = answered['2xx'];
  if (looked === undefined)
    return {
      told: `${countOf(wrong, 'answer')} ${were(wrong)} found not to be what was asked for; how many of the ${formatCount(good)} good ones were looked into was not recorded`,
      isMost: false,
    };
  const unseen = Math.max(0, good - looked);
  const all = countOf(good - unseen + expectedRefusals, expectedRefusals > 0 ? 'answer' : 'good answer');
  const told =
    unseen === 0
      ? `${formatCount(wrong)} of ${all} ${were(wrong)} not what was asked for`
      : `${formatCount(wrong)} of ${all} that were looked into ${were(wrong)} not what was asked for; nobody looked into the other ${formatCount(unseen)} of ${formatCount(good)} good ones`;
  return { told, isMost: unseen <= 0.02 * good };
}

/**
 * Refusals as the client's own mistake (4xx but 429) are nobody's errors, and shrink what is judged. More than a few, and
 * either the script or the service is wrong: nothing passes on the rest. What is missed all the same stays missed.
 */
function requestsValid({ load }: RunRecord): Precondition {
  const id = 'requests-valid';
  if (load === null) return check(id, null, 'no run record: only the server was asked');
  const overload = requestsOf(load.client).filter(({ status }) => status === '429').length;
  const mistaken = load.answered['4xx'] - overload - (load.expectedRefusals ?? 0);
  const expected =
    load.expectedRefusals === undefined
      ? ''
      : `, ${formatCount(load.expectedRefusals)} more as they were meant to be`;
  const told = `${formatCount(mistaken)} of ${countOf(load.sent, 'request')} ${were(mistaken)} refused as mistakes of the client (4xx)${expected}`;
  return check(id, mistaken <= 0.02 * load.sent, told);
}

/** Requests without an answer are in no counter of the service: a document that counts none must not pass on the rest. */
function lossesJudged(plan: Plan, { load }: RunRecord): Precondition {
  const id = 'losses-judged';
  if (load === null) return check(id, null, 'no run record: only the server was asked');
  const told = `${formatCount(load.lost)} of ${countOf(load.sent, 'request')} ${were(load.lost)} never answered`;
  const isJudged = coversTheLoad(plan, ({ measure }) => measure.kind === 'ratio' && measure.lost === 'bad');
  if (isJudged || load.lost <= 0.02 * load.sent) return check(id, true, told);
  return check(id, false, `${told}, and no objective counts them (a ratio with "lost: bad" does)`);
}

/** Whether such objectives are judged over the whole run, or in each of its phases. */
function coversTheLoad({ objectives, load }: Plan, is: (objective: PlannedObjective) => boolean): boolean {
  const own = objectives.filter(is);
  const names = load?.phases.map(({ name }) => name) ?? [];
  const isWhole = own.some(({ phase }) => phase === undefined);
  return isWhole || (names.length > 0 && names.every((name) => own.some(({ phase }) => phase === name)));
}

/** Neither a good answer nor the client's own mistake: a redirect goes nowhere, and the others are the service's. */
const FAILED = /^(3..|429|5..)$/;

/**
 * Answers that are no good ones are in no latency and no mean. Where no objective counts them, nothing passes on the few good
 * ones that are left.
 */
function failuresJudged(plan: Plan, { load }: RunRecord): Precondition {
  const id = 'failures-judged';
  if (load?.client === undefined) return check(id, null, 'the load generator left no record of its requests');
  const failed = requestsOf(load.client).filter(({ status }) => FAILED.test(status));
  const isCounted = (status: string) =>
    coversTheLoad(
      plan,
      ({ measure }) =>
        measure.kind === 'ratio' && (measure.badStatus === null || wholly(measure.badStatus).test(status)),
    );
  const counted = new Map(
    [...new Set(failed.map(({ status }) => status))].map((one) => [one, isCounted(one)]),
  );
  const unjudged = failed.filter(({ status }) => counted.get(status) === false);
  const told = `${formatCount(failed.length)} of ${countOf(load.sent, 'request')} ${were(failed.length)} answered with 3xx, 429 or 5xx`;
  if (unjudged.length <= 0.02 * load.sent) return check(id, true, told);
  const statuses = [...new Set(unjudged.map(({ status }) => status))].sort().join(', ');
  return check(
    id,
    false,
    `${told}: no objective counts ${formatCount(unjudged.length)} of them (${statuses}) as bad`,
  );
}

/** Past this, what the client measures is its own lateness. */
const LATEST_START_SECONDS = 0.1;

function generatorOnTime(plan: Plan, run: RunRecord): Precondition {
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
  const told = `99 % of the requests${where} began at most ${Math.round(lateSeconds * 1000)} ms late`;
  if (lateSeconds <= LATEST_START_SECONDS) return check(id, true, told);
  return check(
    id,
    false,
    `${told}: the generator was starved of CPU, or had no virtual user free (${LATEST_START_SECONDS * 1000} ms are allowed)`,
  );
}

const isOfPlan = (planned: Load, record: LoadRecord) =>
  planned.plannedRequests === record.plannedRequests && planned.scheduledSeconds === record.scheduledSeconds;

function clientAndServerAgree({ load }: RunRecord, reconciled: Reconciliation): Precondition {
  const id = 'client-and-server-agree';
  if (load !== null && !load.completed && load.sent === 0)
    return check(id, null, 'the load generator left no counts');
  const accounted = load === null ? 0 : load.lost + answersInAll(load);
  if (load?.completed && accounted !== load.sent)
    return check(
      id,
      false,
      `k6 sent ${countOf(load.sent, 'request')} and knows the end of ${formatCount(accounted)}: the load script failed`,
    );
  const recorded = requestsOf(load?.client).length;
  if (load?.completed && load.client !== undefined && recorded !== load.sent)
    return check(
      id,
      false,
      `k6 sent ${countOf(load.sent, 'request')} and left a record of ${formatCount(recorded)}: some are missing from it`,
    );
  // A service that could not be counted, although the document says by what, agrees with nobody.
  if (!reconciled.ok) return check(id, reconciled.isFailure ? false : null, reconciled.reason);
  const broken = reconciled.rows.filter(({ ok }) => !ok);
  const told = (broken.length > 0 ? broken : reconciled.rows.slice(0, 1)).map(
    ({ what, client, service, lost, note }) =>
      `${what}: the client saw ${formatCount(client)} answered${lost > 0 ? ` and ${formatCount(lost)} lost` : ''}, the service counted ${formatCount(service)}${note === '' ? '' : `, ${note}`}`,
  );
  return check(id, broken.length === 0, told.join('; '));
}

function nothingDied(run: RunRecord): Precondition {
  if (run.incidents === null || (run.load === null && run.incidents.length === 0))
    return check('nothing-died', null, 'nobody watched over the processes');
  if (run.incidents.length > 0) return check('nothing-died', false, run.incidents.join('; '));
  return check('nothing-died', true, 'service, load generator and Prometheus ran to the end');
}
