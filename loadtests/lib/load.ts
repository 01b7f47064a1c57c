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
  /** Virtual users that are ready before the load begins; the harness derives it from rate and latency limits. */
  readonly readyVirtualUsers?: number;
}

const DEFAULTS: Load = {
  scenario: 'by-hand',
  phases: [{ name: 'hold', ratePerSecond: 5, durationSeconds: 10 }],
  seed: 1,
  requestTimeoutSeconds: 10,
};

export const load: Load = __ENV.SLA_LOAD ? (JSON.parse(open(__ENV.SLA_LOAD)) as Load) : DEFAULTS;
export const target = __ENV.SLA_TARGET ?? 'http://127.0.0.1:8000';

/** The addresses of all replicas, if there are several without a load balancer in front of them. */
const replicas = (__ENV.SLA_TARGETS ?? target).split(',');

/** The number of sequential requests in one visit; in most scenarios, a visit is one request. */
const perArrival = load.requestsPerArrival ?? 1;

/** The longest pause between two requests of a visit. */
const LONGEST_THOUGHT_SECONDS = 1;

const MAX_VIRTUAL_USERS = 5000;
/** k6 drops one arrival for each virtual user that it has to add during the run. */
const DEFAULT_READY_VIRTUAL_USERS = 100;

// ---------------------------------------------------------------------------------------------- schedule

interface PhasePlan {
  readonly name: string;
  readonly perSecond: number;
  readonly durationSeconds: number;
  /** The number of arrivals in all previous phases, and in this phase. */
  readonly numberedFrom: number;
  readonly arrivals: number;
  readonly leadSeconds: number;
  readonly longestWaitSeconds: number;
  /** When each arrival is due, in seconds from the phase's start; null if arrivals are evenly spaced. Stored once for all virtual users. */
  readonly due: readonly number[] | null;
}

const phasePlans: readonly PhasePlan[] = (() => {
  let numberedFrom = 0;
  return load.phases.map(({ name, ratePerSecond, durationSeconds }, index): PhasePlan => {
    const perSecond = ratePerSecond / perArrival;
    const arrivals = arrivalsIn(perSecond, durationSeconds);
    const plan = { name, perSecond, durationSeconds, numberedFrom, arrivals };
    numberedFrom += arrivals;
    if (load.arrivals !== 'poisson') return { ...plan, leadSeconds: 0, longestWaitSeconds: 0, due: null };
    // The first two elements are not times; they hold values about all arrivals that the script needs.
    const shared = new SharedArray(`arrivals of ${name}`, () => {
      const made = poissonSchedule(perSecond, durationSeconds, load.seed * 1000 + index);
      return [made.leadSeconds, made.longestWaitSeconds, ...made.dueSeconds];
    }) as number[];
    return { ...plan, leadSeconds: shared[0]!, longestWaitSeconds: shared[1]!, due: shared };
  });
})();

/** Every phase starts this much later, so that k6 can start the arrivals of the first phase before they are due. */
const headStartSeconds = Math.max(...phasePlans.map(({ leadSeconds }) => leadSeconds));

let scenarioOfThisUser: typeof exec.scenario | undefined;

/**
 * The scenario that this virtual user runs now. k6 builds a new object whenever `exec.scenario` is read, with a function for each property:
 * with random arrivals, that took 40% of k6's CPU time. The properties of one object stay up to date, even if the virtual user later
 * runs another scenario.
 */
const scenario = () => (scenarioOfThisUser ??= exec.scenario);

const onlyPlan = phasePlans.length === 1 ? phasePlans[0]! : null;
const phasePlan = () => onlyPlan ?? phasePlans.find(({ name }) => name === scenario().name)!;

// ---------------------------------------------------------------------------------------------- options

/** k6 accepts only whole numbers of iterations per time unit, so 2.5 per second becomes 5 per 2 s. */
function wholeRate(perSecond: number) {
  const unit = [1, 2, 5, 10, 60, 600].find((seconds) => Number.isInteger(perSecond * seconds)) ?? 1000;
  return { rate: Math.round(perSecond * unit), timeUnit: `${unit}s` };
}

/** Iterations that k6 starts during this extra time are beyond the plan and send nothing. */
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
    // At the end, a late k6 may not yet have started every iteration that is due, so k6 gets more time than it needs.
    duration: micros(durationSeconds + SPARE_SECONDS),
    startTime: micros(startSeconds + headStartSeconds - leadSeconds),
    preAllocatedVUs: Math.min(maxVUs, (load.readyVirtualUsers ?? DEFAULT_READY_VIRTUAL_USERS) + waiting),
    maxVUs,
    // Requests that are in flight when the time is over may still end, because a late response must not count as missing.
    gracefulStop: `${Math.ceil(visitSeconds + longestWaitSeconds) + 1}s`,
  };
}

/** Options for k6: one k6 scenario per phase, one after the other. */
export function options(): Options {
  const scenarios: Record<string, Scenario> = {};
  let start = 0;
  for (const plan of phasePlans) {
    scenarios[plan.name] = scenarioOf(plan, start);
    start += plan.durationSeconds;
  }
  return { scenarios };
}

// ---------------------------------------------------------------------------------------------- in the run

/** The function that k6 runs at each arrival, with the value that `setup()` returned. Arrivals beyond the plan do nothing. */
export const eachArrival =
  <Data>(visit: (data: Data) => void) =>
  (data: Data): void => {
    if (scenario().iterationInTest < phasePlan().arrivals) visit(data);
  };

/** The number of this arrival in the whole run, counted from 0. It is the same in every run of the same plan. */
export const arrivalNumber = (): number => phasePlan().numberedFrom + scenario().iterationInTest;

let current = '';
let sentInArrival = 0;

/** Whether this virtual user has moved on to another arrival since the last call. */
function isNewArrival(): boolean {
  const arrival = `${scenario().name} ${scenario().iterationInTest}`;
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

/** The address for the next request: requests go to the replicas in turn. */
export const nextTarget = (): string =>
  replicas.length === 1 ? replicas[0]! : replicas[requestNumber() % replicas.length]!;

let lastAsked = '';

/**
 * With random arrivals, waits before the first request of an arrival until it is due. Returns its delay in
 * milliseconds, which the harness cannot know; null for later requests of a visit, which have no scheduled
 * time, and for even arrivals, which k6 itself starts on time.
 */
export function awaitArrival(): number | null {
  const { due, durationSeconds, leadSeconds } = phasePlan();
  if (due === null) return null;
  isNewArrival();
  if (lastAsked === current) return null;
  lastAsked = current;
  const { iterationInTest: index, startTime } = scenario();
  const dueMs = startTime + (leadSeconds + (due[index + 2] ?? durationSeconds)) * 1000;
  sleep(Math.max(0, dueMs - Date.now()) / 1000);
  return Math.max(0, Date.now() - dueMs);
}

/** Must be called after each request, so that the requests of a visit are numbered. */
export function countRequest(): void {
  if (perArrival === 1) return;
  isNewArrival();
  sentInArrival += 1;
}

/** The pause between two requests of a visit: from a fifth of a second to a second. */
export const think = (part: number): void => sleep((0.2 + 0.8 * part) * LONGEST_THOUGHT_SECONDS);

/** The phase that this request belongs to, which is the name of k6's scenario. */
export const phaseName = () => scenario().name;

let recordedPhase = '';

/** Unix milliseconds at which a phase of random arrivals began; null if this virtual user has already recorded it. */
export function phaseBeganMs(): number | null {
  if (recordedPhase === phaseName()) return null;
  recordedPhase = phaseName();
  return scenario().startTime + phasePlan().leadSeconds * 1000;
}
