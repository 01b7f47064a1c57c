import type { Load, Plan, PlannedObjective, Sequential, Verdict } from '../model/model.ts';
import { detectableShare, effectOfBounds, provableShare } from '../statistics/intervals.ts';
import { budgetFor } from '../statistics/rule-in-force.ts';
import { scheduleLooks } from '../statistics/sequential.ts';

/**
 * How long a run that lasts until it is decided would take, computed before the run. One estimate is for a service that uses half of its
 * budget of failed or slow requests, the other for a service that uses one and a half times the budget. Only one objective is assumed to be
 * missed, so Holm's correction divides the error of a miss by the number of objectives with bounds.
 */

export interface DecisionTime {
  /** The first look by which 80% of the runs have decided. null if no look of this plan is late enough. */
  readonly atSeconds: number | null;
  /** The shortest maximum duration at whose end 80% of the runs have decided. null if that takes more than four hours. */
  readonly maxSeconds: number | null;
}

interface Worlds {
  readonly better: DecisionTime;
  readonly worse: DecisionTime;
}

export interface DecisionTimes {
  readonly id: string;
  readonly independent: Worlds;
  /** The estimate with the design effect of an earlier run; null if that is unknown. */
  readonly dependent: (Worlds & { readonly designEffect: number }) | null;
}

const CERTAINTY = 0.8;
const BETTER = 0.5;
const WORSE = 1.5;
const MIN_SECONDS = 20;
const MAX_SECONDS = 4 * 3600;

/** Only shares have an estimate. A census is not met early, and means and rates depend on a variance that is unknown before the run. */
export function decisionTimes(
  plan: Plan,
  load: Load,
  effects: ReadonlyMap<string, number>,
): readonly DecisionTimes[] {
  const { sequential, confidence } = plan;
  if (sequential === undefined || load.k6 !== undefined) return [];
  const perSecond = load.plannedRequests / load.scheduledSeconds;
  const tests = plan.objectives.filter(
    ({ measure: { kind } }) => kind !== 'uptime' && kind !== 'peak',
  ).length;
  // If the limit lies between two bucket edges, the outcome depends on the number of responses between them, which is unknown before the
  // run.
  const judged = plan.objectives.filter(
    ({ measure }) =>
      measure.kind === 'ratio' ||
      measure.kind === 'success' ||
      (measure.kind === 'latency' && measure.between === undefined),
  );
  return judged.map((objective) => {
    const at = (factor: number): Worlds => {
      const world = { objective, perSecond, factor, confidence: confidence!, tests };
      return { better: timeOf(world, BETTER, sequential), worse: timeOf(world, WORSE, sequential) };
    };
    const designEffect = effects.get(objective.id);
    return {
      id: objective.id,
      independent: at(1),
      dependent: designEffect === undefined ? null : { ...at(designEffect), designEffect },
    };
  });
}

interface World {
  readonly objective: PlannedObjective;
  readonly perSecond: number;
  readonly factor: number;
  /** The confidence for the whole run. */
  readonly confidence: number;
  /** The number of objectives that are tested. */
  readonly tests: number;
}

function timeOf(world: World, ofBudget: number, { looks, atLeastSeconds }: Sequential): DecisionTime {
  const decides = (look: Sequential['looks'][number]) =>
    (ofBudget > 1 || look.atSeconds >= atLeastSeconds) && isLikelyAt(world, ofBudget, look);
  const decidesAtEnd = (seconds: number) =>
    isLikelyAt(world, ofBudget, scheduleLooks(seconds, world.confidence).looks.at(-1)!);
  return {
    atSeconds: looks.find(decides)?.atSeconds ?? null,
    maxSeconds: firstSecond(decidesAtEnd),
  };
}

function isLikelyAt(
  { objective, perSecond, factor, tests }: World,
  ofBudget: number,
  { atSeconds, confidence }: Sequential['looks'][number],
): boolean {
  const all = Math.floor(perSecond * atSeconds);
  if (all < objective.leastSamples) return false;
  const budget = budgetFor(objective);
  const share = Math.min(1, ofBudget * budget);
  // The judge cuts the run into blocks of a second or more.
  const sample = { all, effect: { factor, blocks: Math.floor(atSeconds) } };
  if (ofBudget < 1) return (provableShare(sample, budget, confidence, CERTAINTY) ?? -1) >= share;
  const corrected = 1 - (1 - confidence) / tests;
  const found = detectableShare(sample, budget, { rule: 'bounds', confidence: corrected }, CERTAINTY);
  return found !== null && found <= share;
}

/** Bisection works because more requests decide more. */
function firstSecond(isEnough: (seconds: number) => boolean): number | null {
  if (!isEnough(MAX_SECONDS)) return null;
  let [few, enough] = [MIN_SECONDS - 1, MAX_SECONDS];
  while (enough - few > 1) {
    const middle = Math.floor((few + enough) / 2);
    if (isEnough(middle)) enough = middle;
    else few = middle;
  }
  return enough;
}

/** A round duration after which 80% of the runs have decided each objective, whether the objective is met or missed; null: more than four hours. */
export function proposedMaximum(times: readonly DecisionTimes[]): number | null {
  const each = times.flatMap(({ independent, dependent }) => {
    const { better, worse } = dependent ?? independent;
    return [better.maxSeconds, worse.maxSeconds];
  });
  if (each.length === 0 || each.includes(null)) return null;
  const longest = Math.max(...(each as number[]));
  const step = longest <= 120 ? 10 : 60;
  return Math.ceil(longest / step) * step;
}

/** The design effects that the bounds of an earlier run show, by objective. */
export function effectsOf(
  { objectives }: Pick<Verdict, 'objectives'>,
  plan: Plan,
): ReadonlyMap<string, number> {
  const found = objectives.flatMap(({ id, share, samples, interval }): [string, number][] => {
    const kind = plan.objectives.find((one) => one.id === id)?.measure.kind;
    if (share === null || interval === null || samples === 0) return [];
    if (kind !== 'latency' && kind !== 'ratio' && kind !== 'success') return [];
    // A latency is judged by the share of responses within the limit.
    const [bad, high] = kind !== 'ratio' ? [1 - share, 1 - interval.low] : [share, interval.high];
    if (!(high < 1)) return [];
    return [[id, effectOfBounds(bad * samples, samples, high, interval.eachBound ?? interval.confidence)]];
  });
  return new Map(found);
}

/** The same objectives under the same kind of load: only its duration, and the confidence, may differ. */
export function isSameLoad(one: Plan, other: Plan): boolean {
  const what = ({ sla, objectives, load }: Plan) => ({
    sla,
    objectives: objectives.map(({ id, phase, measure, target }) => ({ id, phase, measure, target })),
    load: load === null ? null : [load.script, load.arrivals, load.requestsPerArrival, load.k6 ?? null],
    rates: load?.phases.map(({ name, ratePerSecond }) => [name, ratePerSecond]),
  });
  return JSON.stringify(what(one)) === JSON.stringify(what(other));
}
