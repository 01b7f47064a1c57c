import { sleep } from 'k6';
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import type { Options, Scenario } from 'k6/options';
import { arrivalsIn, poissonSchedule } from './schedule.ts';

/** The load of a plan, as slas/plan/plan.ts writes it (`Load` in slas/model/model.ts). k6 reads it from the file in SLA_LOAD. */
interface Load {
  readonly scenario: string;
  readonly phases: readonly {
    readonly name: string;
    readonly ratePerSecond: number;
    readonly durationSeconds: number;
  }[];
  readonly seed: number;
  readonly arrivals?: 'even' | 'poisson';
  readonly requestsPerArrival?: number;
  readonly requestTimeoutSeconds: number;
  readonly budgets: readonly Budget[];
}

/** One objective's error budget for the whole plan (`Budget` in slas/model/model.ts). */
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

/** Requests of one visit, one after the other; most scenarios have one. */
const perArrival = load.requestsPerArrival ?? 1;

/** The longest pause between two requests of a visit. */
const LONGEST_THOUGHT_SECONDS = 1;

const MAX_VIRTUAL_USERS = 5000;
/**
 * This many virtual users are ready before the load begins, or as many as the load can ever need. Each one that k6 has to add
 * during the run costs an arrival, so a service that falls behind would not get its full load. A virtual user takes about 0.3
 * MB and a millisecond.
 */
const READY_VIRTUAL_USERS = 500;

// ---------------------------------------------------------------------------------------------- schedule

interface PhasePlan {
  readonly name: string;
  readonly perSecond: number;
  readonly durationSeconds: number;
  /** Arrivals of the previous phases. */
  readonly numberedFrom: number;
  readonly leadSeconds: number;
  readonly longestWaitSeconds: number;
  /** When each arrival is due, in seconds from the phase's start; null: evenly spaced. Stored once for all virtual users. */
  readonly due: readonly number[] | null;
}

const phasePlans: readonly PhasePlan[] = (() => {
  let numberedFrom = 0;
  return load.phases.map(({ name, ratePerSecond, durationSeconds }, index): PhasePlan => {
    const perSecond = ratePerSecond / perArrival;
    const plan = { name, perSecond, durationSeconds, numberedFrom };
    numberedFrom += arrivalsIn(perSecond, durationSeconds);
    if (load.arrivals !== 'poisson') return { ...plan, leadSeconds: 0, longestWaitSeconds: 0, due: null };
    // The first two are not times, but what this script needs to know about all of them.
    const shared = new SharedArray(`arrivals of ${name}`, () => {
      const made = poissonSchedule(perSecond, durationSeconds, load.seed * 1000 + index);
      return [made.leadSeconds, made.longestWaitSeconds, ...made.dueSeconds];
    }) as number[];
    return { ...plan, leadSeconds: shared[0]!, longestWaitSeconds: shared[1]!, due: shared };
  });
})();

/** Every phase starts this much later, so that k6 can start the arrivals of the first phase before they are due. */
const headStartSeconds = Math.max(...phasePlans.map(({ leadSeconds }) => leadSeconds));

const phasePlan = () => phasePlans.find(({ name }) => name === exec.scenario.name)!;

// ---------------------------------------------------------------------------------------------- options

/** k6 accepts whole numbers of iterations per time unit: 2.5 a second is 5 in 2 s. */
function wholeRate(perSecond: number) {
  const unit = [1, 2, 5, 10, 60, 600].find((seconds) => Number.isInteger(perSecond * seconds)) ?? 1000;
  return { rate: Math.round(perSecond * unit), timeUnit: `${unit}s` };
}

/** Iterations that k6 starts within this time are beyond the plan and send nothing. */
const SPARE_SECONDS = 0.5;

const micros = (seconds: number) => `${Math.round(seconds * 1e6)}us`;

/** Arrivals do not wait for responses (an open model), so a slow service gets the same load as a fast one. */
function scenarioOf(plan: PhasePlan, startSeconds: number): Scenario {
  const { perSecond, durationSeconds, leadSeconds, longestWaitSeconds } = plan;
  const thinkSeconds = (perArrival - 1) * LONGEST_THOUGHT_SECONDS;
  const visitSeconds = perArrival * load.requestTimeoutSeconds + thinkSeconds;
  const waiting = Math.ceil(perSecond * (longestWaitSeconds + thinkSeconds));
  const maxVUs = Math.min(MAX_VIRTUAL_USERS, Math.ceil(perSecond * visitSeconds * 1.1) + waiting + 10);
  return {
    executor: 'constant-arrival-rate',
    ...wholeRate(perSecond),
    // If k6 is late at the end of its time, it may or may not start what is still due, so it gets more time than it needs.
    duration: micros(durationSeconds + SPARE_SECONDS),
    startTime: micros(startSeconds + headStartSeconds - leadSeconds),
    preAllocatedVUs: Math.min(maxVUs, Math.max(READY_VIRTUAL_USERS, Math.ceil(perSecond) + waiting + 10)),
    maxVUs,
    // Requests in flight when the time is over may still end: a late response is not a missing one.
    gracefulStop: `${Math.ceil(visitSeconds + longestWaitSeconds) + 1}s`,
  };
}

/** A run stops early once an objective's error budget for the whole plan is exceeded, because it can no longer pass. */
const thresholds = () =>
  Object.fromEntries(
    load.budgets.map((budget) => [
      budget.metric,
      [{ threshold: `count<=${budget.atMost}`, abortOnFail: true }],
    ]),
  );

/** Options for k6: one k6 scenario per phase, one after the other. */
export function options(): Options {
  const scenarios: Record<string, Scenario> = {};
  let start = 0;
  for (const plan of phasePlans) {
    scenarios[plan.name] = scenarioOf(plan, start);
    start += plan.durationSeconds;
  }
  return {
    scenarios,
    thresholds: thresholds(),
    summaryTrendStats: ['min', 'avg', 'med', 'p(90)', 'p(95)', 'p(99)', 'max', 'count'],
  };
}

// ---------------------------------------------------------------------------------------------- in the run

/**
 * What a scenario does at each arrival, with the value that `setup()` returned; arrivals beyond the plan do
 * nothing.
 */
export const eachArrival =
  <Data>(visit: (data: Data) => void) =>
  (data: Data): void => {
    const { perSecond, durationSeconds } = phasePlan();
    if (exec.scenario.iterationInTest < arrivalsIn(perSecond, durationSeconds)) visit(data);
  };

/** The number of this arrival in the whole run, from 0: the same in every run of the same plan. */
export const arrivalNumber = (): number => phasePlan().numberedFrom + exec.scenario.iterationInTest;

let current = '';
let sentInArrival = 0;

/** Whether this virtual user has moved on to another arrival since the last call. */
function isNewArrival(): boolean {
  const arrival = `${exec.scenario.name} ${exec.scenario.iterationInTest}`;
  if (arrival === current) return false;
  current = arrival;
  sentInArrival = 0;
  return true;
}

/** The number of this request in the whole run, from 0; with one request per arrival it is the arrival's number. */
export function requestNumber(): number {
  isNewArrival();
  return arrivalNumber() * perArrival + sentInArrival;
}

let lastAsked = '';

/**
 * Called before each request: waits until its arrival is due. Returns how late it is, in milliseconds; 0 for later requests
 * of a visit, which have no scheduled time.
 */
export function awaitArrival(): number {
  isNewArrival();
  sentInArrival += 1;
  if (lastAsked === current) return 0;
  lastAsked = current;
  const { due, perSecond, durationSeconds, leadSeconds } = phasePlan();
  const { iterationInTest: index, startTime } = exec.scenario;
  const dueMs =
    startTime + (due === null ? index / perSecond : leadSeconds + (due[index + 2] ?? durationSeconds)) * 1000;
  if (due !== null) sleep(Math.max(0, dueMs - Date.now()) / 1000);
  return Math.max(0, Date.now() - dueMs);
}

/** The pause between two requests of a visit: from a fifth of a second to a second. */
export const think = (part: number): void => sleep((0.2 + 0.8 * part) * LONGEST_THOUGHT_SECONDS);

/** The phase that this request belongs to, which is the name of k6's scenario. */
export const phaseName = () => exec.scenario.name;

let toldOf = '';

/** Unix milliseconds at which this phase's schedule began; null if this virtual user has already recorded it. */
export function phaseBeganMs(): number | null {
  if (toldOf === phaseName()) return null;
  toldOf = phaseName();
  return exec.scenario.startTime + phasePlan().leadSeconds * 1000;
}
