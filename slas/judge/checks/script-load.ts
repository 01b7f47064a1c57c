import type {
  Load,
  LoadRecord,
  Plan,
  PlannedK6Scenario,
  Precondition,
  RunRecord,
} from '../../model/model.ts';
import { type Reason, reason } from '../../model/reasons.ts';
import { isOpen } from '../../plan/k6-rate.ts';
import { check } from './check.ts';

/**
 * Preconditions on the load of a k6 script that plans its own load: k6 reports its plan and its results in
 * iterations.
 */

type Scenarios = NonNullable<LoadRecord['scenarios']>;

/** The part of the script's plan that k6 did not execute; null if there is none. */
export function offScriptPlan(
  scenarios: readonly PlannedK6Scenario[],
  record: LoadRecord,
  tolerance: number,
): Reason | null {
  const { scenarios: recorded } = record;
  if (recorded === undefined) return reason('scenarios-not-recorded', {});
  return (
    dropped(scenarios, recorded) ??
    missing(scenarios, recorded, tolerance) ??
    idle(scenarios, recorded) ??
    silent(record)
  );
}

const didOf = ({ name }: PlannedK6Scenario, recorded: Scenarios) =>
  recorded.find((one) => one.name === name) ?? { iterations: 0, droppedIterations: 0 };

function dropped(scenarios: readonly PlannedK6Scenario[], recorded: Scenarios): Reason | null {
  for (const one of scenarios) {
    const { droppedIterations } = didOf(one, recorded);
    if (droppedIterations > 0)
      return reason('iterations-dropped', {
        ...{ scenario: one.name, dropped: droppedIterations, planned: one.plannedIterations ?? 0 },
      });
  }
  return null;
}

/** One iteration may fall on either side of a scenario's end. */
function missing(
  scenarios: readonly PlannedK6Scenario[],
  recorded: Scenarios,
  tolerance: number,
): Reason | null {
  for (const one of scenarios) {
    const planned = one.plannedIterations;
    if (planned === null) continue;
    const { iterations, droppedIterations } = didOf(one, recorded);
    const all = iterations + droppedIterations;
    const isShort = all < (1 - tolerance) * planned - (isOpen(one) ? 1 : 0);
    const isBeyond = all > (1 + tolerance) * planned + 1;
    if (isShort || isBeyond)
      return reason('scenario-off-plan', {
        ...{ scenario: one.name, iterations, dropped: droppedIterations, planned, tolerance },
      });
  }
  return null;
}

function idle(scenarios: readonly PlannedK6Scenario[], recorded: Scenarios): Reason | null {
  const silentOne = scenarios.find(
    (one) => one.plannedIterations !== 0 && didOf(one, recorded).iterations === 0,
  );
  return silentOne === undefined ? null : reason('scenario-idle', { scenario: silentOne.name });
}

/** A script that only sleeps, or whose requests all went to other hosts, puts no load on the target. */
const silent = ({ sent, otherProtocols = [] }: LoadRecord) =>
  sent === 0 && otherProtocols.every(({ samples }) => samples === 0) ? reason('nothing-sent', {}) : null;

/** How many of the planned iterations ended, and how many requests they sent. */
export function iterationsOf(scenarios: readonly PlannedK6Scenario[], record: LoadRecord): readonly Reason[] {
  if (record.scenarios === undefined) return [];
  const isKnown = scenarios.every(({ plannedIterations }) => plannedIterations !== null);
  const planned = scenarios.reduce((sum, one) => sum + (one.plannedIterations ?? 0), 0);
  return [
    reason('script-iterations', {
      iterations: record.scenarios.reduce((sum, { iterations }) => sum + iterations, 0),
      planned: isKnown ? planned : null,
      requests: record.sent,
    }),
  ];
}

/** The arrival-rate scenario with the latest starts, if that exceeds the limit. */
export function lateScenario(load: Load, record: LoadRecord, allowedSeconds: number): Reason | null {
  const open = load.k6?.scenarios.filter(isOpen).map(({ name }) => name) ?? [];
  const late = (record.scenarios ?? [])
    .filter(
      ({ name, startedLateP99Seconds = 0 }) => open.includes(name) && startedLateP99Seconds > allowedSeconds,
    )
    .toSorted((a, b) => b.startedLateP99Seconds! - a.startedLateP99Seconds!)[0];
  if (late === undefined) return null;
  return reason('scenario-late', { scenario: late.name, lateSeconds: late.startedLateP99Seconds! });
}

/** Empty if the load is not planned by a script. */
export const scriptPreconditions = (plan: Plan, { load }: RunRecord): readonly Precondition[] =>
  plan.load?.k6 === undefined ? [] : [openModel(plan.load.k6.scenarios), toTargetOnly(load)];

/** Limitations of a closed model are reported, and do not prevent a pass. */
function openModel(scenarios: readonly PlannedK6Scenario[]): Precondition {
  const closed = scenarios.filter((one) => !isOpen(one)).map(({ name }) => name);
  return closed.length === 0
    ? check('load-open', true, reason('load-open', {}))
    : check('load-open', null, reason('load-closed', { scenarios: closed }));
}

const MAX_HOSTS = 5;

/** The harness kept k6 from sending requests to other hosts. The effects show in the script's own checks and thresholds. */
function toTargetOnly(load: LoadRecord | null): Precondition {
  const id = 'requests-to-target';
  if (load === null) return check(id, null, reason('no-run-record', {}));
  const { elsewhere = [] } = load;
  if (elsewhere.length === 0) return check(id, true, reason('requests-to-target-only', {}));
  const hosts = elsewhere.toSorted((a, b) => b.requests - a.requests).slice(0, MAX_HOSTS);
  return check(id, null, reason('requests-elsewhere', { hosts, more: elsewhere.length - hosts.length }));
}
