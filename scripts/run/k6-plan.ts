import type { PlannedK6Scenario } from '../../slas/model/model.ts';

/** Parses the output of `k6 inspect --execution-requirements` for a script. */

export interface ScriptPlan {
  readonly scenarios: readonly PlannedK6Scenario[];
  /** The time from the start to the last planned end, without graceful stops. */
  readonly scheduledSeconds: number;
  /** The sum over all arrival-rate scenarios. */
  readonly plannedIterations: number;
  /** The longest time that k6 may take, including `setup()`, `teardown()` and graceful stops. */
  readonly longestSeconds: number;
  /** The script's own rate limit (`rps`); null: none. */
  readonly maxRequestsPerSecond: number | null;
  /** The threshold expressions of each metric, for example `http_req_duration{name:checkout}` → `p(95)<500`. */
  readonly thresholds: Readonly<Record<string, readonly string[]>>;
}

/** The script plans something that cannot be judged. The message is worded to follow the script's name. */
export class UnplannableScript extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnplannableScript';
  }
}

type Threshold = string | { readonly threshold: string };

interface RawStage {
  readonly duration: string;
  readonly target: number;
}

/** The options of one scenario; which ones are present depends on the executor. null: k6's default applies. */
interface RawScenario {
  readonly executor: string;
  readonly startTime?: string | null;
  readonly options?: object | null;
  readonly vus?: number | null;
  readonly iterations?: number | null;
  readonly duration?: string | null;
  readonly maxDuration?: string | null;
  readonly rate?: number | null;
  readonly startRate?: number | null;
  readonly timeUnit?: string | null;
  readonly stages?: readonly RawStage[] | null;
}

interface RawPlan {
  readonly scenarios: Readonly<Record<string, RawScenario>>;
  readonly thresholds?: Readonly<Record<string, readonly Threshold[]>> | null;
  readonly totalDuration: string;
  readonly rps?: number | null;
  readonly setupTimeout?: string | null;
  readonly teardownTimeout?: string | null;
  readonly systemTags?: readonly string[] | null;
}

/** k6's defaults, which its JSON omits. */
const DEFAULTS = { maxDuration: '10m', timeUnit: '1s', timeout: '60s' };

/** @param text the JSON that k6 printed. Throws UnplannableScript. */
export function parsePlan(text: string): ScriptPlan {
  const raw = JSON.parse(text) as RawPlan;
  checkTags(raw.systemTags ?? null);
  const scenarios = Object.entries(raw.scenarios).map(([name, scenario]) => scenarioOf(name, scenario));
  const arriving = scenarios.filter(({ stages }) => stages !== null);
  const aroundIt = [raw.setupTimeout, raw.teardownTimeout].map((each) => secondsOf(each ?? DEFAULTS.timeout));
  return {
    scenarios,
    scheduledSeconds: Math.max(...scenarios.map((one) => one.startSeconds + one.maxDurationSeconds)),
    plannedIterations: sum(arriving.map(({ plannedIterations }) => plannedIterations!)),
    longestSeconds: secondsOf(raw.totalDuration) + sum(aroundIt),
    maxRequestsPerSecond: raw.rps ? raw.rps : null,
    thresholds: Object.fromEntries(
      Object.entries(raw.thresholds ?? {}).map(([metric, all]) => [metric, all.map(expressionOf)]),
    ),
  };
}

/** The record needs these tags to distinguish requests, responses and scenarios. */
const NEEDED_TAGS = ['url', 'name', 'status', 'error_code', 'scenario', 'check'];

function checkTags(tags: readonly string[] | null): void {
  const missing = NEEDED_TAGS.filter((tag) => tags !== null && !tags.includes(tag));
  if (missing.length > 0)
    throw new UnplannableScript(
      `options.systemTags leaves out ${missing.join(', ')}, which the record of the run needs: add ${missing.length === 1 ? 'it' : 'them'}, or remove systemTags`,
    );
}

const expressionOf = (threshold: Threshold) =>
  typeof threshold === 'string' ? threshold : threshold.threshold;

const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0);

function scenarioOf(name: string, raw: RawScenario): PlannedK6Scenario {
  // A browser is a separate process, and no k6 option restricts which machines it connects to.
  if (raw.options && 'browser' in raw.options)
    throw new UnplannableScript(
      `scenario "${name}" starts a browser, which cannot be restricted to the load target: remove the scenario, or run it with k6 alone`,
    );
  const { executor } = raw;
  return { name, executor, startSeconds: secondsOf(raw.startTime ?? '0s'), ...loadOf(name, raw) };
}

type Planned = Pick<PlannedK6Scenario, 'maxDurationSeconds' | 'stages' | 'plannedIterations'>;

function loadOf(name: string, raw: RawScenario): Planned {
  const { vus, iterations } = { vus: raw.vus ?? 1, iterations: raw.iterations ?? 1 };
  const maxDurationSeconds = secondsOf(raw.maxDuration ?? DEFAULTS.maxDuration);
  switch (raw.executor) {
    case 'shared-iterations':
      return { maxDurationSeconds, stages: null, plannedIterations: iterations };
    case 'per-vu-iterations':
      return { maxDurationSeconds, stages: null, plannedIterations: vus * iterations };
    case 'constant-vus':
      return { maxDurationSeconds: secondsOf(raw.duration!), stages: null, plannedIterations: null };
    case 'ramping-vus':
      return {
        maxDurationSeconds: sum(raw.stages!.map(({ duration }) => secondsOf(duration))),
        stages: null,
        plannedIterations: null,
      };
    case 'constant-arrival-rate':
      return arriving(steady(raw));
    case 'ramping-arrival-rate':
      return arriving(ramping(raw));
    default:
      throw new UnplannableScript(
        `scenario "${name}" uses the executor "${raw.executor}", which this version does not know: use a built-in executor of k6`,
      );
  }
}

type Stages = NonNullable<PlannedK6Scenario['stages']>;

const perSecond = ({ timeUnit }: RawScenario) => 1 / secondsOf(timeUnit ?? DEFAULTS.timeUnit);

function steady(raw: RawScenario): Stages {
  const rate = raw.rate! * perSecond(raw);
  return [{ seconds: secondsOf(raw.duration!), fromPerSecond: rate, toPerSecond: rate }];
}

function ramping(raw: RawScenario): Stages {
  const unit = perSecond(raw);
  return raw.stages!.map(({ duration, target }, index) => ({
    seconds: secondsOf(duration),
    fromPerSecond: (index === 0 ? (raw.startRate ?? 0) : raw.stages![index - 1]!.target) * unit,
    toPerSecond: target * unit,
  }));
}

/** Rounds before truncating, because 0.1/s for 30 s is 3 iterations, not 3.0000000000000004. */
function arriving(stages: Stages): Planned {
  const iterations = sum(
    stages.map(({ seconds, fromPerSecond, toPerSecond }) => (seconds * (fromPerSecond + toPerSecond)) / 2),
  );
  return {
    maxDurationSeconds: sum(stages.map(({ seconds }) => seconds)),
    stages,
    plannedIterations: Math.floor(Number(iterations.toFixed(6))),
  };
}

const UNITS: Readonly<Record<string, number>> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  ns: 1e-9,
};

/** A duration in Go's notation: `1m0s`, `5.5s`, `500ms`. */
export function secondsOf(duration: string): number {
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)];
  if (parts.map(([part]) => part).join('') !== duration)
    throw new UnplannableScript(`"${duration}" is not a duration that this version can read`);
  const seconds = sum(parts.map(([, amount, unit]) => Number(amount) * UNITS[unit!]!));
  return Number(seconds.toFixed(9));
}
