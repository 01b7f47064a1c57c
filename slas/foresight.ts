import { budgetFor, rulingOf } from './certainty.ts';
import { LEAST_BLOCKS } from './design-effect.ts';
import { detectableShare } from './intervals.ts';
import type { Load, Plan, PlannedObjective, Problem } from './model.ts';

/** What a plan can tell, before anything is run. */
export interface Foresight {
  readonly id: string;
  readonly target: string;
  /** Requests; for uptime scrapes, one a second. */
  readonly planned: number;
  readonly plannedWhat: 'requests' | 'scrapes';
  /** Fewer decide nothing. */
  readonly least: number;
  /**
   * The smallest true share of bad requests that is found missed in 95 % of all runs, under the rule in force: if requests
   * are independent, and if the design effect is 4. null for what has no share, and where nothing would be found.
   */
  readonly detectable: { readonly independent: number | null; readonly dependent: number | null };
}

/** A busy service, not a full one: about what a queue shows at a third of its capacity. */
export const DEPENDENT = 4;

/** Our own Prometheus scrapes every second; one scrape opens the window and one closes it. */
const scrapesOf = ({ scheduledSeconds }: Load) => Math.floor(scheduledSeconds) + 1;

export function foresee(plan: Plan, load: Load): readonly Foresight[] {
  return plan.objectives.map((objective) => {
    const isCensus = objective.measure.kind === 'uptime';
    return {
      id: objective.id,
      target: objective.target.text,
      planned: isCensus ? scrapesOf(load) : load.plannedRequests,
      plannedWhat: isCensus ? 'scrapes' : 'requests',
      least: objective.leastSamples,
      detectable: {
        independent: foundBy(objective, plan, load, 1),
        dependent: foundBy(objective, plan, load, DEPENDENT),
      },
    };
  });
}

function foundBy(objective: PlannedObjective, plan: Plan, load: Load, factor: number): number | null {
  const { kind } = objective.measure;
  if (kind !== 'latency' && kind !== 'ratio') return null;
  const ruling = rulingOf(objective, plan.confidence);
  const effect = { factor, blocks: Number.POSITIVE_INFINITY };
  return detectableShare({ all: load.plannedRequests, effect }, budgetFor(objective), ruling);
}

/** Why a plan cannot decide its objectives, however well the service does. */
export function tooShort(plan: Plan, load: Load): readonly Problem[] {
  const problem = (message: string): Problem => ({
    code: 'too-short',
    path: `scenarios.${load.scenario}`,
    message: `scenario "${load.scenario}" is too short: ${message}`,
  });
  const { plannedRequests, scheduledSeconds } = load;
  const rate = plannedRequests / scheduledSeconds;
  const lacking = foresee(plan, load).flatMap(({ id, planned, plannedWhat, least }) => {
    if (planned >= least) return [];
    const seconds = plannedWhat === 'scrapes' ? least - 1 : Math.ceil(least / rate);
    return [
      problem(
        `objective "${id}" needs ${least} ${plannedWhat}, ${planned} are planned; make it at least ${seconds} s long`,
      ),
    ];
  });
  const stretches = scrapesOf(load) - 1;
  if (plan.confidence === null || stretches >= LEAST_BLOCKS) return lacking;
  return [
    ...lacking,
    problem(
      `a confidence needs ${LEAST_BLOCKS} stretches between scrapes, ${stretches} are planned; make it at least ${LEAST_BLOCKS} s long`,
    ),
  ];
}
