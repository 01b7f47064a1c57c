import type { Arrivals, Limit, Phase, Selected, TimeUnit, Unit, Waiver, WarmUp } from './document.ts';

/** The plan of a run: what is judged, what is queried, and the load that is sent. */

/**
 * An error budget: how many bad requests the whole plan allows for one objective. Once it is exceeded, the
 * run cannot pass any more, and the load generator stops.
 */
export interface Budget {
  /** Id of the planned objective. */
  readonly objective: string;
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
  /** k6's name of the executor, such as `constant-arrival-rate`. */
  readonly executor: string;
  readonly startSeconds: number;
  /** Relative to the start of the scenario, without `gracefulStop`. */
  readonly maxDurationSeconds: number;
  /**
   * Iterations per second over time, linear within each stage. null: a closed model, whose rate depends on
   * the service.
   */
  readonly stages:
    | readonly { readonly seconds: number; readonly fromPerSecond: number; readonly toPerSecond: number }[]
    | null;
  /** null if unknown before the run (`constant-vus`, `ramping-vus`). */
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

/** PromQL vector selectors without a range, the only queries that a verdict depends on. */
export type PlannedMeasure =
  | {
      readonly kind: 'latency';
      /** null if the document names no histogram, so the latency is judged client-side only. */
      readonly buckets: string | null;
      /**
       * Selectors of all responses, successful or not: those within the limit, and the total. Absent: the latency selects no outcome, or
       * the selectors were not queried.
       */
      readonly responses?: string;
      readonly percentile: number;
      readonly clientPath: string | null;
      /**
       * Where the limit lies among the edges that the document lists, in seconds; null: there is no edge on that side. Absent: the limit is
       * a listed edge, or the document lists no edges.
       */
      readonly between?: { readonly belowSeconds: number | null; readonly aboveSeconds: number | null };
      /**
       * The same histogram where Prometheus stores it natively or with custom buckets, and all responses
       * that include the successful ones. `isDeclared`: the document says so, and these count even where
       * classic buckets also exist. Absent: the document lists the edges of classic buckets, or the plan is
       * old.
       */
      readonly native?: {
        readonly histogram: string;
        readonly responses?: string;
        readonly isDeclared: boolean;
      };
      /** The unit of the bucket edges. Absent, here and below: the values are in seconds, or are not times. */
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
  /** Every event of the total that is not good is bad. */
  | {
      readonly kind: 'success';
      readonly good: string;
      readonly total: string;
      readonly lost: 'bad' | null;
      /** The statuses of good and of all events, as regular expressions for the whole; null: not selected by status. */
      readonly goodStatus: string | null;
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
      /** Responses slower than this are bad. */
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
  /** The minimum number of requests (for uptime and peaks: of scrapes) that can decide the objective. */
  readonly leastSamples: number;
  /** Metrics that are subtracted although their names do not say that they count. Absent: none, or confirmed by the document. */
  readonly unnamedCounters?: readonly string[];
  /** The objective is judged and shown, but does not decide the verdict. */
  readonly advisory?: true;
  readonly waiver?: Waiver;
}

/** An alert with the same measure and threshold as an objective of the plan. */
export interface PlannedAlert {
  readonly name: string;
  /** The document's id, which the rules add to their series as a label. */
  readonly objective: string;
  readonly threshold: 'target' | 'alert';
  /** How long the condition must hold before the alert fires, unless `./sla rules --for` says otherwise. */
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

/** The times at which a run that lasts until it is decided is judged. */
export interface Sequential {
  /** The maximum duration, for which the load is planned. */
  readonly maxSeconds: number;
  /** An objective may be missed before this time, but not met. */
  readonly atLeastSeconds: number;
  /**
   * Seconds from the start of the load, in order. The last look is at the end of the load. Bounds at a look
   * have the look's confidence.
   */
  readonly looks: readonly { readonly atSeconds: number; readonly confidence: number }[];
  /**
   * A miss ends the load only if it is also a miss at these confidences, because a capacity search counts no other misses. Absent: every
   * miss ends the load.
   */
  readonly missLooks?: Sequential['looks'];
}

export interface Plan {
  readonly schema: 'sla-harness/plan/v1';
  readonly sla: { readonly name: string; readonly scenario: string | null };
  /** From 0.5 to 1: bounds at this confidence decide. null: the observed value does. */
  readonly confidence: number | null;
  /** Judged at each look, and stopped as soon as it is decided (`--until-decided`). Absent: judged once, after the load. */
  readonly sequential?: Sequential;
  /** null if the harness sends no load and only judges the window. */
  readonly load: Load | null;
  /**
   * `up` of the service's scrape targets: shows when each replica was scraped, and whether that succeeded.
   */
  readonly up: string;
  /** When each replica's process started: shows restarts. */
  readonly processStart: string;
  /** The CPU time of each process, a counter that rises as long as the process runs. Absent in old plans: not queried. */
  readonly cpu?: string;
  /** Absent: replicas are stable. */
  readonly replicas?: 'elastic';
  /** Absent: there are no other clients. */
  readonly isolated?: false;
  /** The only other requests are scrapes of the service's metrics: one at each scrape of each target. */
  readonly countsScrapes?: true;
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
  /** Reported with the verdict, but never part of it. Absent in old plans: not queried. */
  readonly alerts?: PlannedAlerts;
}
