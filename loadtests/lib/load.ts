import exec from 'k6/execution';
import type { Options, Scenario } from 'k6/options';

/** The load of a plan, as slas/plan.ts writes it (`Load` in slas/model.ts). k6 reads it from the file in SLA_LOAD. */
interface Load {
  readonly scenario: string;
  readonly phases: readonly {
    readonly name: string;
    readonly ratePerSecond: number;
    readonly durationSeconds: number;
  }[];
  readonly seed: number;
  readonly requestTimeoutSeconds: number;
  readonly budgets: readonly Budget[];
}

/** How many bad requests the plan can bear for one objective (`Budget` in slas/model.ts). */
export interface Budget {
  readonly objective: string;
  readonly metric: string;
  readonly phase: string | null;
  readonly overSeconds: number | null;
  readonly badStatus: string | null;
  readonly path: string | null;
  readonly atMost: number;
}

const DEFAULTS: Load = {
  scenario: 'by-hand',
  phases: [{ name: 'hold', ratePerSecond: 5, durationSeconds: 10 }],
  seed: 1,
  requestTimeoutSeconds: 10,
  budgets: [],
};

export const load: Load = __ENV.SLA_LOAD ? (JSON.parse(open(__ENV.SLA_LOAD)) as Load) : DEFAULTS;
export const target = __ENV.SLA_TARGET ?? 'http://127.0.0.1:8000';

const MOST_VIRTUAL_USERS = 5000;

/** k6 takes whole numbers of iterations per time unit: 2.5 a second is 5 in 2 s. */
function wholeRate(ratePerSecond: number) {
  const unit = [1, 2, 5, 10, 60, 600].find((seconds) => Number.isInteger(ratePerSecond * seconds)) ?? 1000;
  return { rate: Math.round(ratePerSecond * unit), timeUnit: `${unit}s` };
}

/** Arrivals do not wait for answers (an open model), so a slow service meets the same load as a fast one. */
function arrivals(ratePerSecond: number, durationSeconds: number, startSeconds: number): Scenario {
  const inFlightAtWorst = Math.ceil(ratePerSecond * load.requestTimeoutSeconds * 1.1) + 10;
  const maxVUs = Math.min(MOST_VIRTUAL_USERS, inFlightAtWorst);
  return {
    executor: 'constant-arrival-rate',
    ...wholeRate(ratePerSecond),
    duration: `${Math.round(durationSeconds * 1000)}ms`,
    startTime: `${Math.round(startSeconds * 1000)}ms`,
    preAllocatedVUs: Math.min(maxVUs, Math.ceil(ratePerSecond) + 10),
    maxVUs,
    // What is in flight when the time is over is still waited for: an answer that comes late is not a lost one.
    gracefulStop: `${Math.ceil(load.requestTimeoutSeconds) + 1}s`,
  };
}

/** More bad requests than the whole plan can bear end a run that nothing can save any more. */
const thresholds = () =>
  Object.fromEntries(
    load.budgets.map((budget) => [
      budget.metric,
      [{ threshold: `count<=${budget.atMost}`, abortOnFail: true }],
    ]),
  );

/** Options for k6: one scenario of its own a phase, one after the other. */
export function options(): Options {
  const scenarios: Record<string, Scenario> = {};
  let start = 0;
  for (const { name, ratePerSecond, durationSeconds } of load.phases) {
    scenarios[name] = arrivals(ratePerSecond, durationSeconds, start);
    start += durationSeconds;
  }
  return {
    scenarios,
    thresholds: thresholds(),
    summaryTrendStats: ['min', 'avg', 'med', 'p(90)', 'p(95)', 'p(99)', 'max', 'count'],
  };
}

/** The number of this request in the whole run, from 0: the same in every run of the same plan. */
export function requestNumber(): number {
  const at = load.phases.findIndex(({ name }) => name === exec.scenario.name);
  const before = load.phases
    .slice(0, at)
    .reduce((sum, phase) => sum + Math.ceil(phase.ratePerSecond * phase.durationSeconds) + 1, 0);
  return before + exec.scenario.iterationInTest;
}

/** The phase that this request belongs to: it is named as k6's scenario. */
export const phaseName = () => exec.scenario.name;

let toldOf = '';

/** Unix milliseconds at which this phase's schedule began; null where this virtual user has told it already. */
export function phaseBeganMs(): number | null {
  if (toldOf === phaseName()) return null;
  toldOf = phaseName();
  return exec.scenario.startTime;
}

/** How much later than planned this request begins. */
export function startedLateMs(): number {
  const { ratePerSecond } = load.phases.find(({ name }) => name === exec.scenario.name)!;
  const plannedMs = exec.scenario.startTime + (exec.scenario.iterationInTest * 1000) / ratePerSecond;
  return Math.max(0, Date.now() - plannedMs);
}
