/** The nouns of the verdict: a part of model.ts, which has them all. */

import type { Unit } from './document.ts';
import type { Reason } from './reasons.ts';

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
  /**
   * With which each bound alone really holds: of shares that confidence, of means and rates more (0.975 for 0.95), as theirs
   * hold together with it. Absent in verdicts that were stored before it was told.
   */
  readonly eachBound?: number;
}

/** How many more requests would decide; null: none that a day of such load has. */
export interface Needed {
  /** With 80% probability, if the share stays what it is. */
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
  /** The value is near the limit, and the interval holds it: another run may come out otherwise. */
  readonly nearLimit: boolean;
  /** null where there was no hold, or too little of it to tell. */
  readonly steadiness: Steadiness | null;
  /** The smallest true share of bad requests that such a run finds missed in 95% of all runs. */
  readonly detectable: number | null;
  /** Only near the limit. */
  readonly needed: Needed | null;
  /** As sent to Prometheus; several are separated by line breaks. */
  readonly query: string;
  readonly reasons: readonly Reason[];
}

/** One count, as the client has it and as the service has it. */
export interface Reconciled {
  /** `requests`, a class of statuses (`2xx`), or the latencies of a path. */
  readonly what: string;
  /** Responses that the client received. */
  readonly client: number;
  readonly service: number;
  /** Unanswered requests: the service may have counted them or not. */
  readonly lost: number;
  readonly ok: boolean;
  /** What speaks against the two, or explains why they differ; or nothing. */
  readonly reasons: readonly Reason[];
}

/** A check that the verdict stands on. ok is null where it could not be checked here: listed, not held against the run. */
export interface Precondition {
  readonly id: string;
  readonly ok: boolean | null;
  readonly reasons: readonly Reason[];
}

/** An alert of the document's rules: one that fired in the window, or that should have by what was judged. */
export interface HeldAlert {
  readonly id: string;
  readonly severity: string | null;
  /** RFC 3339, as it was seen at steps of the window. Empty: it did not fire. */
  readonly firing: readonly { readonly from: string; readonly to: string }[];
  /** Whether alert and verdict say the same. null: nothing was judged that could say so. */
  readonly agrees: boolean | null;
  readonly reasons: readonly Reason[];
}

export interface VerdictAlerts {
  /** Empty: rules were evaluated, and nothing fired that should not have, or the other way round. null: none were seen. */
  readonly held: readonly HeldAlert[] | null;
  readonly summary: Reason;
}

export interface Verdict {
  readonly schema: 'sla-harness/verdict/v2';
  readonly verdict: Outcome;
  readonly exitCode: 0 | 1 | 3;
  /** What becomes one sentence. */
  readonly summary: Reason;
  readonly sla: string;
  readonly scenario: string | null;
  readonly run: string;
  /** RFC 3339, the judged window: first request to last answer. */
  readonly window: { readonly from: string; readonly to: string };
  readonly objectives: readonly ObjectiveVerdict[];
  readonly preconditions: readonly Precondition[];
  /** Client and service side by side; empty where there is nothing to compare. */
  readonly reconciliation: readonly Reconciled[];
  /** What Prometheus's own alerts said meanwhile; it changes nothing above. Absent: not asked for. */
  readonly alerts?: VerdictAlerts;
}
