import { answersInAll, requestsOf } from '../client/requests.ts';
import type { Evidence, Plan, Precondition, RunRecord, Series } from '../model/model.ts';
import { neededSelectorsOf } from '../prometheus/promql.ts';
import { countOf, formatCount, were } from '../render/numbers.ts';
import { restartWords } from '../window/hidden-restarts.ts';
import { belongsTo, clock, parseValue, type TargetWindow } from '../window/targets.ts';
import type { Frame } from '../window/window.ts';
import { check, NOTHING_SENT } from './checks/check.ts';
import { generatorOnTime, loadDelivered } from './checks/load.ts';
import { checksPassed, scriptSucceeded, thresholdsKept } from './checks/load-script.ts';
import { answersRight, failuresJudged, lossesJudged, requestsValid } from './checks/responses.ts';
import { failedWords, scrapesWorked } from './checks/scrapes.ts';
import { targetsDistinct } from './checks/targets-distinct.ts';
import type { Reconciliation } from './reconcile.ts';

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
    edgesScraped(evidence, frame),
    scrapesWorked(plan, run, frame),
    targetsDistinct(plan, frame),
    clocksAgree(run, evidence, frame),
    notRestarted(plan, frame),
    loadDelivered(plan, run),
    generatorOnTime(plan, run),
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
  const silent = [...readings, ...frame.readings.values()].find(({ error }) => error !== null);
  if (silent) return check('prometheus-answered', false, `${silent.query}: ${silent.error}`);
  const unasked = neededSelectorsOf(plan).find((selector) => !frame.readings.has(selector));
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

function edgesScraped({ arrival }: Evidence, frame: Frame): Precondition {
  const id = 'edges-scraped';
  const { targets } = frame;
  const waited = waitedInVain(arrival);
  if (targets.length === 0)
    return check(
      id,
      false,
      `Prometheus has no samples of the service around the window${waited || (arrival === undefined ? '' : ': check service.selector; if its samples come later, set --ingest-delay')}`,
    );
  const broken = targets.filter(({ problem }) => problem !== null);
  if (broken.length > 0)
    return check(id, false, `${broken.map(({ problem }) => problem).join('; ')}${waited}`);
  const told = targets.map(
    ({ name, openSeconds, closeSeconds, scrapes, unreadScrapes, missedScrapes, intervalSeconds, lives }) =>
      `${name} from ${clock(openSeconds)}${lives[0]!.bornSeconds === null ? '' : ' (it started inside)'} to ${clock(closeSeconds)}${lives.at(-1)!.unseenSeconds === 0 ? '' : ' (it ended inside)'}, ${countOf(scrapes.length + unreadScrapes, 'scrape')} about ${Number(intervalSeconds.toFixed(2))} s apart${failedWords(scrapes)}${missedScrapes ? `, ${formatCount(missedScrapes)} missed inside` : ''}`,
  );
  // Functions that do not see the last samples say something else of them.
  const isStale = arrival?.missing.some(({ what }) => what.startsWith(FUNCTIONS)) ?? false;
  return check(id, !isStale, `${told.join('; ')}${waited}`);
}

const FUNCTIONS = "the server's functions";

/** What was waited for and did not come, with what to do about it. */
function waitedInVain(arrival: Evidence['arrival']): string {
  if (arrival === undefined || arrival.missing.length === 0) return '';
  const { missing, boundSeconds, boundBy, lagSeconds } = arrival;
  const told = missing.map(({ what, newestSeconds }) =>
    newestSeconds === null ? `${what} (none came)` : `${what} (the newest is of ${clock(newestSeconds)})`,
  );
  const seconds = (of: number) => `${Number(of.toFixed(1))} s`;
  const lag = lagSeconds === null ? '' : `, and samples were seen to come ${seconds(lagSeconds)} late`;
  const why = {
    option: ' by --ingest-delay',
    learned: lag,
    default: ' by default',
  }[boundBy];
  return `; the server did not show ${told.join(', ')} within ${seconds(boundSeconds)} after the window's end (the bound${why}): if its samples come later, set --ingest-delay`;
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
  if (series.length === 0) return check(id, null, `there is no ${plan.processStart}: ${withoutStart(frame)}`);
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

/** What counters say where no start time does. */
const withoutStart = ({ restarts, missing, targets }: Frame) =>
  targets.length === 0
    ? 'no target was scraped'
    : restarts.length === 0
      ? 'no counter fell, and one went on past what a new process could have counted'
      : missing?.requests === 0
        ? 'no counter fell, and the client saw as many requests answered as were counted'
        : `${restartWords(restarts)}; export process_start_time_seconds, or process_cpu_seconds_total as a counter that shows it`;

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

function clientAndServerAgree({ load }: RunRecord, reconciled: Reconciliation): Precondition {
  const id = 'client-and-server-agree';
  if (load !== null && load.sent === 0) return check(id, null, NOTHING_SENT);
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
