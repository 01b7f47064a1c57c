import type { LoadRecord, PlannedK6Scenario } from '../model/model.ts';
import type { PlannedScript } from '../plan/plan-script.ts';

/** A k6 script that plans its own load, and its results, in the notation of judging cases. */

const scenarioOf = (name: string, text: string): PlannedK6Scenario => {
  const [, executor, iterations, from, to, seconds] =
    /^(?:([a-z-]+) )?(?:(\d+) )?(?:([\d.]+)\/s )?(?:to ([\d.]+)\/s )?(?:for|in) (\d+)s$/.exec(text)!;
  const base = { name, startSeconds: 0, maxDurationSeconds: Number(seconds) };
  if (from === undefined)
    return {
      ...{ ...base, executor: executor!, stages: null },
      plannedIterations: iterations === undefined ? null : Number(iterations),
    };
  const stage = { seconds: Number(seconds), fromPerSecond: Number(from), toPerSecond: Number(to ?? from) };
  return {
    ...{ ...base, executor: to === undefined ? 'constant-arrival-rate' : 'ramping-arrival-rate' },
    stages: [stage],
    plannedIterations: Math.floor((stage.seconds * (stage.fromPerSecond + stage.toPerSecond)) / 2),
  };
};

export function plannedScript(texts: Readonly<Record<string, string>>): PlannedScript {
  const scenarios = Object.entries(texts).map(([name, text]) => scenarioOf(name, text));
  const scheduledSeconds = Math.max(...scenarios.map((one) => one.maxDurationSeconds));
  const open = scenarios.filter(({ stages }) => stages !== null);
  return {
    ...{ name: 'their-script', file: '/home/me/their-script.js', scenarios, scheduledSeconds },
    plannedIterations: open.reduce((sum, one) => sum + one.plannedIterations!, 0),
    ...{ longestSeconds: scheduledSeconds + 150, maxRequestsPerSecond: null },
  };
}

const recordOf = (name: string, text: string) => {
  const [, iterations, dropped = '0', late] = /^(\d+)(?:, (\d+) dropped)?(?:, late ([\d.]+))?$/.exec(text)!;
  return {
    ...{ name, iterations: Number(iterations), droppedIterations: Number(dropped) },
    requests: Number(iterations),
    ...(late === undefined ? {} : { startedLateP99Seconds: Number(late) }),
  };
};

export const scenarioRecords = (
  texts: Readonly<Record<string, string | number>>,
): NonNullable<LoadRecord['scenarios']> =>
  Object.entries(texts).map(([name, text]) => recordOf(name, String(text)));
