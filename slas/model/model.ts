/**
 * Every type of the pipeline, as plain readonly data. Each is written as JSON into the run folder (the client's requests as
 * a binary file), so that every step after a run can be repeated from the files alone.
 *
 * SlaDocument ──plan──▶ Plan ──k6──▶ RunRecord ──Prometheus──▶ Evidence ──judge──▶ Verdict
 *
 * Units are part of the names: `…Seconds`, `…PerSecond`. Times are Unix seconds unless they are called RFC
 * 3339.
 */

import type { Arrivals, Limit, Phase, Selected, TimeUnit, Unit, WarmUp } from './document.ts';

// ---------------------------------------------------------------------------------------------- problems

/** A problem in user input; all problems are returned at once, never thrown. */
export interface Problem {
  readonly code: string;
  /** Its position, as `objectives[2].target`. */
  readonly path: string;
  readonly message: string;
  /** Line and column in the file, counted from 1, if the file is known. */
  readonly line?: number;
  readonly column?: number;
}

// ---------------------------------------------------------------------------------------------- document

export type * from './document.ts';

// ---------------------------------------------------------------------------------------------- plan

/**
 * An error budget: how many bad requests the whole plan allows for one objective. Once it is exceeded, the
 * run cannot pass any more, and the load generator stops.
 */
export interface Budget {
  /** Id of the planned objective. */
  readonly objective: string;
  /** The name of the load generator's counter. */
  readonly metric: string;
  /** Only requests of this phase; null: all. */
  readonly phase: string | null;
  /** Slower responses count as bad; null: only the status decides. */
  readonly overSeconds: number | null;
  /** Bad statuses, as a regular expression for the whole; null: none. Unanswered requests are always bad. */
  readonly badStatus: string | null;
  /** Only requests to this path; null: all. */
  readonly path: string | null;
  readonly atMost: number;
}

/** One scenario of a k6 script that plans its own load, as k6 itself reports it before the run. */
export interface PlannedK6Scenario {
  readonly name: string;
  /** k6's name for it: `constant-arrival-rate`. */
  readonly executor: string;
  readonly startSeconds: number;
  /** Relative to its start, without `gracefulStop`. */
  readonly maxDurationSeconds: number;
  /**
   * Iterations per second over time, linear within each stage. null: a closed model, whose rate depends on
   * the service.
   */
  readonly stages:
    | readonly { readonly seconds: number; readonly fromPerSecond: number; readonly toPerSecond: number }[]
    | null;
  /** null: unknown before the run (`constant-vus`, `ramping-vus`). */
  readonly plannedIterations: number | null;
}

/** The load of a plan: what the load generator must do. */
export interface Load {
  readonly scenario: string;
  /** Relative to the project; absolute for a script that plans its own load. */
  readonly script: string;
  /** The script plans its own load (`--script`), as k6 reports it. Absent: `phases` are the plan. */
  readonly k6?: {
    readonly scenarios: readonly PlannedK6Scenario[];
    /** The longest time that k6 may take, including `setup()`, `teardown()` and graceful stops. */
    readonly longestSeconds: number;
    /**
     * The rate limit that k6 must enforce (`--rps`), because an iteration may send several requests. Absent:
     * no limit.
     */
    readonly maxRequestsPerSecond?: number;
  };
  readonly phases: readonly Phase[];
  readonly seed: number;
  /** Absent in old plans: even. */
  readonly arrivals?: Arrivals;
  /** Absent: one. */
  readonly requestsPerArrival?: number;
  readonly requestTimeoutSeconds: number;
  readonly warmUp: WarmUp | null;
  /**
   * Σ rate × duration over the phases. A phase whose product is not an integer may send one more. With `k6`:
   * the planned iterations of its arrival-rate scenarios.
   */
  readonly plannedRequests: number;
  readonly scheduledSeconds: number;
  readonly budgets: readonly Budget[];
}

/** PromQL vector selectors without range: the only queries that a verdict rests on. */
export type PlannedMeasure =
  | {
      readonly kind: 'latency';
      readonly buckets: string;
      /**
       * All responses that include the successful ones: those within the limit, and the total. Absent: it
       * selects no outcome, or was not queried.
       */
      readonly responses?: string;
      readonly percentile: number;
      readonly clientPath: string | null;
      /** The unit of its bucket edges. Absent, here and below: seconds, or not a time. */
      readonly valuesIn?: TimeUnit;
    }
  | {
      readonly kind: 'ratio';
      readonly bad: string;
      readonly badAbsent: 'zero' | null;
      readonly total: string;
      readonly lost: 'bad' | null;
      /**
       * The statuses of bad and of all events, as regular expressions for the whole, to find the same among
       * the client's responses.
       */
      readonly badStatus: string | null;
      /**
       * Labels that distinguish bad events: a series of the total that lacks one could not have been counted
       * as bad.
       */
      readonly badLabels: readonly string[];
      readonly totalStatus: string | null;
    }
  /**
   * `status`: the counted statuses, as a regular expression for the whole; null: any. Absent in old plans.
   */
  | { readonly kind: 'throughput'; readonly counter: string; readonly status?: string | null }
  | { readonly kind: 'uptime'; readonly gauge: string }
  | { readonly kind: 'peak'; readonly gauge: string; readonly valuesIn?: TimeUnit }
  | {
      readonly kind: 'mean';
      readonly sum: string;
      readonly count: string;
      readonly clientPath?: string;
      readonly valuesIn?: TimeUnit;
    }
  | {
      readonly kind: 'recovery';
      readonly path: string;
      readonly percentile: number;
      /** Slower than this is bad. */
      readonly withinSeconds: number;
    };

export interface PlannedObjective {
  /** The document's id, followed by the phase if it is judged in one: `latency-p95 · hold`. */
  readonly id: string;
  /**
   * The only phase that is judged (for a recovery: the phase after whose end it is measured). Absent: the
   * whole run.
   */
  readonly phase?: string;
  readonly title: string;
  readonly unit: Unit;
  readonly measure: PlannedMeasure;
  readonly target: Limit;
  readonly alert: Limit | null;
  /** Fewer requests (for uptime and peaks: scrapes) than this cannot decide. */
  readonly leastSamples: number;
  /** Metrics that are subtracted although their names do not say that they count. Absent: none, or confirmed by the document. */
  readonly unnamedCounters?: readonly string[];
}

/** An alert on what the plan judges, with the same threshold. */
export interface PlannedAlert {
  readonly name: string;
  /** The document's id, which the rules add to their series as a label. */
  readonly objective: string;
  readonly threshold: 'target' | 'alert';
  /** How long the condition must hold before it fires, unless `./sla rules --for` says otherwise. */
  readonly forSeconds: number;
  /** Ids of the planned objectives; one objective may appear in several phases. */
  readonly judged: readonly string[];
}

/** How to find the document's alerting rules in the Prometheus that evaluates them, if one does. */
export interface PlannedAlerts {
  /** Vector selectors of the pending or firing alerts, and of the recorded series that they use. */
  readonly states: string;
  readonly recorded: string;
  readonly rules: readonly PlannedAlert[];
}

export interface Plan {
  readonly schema: 'sla-harness/plan/v1';
  readonly sla: { readonly name: string; readonly scenario: string | null };
  /** From 0.5 to 1: bounds at this confidence decide. null: the observed value does. */
  readonly confidence: number | null;
  /** null: there is no load of our own; only the window is judged. */
  readonly load: Load | null;
  /**
   * `up` of the service's scrape targets: shows when each replica was scraped, and whether that succeeded.
   */
  readonly up: string;
  /** When each replica's process started: shows restarts. */
  readonly processStart: string;
  /** The CPU time of each process: a counter that never stands still. Absent in old plans: not queried. */
  readonly cpu?: string;
  /** Absent: replicas are stable. */
  readonly replicas?: 'elastic';
  /** Absent: there are no other clients. */
  readonly isolated?: false;
  /** All requests of the load as the service counts them, or null if the document names no such counter. */
  readonly requests: string | null;
  readonly lag: string | null;
  /**
   * The share of k6's checks that must pass. Absent: a failed check prevents a pass, unless its request
   * counts as an error.
   */
  readonly checks?: Limit;
  /**
   * When gauges that are not scraped from the service itself were last refreshed. Absent: there is no such
   * gauge, or it was not queried.
   */
  readonly refreshed?: readonly string[];
  /** What each vector selector of this plan selects, as data. Absent in old plans. */
  readonly selections?: Readonly<Record<string, Selected>>;
  readonly objectives: readonly PlannedObjective[];
  /** Reported with the verdict, which never rests on them. Absent in old plans: not queried. */
  readonly alerts?: PlannedAlerts;
}

// ---------------------------------------------------------------------------------------------- run record

/**
 * Every request as its caller experienced it, ordered by end. Columns of equal length, because an hour of
 * load has millions of requests. Only slas/client/ reads them.
 */
export interface ClientRequests {
  /** Unix time of the first request's start. */
  readonly originSeconds: number;
  /** From the origin to the start of each, in whole microseconds. */
  readonly startSeconds: Float64Array;
  /** From start to end, including connecting and TLS, in whole nanoseconds. */
  readonly durationSeconds: Float64Array;
  /** The part of it before there was a connection. */
  readonly blockedSeconds: Float64Array;
  /** 0: there was no response. */
  readonly status: Uint16Array;
  /** Index into `paths`. */
  readonly path: Uint16Array;
  readonly paths: readonly string[];
}

/** One phase, by the load generator's own clock. */
export interface PhaseRecord {
  readonly name: string;
  /** When its schedule began. */
  readonly fromSeconds: number;
  readonly sent: number;
  readonly startedLateP99Seconds: number;
}

/** One check of the load script, over the whole run. */
export interface CheckRecord {
  /** Its name, after those of its groups: `checkout::the basket is empty`. */
  readonly name: string;
  readonly passes: number;
  readonly fails: number;
}

/** One threshold of the load script. */
export interface ThresholdRecord {
  /** Including its tags: `http_req_duration{name:checkout}`. */
  readonly metric: string;
  /** As in the script: `p(95)<200`. */
  readonly threshold: string;
  readonly isCrossed: boolean;
  /** The value that k6 compared, in k6's unit. null: unknown. */
  readonly value: number | null;
  /** 0: nothing was measured, which k6 counts as met. null: k6 does not count them. */
  readonly samples: number | null;
}

/** One k6 scenario of the load script, over the whole run. */
export interface ScenarioRecord {
  readonly name: string;
  /** The iterations that ended. */
  readonly iterations: number;
  readonly droppedIterations: number;
  readonly requests: number;
  /** How late the iterations of an arrival-rate executor began. Absent: not measured. */
  readonly startedLateP99Seconds?: number;
}

/** What the load generator reports about its run. */
export interface LoadRecord {
  /** `instances`: the number of load generators that shared the load; absent: one. */
  readonly generator: { readonly name: string; readonly version: string; readonly instances?: number };
  readonly plannedRequests: number;
  /** The seconds over which requests were scheduled. */
  readonly scheduledSeconds: number;
  readonly sent: number;
  /** Responses by the first digit of their status: 2 → `2xx`. */
  readonly answered: Readonly<Record<'1xx' | '2xx' | '3xx' | '4xx' | '5xx', number>>;
  /** Sent and never answered: refused connections, resets, timeouts. */
  readonly lost: number;
  /**
   * The p99 of the start delay of requests: a load generator without enough CPU is late. Absent: not
   * measured.
   */
  readonly startedLateP99Seconds?: number;
  readonly client?: ClientRequests;
  /** Those that began, in order. Absent: not recorded, so no phase can be judged separately. */
  readonly phases?: readonly PhaseRecord[];
  /** Wrong 2xx responses, and script errors. Absent: not checked. */
  readonly wrongAnswers?: number;
  readonly scriptErrors?: number;
  /** Successful responses that the script checked. Absent in old runs: not counted. */
  readonly lookedInto?: number;
  /** The 4xx responses that the script expected and received as documented. Absent: none was expected. */
  readonly expectedRefusals?: number;
  /** The load script's checks, as k6 counted them. Absent: not recorded. */
  readonly checks?: readonly CheckRecord[];
  /** The script's own thresholds, without error budgets. Absent: not recorded. */
  readonly thresholds?: readonly ThresholdRecord[];
  /**
   * What else k6 reported as failed, in words: `teardown()` threw, `exec.test.fail()` was called. Absent: not
   * recorded.
   */
  readonly failures?: readonly string[];
  /** The first exception of an iteration, as k6 reports it. */
  readonly firstScriptError?: string;
  /**
   * Requests that k6 sent and that are not in `sent`, because the script sent them without
   * `loadtests/lib/request.ts`.
   */
  readonly otherRequests?: number;
  /** By k6 scenario. Absent: not recorded. */
  readonly scenarios?: readonly ScenarioRecord[];
  /** Requests that k6 sent to hosts other than the load target, excluded from every count. */
  readonly elsewhere?: readonly { readonly host: string; readonly requests: number }[];
  /** Samples of other protocols that k6 measured. */
  readonly otherProtocols?: readonly {
    readonly protocol: 'grpc' | 'websocket';
    readonly samples: number;
  }[];
  /** Planned but never sent, because no virtual user was free. */
  readonly droppedIterations: number;
  /** The load generator completed its plan and exited by itself. */
  readonly completed: boolean;
  /** Why it did not; null if it did. */
  readonly stoppedBecause: string | null;
}

/** A run with a load, or (load: null) the window of a service that was loaded by others. */
export interface RunRecord {
  readonly schema: 'sla-harness/run/v1';
  readonly id: string;
  /** First request sent and last response received. */
  readonly window: { readonly fromSeconds: number; readonly toSeconds: number };
  readonly load: LoadRecord | null;
  /**
   * Incidents during the load, in words: a service that died, a Prometheus that was stopped. null: not
   * monitored.
   */
  readonly incidents: readonly string[] | null;
}

// ---------------------------------------------------------------------------------------------- evidence

export type * from './evidence.ts';

// ---------------------------------------------------------------------------------------------- series

/** A panel's Prometheus query about a run, for display only. */
export interface SeriesQuery {
  /** The panel's id, and the legend of its series (`{{label}}` stands for the label's value). */
  readonly panel: string;
  readonly legend: string;
  readonly query: string;
  /** `time`: at every step of the window, starting when its range lies inside. `window`: once, at its end. */
  readonly over: 'time' | 'window';
  readonly settledAfterSeconds: number;
}

export interface SeriesAnswer extends SeriesQuery {
  readonly series: readonly {
    readonly labels: Readonly<Record<string, string>>;
    /** One value per step, separated by spaces, `-` if there is none; only one for a `window` query. */
    readonly values: string;
  }[];
  readonly warnings: readonly string[];
  readonly error: string | null;
}

/** The time series of a run for its report: these queries extrapolate; those of the evidence do not. */
export interface RunSeries {
  readonly schema: 'sla-harness/series/v1';
  /** From the scrape that opens the window to the one that closes it. */
  readonly window: { readonly fromSeconds: number; readonly toSeconds: number; readonly stepSeconds: number };
  readonly answers: readonly SeriesAnswer[];
}

// ---------------------------------------------------------------------------------------------- verdict

export type * from './verdict.ts';
