import type { Plan, Precondition, RunRecord } from './model.ts';
import { clock, countIncreases, type Frame, parseValue, total } from './window.ts';

/** The checks that a verdict stands on. Each says in words what it saw; null is "could not be checked here". */
export function checkPreconditions(plan: Plan, run: RunRecord, frame: Frame): readonly Precondition[] {
  return [
    prometheusAnswered(frame),
    withoutWarnings(frame),
    edgesScraped(frame),
    notRestarted(plan, frame),
    loadDelivered(plan, run),
    clientAndServerAgree(plan, run, frame),
    nothingDied(run),
  ];
}

const check = (id: string, ok: boolean | null, detail: string): Precondition => ({ id, ok, detail });

function prometheusAnswered(frame: Frame): Precondition {
  const readings = [...frame.readings.values()];
  const silent = readings.find(({ error }) => error !== null);
  if (silent) return check('prometheus-answered', false, `${silent.query}: ${silent.error}`);
  return check('prometheus-answered', readings.length > 0, `${readings.length} queries were answered`);
}

function withoutWarnings(frame: Frame): Precondition {
  const warned = [...frame.readings.values()].filter(({ warnings }) => warnings.length > 0);
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
    ({ name, openSeconds, closeSeconds, scrapes, missedScrapes, intervalSeconds }) =>
      `${name} from ${clock(openSeconds)} to ${clock(closeSeconds)}, ${scrapes.length} scrapes about ${Number(intervalSeconds.toFixed(2))} s apart${missedScrapes ? `, ${missedScrapes} missed inside` : ''}`,
  );
  return check(id, true, told.join('; '));
}

function notRestarted(plan: Plan, frame: Frame): Precondition {
  const id = 'service-not-restarted';
  const series = frame.readings.get(plan.processStart)?.series ?? [];
  if (series.length === 0)
    return check(id, null, `there is no ${plan.processStart}: only counters that fell would tell`);
  for (const { labels, samples } of series) {
    const target = frame.targets.find((candidate) =>
      Object.entries(candidate.labels).every(([label, value]) => labels[label] === value),
    );
    const inside = samples.filter(
      ([at]) => target === undefined || (at >= target.openSeconds && at <= target.closeSeconds),
    );
    const changed = inside.find(([, value]) => parseValue(value) !== parseValue(inside[0]![1]));
    if (changed)
      return check(
        id,
        false,
        `the process of ${target?.name ?? JSON.stringify(labels)} restarted: seen at ${clock(changed[0])}`,
      );
  }
  return check(id, true, 'each process kept its start time');
}

/** k6 may send one request more a phase than rate times duration; 2 % off is still the planned load. */
function loadDelivered(plan: Plan, run: RunRecord): Precondition {
  const id = 'load-delivered';
  if (run.load === null) return check(id, null, 'no run record: somebody else made the load');
  const { plannedRequests, sent, droppedIterations, completed, stoppedBecause } = run.load;
  const told = `${sent.toLocaleString('en-US')} of ${plannedRequests.toLocaleString('en-US')} planned requests were sent`;
  if (!completed)
    return check(
      id,
      false,
      `the load was cut short (${stoppedBecause ?? 'reason unknown'})${sent === 0 ? '' : `: ${told}`}`,
    );
  if (droppedIterations > 0)
    return check(
      id,
      false,
      `${droppedIterations} planned requests were dropped, no virtual user was free: ${told}`,
    );
  const ok =
    sent >= 0.98 * plannedRequests && sent <= 1.02 * plannedRequests + (plan.load?.phases.length ?? 1);
  return check(id, ok, ok ? told : `${told}: more than 2 % off`);
}

function clientAndServerAgree(plan: Plan, run: RunRecord, frame: Frame): Precondition {
  const id = 'client-and-server-agree';
  if (run.load === null) return check(id, null, 'no run record: only the server was asked');
  if (plan.requests === null)
    return check(id, null, 'the document names no service.requests to compare with');
  const counted = countIncreases(plan.requests, frame);
  if (!counted.ok) return check(id, null, `the service's requests could not be counted: ${counted.reason}`);
  const { sent, lost, completed } = run.load;
  if (!completed && sent === 0) return check(id, null, 'the load generator left no counts');
  const seen = total(counted.increases);
  const told = `k6 sent ${sent}, ${sent - lost} were answered; the service counted ${seen}`;
  if (seen > sent) return check(id, false, `${told}: other traffic was in the window`);
  if (seen < sent - lost) return check(id, false, `${told}: answers are missing from its counter`);
  return check(id, true, told);
}

function nothingDied(run: RunRecord): Precondition {
  if (run.load === null) return check('nothing-died', null, 'no run record: nobody watched');
  if (run.incidents.length > 0) return check('nothing-died', false, run.incidents.join('; '));
  return check('nothing-died', true, 'service, load generator and Prometheus ran to the end');
}
