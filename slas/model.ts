/**
 * Every noun of the project, as plain readonly data. Each is written as JSON into the run folder, so that every step
 * after a run can be done again from the files alone.
 *
 *   SlaDocument ──plan──▶ Plan ──k6──▶ RunRecord ──Prometheus──▶ Evidence ──judge──▶ Verdict
 *
 * Units live in names: `…Seconds`, `…PerSecond`. Times are Unix seconds unless they are called RFC 3339.
 */

// ---------------------------------------------------------------------------------------------- problems

/** What is wrong with something a person wrote; returned, all of them at once, never thrown. */
export interface Problem {
  readonly code: string;
  /** Where it stands, as `objectives[2].target`. */
  readonly path: string;
  readonly message: string;
  /** Position in the file, both counted from 1, where the file is known. */
  readonly line?: number;
  readonly column?: number;
}

// ---------------------------------------------------------------------------------------------- document

export type Comparison = '<' | '<=' | '>' | '>=';

/** What a limit is counted in: seconds, a ratio from 0 to 1, or events per second. */
export type Unit = 'seconds' | 'ratio' | 'per_second' | 'number';

/** A limit as its author wrote it (`< 200ms`), and as it is compared (0.2 seconds). */
export interface Limit {
  readonly text: string;
  readonly comparison: Comparison;
  /** In the objective's base unit. */
  readonly value: number;
}

/** What a label must be: exactly this text, or matched as a whole by this regular expression (RE2). */
export type LabelMatcher = string | { readonly matches: string };

/** Time series of one metric: those whose labels all match. The service's own selector is added by the plan. */
export interface Selection {
  readonly metric: string;
  readonly where: Readonly<Record<string, LabelMatcher>>;
  /** `zero`: a series that was never there counts as 0 (errors). Without it, absence decides nothing. */
  readonly absent?: 'zero';
}

/** What an objective measures. The seven kinds that there are. */
export type Measure =
  /** The share of a histogram's observations at or under a limit, told as a percentile. */
  | {
      readonly kind: 'latency';
      readonly histogram: Selection;
      readonly percentile: number;
      /** The path whose requests are judged by the client's own clock as well. */
      readonly client?: string;
    }
  /** Bad events over all events. `lost: bad` adds requests that the client sent and nobody answered. */
  | { readonly kind: 'ratio'; readonly bad: Selection; readonly total: Selection; readonly lost?: 'bad' }
  /** Events counted in the window over the seconds in which load was scheduled. */
  | { readonly kind: 'throughput'; readonly counter: Selection }
  /** The share of expected (scrape, replica) pairs at which a gauge was 1. */
  | { readonly kind: 'uptime'; readonly gauge: Selection }
  /** The mean of a histogram's observations. */
  | {
      readonly kind: 'mean';
      readonly histogram: Selection;
      readonly unit: Unit;
      /** The path of which each good answer makes one observation. */
      readonly client?: string;
    }
  /** The highest value that a gauge had at any scrape of any replica. */
  | { readonly kind: 'peak'; readonly gauge: Selection; readonly unit: Unit }
  /** Seconds from the end of a phase until the client's latencies are back within the target of the objective `of`, and stay so. */
  | { readonly kind: 'recovery'; readonly of: string };

export interface Objective {
  readonly id: string;
  readonly title: string;
  readonly measure: Measure;
  readonly target: Limit;
  readonly alert?: Limit;
  /** Holds only for scenarios that name it: what it measures is not in every traffic. */
  readonly onlyWhereNamed?: true;
}

export type Arrivals = 'even' | 'poisson';

/** One stretch of load at a constant arrival rate. */
export interface Phase {
  readonly name: string;
  readonly ratePerSecond: number;
  readonly durationSeconds: number;
}

export interface Scenario {
  readonly name: string;
  readonly description: string;
  /** Path of the k6 script, from the project's root. */
  readonly script: string;
  readonly phases: readonly Phase[];
  readonly seed: number;
  /** Evenly spaced, or as of people who know nothing of each other (Poisson). */
  readonly arrivals: Arrivals;
  /** Requests of one visit, one after the other. Rates are of requests, all of them together. */
  readonly requestsPerArrival: number;
  /** What counts every request of this scenario, where it is not the service's `requests`. */
  readonly requests?: Selection;
  /** The longest a request may take before the client counts it as lost. */
  readonly requestTimeoutSeconds: number;
  readonly objectives: readonly ScenarioObjective[];
}

/** An objective that holds for a scenario: over the whole run (phases: null), or in each of some phases by itself. */
export interface ScenarioObjective {
  readonly id: string;
  readonly phases: readonly string[] | null;
}

export type AlertSeverity = 'critical' | 'warning';

/** What Prometheus alerts on, beside the limits of the objectives themselves. */
export interface Alerting {
  /** Where each alert's page is: this, and `#` and the alert's name in lower case. null: alerts have no such link. */
  readonly runbooks: string | null;
  /** By objective: how its alert is called and how loud it is. Others are named after their id, and are warnings. */
  readonly names: Readonly<Record<string, { readonly name: string; readonly severity: AlertSeverity }>>;
  /** A share of events that moves away from what is expected: no promise is broken by it, and somebody should look. */
  readonly drift: DriftAlert | null;
  /** PromQL as somebody wrote it, for a group of its own that is written only when asked for. */
  readonly raw: readonly RawAlert[];
}

export interface DriftAlert {
  readonly name: string;
  readonly severity: AlertSeverity;
  readonly part: Selection;
  readonly total: Selection;
  /** From 0 to 1. */
  readonly expectedShare: number;
  /** How far from it, either way, is too far. */
  readonly movedShare: number;
}

export interface RawAlert {
  readonly name: string;
  readonly severity: AlertSeverity;
  readonly expr: string;
  readonly summary: string;
}

export interface SlaDocument {
  readonly name: string;
  readonly description: string;
  readonly service: {
    /** Labels that every series of the service carries, as `{job: sentiment-api}`. */
    readonly selector: Readonly<Record<string, string>>;
    /** `elastic`: replicas start and end while the service is judged; `stable`: one that does spoils what is counted. */
    readonly replicas: 'stable' | 'elastic';
    /** false: others send requests, too. What the service counts beyond the load is then reported, not held against the run. */
    readonly isolated: boolean;
    /** The counter that counts every request of the load, whatever its answer: reconciled with what k6 sent. */
    readonly requests?: Selection;
    /** What to send before the judged window, so that it holds no first-time costs. None: no warm-up. */
    readonly warmUp?: { readonly path: string; readonly bodies: readonly unknown[] };
    /** A gauge of how late the event loop runs, in seconds: tells where time goes that the handler does not see. */
    readonly lag?: Selection;
    /** Bucket edges (`le`) of the histograms whose limits are judged, ascending, without +Inf. */
    readonly buckets: Readonly<Record<string, readonly number[]>>;
  };
  /** From 0.5 to 1: an objective that is not kept or broken with this confidence is undecided. null: what was observed decides. */
  readonly confidence: number | null;
  readonly objectives: readonly Objective[];
  readonly scenarios: readonly Scenario[];
  readonly defaultScenario: string | null;
  readonly alerting: Alerting;
}

// ---------------------------------------------------------------------------------------------- plan

/**
 * How many bad requests the whole plan can bear for one objective. Once there are more, no remaining request can save the
 * run, and the generator stops.
 */
export interface Budget {
  /** Id of the planned objective. */
  readonly objective: string;
  /** What the generator calls its count. */
  readonly metric: string;
  /** Only requests of this phase; null: of all. */
  readonly phase: string | null;
  /** Slower than this counts as bad; null: an answer does by its status. */
  readonly overSeconds: number | null;
  /** Statuses that are bad, as a regular expression for the whole; null: none is. Never answered is bad in any case. */
  readonly badStatus: string | null;
  /** Only requests to this path; null: all. */
  readonly path: string | null;
  readonly atMost: number;
}

/** The load of a plan: what the generator is told to do. */
export interface Load {
  readonly scenario: string;
  readonly script: string;
  readonly phases: readonly Phase[];
  readonly seed: number;
  /** Absent, as in plans that were stored before it: even. */
  readonly arrivals?: Arrivals;
  /** Absent: one. */
  readonly requestsPerArrival?: number;
  readonly requestTimeoutSeconds: number;
  readonly warmUp: { readonly path: string; readonly bodies: readonly unknown[] } | null;
  /** Σ rate × duration over the phases. Of a phase whose product is no whole number one more may be sent. */
  readonly plannedRequests: number;
  readonly scheduledSeconds: number;
  readonly budgets: readonly Budget[];
}

/** PromQL vector selectors, without range: the only queries that a verdict rests on. */
export type PlannedMeasure =
  | {
      readonly kind: 'latency';
      readonly buckets: string;
      readonly percentile: number;
      readonly clientPath: string | null;
    }
  | {
      readonly kind: 'ratio';
      readonly bad: string;
      readonly badAbsent: 'zero' | null;
      readonly total: string;
      readonly lost: 'bad' | null;
      /** The statuses of bad and of all, as regular expressions for the whole: to find the same among the client's answers. */
      readonly badStatus: string | null;
      /** Labels that bad events are told by: a series of the total that lacks one could not have been counted as bad. */
      readonly badLabels: readonly string[];
      readonly totalStatus: string | null;
    }
  /** `status`: what is counted, as a regular expression for the whole; null: any. Plans that were stored before it have none. */
  | { readonly kind: 'throughput'; readonly counter: string; readonly status?: string | null }
  | { readonly kind: 'uptime'; readonly gauge: string }
  | { readonly kind: 'peak'; readonly gauge: string }
  | { readonly kind: 'mean'; readonly sum: string; readonly count: string; readonly clientPath?: string }
  | {
      readonly kind: 'recovery';
      readonly path: string;
      readonly percentile: number;
      /** Slower than this is bad. */
      readonly withinSeconds: number;
    };

export interface PlannedObjective {
  /** The document's id; of one that is judged in a phase, both: `latency-p95 · hold`. */
  readonly id: string;
  /** The phase that alone is judged (of a recovery: after whose end). Absent: the whole run. */
  readonly phase?: string;
  readonly title: string;
  readonly unit: Unit;
  readonly measure: PlannedMeasure;
  readonly target: Limit;
  readonly alert: Limit | null;
  /** Fewer requests (for uptime and peaks: scrapes) than this decide nothing. */
  readonly leastSamples: number;
}

export interface Plan {
  readonly schema: 'sla-harness/plan/v1';
  readonly sla: { readonly name: string; readonly scenario: string | null };
  /** From 0.5 to 1: what decides are bounds at this confidence. null: the observed value does. */
  readonly confidence: number | null;
  /** null: somebody else made the load, only the window is judged. */
  readonly load: Load | null;
  /** `up` of the service's targets: tells when each replica was scraped, and whether that worked. */
  readonly up: string;
  /** When each replica's process started: tells restarts. */
  readonly processStart: string;
  /** Absent: replicas are stable. */
  readonly replicas?: 'elastic';
  /** Absent: nobody else sends requests. */
  readonly isolated?: false;
  /** All requests of the load as the service counts them, or null if the document names no such counter. */
  readonly requests: string | null;
  readonly lag: string | null;
  readonly objectives: readonly PlannedObjective[];
}

// ---------------------------------------------------------------------------------------------- run record

/**
 * Every request as its caller felt it, in the order of its end. Columns of equal length, their entries separated by
 * spaces, so that thousands of requests are a line each in JSON.
 */
export interface ClientRequests {
  /** Unix time of the first request's start. */
  readonly originSeconds: number;
  /** Milliseconds from the origin to the start of each. */
  readonly startMs: string;
  /** Milliseconds from start to end, connecting and TLS included. */
  readonly durationMs: string;
  /** Of these, the milliseconds until there was a connection. */
  readonly blockedMs: string;
  /** 0: never answered. */
  readonly status: string;
  /** Index into `paths`. */
  readonly path: string;
  readonly paths: readonly string[];
}

/** One phase, by the generator's own clock. */
export interface PhaseRecord {
  readonly name: string;
  /** When its schedule began. */
  readonly fromSeconds: number;
  readonly sent: number;
  readonly startedLateP99Seconds: number;
}

/** What the generator says of its own run. */
export interface LoadRecord {
  /** `instances`: how many of them shared the load; absent: one. */
  readonly generator: { readonly name: string; readonly version: string; readonly instances?: number };
  readonly plannedRequests: number;
  /** The seconds over which requests were scheduled. */
  readonly scheduledSeconds: number;
  readonly sent: number;
  /** Answers by the first digit of their status: 2 → `2xx`. */
  readonly answered: Readonly<Record<'1xx' | '2xx' | '3xx' | '4xx' | '5xx', number>>;
  /** Sent and never answered: refused connections, resets, time-outs. */
  readonly lost: number;
  /** How late requests began, at the 99th percentile: a generator that is starved of CPU is late. Absent: not measured. */
  readonly startedLateP99Seconds?: number;
  readonly client?: ClientRequests;
  /** Those that began, in their order. Absent: not recorded, and no phase can be judged by itself. */
  readonly phases?: readonly PhaseRecord[];
  /** Answers of status 2xx that were not what was asked for, and errors of the script. Absent: not looked at. */
  readonly wrongAnswers?: number;
  readonly scriptErrors?: number;
  /** Of the 4xx, those that the script asked for and got as they are documented. Absent: none was asked for. */
  readonly expectedRefusals?: number;
  /** Planned and never sent, because no virtual user was free. */
  readonly droppedIterations: number;
  /** The generator went through its whole plan and ended by itself. */
  readonly completed: boolean;
  /** Why it did not, in words; null if it did. */
  readonly stoppedBecause: string | null;
}

/** A loaded run, or (load: null) a bare window of a service that somebody else loaded. */
export interface RunRecord {
  readonly schema: 'sla-harness/run/v1';
  readonly id: string;
  /** First request sent and last answer received. */
  readonly window: { readonly fromSeconds: number; readonly toSeconds: number };
  readonly load: LoadRecord | null;
  /** What happened beside the load, in words: a service that died, a Prometheus that was stopped. null: nobody watched. */
  readonly incidents: readonly string[] | null;
}

// ---------------------------------------------------------------------------------------------- evidence

export type * from './evidence-model.ts';

// ---------------------------------------------------------------------------------------------- series

/** What a panel asks of Prometheus about a run: to be looked at, never to be judged. */
export interface SeriesQuery {
  /** The panel's id, and what its series are called (`{{label}}` stands for the label's value). */
  readonly panel: string;
  readonly legend: string;
  readonly query: string;
  /** `time`: at every step of the window, from the moment on that its range lies inside. `window`: once, at its end. */
  readonly over: 'time' | 'window';
  readonly settledAfterSeconds: number;
}

export interface SeriesAnswer extends SeriesQuery {
  readonly series: readonly {
    readonly labels: Readonly<Record<string, string>>;
    /** One value a step, separated by spaces, `-` where there is none; of a `window` query one alone. */
    readonly values: string;
  }[];
  readonly warnings: readonly string[];
  readonly error: string | null;
}

/** The course of a run, for its report: queries that extrapolate, beside the evidence, which does not. */
export interface RunSeries {
  readonly schema: 'sla-harness/series/v1';
  /** From the scrape that opens the window to the one that closes it. */
  readonly window: { readonly fromSeconds: number; readonly toSeconds: number; readonly stepSeconds: number };
  readonly answers: readonly SeriesAnswer[];
}

// ---------------------------------------------------------------------------------------------- verdict

export type ObjectiveOutcome = 'met' | 'missed' | 'undecided';
export type Outcome = 'pass' | 'fail' | 'inconclusive';

/** What the client saw of an objective. A request that was never answered is over every limit. */
export interface ClientMeasured {
  readonly samples: number;
  /** Of the requests, within the limit. */
  readonly share: number;
  /** The percentile itself, in seconds; null when it lies among the requests that were never answered. */
  readonly value: number | null;
}

/** What was measured and what the truth may be: each bound alone holds at least with this confidence. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
}

/** How many more requests would decide; null: none that a day of such load has. */
export interface Needed {
  /** With 80 % probability, if the share stays what it is. */
  readonly more80: number | null;
  /** If no further request is bad; null for means and rates. */
  readonly moreIfNoneBad: number | null;
}

/** Whether the judged value kept its level over a hold. Growing: it got worse, and its last third is beyond the target. */
export type Steadiness = 'steady' | 'not-steady' | 'growing';

export interface ObjectiveVerdict {
  readonly id: string;
  readonly title: string;
  /** The phase that alone was judged; null: the whole run. */
  readonly phase: string | null;
  /** RFC 3339: what the service's counts cover of that phase, from scrape to scrape. null: nothing, or it is no phase. */
  readonly covered: { readonly from: string; readonly to: string; readonly seconds: number } | null;
  readonly verdict: ObjectiveOutcome;
  /** How bad a miss is: beyond the target only, or beyond the alert threshold too. */
  readonly severity: 'target' | 'alert' | null;
  /** In `unit`; a percentile is interpolated inside its bucket. null when undecided. */
  readonly value: number | null;
  readonly unit: Unit;
  /** The judged share: of answers within the limit, of bad events, of up scrapes. null where no share is judged. */
  readonly share: number | null;
  /** The bucket that the percentile lies in, [low, high]; high is null for +Inf. */
  readonly bucket: readonly [number, number | null] | null;
  readonly target: string;
  readonly alert: string | null;
  /** Requests that entered; for uptime (scrape, replica) pairs. */
  readonly samples: number;
  /** At most so many more were taken by replicas that ended, after their last scrape. Absent: none. */
  readonly uncounted?: number;
  /** The same, by the client's own clock; null where it was not asked, or could not tell. */
  readonly client: ClientMeasured | null;
  /** Of `share`, or of `value` for means and rates. null for a census and where there is too little to tell. */
  readonly interval: Interval | null;
  /** How far the measured is from the target, in the interval's unit; positive on the good side. */
  readonly margin: number | null;
  /** Within noise of the limit: the interval holds the target. */
  readonly nearLimit: boolean;
  /** null where there was no hold, or too little of it to tell. */
  readonly steadiness: Steadiness | null;
  /** The smallest true share of bad requests that such a run finds missed in 95 % of all runs. */
  readonly detectable: number | null;
  /** Only near the limit. */
  readonly needed: Needed | null;
  /** As sent to Prometheus; several are separated by line breaks. */
  readonly query: string;
  readonly reason: string;
}

/** One count, as the client has it and as the service has it. */
export interface Reconciled {
  /** `requests`, a class of statuses (`2xx`), or the latencies of a path. */
  readonly what: string;
  /** Answers that the client saw. */
  readonly client: number;
  readonly service: number;
  /** Requests that the client sent and saw no answer of: the service may have counted them or not. */
  readonly lost: number;
  readonly ok: boolean;
  /** What speaks against the two, or explains why they differ; or nothing. */
  readonly note: string;
}

/** A check that the verdict stands on. ok is null where it could not be checked here: listed, not held against the run. */
export interface Precondition {
  readonly id: string;
  readonly ok: boolean | null;
  readonly detail: string;
}

export interface Verdict {
  readonly schema: 'sla-harness/verdict/v1';
  readonly verdict: Outcome;
  readonly exitCode: 0 | 1 | 3;
  /** The verdict in one sentence. */
  readonly summary: string;
  readonly sla: string;
  readonly scenario: string | null;
  readonly run: string;
  /** RFC 3339, the judged window: first request to last answer. */
  readonly window: { readonly from: string; readonly to: string };
  readonly objectives: readonly ObjectiveVerdict[];
  readonly preconditions: readonly Precondition[];
  /** Client and service side by side; empty where there is nothing to compare. */
  readonly reconciliation: readonly Reconciled[];
}
