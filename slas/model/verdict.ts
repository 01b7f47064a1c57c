/** The types of the verdict; model.ts re-exports them. */

import type { Unit } from './document.ts';
import type { Exemption, Interval, ObjectiveOutcome } from './outcome.ts';
import type { Reason } from './reasons.ts';

export type * from './outcome.ts';

export type Outcome = 'pass' | 'fail' | 'inconclusive';

/** The client's side of an objective. An unanswered request exceeds every limit. */
export interface ClientMeasured {
  readonly samples: number;
  /** The number of requests within the limit. */
  readonly share: number;
  /** The percentile itself, in seconds; null if it falls among unanswered requests. */
  readonly value: number | null;
}

/** How many more requests would decide; null if a day of this load has fewer. */
export interface Needed {
  /** With 80% probability, if the share stays the same. */
  readonly more80: number | null;
  /** If no further request is bad; null for means and rates. */
  readonly moreIfNoneBad: number | null;
}

/**
 * Whether the judged value was steady during a hold. Growing: it got worse, and its last third is beyond
 * the SLO target.
 */
export type Steadiness = 'steady' | 'not-steady' | 'growing';

export interface ObjectiveVerdict {
  readonly id: string;
  readonly title: string;
  /** The only phase that was judged; null: the whole run. */
  readonly phase: string | null;
  /**
   * RFC 3339: the part of that phase that the service's counts cover, from scrape to scrape. null: none, or
   * not a phase.
   */
  readonly covered: { readonly from: string; readonly to: string; readonly seconds: number } | null;
  readonly verdict: ObjectiveOutcome;
  /** Why the objective does not decide the verdict of the run. Absent: it decides. */
  readonly exempt?: Exemption;
  /** The severity of a miss: beyond the SLO target only, or also beyond the alert threshold. */
  readonly severity: 'target' | 'alert' | null;
  /**
   * It is unknown whether the value is beyond the alert threshold, because the threshold lies between two bucket edges. Absent: it is
   * known.
   */
  readonly mayBeAlert?: true;
  /** In `unit`; a percentile is interpolated in its bucket. null if undecided. */
  readonly value: number | null;
  readonly unit: Unit;
  /**
   * The judged share: of responses within the limit, of bad events, of successful scrapes. null if no share
   * is judged.
   */
  readonly share: number | null;
  /** The bucket that contains the percentile, [low, high]; high is null for +Inf. */
  readonly bucket: readonly [number, number | null] | null;
  readonly target: string;
  readonly alert: string | null;
  /** The number of judged requests; for uptime, (scrape, replica) pairs. */
  readonly samples: number;
  /** At most this many more requests were taken by terminated replicas after their last scrape. Absent: none. */
  readonly uncounted?: number;
  /** The same objective measured client-side; null if not requested, or not available. */
  readonly client: ClientMeasured | null;
  /** The interval of `share`, or of `value` for means and rates. null for a census and with too few data. */
  readonly interval: Interval | null;
  /** Distance of the measured value from the target, in the interval's unit; positive if met. */
  readonly margin: number | null;
  /** The value is near the limit, and the interval contains it: another run may have a different outcome. */
  readonly nearLimit: boolean;
  /** null if there was no constant hold, or if it was too short. */
  readonly steadiness: Steadiness | null;
  /**
   * The minimum detectable effect: the smallest true share of bad requests that 95% of such runs would report
   * as missed.
   */
  readonly detectable: number | null;
  /** Set only if the interval contains the limit. */
  readonly needed: Needed | null;
  /** The query as sent to Prometheus; several queries are separated by line breaks. */
  readonly query: string;
  readonly reasons: readonly Reason[];
}

/** One quantity as counted by the client and by the service. */
export interface Reconciled {
  /** `requests`, a status class (`2xx`), or the latencies of a path. */
  readonly what: string;
  /** Responses that the client received. */
  readonly client: number;
  readonly service: number;
  /** Unanswered requests: the service may have counted them or not. */
  readonly lost: number;
  readonly ok: boolean;
  /** Why the two counts do not match, or what explains their difference; empty if they are equal. */
  readonly reasons: readonly Reason[];
}

/**
 * A check that the verdict depends on. `ok` is null if the check could not be made. It is then listed, but
 * does not prevent a pass.
 */
export interface Precondition {
  readonly id: string;
  readonly ok: boolean | null;
  readonly reasons: readonly Reason[];
}

/** An alert of the document's rules that fired in the window, or should have fired according to the verdict. */
export interface HeldAlert {
  readonly id: string;
  readonly severity: string | null;
  /** RFC 3339, at steps of the window. Empty: it did not fire. */
  readonly firing: readonly { readonly from: string; readonly to: string }[];
  /** Whether alert and verdict agree. null: nothing comparable was judged. */
  readonly agrees: boolean | null;
  readonly reasons: readonly Reason[];
}

export interface VerdictAlerts {
  /** Empty: rules were evaluated, and alerts and verdict agree. null: no rules were seen. */
  readonly held: readonly HeldAlert[] | null;
  readonly summary: Reason;
}

/** One look at a run that lasts until it is decided. */
export interface LookVerdict {
  readonly atSeconds: number;
  readonly confidence: number;
  readonly verdict: Outcome;
  readonly objectives: readonly Pick<ObjectiveVerdict, 'id' | 'verdict' | 'share' | 'value' | 'interval'>[];
}

export interface LookVerdicts {
  readonly maxSeconds: number;
  readonly atLeastSeconds: number;
  /** The look that decided the verdict. null: no look decided, and the run was judged as a whole. */
  readonly decidedAtSeconds: number | null;
  readonly looks: readonly LookVerdict[];
}

/**
 * What would change the verdict of one objective of a decided run, at the confidence that decided. For a
 * latency: a factor on all client-side latencies. For failed requests: their share.
 */
export type FlipPoint =
  | {
      readonly id: string;
      readonly what: 'slower' | 'more-failed';
      readonly from: 'met' | 'missed';
      /**
       * The values from which the outcome is no longer certain, and from which the opposite is certain. null if the search found no such
       * value in its range.
       */
      readonly undecidedAt: number | null;
      readonly otherAt: number | null;
    }
  /** Undecided, decided by the service's histogram alone, without enough blocks, or not about latencies or failed requests. */
  | { readonly id: string; readonly what: 'not-shifted' };

export interface Verdict {
  readonly schema: 'sla-harness/verdict/v2';
  readonly verdict: Outcome;
  readonly exitCode: 0 | 1 | 3;
  /** The data of the summary sentence. */
  readonly summary: Reason;
  readonly sla: string;
  readonly scenario: string | null;
  readonly run: string;
  /** RFC 3339, the judged window: first request to last response. */
  readonly window: { readonly from: string; readonly to: string };
  readonly objectives: readonly ObjectiveVerdict[];
  readonly preconditions: readonly Precondition[];
  /** Client and service side by side; empty if there is nothing to compare. */
  readonly reconciliation: readonly Reconciled[];
  /** How the bounds narrowed, look by look. Absent: the plan has no looks. */
  readonly sequential?: LookVerdicts;
  /**
   * How much slower responses, or how many more failures, would change the verdict. Absent: the run is inconclusive, has no record of
   * requests, or was judged by an earlier version.
   */
  readonly flips?: readonly FlipPoint[];
  /** The state of Prometheus's own alerts; they change nothing above. Absent: not queried. */
  readonly alerts?: VerdictAlerts;
}
