import type { ScriptReasons } from './reasons-script.ts';

/** Codes without parameters. */
type Nothing = Record<string, never>;

/** Findings of the preconditions on Prometheus's samples, its clock, and the counts of client and service. */
export interface EvidenceReasonsOf<Reasons extends readonly unknown[]> {
  // Prometheus
  readonly 'queries-answered': { readonly queries: number };
  readonly 'query-failed': { readonly query: string; readonly error: string };
  readonly 'evidence-missing': { readonly selector: string };
  readonly 'no-warnings': Nothing;
  readonly 'query-warned': { readonly query: string; readonly warnings: readonly string[] };

  // Scrapes
  readonly 'no-samples': Nothing;
  readonly 'check-selector': Nothing;
  readonly 'target-scraped': {
    readonly target: string;
    readonly fromSeconds: number;
    readonly toSeconds: number;
    readonly isStartedInside: boolean;
    readonly isEndedInside: boolean;
    readonly scrapes: number;
    readonly intervalSeconds: number;
    readonly failed: number;
    readonly missed: number;
  };
  /** `lagSeconds`: the observed delay of samples; null if it was not observed. `newestSeconds` is null if no sample arrived. */
  readonly 'samples-not-shown': {
    readonly missing: readonly { readonly what: string; readonly newestSeconds: number | null }[];
    readonly boundSeconds: number;
    readonly boundBy: 'option' | 'learned' | 'default';
    readonly lagSeconds: number | null;
  };
  readonly 'scrapes-succeeded': { readonly worked: number; readonly due: number };
  readonly 'most-scrapes-failed': {
    readonly of: readonly {
      readonly target: string;
      readonly phase: string | null;
      readonly worked: number;
      readonly due: number;
    }[];
  };

  // Targets
  readonly 'no-target-scraped': Nothing;
  readonly 'one-target': Nothing;
  readonly 'targets-differ': { readonly targets: number };
  /** `because`: what the two have in common. `remedies`: selectors that keep each process once. */
  readonly 'same-process': {
    readonly labels: readonly [string, string];
    readonly because: Reasons;
    readonly morePairs: number;
    readonly remedies: readonly string[];
  };
  readonly 'maybe-same-process': { readonly labels: readonly [string, string] };

  // Clocks
  readonly 'single-clock': Nothing;
  readonly 'clock-unread': Nothing;
  readonly 'clocks-compared': ClockDifference;
  readonly 'clocks-uncertain': ClockDifference & { readonly intervalSeconds: number };
  readonly 'clocks-apart': ClockDifference & { readonly intervalSeconds: number };

  // Restarts
  readonly 'start-times-unread': { readonly error: string };
  readonly 'no-start-time': { readonly selector: string; readonly because: Reasons };
  readonly 'start-time-unrelated': { readonly target: string; readonly because: Reasons };
  readonly 'counter-beyond-new-process': Nothing;
  readonly 'counters-match-client': Nothing;
  readonly 'export-start-time': Nothing;
  readonly 'some-start-times-missing': Nothing;
  readonly 'start-times-kept': Nothing;
  readonly 'replicas-elastic': {
    readonly started: number;
    readonly ended: number;
    readonly unseenSeconds: number;
  };
  readonly 'process-restarted': { readonly target: string; readonly atSeconds: number };
  readonly 'start-time-unknown-at-edge': { readonly target: string };

  // Client and service
  readonly 'requests-unnamed': Nothing;
  readonly 'requests-uncounted': { readonly because: Reasons };
  readonly 'outcomes-unknown': { readonly sent: number; readonly known: number };
  readonly 'record-incomplete': { readonly sent: number; readonly recorded: number };
  /** `because`: why the two counts do not match, or what explains their difference. */
  readonly 'counts-compared': {
    readonly what: string;
    readonly client: number;
    readonly service: number;
    readonly lost: number;
    readonly because: Reasons;
  };
  /** `atMost`: this many may be uncounted on terminated replicas. */
  readonly 'responses-missing': { readonly atMost: number };
  readonly 'gone-with-replicas': { readonly missing: number; readonly atMost: number };
  readonly 'others-expected': { readonly surplus: number };
  readonly 'counted-several-times': { readonly times: number };
  readonly 'other-traffic': Nothing;
  readonly 'scrapes-not-counted-once': { readonly surplus: number; readonly scrapes: number };
  readonly 'other-traffic-like-scrapes': { readonly requestsPerScrape: number; readonly scrapes: number };
}

interface ClockDifference {
  /** How far Prometheus's clock is ahead of ours. */
  readonly aheadSeconds: number;
  readonly uncertaintySeconds: number;
}

/**
 * Findings of the preconditions on the load, on the load script and on the responses that the client
 * received.
 */
export interface LoadReasons {
  // The load
  readonly 'no-run-record': Nothing;
  readonly 'planned-load-unknown': Nothing;
  readonly 'nothing-sent': Nothing;
  readonly 'load-sent': { readonly sent: number; readonly planned: number };
  readonly 'sent-without-library': { readonly requests: number };
  /** `because` is null if the cause is unknown. */
  readonly 'load-cut-short': { readonly because: string | null };
  readonly 'load-of-another-plan': { readonly plannedRequests: number; readonly scheduledSeconds: number };
  /** `inFlight`: the maximum number of concurrent requests; null: not recorded. */
  readonly 'requests-dropped': { readonly dropped: number; readonly inFlight: number | null };
  readonly 'load-off-plan': { readonly tolerance: number };
  readonly 'phase-not-sent': { readonly phase: string };
  readonly 'phase-off-plan': {
    readonly phase: string;
    readonly sent: number;
    readonly planned: number;
    readonly tolerance: number;
  };
  readonly 'lateness-unknown': Nothing;
  /** `phase` is null if the value covers all requests. */
  readonly 'started-late': { readonly phase: string | null; readonly lateSeconds: number };
  readonly 'generator-too-late': { readonly allowedSeconds: number };
  readonly 'processes-unwatched': Nothing;
  readonly 'processes-survived': Nothing;
  readonly incident: { readonly incident: string };

  // The load script
  readonly 'required-checks-missing': { readonly required: string; readonly areRecorded: boolean };
  readonly 'checks-not-recorded': Nothing;
  readonly 'no-checks': Nothing;
  /** `worst`: the checks with the most failures; `more`: the number of other checks that failed. */
  readonly 'checks-made': {
    readonly made: number;
    readonly fails: number;
    readonly worst: readonly { readonly name: string; readonly fails: number; readonly made: number }[];
    readonly more: number;
  };
  readonly 'checks-required': { readonly required: string };
  readonly 'checks-threshold': { readonly threshold: string; readonly isCrossed: boolean };
  readonly 'checks-failed-on-errors': { readonly errors: number };
  readonly 'checks-failed-beyond-errors': { readonly errors: number };
  readonly 'checks-failed-on-successes': Nothing;
  readonly 'thresholds-not-recorded': Nothing;
  readonly 'no-thresholds': Nothing;
  readonly 'thresholds-crossed': Thresholds;
  readonly 'thresholds-kept': Thresholds;
  readonly 'thresholds-unmeasured': Thresholds;
  readonly 'no-threshold-measured': Nothing;
  readonly 'script-end-not-recorded': Nothing;
  readonly 'script-failure': { readonly failure: string };
  readonly 'script-succeeded': Nothing;
  readonly 'script-errors': { readonly errors: number; readonly first: string | null };

  // Responses
  readonly 'checks-of-unknown-content': Nothing;
  readonly 'bodies-unchecked': Nothing;
  readonly 'no-successes': Nothing;
  /**
   * `checked`: successful responses that the script checked; `expectedRefusals`: refusals that it checked.
   */
  readonly 'responses-checked': {
    readonly wrong: number;
    readonly checked: number;
    readonly unchecked: number;
    readonly successful: number;
    readonly expectedRefusals: number;
  };
  readonly 'responses-checked-unknown': { readonly wrong: number; readonly successful: number };
  readonly 'failures-allowed': Nothing;
  /** `expected` is null if the script expects none. */
  readonly 'client-errors': {
    readonly refused: number;
    readonly sent: number;
    readonly expected: number | null;
  };
  readonly 'requests-unanswered': { readonly unanswered: number; readonly sent: number };
  readonly 'unanswered-not-judged': Nothing;
  readonly 'iterations-interrupted': { readonly iterations: number };
  readonly 'no-client-record': Nothing;
  readonly 'failed-responses': { readonly failed: number; readonly sent: number };
  readonly 'failed-not-judged': { readonly failed: number; readonly statuses: readonly string[] };
  /**
   * `limit`: the limit of the objective that all of these requests together break; null if they exceed the tolerance for requests that no
   * objective counts.
   */
  readonly 'unexpected-outcomes': {
    readonly requests: number;
    readonly sent: number;
    readonly refused: number;
    readonly failed: readonly { readonly status: string; readonly count: number }[];
    readonly unanswered: number;
    /** Iterations whose last request may have gone unanswered. Absent: none. */
    readonly interrupted?: number;
    readonly countedErrors: number;
    readonly tolerance: number;
    readonly limit: { readonly id: string; readonly text: string } | null;
  };
}

export interface Thresholds {
  readonly count: number;
  /** The first few of these thresholds. */
  readonly thresholds: readonly {
    readonly metric: string;
    readonly threshold: string;
    readonly value: number | null;
    readonly hasSamples: boolean;
  }[];
}

export interface PreconditionReasonsOf<Reasons extends readonly unknown[]>
  extends EvidenceReasonsOf<Reasons>,
    LoadReasons,
    ScriptReasons {}
