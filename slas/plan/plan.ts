import { thresholdAlertsOf } from '../alerts/rules/rules.ts';
import { isGeneral, unitOf } from '../document/document.ts';
import { holds } from '../document/limits.ts';
import { problem } from '../document/problems.ts';
import { statusPattern } from '../document/statuses.ts';
import type {
  Budget,
  Limit,
  Load,
  Objective,
  Phase,
  Plan,
  PlannedAlert,
  PlannedAlerts,
  PlannedMeasure,
  PlannedObjective,
  Problem,
  Scenario,
  Selection,
  SlaDocument,
} from '../model/model.ts';
import { fail, ok, type Result } from '../model/result.ts';
import {
  alertStates,
  recordedByRules,
  responsesOf,
  select,
  selected,
  selector,
  textOf,
} from '../prometheus/promql.ts';
import { budgetOf, compareShare, minRequests } from '../statistics/statistics.ts';
import { refreshSelectors } from './refresh-selectors.ts';
import { selectionsOf } from './selections.ts';

/** The parts of a scenario's load, and of the decision rule, that a caller may override. */
export interface PlanOverrides {
  readonly confidence?: number;
  readonly ratePerSecond?: number;
  readonly durationSeconds?: number;
}

/** This many scrapes are enough to judge a gauge, because scrapes need no confidence interval. */
const MIN_SCRAPES = 10;
/** The confidence for the minimum number of requests, unless a higher one is requested. */
const DEFAULT_CONFIDENCE = 0.95;
/** With fewer samples, a mean or a rate is too uncertain to be judged. */
const MIN_FOR_MEAN = 30;
const MIN_FOR_RATE = 30;

/** Plans a run with a load for one scenario, or reports why it cannot be planned. */
export function planScenario(
  document: SlaDocument,
  scenarioName: string,
  overrides: PlanOverrides = {},
): Result<Plan, readonly Problem[]> {
  const scenario = document.scenarios.find(({ name }) => name === scenarioName);
  if (scenario === undefined) {
    const known = document.scenarios.map(({ name }) => name).join(', ') || 'none';
    const message = `the document of ${document.name} has no scenario "${scenarioName}": it has ${known}`;
    return fail([problem('unknown-scenario', `scenarios.${scenarioName}`, message)]);
  }
  const rows = rowsOf(document, scenario);
  const outOfReach = rows.flatMap((row) => outOfReachOf(row, scenario, overrides));
  if (outOfReach.length > 0) return fail(outOfReach);
  return ok({
    ...planObjectives(document, rows, scenario, overrides),
    load: planLoad(document, rows, scenario, overrides),
  });
}

/** A unit of judgement: an objective over the whole run, or in one phase. */
interface Row {
  readonly objective: Objective;
  readonly phase: Phase | null;
}

/** In the order of the document's objectives, then of the phases. */
const rowsOf = (document: SlaDocument, scenario: Scenario): readonly Row[] =>
  document.objectives.flatMap((objective) => {
    const named = scenario.objectives.filter(({ id }) => id === objective.id);
    const isWhole = named.some(({ phases }) => phases === null);
    const phases = scenario.phases.filter(({ name }) => named.some((one) => one.phases?.includes(name)));
    return [
      ...(isWhole ? [{ objective, phase: null }] : []),
      ...phases.map((phase) => ({ objective, phase })),
    ];
  });

/** `latency-p95`, or `latency-p95 · hold`. */
const idOf = ({ objective, phase }: Row) =>
  phase === null ? objective.id : `${objective.id} · ${phase.name}`;

/**
 * Plans the judgement of a window without a load of our own: every objective that is not limited to some
 * scenarios.
 */
export function planWindow(document: SlaDocument, overrides: PlanOverrides = {}): Plan {
  const rows = document.objectives.filter(isGeneral).map((objective) => ({ objective, phase: null }));
  return { ...planObjectives(document, rows, null, overrides), load: null };
}

/** A load below the promised throughput would miss it, however fast the service is. */
function outOfReachOf(row: Row, scenario: Scenario, overrides: PlanOverrides): readonly Problem[] {
  const { measure, target } = row.objective;
  if (measure.kind !== 'throughput' || !target.comparison.startsWith('>')) return [];
  const phases = phasesOf(scenario, overrides).filter(
    ({ name }) => row.phase === null || name === row.phase.name,
  );
  const planned = phases.reduce((sum, phase) => sum + phase.ratePerSecond * phase.durationSeconds, 0);
  const perSecond = planned / phases.reduce((sum, phase) => sum + phase.durationSeconds, 0);
  if (holds(perSecond, target)) return [];
  const where = row.phase === null ? '' : ` in phase "${row.phase.name}"`;
  const message = `scenario "${scenario.name}" sends ${perSecond}/s${where}: ${idOf(row)} "${target.text}" cannot be met; raise the rate, or remove it from the scenario's objectives`;
  return [problem('out-of-reach', `scenarios.${scenario.name}`, message)];
}

function planObjectives(
  document: SlaDocument,
  rows: readonly Row[],
  scenario: Scenario | null,
  overrides: PlanOverrides,
): Plan {
  const { selector: service, lag } = document.service;
  const requests = scenario?.requests ?? document.service.requests;
  const confidence = overrides.confidence ?? document.confidence;
  return {
    schema: 'sla-harness/plan/v1',
    sla: { name: document.name, scenario: scenario?.name ?? null },
    confidence,
    load: null,
    up: selector('up', service),
    processStart: selector('process_start_time_seconds', service),
    cpu: selector('process_cpu_seconds_total', service),
    ...(document.service.replicas === 'elastic' ? { replicas: 'elastic' } : {}),
    ...(document.service.isolated ? {} : { isolated: false }),
    requests: requests === undefined ? null : select(service, requests),
    lag: lag === undefined ? null : select(service, lag),
    ...checksOf(document, scenario),
    ...(rows.some(isOfGauge) ? { refreshed: refreshSelectors(service) } : {}),
    selections: selectionsOf(
      service,
      rows.map(({ objective }) => objective),
      [requests, lag],
    ),
    objectives: rows.map((row) => planObjective(row, document, confidence)),
    alerts: planAlerts(document, rows),
  };
}

/** A window without a load has no checks. */
function checksOf(document: SlaDocument, scenario: Scenario | null): Pick<Plan, 'checks'> {
  const checks = scenario === null ? undefined : (scenario.checks ?? document.checks);
  return checks === undefined ? {} : { checks };
}

/** Prometheus itself writes `up` at every scrape. */
const isOfGauge = ({ objective: { measure } }: Row) =>
  (measure.kind === 'uptime' || measure.kind === 'peak') && measure.gauge.metric !== 'up';

function planAlerts(document: SlaDocument, rows: readonly Row[]): PlannedAlerts {
  const rules = thresholdAlertsOf(document).map((alert): PlannedAlert => {
    const judged = rows.filter(({ objective }) => objective.id === alert.objective).map(idOf);
    return { ...alert, judged };
  });
  return {
    states: alertStates(document.name),
    recorded: recordedByRules(document.name),
    rules: rules.filter(({ judged }) => judged.length > 0),
  };
}

function planObjective(row: Row, document: SlaDocument, confidence: number | null): PlannedObjective {
  const { objective, phase } = row;
  const measure = planMeasure(objective, document);
  return {
    id: idOf(row),
    ...(phase === null ? {} : { phase: phase.name }),
    title: objective.title,
    unit: unitOf(objective.measure),
    measure,
    target: objective.target,
    alert: objective.alert ?? null,
    leastSamples: leastSamples(measure, objective.target, Math.max(DEFAULT_CONFIDENCE, confidence ?? 0)),
  };
}

function planMeasure({ measure, target }: Objective, document: SlaDocument): PlannedMeasure {
  const service = document.service.selector;
  switch (measure.kind) {
    case 'latency':
      return {
        kind: 'latency',
        ...bucketsOf(measure.histogram, service, target),
        percentile: measure.percentile,
        clientPath: measure.client ?? null,
        ...valuesIn(measure.histogram),
      };
    case 'ratio':
      return {
        kind: 'ratio',
        bad: select(service, measure.bad),
        badAbsent: measure.bad.absent ?? null,
        total: select(service, measure.total),
        lost: measure.lost ?? null,
        badStatus: statusPattern(measure.bad.where),
        badLabels: Object.keys(measure.bad.where),
        totalStatus: statusPattern(measure.total.where),
      };
    case 'throughput':
      return {
        kind: 'throughput',
        counter: select(service, measure.counter),
        status: statusPattern(measure.counter.where),
      };
    case 'uptime':
      return { kind: 'uptime', gauge: select(service, measure.gauge) };
    case 'peak':
      return { kind: 'peak', gauge: select(service, measure.gauge), ...valuesIn(measure.gauge) };
    case 'mean':
      return {
        kind: 'mean',
        sum: select(service, measure.histogram, '_sum'),
        count: select(service, measure.histogram, '_count'),
        ...(measure.client === undefined ? {} : { clientPath: measure.client }),
        ...valuesIn(measure.histogram),
      };
    case 'recovery':
      return planRecovery(measure.of, document);
    default:
      return measure satisfies never;
  }
}

/** A histogram's buckets, and those of all responses where the selection keeps to successful ones. */
function bucketsOf(histogram: Selection, service: Readonly<Record<string, string>>, target: Limit) {
  const own = selected(service, histogram, '_bucket');
  const responses = responsesOf(own, target, histogram.valuesIn);
  const buckets = textOf(own);
  return responses === null ? { buckets } : { buckets, responses: textOf(responses) };
}

const valuesIn = ({ valuesIn: unit }: Selection) => (unit === undefined ? {} : { valuesIn: unit });

/** A recovery refers to a latency objective with a client path; `check` has verified that it exists. */
function planRecovery(of: string, { objectives }: SlaDocument): PlannedMeasure {
  const { measure, target } = objectives.find(({ id }) => id === of)!;
  if (measure.kind !== 'latency') throw new RangeError(`objective "${of}" is not a latency`);
  const { percentile, client } = measure;
  return { kind: 'recovery', path: client!, percentile, withinSeconds: target.value };
}

function leastSamples(measure: PlannedMeasure, target: Limit, confidence: number): number {
  switch (measure.kind) {
    case 'latency':
    case 'recovery':
      return minRequests(budgetOf(measure.percentile), confidence);
    case 'ratio':
      return target.value > 0 && target.value < 1 ? minRequests(target.value, confidence) : 1;
    case 'throughput':
      return MIN_FOR_RATE;
    case 'uptime':
    case 'peak':
      return MIN_SCRAPES;
    case 'mean':
      return MIN_FOR_MEAN;
    default:
      return measure satisfies never;
  }
}

const phasesOf = ({ phases }: Scenario, { ratePerSecond, durationSeconds }: PlanOverrides) =>
  phases.map(
    (phase): Phase => ({
      name: phase.name,
      ratePerSecond: ratePerSecond ?? phase.ratePerSecond,
      durationSeconds: durationSeconds ?? phase.durationSeconds,
    }),
  );

const requestsIn = (phases: readonly Phase[]) =>
  Math.floor(phases.reduce((sum, phase) => sum + phase.ratePerSecond * phase.durationSeconds, 0));

function planLoad(
  { service, confidence }: SlaDocument,
  rows: readonly Row[],
  scenario: Scenario,
  overrides: PlanOverrides,
): Load {
  const phases = phasesOf(scenario, overrides);
  const plannedRequests = requestsIn(phases);
  // With a confidence, an exceeded limit may still be undecided, so the whole load has to run.
  const isObserved = (overrides.confidence ?? confidence) === null;
  return {
    scenario: scenario.name,
    script: scenario.script,
    phases,
    seed: scenario.seed,
    arrivals: scenario.arrivals,
    requestsPerArrival: scenario.requestsPerArrival,
    requestTimeoutSeconds: scenario.requestTimeoutSeconds,
    warmUp: service.warmUp ?? null,
    plannedRequests,
    scheduledSeconds: phases.reduce((sum, phase) => sum + phase.durationSeconds, 0),
    budgets: isObserved ? rows.flatMap((row) => planBudget(row, phases, service.isolated)) : [],
  };
}

/** Objectives whose failed requests the load generator can count itself: slow on the client, or bad by status. */
function planBudget(row: Row, phases: readonly Phase[], isIsolated: boolean): readonly Budget[] {
  const { measure, target } = row.objective;
  const at = phases.findIndex(({ name }) => name === row.phase?.name);
  const planned = requestsIn(at === -1 ? phases : [phases[at]!]);
  const counted = {
    objective: idOf(row),
    metric: metricOf(row.objective, at),
    phase: row.phase?.name ?? null,
  };
  if (measure.kind === 'latency' && measure.client !== undefined) {
    const atMost = maxWithin(planned, (bad) => compareShare(bad, planned, budgetOf(measure.percentile)) <= 0);
    return [{ ...counted, overSeconds: target.value, badStatus: null, path: measure.client, atMost }];
  }
  // With other clients, the total number of requests, and so the error budget, is not known in advance.
  if (measure.kind === 'ratio' && measure.lost === 'bad' && isIsolated) {
    const badStatus = statusPattern(measure.bad.where);
    const within = (bad: number) => holds(compareShare(bad, planned, target.value), { ...target, value: 0 });
    return [{ ...counted, overSeconds: null, badStatus, path: null, atMost: maxWithin(planned, within) }];
  }
  return [];
}

/** k6 allows letters, digits and _ only. Ids have single hyphens, so two names never collide. */
const metricOf = ({ id }: Objective, phaseIndex: number) =>
  `sla_bad_${id.replaceAll('-', '_')}${phaseIndex === -1 ? '' : `__${phaseIndex + 1}`}`;

/** The largest number up to `all` that satisfies a monotonic condition, by bisection. */
function maxWithin(all: number, fits: (bad: number) => boolean): number {
  let [max, tooMany] = [0, all + 1];
  while (tooMany - max > 1) {
    const middle = Math.floor((max + tooMany) / 2);
    if (fits(middle)) max = middle;
    else tooMany = middle;
  }
  return max;
}
