import type { Load, PlannedK6Scenario } from '../model/model.ts';
import { countOf, formatCount } from './numbers.ts';

const perSecond = (rate: number) => `${formatCount(Number(rate.toPrecision(6)))}/s`;

/** `25/s for 60 s`; of several phases `ramp 10/s for 30 s, then hold 25/s for 60 s`; of a k6 script `constant-vus for 60 s`. */
export function loadInWords(load: Load): string {
  if (load.k6 !== undefined) return scenariosInWords(load.k6.scenarios);
  const phases = load.phases.map(({ name, ratePerSecond, durationSeconds }) => {
    const words = `${perSecond(ratePerSecond)} for ${formatCount(durationSeconds)} s`;
    return load.phases.length === 1 ? words : `${name} ${words}`;
  });
  return phases.join(', then ');
}

const scenariosInWords = (scenarios: readonly PlannedK6Scenario[]) =>
  scenarios
    .map((one) => (scenarios.length === 1 ? scenarioInWords(one) : `${one.name} ${scenarioInWords(one)}`))
    .join(', ');

function scenarioInWords({
  executor,
  stages,
  startSeconds,
  maxDurationSeconds,
  plannedIterations,
}: PlannedK6Scenario): string {
  const seconds = `${formatCount(maxDurationSeconds)} s`;
  const from = startSeconds === 0 ? '' : ` starting at ${formatCount(startSeconds)} s`;
  if (stages !== null) {
    const rates = stages.flatMap(({ fromPerSecond, toPerSecond }) => [fromPerSecond, toPerSecond]);
    const [low, high] = [Math.min(...rates), Math.max(...rates)];
    return `${low === high ? perSecond(high) : `${perSecond(low)} to ${perSecond(high)}`} for ${seconds}${from}`;
  }
  return plannedIterations === null
    ? `${executor} for ${seconds}${from}`
    : `${executor}, ${countOf(plannedIterations, 'iteration')} in at most ${seconds}${from}`;
}

/** `1,500 requests in 60 s`: the planned amount, which is unknown for a closed model. */
export function amountInWords({ k6, plannedRequests, scheduledSeconds }: Load): string {
  const seconds = `${formatCount(scheduledSeconds)} s`;
  if (k6 === undefined) return `${countOf(plannedRequests, 'request')} in ${seconds}`;
  const isKnown = k6.scenarios.every(({ plannedIterations }) => plannedIterations !== null);
  const planned = k6.scenarios.reduce((sum, one) => sum + (one.plannedIterations ?? 0), 0);
  if (!isKnown) return `at most ${seconds}, with as many iterations as the service allows`;
  return `${countOf(planned, 'iteration')} in at most ${seconds}`;
}
