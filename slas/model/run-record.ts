/** What the load generator recorded of a run. */

/**
 * Every request as its caller experienced it, ordered by end. Columns of equal length, because an hour of
 * load has millions of requests. Only slas/client/ reads them.
 */
export interface ClientRequests {
  /** Unix time of the first request's start. */
  readonly originSeconds: number;
  /** The time from the origin to the start of each request, in whole microseconds. */
  readonly startSeconds: Float64Array;
  /** The duration of each request, including connecting and TLS, in whole nanoseconds. */
  readonly durationSeconds: Float64Array;
  /** The part of the duration before there was a connection. */
  readonly blockedSeconds: Float64Array;
  /** The status; 0 if there was no response. */
  readonly status: Uint16Array;
  /** Index into `paths`. */
  readonly path: Uint16Array;
  readonly paths: readonly string[];
}

/** One phase, by the load generator's own clock. */
export interface PhaseRecord {
  readonly name: string;
  /** When the schedule of the phase began. */
  readonly fromSeconds: number;
  readonly sent: number;
  readonly startedLateP99Seconds: number;
}

/** One check of the load script, over the whole run. */
export interface CheckRecord {
  /** The name of the check, after the names of its groups: `checkout::the basket is empty`. */
  readonly name: string;
  readonly passes: number;
  readonly fails: number;
}

/** One threshold of the load script. */
export interface ThresholdRecord {
  /** The metric, including its tags: `http_req_duration{name:checkout}`. */
  readonly metric: string;
  /** The expression as in the script: `p(95)<200`. */
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
  /** `instances`: the number of load generators that shared the load; absent if there was one. */
  readonly generator: { readonly name: string; readonly version: string; readonly instances?: number };
  readonly plannedRequests: number;
  /** The seconds over which requests were scheduled. */
  readonly scheduledSeconds: number;
  readonly sent: number;
  /** Responses by the first digit of their status: 2 → `2xx`. */
  readonly answered: Readonly<Record<'1xx' | '2xx' | '3xx' | '4xx' | '5xx', number>>;
  /** Requests that were sent and never answered: refused connections, resets, timeouts. */
  readonly lost: number;
  /**
   * The p99 of the start delay of requests: a load generator without enough CPU is late. Absent: not
   * measured.
   */
  readonly startedLateP99Seconds?: number;
  readonly client?: ClientRequests;
  /** The phases that began, in order. Absent: not recorded, so no phase can be judged separately. */
  readonly phases?: readonly PhaseRecord[];
  /** The number of wrong 2xx responses and of script errors. Absent: not checked. */
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
  /** The results by k6 scenario. Absent: not recorded. */
  readonly scenarios?: readonly ScenarioRecord[];
  /** Requests that k6 sent to hosts other than the load target, excluded from every count. */
  readonly elsewhere?: readonly { readonly host: string; readonly requests: number }[];
  /** Samples of other protocols that k6 measured. */
  readonly otherProtocols?: readonly {
    readonly protocol: 'grpc' | 'websocket';
    readonly samples: number;
  }[];
  /**
   * Iterations that k6 ended by force at the end of their time. k6 emits no sample for a request that it interrupts. Absent: not
   * recorded, or the harness stopped the load.
   */
  readonly interruptedIterations?: number;
  /** Requests that were planned but never sent, because no virtual user was free. */
  readonly droppedIterations: number;
  /** The load generator completed its plan and exited by itself. */
  readonly completed: boolean;
  /** Why the load generator did not complete its plan; null if it did. */
  readonly stoppedBecause: string | null;
  /** The look at which everything was decided, so that the harness stopped the load. Absent: the harness did not stop the load. */
  readonly decidedAtSeconds?: number;
  /** How late the requests until that look had started. Requests that were sent later, while the load was being stopped, do not count. */
  readonly decidedLateP99Seconds?: number;
}

/** A run with a load, or (load: null) the window of a service that was loaded by others. */
export interface RunRecord {
  readonly schema: 'sla-harness/run/v1';
  readonly id: string;
  /** The window starts when the first request is sent, and ends when the last response is received. */
  readonly window: { readonly fromSeconds: number; readonly toSeconds: number };
  readonly load: LoadRecord | null;
  /**
   * Incidents during the load, in words: a service that died, a Prometheus that was stopped. null: not
   * monitored.
   */
  readonly incidents: readonly string[] | null;
}
