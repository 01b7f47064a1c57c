import { holds } from '../document/limits.ts';
import { statusPattern } from '../document/statuses.ts';
import type { Budget, Load, Phase, Scenario, SlaDocument } from '../model/model.ts';
import { firstWhole } from '../statistics/bisection.ts';
import { budgetOf, compareShare } from '../statistics/statistics.ts';
import { idOf, type Row } from './rows.ts';

/** Plans the load, and the conditions under which the load generator stops early. */

/** The parts of a scenario's load, and of the decision rule, that a caller may override. */
export interface PlanOverrides {
  readonly confidence?: number;
  readonly ratePerSecond?: number;
  readonly durationSeconds?: number;
  /** The rate may be too low for a promised throughput, which is then missed. */
  readonly anyRate?: true;
  /** Judges the run while it is in progress, and stops it once it is decided; the load is planned for its maximum duration. */
  /** null: no looks, even if the scenario asks for them. */
  readonly untilDecided?: { readonly maxSeconds?: number; readonly atLeastSeconds?: number } | null;
}

export const phasesOf = ({ phases }: Scenario, { ratePerSecond, durationSeconds }: PlanOverrides) =>
  phases.map(
    (phase): Phase => ({
      name: phase.name,
      ratePerSecond: ratePerSecond ?? phase.ratePerSecond,
      durationSeconds: durationSeconds ?? phase.durationSeconds,
    }),
  );

const requestsIn = (phases: readonly Phase[]) =>
  Math.floor(phases.reduce((sum, phase) => sum + phase.ratePerSecond * phase.durationSeconds, 0));

export function planLoad(
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
    budgets: isObserved
      ? rows
          .filter(({ objective }) => isDecisive(objective))
          .flatMap((row) => planBudget(row, phases, service.isolated))
      : [],
  };
}

/** Whether an objective decides the verdict. A run can pass without the others. */
export const isDecisive = ({
  advisory,
  waiver,
}: {
  readonly advisory?: true;
  readonly waiver?: object;
}): boolean => advisory !== true && waiver === undefined;

/** Objectives whose failed requests the load generator can count itself: slow on the client, or bad by status. */
function planBudget(row: Row, phases: readonly Phase[], isIsolated: boolean): readonly Budget[] {
  const { measure, target } = row.objective;
  const phase = row.phase?.name ?? null;
  const planned = requestsIn(phase === null ? phases : phases.filter(({ name }) => name === phase));
  const counted = { objective: idOf(row), phase };
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

/** The largest number up to `all` that fits. */
const maxWithin = (all: number, fits: (bad: number) => boolean): number =>
  Math.max(0, firstWhole(all + 1, (bad) => !fits(bad)) - 1);
