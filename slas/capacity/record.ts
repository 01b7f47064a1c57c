import { type LoadLevel, loadLevelOf } from '../client/load-level.ts';
import type { ObjectiveVerdict, Outcome, Plan, RunRecord, RunSeries, Verdict } from '../model/model.ts';
import { effectOfBounds } from '../statistics/intervals.ts';
import type { Decided } from './basis.ts';
import type { Observed } from './little.ts';
import type { SearchSettings, StepPlan, StepSeen } from './search.ts';

/** A search as it is stored: what was asked, and every step. Everything else is computed from it. */

/** One latency objective at one step. */
export interface StepLatency {
  readonly objective: string;
  readonly percentile: number;
  readonly limitSeconds: number;
  /** The percentile on the worse side; service-side it is interpolated within its bucket. null if undecided. */
  readonly seconds: number | null;
  readonly samples?: number;
  /** The effective sample size: this many independent responses would carry as much information. Absent: not judged. */
  readonly independent?: number;
}

/** What a resource used, on average over the step. */
export interface StepResource {
  readonly name:
    | 'cpu'
    | 'memory'
    | 'event-loop'
    | 'queue'
    | 'in-progress'
    | 'unanswered'
    | 'generator'
    | 'throttling';
  readonly value: number;
  /** For memory, the highest value of the step. */
  readonly peak?: number;
}

export interface StepFigures {
  readonly client: LoadLevel | null;
  readonly service: Observed;
  readonly latencies: readonly StepLatency[];
  readonly sent: number;
  readonly unanswered: number;
  readonly dropped: number;
  readonly resources: readonly StepResource[];
  /** The CPU cores that the service may use by the limits of all its containers together. Absent if unknown. */
  readonly cpuLimitCores?: number;
}

/** Measurements in addition to the evidence; null if they were not taken. */
export interface MoreFigures {
  /** Requests in the service's histogram, and the sum of their times. */
  readonly timed: number | null;
  readonly timedSeconds: number | null;
  /** The share of its periods in which a CPU limit paused the service. */
  readonly throttledShare: number | null;
  readonly cpuLimitCores: number | null;
}

export interface StepRecord extends StepSeen, Decided {
  /** The name of the step's run folder; null if the step could not begin. */
  readonly run: string | null;
  readonly verdict: Outcome | null;
  /** Ids of missed objectives that decided the verdict, and of preconditions that do not hold. */
  readonly missed: readonly string[];
  readonly broken: readonly string[];
  readonly loadedSeconds: number;
  readonly figures: StepFigures | null;
  /** The process instances that were scraped during the step. Absent: none, or stored by an earlier version. */
  readonly replicas?: number;
}

/** The user's options, from which an interrupted search is resumed, and with which a search is repeated. */
export interface CapacityAsked {
  readonly sla?: string;
  /** The name of the script, if the load is planned by a script. */
  readonly scenario: string;
  /** The operator's own k6 script; a rate then counts iterations. */
  readonly script?: { readonly file: string; readonly sha256: string };
  readonly target?: string;
  readonly prometheus?: string;
  readonly generators?: string;
  readonly maxRate?: string;
  readonly faults?: string;
  /** The variable that this search sets, or `replicas`, if it is one of several searches (`--by`, `--workers`, `--replicas`). */
  readonly variant?: { readonly name: string; readonly value: string };
  /** SERVICE_WORKERS of each replica, with `--replicas`. */
  readonly workersEach?: string;
  /** `NAMESPACE/NAME` of the Deployment that is scaled, and the context of the kubeconfig. */
  readonly deployment?: string;
  readonly context?: string;
  readonly targetPerSecond?: number;
  /** The highest rate of a week. The report says how much it may grow. */
  readonly weeklyPeakPerSecond?: number;
  /** The store of the service's traffic in the past. */
  readonly history?: {
    readonly url: string;
    readonly weeks: number;
    /** `FROM/TO`: periods of other load tests. */
    readonly exclude?: readonly string[];
  };
  readonly headroom: number;
}

export interface CapacitySources {
  /** SHA-256 of the files of the service that the harness starts; null: another service. */
  readonly service: string | null;
  /** The settings of that service in the environment. */
  readonly settings: Readonly<Record<string, string>>;
  /** SHA-256 of the load script, and of the files that it names by relative paths. */
  readonly script: string;
  /** SHA-256 of the variables that the load script reads. Their values may be secret. */
  readonly variables: string;
}

export interface CapacityRecord {
  readonly schema: 'sla-harness/capacity/v1';
  readonly id: string;
  readonly sla: string;
  readonly asked: CapacityAsked;
  readonly documentSha256: string;
  /** The git commit that was checked out in the project; absent: none, or unknown. */
  readonly commit?: string;
  readonly settings: SearchSettings;
  /** The workload in `k8s/` that was measured; absent: another service. */
  readonly workload?: 'sentiment-api';
  /**
   * The process instances that were scraped behind the target, in the hold of the proven rate (in the last step, before there is one). The
   * rate is that of all of them together.
   */
  readonly replicas: number;
  /** CPU cores that processes of this machine may use; null if the service runs on another machine. */
  readonly cores: number | null;
  readonly steps: readonly StepRecord[];
  /** What was loaded and how, to compare when the search is resumed. Absent: stored by an earlier version. */
  readonly sources?: CapacitySources;
  /** The step that has begun, and has no result yet. After a crash, it is all that is known about that step. */
  readonly begun?: Pick<StepPlan, 'kind' | 'ratePerSecond' | 'maxSeconds'>;
}

// ---------------------------------------------------------------------------------------------- one step

/** How one run counts for the search. `strict`: the same run at the confidence at which a miss counts. */
export function outcomeOf(
  verdict: Verdict,
  strict: Verdict,
  { incidents }: RunRecord,
): Pick<StepSeen, 'outcome' | 'because'> {
  const broken = brokenIn(verdict);
  if ((incidents ?? []).length > 0) return { outcome: 'missed', because: 'service-ended' };
  if (broken.includes('generator-on-time')) return { outcome: 'invalid', because: 'generator-late' };
  // Dropped iterations are load that the service did not receive. An objective that was missed under less load would also be missed under
  // the full load.
  const isMissedWithLess = broken.join() === 'load-delivered' && strict.verdict === 'fail';
  if (isMissedWithLess) return { outcome: 'missed' };
  if (isCutShort(verdict) && strict.verdict !== 'fail') return { outcome: 'undecided', because: 'cut-short' };
  if (verdict.verdict === 'fail') return { outcome: strict.verdict === 'fail' ? 'missed' : 'undecided' };
  if (verdict.verdict === 'pass') return { outcome: 'met' };
  return broken.length > 0 ? { outcome: 'undecided', because: 'other-check' } : { outcome: 'undecided' };
}

const isCutShort = ({ preconditions }: Verdict) =>
  preconditions.some(({ reasons }) => reasons.some(({ code }) => code === 'load-cut-short'));

export const brokenIn = ({ preconditions }: Verdict) =>
  preconditions.filter(({ ok }) => ok === false).map(({ id }) => id);

export function figuresOf(
  plan: Plan,
  { load }: RunRecord,
  verdict: Verdict,
  series: RunSeries | null,
  more: MoreFigures | null = null,
): StepFigures {
  const seconds = load!.decidedAtSeconds ?? load!.scheduledSeconds;
  const requests = verdict.reconciliation.find(({ what }) => what === 'requests');
  const gauge = meanOfPanel(series, 'in-progress');
  return {
    client: load!.client === undefined ? null : loadLevelOf(load!.client, seconds),
    service: {
      ratePerSecond: requests === undefined ? null : requests.service / seconds,
      meanSeconds: requests === undefined || more === null ? null : meanOf(more, requests.service),
      concurrency: gauge,
    },
    latencies: latenciesOf(plan, verdict),
    sent: load!.sent,
    unanswered: load!.lost,
    dropped: load!.droppedIterations,
    resources: [
      ...resourcesOf(load!, series),
      ...(more === null || more.throttledShare === null
        ? []
        : [{ name: 'throttling', value: more.throttledShare } as const]),
    ],
    ...(more === null || more.cpuLimitCores === null ? {} : { cpuLimitCores: more.cpuLimitCores }),
  };
}

/** A histogram that covers only some endpoints does not show the mean time of all requests. */
const MIN_TIMED_SHARE = 0.9;

const meanOf = ({ timed, timedSeconds }: MoreFigures, requests: number): number | null =>
  timed === null || timedSeconds === null || timed <= 0 || timed < MIN_TIMED_SHARE * requests
    ? null
    : timedSeconds / timed;

const latenciesOf = ({ objectives }: Plan, verdict: Verdict): readonly StepLatency[] =>
  objectives.flatMap(({ id, measure, target }) => {
    const own = verdict.objectives.find((one) => one.id === id);
    if (measure.kind !== 'latency' || own === undefined) return [];
    const seen = [own.value, own.client?.value ?? null].filter((one) => one !== null);
    const seconds = seen.length === 0 ? null : Math.max(...seen);
    const { percentile } = measure;
    return [{ objective: id, percentile, limitSeconds: target.value, seconds, ...independentIn(own) }];
  });

function independentIn({ share, samples, interval }: ObjectiveVerdict) {
  if (share === null || interval === null || interval.low <= 0 || samples === 0) return {};
  const { low, eachBound, confidence } = interval;
  const effect = effectOfBounds((1 - share) * samples, samples, 1 - low, eachBound ?? confidence);
  return { samples, independent: samples / effect };
}

const PANELS = ['cpu', 'memory', 'event-loop', 'queue', 'in-progress'] as const;

function resourcesOf(
  { lost, startedLateP99Seconds }: NonNullable<RunRecord['load']>,
  series: RunSeries | null,
): readonly StepResource[] {
  const panels = PANELS.flatMap((name): StepResource[] => {
    const value = meanOfPanel(series, name);
    if (value === null) return [];
    return [{ name, value, ...(name === 'memory' ? { peak: peakOfPanel(series, name)! } : {}) }];
  });
  return [
    ...panels,
    { name: 'unanswered', value: lost },
    ...(startedLateP99Seconds === undefined
      ? []
      : [{ name: 'generator', value: startedLateP99Seconds } as const]),
  ];
}

/** The mean over time of a panel's first query, summed over its series, which are parts of a whole. */
const meanOfPanel = (series: RunSeries | null, panel: string) =>
  sumOfPanel(series, panel, (numbers) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length);

/** The sum of the maximum of each series, which is at least the maximum of their sum. */
const peakOfPanel = (series: RunSeries | null, panel: string) =>
  sumOfPanel(series, panel, (numbers) => Math.max(...numbers));

function sumOfPanel(
  series: RunSeries | null,
  panel: string,
  over: (numbers: readonly number[]) => number,
): number | null {
  const answer = series?.answers.find((one) => one.panel === panel && one.over === 'time');
  const parts = (answer?.series ?? []).flatMap(({ values }) => {
    const numbers = values
      .split(' ')
      .filter((value) => value !== '-')
      .map(Number);
    return numbers.length === 0 ? [] : [over(numbers)];
  });
  return parts.length === 0 ? null : parts.reduce((sum, value) => sum + value, 0);
}
