import { isShareOfEvents } from '../model/kinds.ts';
import type { Load, Plan, PlannedObjective, Problem } from '../model/model.ts';
import { are, countOf, formatCount } from '../render/numbers.ts';
import { MIN_BLOCKS } from '../statistics/design-effect.ts';
import { detectableShare } from '../statistics/intervals.ts';
import { budgetFor, rulingOf } from '../statistics/rule-in-force.ts';
import { plannedIn } from './planned-in.ts';

/** Computes before a run what the run can decide. */
export interface PowerAnalysis {
  readonly id: string;
  readonly target: string;
  /**
   * The planned number of requests; for uptime, of scrapes (one per second). null if unknown before the run, because a k6 script plans
   * iterations.
   */
  readonly planned: number | null;
  readonly plannedWhat: 'requests' | 'scrapes';
  /** The minimum number that can decide the objective. */
  readonly least: number;
  /**
   * The minimum detectable effect: the smallest true share of failed or slow requests that 95% of all runs report as missed,
   * under the decision rule in force; for independent requests, and for a design effect of 4. null if there is none.
   */
  readonly detectable: { readonly independent: number | null; readonly dependent: number | null };
  /**
   * Set if the limit lies between two bucket edges and the latency is not judged client-side. Only requests
   * over the edge above the limit can then be recognised as slow. null if there is no edge above, so that
   * no share is a miss. Absent: the limit itself decides.
   */
  readonly overSeconds?: number | null;
}

/** The design effect of a busy but not saturated service: about that of a queue at a third of its capacity. */
export const DEPENDENT = 4;

/**
 * The Prometheus of a run scrapes every second. In a whole run one scrape opens the window and one closes
 * it; in a phase, only the scrapes during the phase count.
 */
const scrapesOf = ({ phase }: PlannedObjective, load: Load) =>
  Math.floor(plannedIn(load, phase).scheduledSeconds) + (phase === undefined ? 1 : 0);

/** The requests that are planned for an objective; a recovery is measured in the phase after its own. */
function plannedFor({ measure, phase }: PlannedObjective, load: Load) {
  const at = load.phases.findIndex(({ name }) => name === phase);
  return plannedIn(load, measure.kind === 'recovery' ? load.phases[at + 1]?.name : phase);
}

export function analysePower(plan: Plan, load: Load): readonly PowerAnalysis[] {
  return plan.objectives.map((objective) => {
    const isCensus = objective.measure.kind === 'uptime' || objective.measure.kind === 'peak';
    return {
      id: objective.id,
      target: objective.target.text,
      planned: isCensus
        ? scrapesOf(objective, load)
        : load.k6 === undefined
          ? plannedFor(objective, load).plannedRequests
          : null,
      plannedWhat: isCensus ? 'scrapes' : 'requests',
      least: objective.leastSamples,
      ...seenOver(objective),
      detectable: {
        independent: foundBy(objective, plan, load, 1),
        dependent: foundBy(objective, plan, load, DEPENDENT),
      },
    };
  });
}

function seenOver({ measure }: PlannedObjective): Pick<PowerAnalysis, 'overSeconds'> {
  if (measure.kind !== 'latency' || measure.between === undefined || measure.clientPath !== null) return {};
  return { overSeconds: measure.between.aboveSeconds };
}

function foundBy(objective: PlannedObjective, plan: Plan, load: Load, factor: number): number | null {
  if (!isShareOfEvents(objective.measure) || load.k6 !== undefined) return null;
  if (seenOver(objective).overSeconds === null) return null;
  const ruling = rulingOf(objective, plan.confidence);
  const effect = { factor, blocks: Number.POSITIVE_INFINITY };
  return detectableShare(
    { all: plannedFor(objective, load).plannedRequests, effect },
    budgetFor(objective),
    ruling,
  );
}

/** Why a plan cannot decide its objectives, however well the service performs. */
export function tooShort(plan: Plan, load: Load): readonly Problem[] {
  const what = load.k6 === undefined ? `scenario "${load.scenario}"` : 'the script';
  const problem = (message: string): Problem => ({
    code: 'too-short',
    path: load.k6 === undefined ? `scenarios.${load.scenario}` : '--script',
    message: `${what} is too short: ${message}`,
  });
  return [
    ...plan.objectives.flatMap((objective) => lacking(objective, plan, load)),
    ...blind(plan, load),
  ].map(problem);
}

const secondsOf = (seconds: number, { phase }: PlannedObjective) =>
  `make ${phase === undefined ? 'it' : `phase "${phase}"`} at least ${seconds} s long`;

/** Too few requests or scrapes; for a recovery, too little time after its phase. */
function lacking(objective: PlannedObjective, plan: Plan, load: Load): readonly string[] {
  const { id, measure, phase, target } = objective;
  const { planned, plannedWhat, least } = analysePower({ ...plan, objectives: [objective] }, load)[0]!;
  const { plannedRequests, scheduledSeconds } = plannedFor(objective, load);
  const rate = plannedRequests / scheduledSeconds;
  if (measure.kind === 'recovery') {
    const seconds = Math.ceil(target.value + least / rate);
    if (scheduledSeconds >= seconds) return [];
    return [
      `objective "${id}" (target ${target.text}) needs ${countOf(least, 'request')} after the recovery; make the phase after "${phase}" at least ${seconds} s long (now ${scheduledSeconds} s)`,
    ];
  }
  if (planned === null || planned >= least) return [];
  const scrapes = phase === undefined ? least - 1 : least;
  const seconds = plannedWhat === 'scrapes' ? scrapes : Math.ceil(least / rate);
  const told = `objective "${id}" needs ${formatCount(least)} ${plannedWhat}, ${formatCount(planned)} ${are(planned)} planned`;
  return [`${told}; ${secondsOf(seconds, objective)}`];
}

/** Counts need two scrapes in a phase, and a confidence interval needs a minimum number of scrape intervals. */
function blind({ objectives, confidence }: Plan, load: Load): readonly string[] {
  const counted = objectives.filter(({ measure }) => measure.kind !== 'recovery');
  const distinct = [...new Map(counted.map((objective) => [objective.phase, objective])).values()];
  return distinct.flatMap((objective) => {
    const [least, what] = confidence === null ? [1, 'a count'] : [MIN_BLOCKS, 'a confidence'];
    const stretches = scrapesOf(objective, load) - 1;
    if (stretches >= least) return [];
    const seconds = least + (objective.phase === undefined ? 0 : 1);
    return [
      `${what} needs ${countOf(least, 'interval between scrapes', 'intervals between scrapes')}, ${formatCount(stretches)} ${are(stretches)} planned; ${secondsOf(seconds, objective)}`,
    ];
  });
}
