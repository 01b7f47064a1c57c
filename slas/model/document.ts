/** The types of the SLA document after parsing; model.ts re-exports them. */

export type Comparison = '<' | '<=' | '>' | '>=';

/** The unit of a limit: seconds, a ratio from 0 to 1, or events per second. */
export type Unit = 'seconds' | 'ratio' | 'per_second' | 'number';

/** The units in which a service may measure times. */
export type TimeUnit = 'seconds' | 'milliseconds' | 'microseconds' | 'nanoseconds';

/** A limit as its author wrote it (`< 200ms`), and as a number for comparison (0.2 seconds). */
export interface Limit {
  readonly text: string;
  readonly comparison: Comparison;
  /** In the objective's base unit. */
  readonly value: number;
}

/** The required value of a label: exactly this text, or a regular expression (RE2) for the whole value. */
export type LabelMatcher = string | { readonly matches: string };

/** The time series of a metric whose labels all match. The plan adds the service's own selector. */
export interface Selection {
  readonly metric: string;
  readonly where: Readonly<Record<string, LabelMatcher>>;
  /**
   * `zero`: a series that never existed counts as 0 (errors). Otherwise, a missing series decides nothing.
   */
  readonly absent?: 'zero';
  /** The unit of the metric's values, if they are times in a unit other than seconds. */
  readonly valuesIn?: TimeUnit;
}

/** The metric and the labels that a vector selector selects. */
export interface Selected {
  readonly metric: string;
  readonly where: Readonly<Record<string, LabelMatcher>>;
}

/** What an objective measures. */
export type Measure =
  /** The share of a histogram's observations at or below a limit, reported as a percentile. */
  | {
      readonly kind: 'latency';
      /** null if the latency is judged client-side only. */
      readonly histogram: Selection | null;
      readonly percentile: number;
      /** The path whose client-side latency is also judged. Without a histogram, only client-side latency is judged. */
      readonly client?: string;
    }
  /**
   * Bad events over all events. `lost: bad` adds requests that the client sent and that were never answered.
   */
  | { readonly kind: 'ratio'; readonly bad: Selection; readonly total: Selection; readonly lost?: 'bad' }
  /** The same ratio by good events: every event that is not counted as good is bad. */
  | { readonly kind: 'success'; readonly good: Selection; readonly total: Selection; readonly lost?: 'bad' }
  /** Events counted in the window over the seconds of scheduled load. */
  | { readonly kind: 'throughput'; readonly counter: Selection }
  /** The share of expected (scrape, replica) pairs at which a gauge was 1. */
  | { readonly kind: 'uptime'; readonly gauge: Selection }
  /** The mean of a histogram's observations. */
  | {
      readonly kind: 'mean';
      readonly histogram: Selection;
      readonly unit: Unit;
      /** The path whose successful responses each make one observation. */
      readonly client?: string;
    }
  /** The highest value of a gauge at any scrape of any replica. */
  | { readonly kind: 'peak'; readonly gauge: Selection; readonly unit: Unit }
  /**
   * Seconds from the end of a phase until client-side latency is back within the target of the objective
   * `of`, and stays there.
   */
  | { readonly kind: 'recovery'; readonly of: string };

export interface Objective {
  readonly id: string;
  readonly title: string;
  readonly measure: Measure;
  readonly target: Limit;
  readonly alert?: Limit;
  /** The objective applies only to scenarios that name it, because not all traffic contains what it measures. */
  readonly onlyWhereNamed?: true;
  /** The author confirms a limit that is usually a mistake. */
  readonly unusual?: true;
  /** The objective is judged and shown, but does not decide the verdict. */
  readonly advisory?: true;
  /** While the waiver is in force, the objective does not decide the verdict. */
  readonly waiver?: Waiver;
}

/** A decision to ship although an objective is missed, with its owner, its reason and its last day. */
export interface Waiver {
  readonly owner: string;
  readonly reason: string;
  /** The last day on which the waiver is in force, as `2026-12-31`. */
  readonly until: string;
  /** The end of that day in UTC. */
  readonly endsAtSeconds: number;
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
  /** Path of the k6 script, relative to the project's root. */
  readonly script: string;
  readonly phases: readonly Phase[];
  readonly seed: number;
  /** Evenly spaced, or like independent users (Poisson). */
  readonly arrivals: Arrivals;
  /** The number of requests of one visit, in sequence. Rates include all requests. */
  readonly requestsPerArrival: number;
  /** The run is judged while it lasts, and stopped once it is decided. The duration of its only phase is the maximum duration. */
  readonly untilDecided?: { readonly atLeastSeconds?: number };
  /** The counter of every request of this scenario, if it is not the service's `requests`. */
  readonly requests?: Selection;
  /** The client's timeout, after which a request counts as unanswered. */
  readonly requestTimeoutSeconds: number;
  readonly objectives: readonly ScenarioObjective[];
  /** The share of k6's checks that must pass in this scenario, instead of the document's. */
  readonly checks?: Limit;
}

/**
 * An objective that applies to a scenario: over the whole run (phases: null), or in each of some phases
 * separately.
 */
export interface ScenarioObjective {
  readonly id: string;
  readonly phases: readonly string[] | null;
}

export type AlertSeverity = 'critical' | 'warning';

/** What Prometheus alerts on in addition to the limits of the objectives. */
export interface Alerting {
  /**
   * The address of the runbooks. `{alert}` stands for the alert's name; without it, `#` and the name in lower
   * case are appended. null: alerts have no such link.
   */
  readonly runbooks: string | null;
  /**
   * The alert name and severity of objectives, by id. The alerts of other objectives are named after the objective's id and have severity
   * warning.
   */
  readonly names: Readonly<Record<string, { readonly name: string; readonly severity: AlertSeverity }>>;
  /** A share of events with an expected value. Drift from it breaks no objective, but needs attention. */
  readonly drift: DriftAlert | null;
  /** User-written PromQL for a separate group, written only on request. */
  readonly raw: readonly RawAlert[];
}

export interface DriftAlert {
  readonly name: string;
  readonly severity: AlertSeverity;
  readonly part: Selection;
  readonly total: Selection;
  /** From 0 to 1. */
  readonly expectedShare: number;
  /** The largest accepted deviation in either direction. */
  readonly movedShare: number;
}

export interface RawAlert {
  readonly name: string;
  readonly severity: AlertSeverity;
  readonly expr: string;
  readonly summary: string;
}

/**
 * Requests that are sent before the judged window. Absent: the method is POST if there are bodies, otherwise
 * GET.
 */
export interface WarmUp {
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly bodies?: readonly unknown[];
}

export interface SlaDocument {
  readonly name: string;
  readonly description: string;
  readonly service: {
    /** Labels of every series of the service, such as `{job: checkout-api}`. */
    readonly selector: Readonly<Record<string, string>>;
    /** `elastic`: replicas may start and end while the service is judged; `stable`: if a replica starts or ends, counts are unusable. */
    readonly replicas: 'stable' | 'elastic';
    /** false: other clients also send requests. Requests beyond the load are then reported, and do not fail the run. */
    readonly isolated: boolean;
    /** With `isolated` false: the only other requests are the scrapes of the service's metrics. */
    readonly countsScrapes?: true;
    /** Allowed load targets in addition to this machine, as `host` (any port) or `host:port`. */
    readonly allowedTargets: readonly string[];
    /** The maximum rate and duration of a load on an existing service. Absent: no limit here. */
    readonly maxRatePerSecond?: number;
    readonly maxDurationSeconds?: number;
    /** The counter of every request of the load, with any response; it is reconciled with what k6 sent. */
    readonly requests?: Selection;
    /** Requests to send before the judged window, so that the window contains no cold-start costs. Empty: no warm-up. */
    readonly warmUp?: WarmUp;
    /** A gauge of event-loop lag in seconds. It explains time that passes before the handler measures. */
    readonly lag?: Selection;
    /** Bucket edges (`le`) of the judged histograms, ascending, without +Inf. */
    readonly buckets: Readonly<Record<string, readonly number[]>>;
    /** Histograms that the document declares to be native, or stored with custom buckets. Absent: none. */
    readonly natives?: readonly string[];
  };
  /**
   * From 0.9 to below 1: an objective that is neither met nor missed at this confidence is undecided. null:
   * the observed value decides.
   */
  readonly confidence: number | null;
  /**
   * The share of k6's checks that must pass, in every scenario without its own value. Absent: not specified.
   */
  readonly checks?: Limit;
  readonly objectives: readonly Objective[];
  readonly scenarios: readonly Scenario[];
  readonly defaultScenario: string | null;
  readonly alerting: Alerting;
}
