import { isCensus, isShareOfEvents } from '../model/kinds.ts';
import type { Load, Plan, PlannedObjective, Problem } from '../model/model.ts';
import { are, countOf, formatConfidence, formatCount, formatValue } from '../render/numbers.ts';
import { firstWhole } from '../statistics/bisection.ts';
import { MIN_BLOCKS } from '../statistics/design-effect.ts';
import { shareBounds } from '../statistics/intervals.ts';
import { budgetFor } from '../statistics/rule-in-force.ts';
import { plannedIn } from './planned-in.ts';
import { isDecisive } from './planned-load.ts';

/**
 * Why a run of this plan cannot pass, however well the service performs. Unlike the findings of `tooShort`, these do not forbid the run: it
 * is unknown how many requests a script sends, and the run can still detect a miss.
 */
export function cannotPass(plan: Plan, load: Load): readonly Problem[] {
  const deciding = plan.objectives.filter(isDecisive);
  if (deciding.length === 0) return [problemOf(load, 'this run cannot pass', nothingDecides(plan))];
  const always = deciding.flatMap((one) => belowEveryEdge(one));
  const atThisLoad = deciding.flatMap((one) => [
    ...tooFewRequests(one, plan, load),
    ...tooSlowScript(one, load),
  ]);
  const isScript = load.k6 !== undefined;
  const atOne = `this run cannot pass${isScript ? ' if each iteration sends one request' : ''}`;
  return [
    ...always.map((message) => problemOf(load, 'this run cannot pass', message)),
    ...atThisLoad.map((message) => problemOf(load, atOne, message)),
  ];
}

/** The objectives for which this Prometheus scrapes too rarely. */
export function tooFewScrapes(plan: Plan, load: Load, scrapeSeconds: number): readonly Problem[] {
  const rarely = `Prometheus scrapes the service every ${formatValue(scrapeSeconds, 'seconds')}`;
  const counted = (objective: PlannedObjective) =>
    Math.floor(plannedIn(load, objective.phase).scheduledSeconds / scrapeSeconds) +
    (objective.phase === undefined ? 1 : 0);
  const seconds = (intervals: number) => formatCount(Math.ceil(intervals * scrapeSeconds));
  const deciding = plan.objectives.filter(isDecisive);
  const few = deciding.filter((one) => isCensus(one.measure) && counted(one) < one.leastSamples);
  const isBlind = deciding.some((one) => isOfRequests(one.measure) && counted(one) - 1 < MIN_BLOCKS);
  return [
    ...few.map(
      (one) =>
        `${rarely}, and ${nameOf(one)} needs ${countOf(one.leastSamples, 'scrape')}: the load must last ${seconds(one.leastSamples - 1)} s`,
    ),
    ...(plan.confidence === null || !isBlind
      ? []
      : [
          `${rarely}, and a confidence needs ${MIN_BLOCKS} scrape intervals: the load must last ${seconds(MIN_BLOCKS)} s`,
        ]),
  ].map((message) => problemOf(load, 'this run cannot pass', `${message}, or scrape it more often`));
}

const problemOf = ({ k6, scenario }: Load, what: string, why: string): Problem => ({
  code: 'cannot-pass',
  path: k6 === undefined ? `scenarios.${scenario}` : '--script',
  message: `${what}: ${why}`,
});

/** A recovery is a single duration. */
const isOfRequests = (measure: PlannedObjective['measure']) =>
  !isCensus(measure) && measure.kind !== 'recovery';
const nameOf = ({ id, target }: PlannedObjective) => `objective "${id}" (${target.text})`;

const nothingDecides = ({ objectives }: Plan) =>
  objectives.length === 0
    ? 'no objective of the document applies to it'
    : 'all of its objectives are advisory or waived';

function belowEveryEdge(objective: PlannedObjective): readonly string[] {
  const { measure } = objective;
  if (measure.kind !== 'latency' || measure.between?.belowSeconds !== null || measure.clientPath !== null)
    return [];
  return [
    `the limit of ${nameOf(objective)} is below the lowest bucket edge, so nothing can show that it is met`,
  ];
}

// ---------------------------------------------------------------------------------------------- requests

/** The number of requests of a scenario, or of iterations of a script; null if the script's load depends on the service. */
function sendsOf(
  load: Load,
  phase: string | undefined,
): { readonly count: number; readonly seconds: number } | null {
  if (load.k6 === undefined) {
    const { plannedRequests, scheduledSeconds } = plannedIn(load, phase);
    return { count: plannedRequests, seconds: scheduledSeconds };
  }
  const each = load.k6.scenarios.map(({ stages, plannedIterations }) =>
    stages === null ? null : plannedIterations,
  );
  return each.includes(null) ? null : { count: load.plannedRequests, seconds: load.scheduledSeconds };
}

function tooFewRequests(objective: PlannedObjective, plan: Plan, load: Load): readonly string[] {
  const sends = sendsOf(load, objective.phase);
  if (sends === null || sends.count === 0 || !isOfRequests(objective.measure)) return [];
  const { count, seconds } = sends;
  const isScript = load.k6 !== undefined;
  // `tooShort` refuses a scenario with too few requests.
  if (!isScript && count < objective.leastSamples) return [];
  if (isEnough(objective, plan, count, seconds)) return [];
  const needed = neededSeconds(objective, plan, count / seconds);
  const confidence = confidenceAtEnd(plan);
  const sure =
    count < objective.leastSamples ? '' : ` to be proved at ${formatConfidence(confidence!)} confidence`;
  const least = sure === '' ? objective.leastSamples : Math.floor((needed * count) / seconds);
  const planned = isScript
    ? `the script starts ${countOf(count, 'iteration')}`
    : `${formatCount(count)} ${are(count)} planned`;
  return [
    `${nameOf(objective)} needs at least ${countOf(least, 'request')}${sure}, and ${planned}; at ${formatValue(count / seconds, 'per_second')} the load must last ${formatCount(needed)} s (now ${formatCount(seconds)} s)`,
  ];
}

/** If a run has several looks, its last look needs a higher confidence. */
const confidenceAtEnd = ({ confidence, sequential }: Plan) =>
  sequential?.looks.at(-1)?.confidence ?? confidence;

const LONGEST_SECONDS = 86_400;

/** Whether this many requests are enough if none of them is failed or slow. */
function isEnough(objective: PlannedObjective, plan: Plan, all: number, seconds: number): boolean {
  const confidence = confidenceAtEnd(plan);
  if (all < objective.leastSamples) return false;
  if (confidence === null || !isShareOfEvents(objective.measure)) return true;
  // The best case: independent requests, in blocks of one second.
  const effect = { factor: 1, blocks: Math.max(MIN_BLOCKS, Math.floor(seconds)) };
  return shareBounds({ bad: 0, all, effect }, confidence).high <= budgetFor(objective);
}

/** A longer load decides more. */
const neededSeconds = (objective: PlannedObjective, plan: Plan, perSecond: number): number =>
  firstWhole(LONGEST_SECONDS, (seconds) =>
    isEnough(objective, plan, Math.floor(perSecond * seconds), seconds),
  );

/**
 * For a scenario, `planScenario` rejects this. For a script it is only a warning, because the number of
 * requests per iteration is unknown.
 */
function tooSlowScript(objective: PlannedObjective, load: Load): readonly string[] {
  const { measure, target } = objective;
  const sends = load.k6 === undefined ? null : sendsOf(load, undefined);
  if (sends === null || measure.kind !== 'throughput' || !target.comparison.startsWith('>')) return [];
  const perSecond = sends.count / sends.seconds;
  if (perSecond > target.value || (target.comparison === '>=' && perSecond === target.value)) return [];
  return [
    `${nameOf(objective)} needs a higher rate than the ${formatValue(perSecond, 'per_second')} at which the script starts iterations`,
  ];
}
