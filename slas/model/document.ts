/** The nouns of the SLA document, as it was parsed: a part of model.ts, which has them all. */

export type Comparison = '<' | '<=' | '>' | '>=';

/** What a limit is counted in: seconds, a ratio from 0 to 1, or events per second. */
export type Unit = 'seconds' | 'ratio' | 'per_second' | 'number';

/** What a service may measure times in. */
export type TimeUnit = 'seconds' | 'milliseconds' | 'microseconds' | 'nanoseconds';

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
  /** What its values are in, where they are times in another unit than seconds. */
  readonly valuesIn?: TimeUnit;
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
  /** The share of k6's checks that must pass here, in place of the document's. */
  readonly checks?: Limit;
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

/** Requests that are sent before the judged window. Absent: the method is POST where there are bodies, and GET where there are none. */
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
    /** Labels that every series of the service carries, such as `{job: checkout-api}`. */
    readonly selector: Readonly<Record<string, string>>;
    /** `elastic`: replicas start and end while the service is judged; `stable`: one that does spoils what is counted. */
    readonly replicas: 'stable' | 'elastic';
    /** false: others send requests, too. What the service counts beyond the load is then reported, not held against the run. */
    readonly isolated: boolean;
    /** Where load may go beside this machine, as `host` (any port of it) or `host:port`. */
    readonly allowedTargets: readonly string[];
    /** The most that a service which is already there may be loaded with, and for how long. Absent: not said here. */
    readonly maxRatePerSecond?: number;
    readonly maxDurationSeconds?: number;
    /** The counter that counts every request of the load, whatever its answer: reconciled with what k6 sent. */
    readonly requests?: Selection;
    /** What to send before the judged window, so that it holds no first-time costs. None: no warm-up. */
    readonly warmUp?: WarmUp;
    /** A gauge of how late the event loop runs, in seconds: tells where time goes that the handler does not see. */
    readonly lag?: Selection;
    /** Bucket edges (`le`) of the histograms whose limits are judged, ascending, without +Inf. */
    readonly buckets: Readonly<Record<string, readonly number[]>>;
  };
  /** From 0.9 to under 1: an objective that is not kept or broken with this confidence is undecided. null: what was observed decides. */
  readonly confidence: number | null;
  /** The share of k6's checks that must pass, in every scenario that does not say otherwise. Absent: not said. */
  readonly checks?: Limit;
  readonly objectives: readonly Objective[];
  readonly scenarios: readonly Scenario[];
  readonly defaultScenario: string | null;
  readonly alerting: Alerting;
}
