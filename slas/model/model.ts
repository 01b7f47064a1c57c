/**
 * Every noun of the project, as plain readonly data. Each is written as JSON into the run folder, so that every step
 * after a run can be done again from the files alone.
 *
 *   SlaDocument ──plan──▶ Plan ──k6──▶ RunRecord ──Prometheus──▶ Evidence ──judge──▶ Verdict
 *
 * Units live in names: `…Seconds`, `…PerSecond`. Times are Unix seconds unless they are called RFC 3339.
 */

import type { Arrivals, Limit, Phase, TimeUnit, Unit, WarmUp } from './document.ts';

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

export type * from './document.ts';

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

/** One scenario of a k6 script that plans its own load, as k6 itself reports it before the run. */
export interface PlannedK6Scenario {
  readonly name: string;
  /** k6's name of it: `constant-arrival-rate`. */
  readonly executor: string;
  readonly startSeconds: number;
  /** From its start, without `gracefulStop`. */
  readonly maxDurationSeconds: number;
  /** Iterations a second over time, linear within each stage. null: a closed model, whose rate depends on the service. */
  readonly stages:
    | readonly { readonly seconds: number; readonly fromPerSecond: number; readonly toPerSecond: number }[]
    | null;
  /** null: not known before the run (`constant-vus`, `ramping-vus`). */
  readonly plannedIterations: number | null;
}

/** The load of a plan: what the load generator must do. */
export interface Load {
  readonly scenario: string;
  /** Relative to the project; absolute for a script that plans its own load. */
  readonly script: string;
  /** The script plans its own load (`--script`): what k6 reports of it. Absent: `phases` are the plan. */
  readonly k6?: {
    readonly scenarios: readonly PlannedK6Scenario[];
    /** The longest time that k6 may take: `setup()`, `teardown()` and graceful stops included. */
    readonly longestSeconds: number;
  };
  readonly phases: readonly Phase[];
  readonly seed: number;
  /** Absent, as in plans that were stored before it: even. */
  readonly arrivals?: Arrivals;
  /** Absent: one. */
  readonly requestsPerArrival?: number;
  readonly requestTimeoutSeconds: number;
  readonly warmUp: WarmUp | null;
  /**
   * Σ rate × duration over the phases. Of a phase whose product is no whole number one more may be sent. With `k6`: the
   * planned iterations of its arrival-rate scenarios.
   */
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
      /** What its bucket edges are in. Absent, here and below: seconds, or no time. */
      readonly valuesIn?: TimeUnit;
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

/** One alert that watches what the plan judges, by the same threshold. */
export interface PlannedAlert {
  readonly name: string;
  /** The document's id, as the rules label their series with it. */
  readonly objective: string;
  readonly threshold: 'target' | 'alert';
  /** How long it waits before it fires, unless `./sla rules --for` says otherwise. */
  readonly forSeconds: number;
  /** Ids of the planned objectives, the same one in several phases. */
  readonly judged: readonly string[];
}

/** How the document's alerting rules can be seen in the Prometheus that evaluates them, if one does. */
export interface PlannedAlerts {
  /** Vector selectors: of the alerts that are pending or firing, and of what the rules record to alert on. */
  readonly states: string;
  readonly recorded: string;
  readonly rules: readonly PlannedAlert[];
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
  /** What each process used of the CPU: a counter that never stands still. Absent, as in plans that were stored before it: not asked for. */
  readonly cpu?: string;
  /** Absent: replicas are stable. */
  readonly replicas?: 'elastic';
  /** Absent: nobody else sends requests. */
  readonly isolated?: false;
  /** All requests of the load as the service counts them, or null if the document names no such counter. */
  readonly requests: string | null;
  readonly lag: string | null;
  /** The share of k6's checks that must pass. Absent: a failed check forbids a pass, unless its request counts as an error. */
  readonly checks?: Limit;
  /** When gauges were last refreshed that are not scraped from the service itself. Absent: there is no gauge, or it was not asked. */
  readonly refreshed?: readonly string[];
  readonly objectives: readonly PlannedObjective[];
  /** Told beside the verdict, which never rests on them. Absent, as in plans that were stored before it: not asked for. */
  readonly alerts?: PlannedAlerts;
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

/** One check of the load script, over the whole run. */
export interface CheckRecord {
  /** Its name, after those of the groups it is in: `checkout::the basket is empty`. */
  readonly name: string;
  readonly passes: number;
  readonly fails: number;
}

/** One threshold of the load script. */
export interface ThresholdRecord {
  /** With its tags: `http_req_duration{name:checkout}`. */
  readonly metric: string;
  /** As the script has it: `p(95)<200`. */
  readonly threshold: string;
  readonly isCrossed: boolean;
  /** What k6 compared, in k6's unit. null: not known. */
  readonly value: number | null;
  /** 0: nothing was measured, which k6 takes for kept. null: k6 does not count them. */
  readonly samples: number | null;
}

/** One k6 scenario of the load script, over the whole run. */
export interface ScenarioRecord {
  readonly name: string;
  /** Those that ended. */
  readonly iterations: number;
  readonly droppedIterations: number;
  readonly requests: number;
  /** How late iterations of an arrival-rate executor began. Absent: not measured. */
  readonly startedLateP99Seconds?: number;
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
  /** Good answers that the script looked into. Absent, as in runs that were stored before it: not counted. */
  readonly lookedInto?: number;
  /** Of the 4xx, those that the script asked for and got as they are documented. Absent: none was asked for. */
  readonly expectedRefusals?: number;
  /** The load script's checks, as k6 counted them. Absent: not recorded. */
  readonly checks?: readonly CheckRecord[];
  /** The thresholds that the load script sets itself; budgets are none of them. Absent: not recorded. */
  readonly thresholds?: readonly ThresholdRecord[];
  /** What else k6 reported as failed, in words: `teardown()` threw, `exec.test.fail()` was called. Absent: not recorded. */
  readonly failures?: readonly string[];
  /** The first exception of an iteration, in k6's words. */
  readonly firstScriptError?: string;
  /** Requests that k6 sent and that are not in `sent`: the script sent them without `loadtests/lib/request.ts`. */
  readonly otherRequests?: number;
  /** By k6 scenario. Absent: not recorded. */
  readonly scenarios?: readonly ScenarioRecord[];
  /** Requests that k6 sent to other hosts than the load target: left out of every count. */
  readonly elsewhere?: readonly { readonly host: string; readonly requests: number }[];
  /** Samples of other protocols that k6 measured. */
  readonly otherProtocols?: readonly {
    readonly protocol: 'grpc' | 'websocket';
    readonly samples: number;
  }[];
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

export type * from './evidence.ts';

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

export type * from './verdict.ts';
