import { thresholdAlertsOf } from '../alerts/rules/rules.ts';
import { holds } from '../document/limits.ts';
import { isNamedAsCounter } from '../document/metrics.ts';
import { isGeneral, unitOf } from '../document/objectives.ts';
import { problem } from '../document/problems.ts';
import type {
  Objective,
  Plan,
  PlannedAlert,
  PlannedAlerts,
  PlannedObjective,
  Problem,
  Scenario,
  SlaDocument,
} from '../model/model.ts';
import { fail, ok, type Result } from '../model/result.ts';
import { alertStates, recordedByRules, select, selector } from '../prometheus/promql.ts';
import { scheduleLooks } from '../statistics/sequential.ts';
import { DEFAULT_CONFIDENCE, leastSamples } from './min-samples.ts';
import { type PlanOverrides, phasesOf, planLoad } from './planned-load.ts';
import { planMeasure } from './planned-measure.ts';
import { refreshSelectors } from './refresh-selectors.ts';
import { idOf, type Row, rowsOf } from './rows.ts';
import { selectionsOf } from './selections.ts';

/** Plans a run with a load for one scenario, or reports why it cannot be planned. */
export function planScenario(
  document: SlaDocument,
  scenarioName: string,
  given: PlanOverrides = {},
): Result<Plan, readonly Problem[]> {
  const scenario = document.scenarios.find(({ name }) => name === scenarioName);
  if (scenario === undefined) {
    const known = document.scenarios.map(({ name }) => name).join(', ') || 'none';
    const message = `the document of ${document.name} has no scenario "${scenarioName}": it has ${known}`;
    return fail([problem('unknown-scenario', `scenarios.${scenarioName}`, message)]);
  }
  const overrides = withLooks(given, scenario, document);
  const rows = rowsOf(document, scenario);
  const outOfReach = rows.flatMap((row) => outOfReachOf(row, scenario, overrides));
  if (outOfReach.length > 0) return fail(outOfReach);
  const severalPhases = scenario.phases.length > 1 && overrides.untilDecided != null;
  if (severalPhases) return fail([notInLooks(scenario)]);
  const planned = planObjectives(document, rows, scenario, overrides);
  const load = planLoad(document, rows, scenario, overrides);
  if (overrides.untilDecided == null) return ok({ ...planned, load });
  const { atLeastSeconds } = overrides.untilDecided;
  const sequential = scheduleLooks(load.scheduledSeconds, planned.confidence!, atLeastSeconds);
  return ok({ ...planned, sequential, load });
}

/** Looks need a confidence, and a load that lasts as long as the run may. Options of the caller override the scenario. */
function withLooks(overrides: PlanOverrides, scenario: Scenario, { confidence }: SlaDocument): PlanOverrides {
  const { untilDecided: given, ...rest } = overrides;
  const asked: PlanOverrides['untilDecided'] = given === undefined ? scenario.untilDecided : given;
  if (asked == null)
    // A run of the whole load without looks must not be easier to pass.
    return scenario.untilDecided === undefined
      ? rest
      : { ...rest, confidence: rest.confidence ?? confidence ?? DEFAULT_CONFIDENCE };
  const untilDecided: NonNullable<PlanOverrides['untilDecided']> = { ...scenario.untilDecided, ...asked };
  return {
    ...overrides,
    untilDecided,
    confidence: overrides.confidence ?? confidence ?? DEFAULT_CONFIDENCE,
    ...(untilDecided.maxSeconds === undefined ? {} : { durationSeconds: untilDecided.maxSeconds }),
  };
}

const notInLooks = ({ name, phases }: Scenario) =>
  problem(
    'several-phases',
    `scenarios.${name}`,
    `scenario "${name}" has ${phases.length} phases, and a run that lasts until it is decided needs a single one: leave out --until-decided, or choose another scenario`,
  );

/**
 * Plans how to judge a window for which the harness sends no load: every objective that is not limited to
 * some scenarios.
 */
export function planWindow(document: SlaDocument, overrides: PlanOverrides = {}): Plan {
  const rows = document.objectives.filter(isGeneral).map((objective) => ({ objective, phase: null }));
  return { ...planObjectives(document, rows, null, overrides), load: null };
}

/** A load below the promised throughput would miss it, however fast the service is. */
function outOfReachOf(row: Row, scenario: Scenario, overrides: PlanOverrides): readonly Problem[] {
  const { measure, target } = row.objective;
  if (overrides.anyRate === true) return [];
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
    ...(document.service.countsScrapes ? { countsScrapes: true as const } : {}),
    requests: requests === undefined ? null : select(service, requests),
    lag: lag === undefined ? null : select(service, lag),
    ...checksOf(document, scenario),
    ...(rows.some(isOfGauge) ? { refreshed: refreshSelectors(service) } : {}),
    selections: selectionsOf(
      document.service,
      rows.map(({ objective }) => objective),
      [requests, lag],
    ),
    objectives: rows.map((row) => planObjective(row, document, confidence)),
    alerts: planAlerts(document, rows),
  };
}

/** A window without a load has no k6 checks. */
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

function countersOf(measure: Objective['measure']) {
  switch (measure.kind) {
    case 'ratio':
      return [measure.bad, measure.total];
    case 'success':
      return [measure.good, measure.total];
    case 'throughput':
      return [measure.counter];
    default:
      return [];
  }
}

function unnamedIn({ measure, unusual }: Objective): Pick<PlannedObjective, 'unnamedCounters'> {
  if (unusual === true) return {};
  const counters = countersOf(measure);
  const unnamed = counters.map(({ metric }) => metric).filter((metric) => !isNamedAsCounter(metric));
  return unnamed.length === 0 ? {} : { unnamedCounters: [...new Set(unnamed)] };
}

const exemptionOf = ({ advisory, waiver }: Objective): Pick<PlannedObjective, 'advisory' | 'waiver'> => ({
  ...(advisory === undefined ? {} : { advisory }),
  ...(waiver === undefined ? {} : { waiver }),
});

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
    ...unnamedIn(objective),
    ...exemptionOf(objective),
    leastSamples: leastSamples(measure, objective.target, Math.max(DEFAULT_CONFIDENCE, confidence ?? 0)),
  };
}
