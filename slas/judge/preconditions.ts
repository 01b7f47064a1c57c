import { allResponses, countOf } from '../client/requests.ts';
import type { Evidence, LoadRecord, Plan, Precondition, RunRecord, Series } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { neededSelectorsOf } from '../prometheus/promql.ts';
import { isOfAggregates } from '../prometheus/stored-text.ts';
import { possibleRestart } from '../window/hidden-restarts.ts';
import { provingStarts } from '../window/own-processes.ts';
import { belongsTo, parseValue, type TargetWindow } from '../window/targets.ts';
import type { Frame } from '../window/window.ts';
import { check } from './checks/check.ts';
import { generatorOnTime, loadDelivered } from './checks/load.ts';
import { checksPassed, scriptSucceeded, thresholdsKept } from './checks/load-script.ts';
import { answersRight, failuresJudged, lossesJudged, requestsValid } from './checks/responses.ts';
import { failedIn, scrapesWorked } from './checks/scrapes.ts';
import { scriptPreconditions } from './checks/script-load.ts';
import { targetsDistinct } from './checks/targets-distinct.ts';
import type { Reconciliation } from './reconcile.ts';

/** The preconditions of a verdict, each with its finding; `ok` is null if it could not be checked here. */
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
    edgesScraped(evidence, frame),
    scrapesWorked(plan, run, frame),
    targetsDistinct(plan, frame),
    clocksAgree(run, evidence, frame),
    notRestarted(plan, frame),
    loadDelivered(plan, run),
    generatorOnTime(plan, run),
    ...scriptPreconditions(plan, run),
    answersRight(plan, run),
    checksPassed(plan, run),
    thresholdsKept(run),
    scriptSucceeded(run),
    requestsValid(plan, run),
    lossesJudged(plan, run),
    failuresJudged(plan, run),
    clientAndServerAgree(run, reconciled),
    nothingDied(run),
  ];
}

function prometheusAnswered(plan: Plan, { readings }: Evidence, frame: Frame): Precondition {
  const id = 'prometheus-answered';
  for (const { query, error } of [...readings, ...frame.readings.values()])
    if (error !== null) return check(id, false, reason('query-failed', { query, error }));
  const selector = neededSelectorsOf(plan).find((one) => !frame.readings.has(one));
  if (selector) return check(id, false, reason('evidence-missing', { selector }));
  return check(id, true, reason('queries-answered', { queries: readings.length }));
}

function withoutWarnings({ readings }: Evidence): Precondition {
  const first = readings.find(({ warnings }) => warnings.length > 0);
  if (first === undefined) return check('no-warnings', true, reason('no-warnings', {}));
  const { query, warnings } = first;
  return check('no-warnings', false, reason('query-warned', { query, warnings }));
}

function edgesScraped({ arrival }: Evidence, { targets }: Frame): Precondition {
  const id = 'edges-scraped';
  const late = notShown(arrival);
  if (targets.length === 0) {
    const hint = late.length > 0 || arrival === undefined ? [] : [reason('check-selector', {})];
    return check(id, false, reason('no-samples', {}), ...late, ...hint);
  }
  const problems = targets.flatMap(({ problem }) => (problem === null ? [] : [problem]));
  if (problems.length > 0) return check(id, false, ...problems, ...late);
  // Functions that do not see the last samples yet return an outdated value.
  const isStale = arrival?.missing.some(isOfAggregates) ?? false;
  return check(id, !isStale, ...targets.map(scrapedOf), ...late);
}

const scrapedOf = (target: TargetWindow): Reason =>
  reason('target-scraped', {
    target: target.name,
    fromSeconds: target.openSeconds,
    toSeconds: target.closeSeconds,
    isStartedInside: target.processes[0]!.beganSeconds !== null,
    isEndedInside: target.processes.at(-1)!.unseenSeconds !== 0,
    scrapes: target.scrapes.length + target.unreadScrapes,
    intervalSeconds: target.intervalSeconds,
    failed: failedIn(target.scrapes),
    missed: target.missedScrapes,
  });

/** The samples that had not arrived when the harness stopped waiting. */
function notShown(arrival: Evidence['arrival']): readonly Reason[] {
  if (arrival === undefined || arrival.missing.length === 0) return [];
  const { boundSeconds, boundBy, lagSeconds } = arrival;
  const missing = arrival.missing.map(({ what, newestSeconds }) => ({ what, newestSeconds }));
  return [reason('samples-not-shown', { missing, boundSeconds, boundBy, lagSeconds })];
}

/** The window is defined by two clocks, ours and Prometheus's, which must differ by less than a scrape interval. */
function clocksAgree({ load }: RunRecord, { clock }: Evidence, { targets }: Frame): Precondition {
  const id = 'clocks-agree';
  if (load === null) return check(id, null, reason('single-clock', {}));
  const intervalSeconds = Math.min(...targets.map((target) => target.intervalSeconds));
  if (clock === undefined || !Number.isFinite(intervalSeconds))
    return check(id, null, reason('clock-unread', {}));
  const { aheadSeconds, uncertaintySeconds } = clock;
  const difference = { aheadSeconds, uncertaintySeconds };
  const apart = Math.abs(aheadSeconds);
  if (apart < uncertaintySeconds && uncertaintySeconds >= intervalSeconds)
    return check(id, null, reason('clocks-uncertain', { ...difference, intervalSeconds }));
  return apart - uncertaintySeconds < intervalSeconds
    ? check(id, true, reason('clocks-compared', difference))
    : check(id, false, reason('clocks-apart', { ...difference, intervalSeconds }));
}

function notRestarted(plan: Plan, frame: Frame): Precondition {
  const id = 'service-not-restarted';
  const selector = plan.processStart;
  const { series = [], error = null } = frame.readings.get(selector) ?? {};
  if (error !== null) return check(id, false, reason('start-times-unread', { error }));
  if (series.length === 0)
    return check(id, null, reason('no-start-time', { selector, because: withoutStart(frame) }));
  const isElastic = plan.replicas === 'elastic';
  const found = frame.targets.flatMap((target) => {
    const own = series.filter((one) => belongsTo(one, target));
    if (own.length === 1 && isElastic) return [];
    return own.length === 0 ? [null] : own.flatMap((one) => restartOf(one, target) ?? []);
  });
  const restart = found.find((one) => one !== null);
  if (restart) return check(id, false, restart);
  if (frame.targets.length === 0 || found.includes(null))
    return check(id, null, reason('some-start-times-missing', {}));
  const unproven = frame.targets.find((target) => provingStarts(target, plan, frame.readings).length === 0);
  if (unproven !== undefined)
    return check(
      id,
      null,
      reason('start-time-unrelated', { target: unproven.name, because: withoutStart(frame) }),
    );
  return check(id, true, isElastic ? elasticReplicas(frame) : reason('start-times-kept', {}));
}

/** Whether the counters show a restart, if the service exports no start time. */
function withoutStart({ restarts, missing, targets }: Frame): readonly Reason[] {
  if (targets.length === 0) return [reason('no-target-scraped', {})];
  if (restarts.length === 0) return [reason('counter-beyond-new-process', {})];
  if (missing?.requests === 0) return [reason('counters-match-client', {})];
  return [possibleRestart(restarts), reason('export-start-time', {})];
}

/**
 * Elastic replicas may start and end: their counts begin at 0, and the uncounted requests of terminated replicas
 * are bounded.
 */
function elasticReplicas({ targets }: Frame): Reason {
  const processes = targets.flatMap((target) => target.processes);
  const ended = processes.filter(({ unseenSeconds }) => unseenSeconds > 0);
  return reason('replicas-elastic', {
    started: processes.filter(({ beganSeconds }) => beganSeconds !== null).length,
    ended: ended.length,
    unseenSeconds: ended.reduce((sum, { unseenSeconds }) => sum + unseenSeconds, 0),
  });
}

/** Evidence that one process did not run from edge to edge; undefined if there is none. */
function restartOf({ samples }: Series, target: TargetWindow): Reason | undefined {
  const { name, openSeconds, closeSeconds, intervalSeconds, problem } = target;
  // Without edges, every sample that was read is used.
  const half = intervalSeconds / 2;
  const inside = samples.filter(
    ([at]) => problem !== null || (at > openSeconds - half && at < closeSeconds + half),
  );
  const start = parseValue(inside[0]?.[1] ?? '');
  const changed = inside.find(([, value]) => parseValue(value) !== start);
  if (changed) return reason('process-restarted', { target: name, atSeconds: changed[0] });
  if (problem !== null) return undefined;
  const isWhole =
    inside.some(([at]) => at < openSeconds + half) && inside.some(([at]) => at > closeSeconds - half);
  return isWhole ? undefined : reason('start-time-unknown-at-edge', { target: name });
}

function clientAndServerAgree({ load }: RunRecord, reconciled: Reconciliation): Precondition {
  const id = 'client-and-server-agree';
  if (load !== null && load.sent === 0) return check(id, null, reason('nothing-sent', {}));
  const incomplete = load?.completed ? incompleteRecord(load) : null;
  if (incomplete !== null) return check(id, false, incomplete);
  // A service whose requests could not be counted, although the document names a counter, does not agree with
  // the client.
  if (!reconciled.ok) return check(id, reconciled.error.isFailure ? false : null, reconciled.error.reason);
  const broken = reconciled.value.filter(({ ok }) => !ok);
  const compared = (broken.length > 0 ? broken : reconciled.value.slice(0, 1)).map(
    ({ what, client, service, lost, reasons: because }) =>
      reason('counts-compared', { what, client, service, lost, because }),
  );
  return check(id, broken.length === 0, ...compared);
}

/** What the record of a completed load lacks; null if it is complete. */
function incompleteRecord(load: LoadRecord): Reason | null {
  const { sent, lost, client } = load;
  const known = lost + allResponses(load);
  if (known !== sent) return reason('outcomes-unknown', { sent, known });
  const recorded = countOf(client);
  return client !== undefined && recorded !== sent ? reason('record-incomplete', { sent, recorded }) : null;
}

function nothingDied(run: RunRecord): Precondition {
  const id = 'nothing-died';
  if (run.incidents === null || (run.load === null && run.incidents.length === 0))
    return check(id, null, reason('processes-unwatched', {}));
  if (run.incidents.length === 0) return check(id, true, reason('processes-survived', {}));
  return check(id, false, ...run.incidents.map((incident) => reason('incident', { incident })));
}
