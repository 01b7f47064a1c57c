import type { Unit } from './document.ts';
import type { Exemption, Interval, ObjectiveOutcome } from './outcome.ts';

/** An interval, and the quantity that it bounds. */
export interface Bounds {
  readonly interval: Interval;
  readonly unit: Unit;
  /** The limit as its author wrote it: a mean is shown in the same notation. */
  readonly target: string;
}

interface Exempt {
  readonly id: string;
  readonly exempt: Exemption;
  readonly verdict: ObjectiveOutcome;
}

interface WaiverInForce {
  readonly owner: string;
  readonly why: string;
  /** The last day of the waiver. */
  readonly until: string;
}

/**
 * Why an objective is met, missed or undecided, apart from the measured value. `Reasons` is a list of any reasons; this file defines some
 * of them.
 */
export interface DecisionReasonsOf<Reasons extends readonly unknown[]> {
  // Certainty
  readonly bounds: Bounds;
  readonly 'limit-within-bounds': Bounds;
  readonly 'at-limit': Bounds;
  readonly 'close-to-limit': Bounds;
  /**
   * `share`: the share of requests that must be good. `more`: the number of further requests that are needed, none of them bad; null if a
   * day of this load has fewer.
   */
  readonly 'too-few-to-prove': Bounds & {
    readonly samples: number;
    readonly share: number;
    readonly more: number | null;
  };
  readonly 'minimum-detectable-effect': { readonly share: number; readonly overSeconds: number | null };
  readonly 'independence-assumed': Record<string, never>;
  readonly 'too-few-blocks': { readonly blocks: number; readonly needed: number };
  readonly 'not-sure': {
    readonly confidence: number;
    readonly because: Reasons;
    readonly seen: Reasons;
  };
  /** The objective would be missed on its own, but is not if `tests` objectives are tested at once (Holm). */
  readonly 'chance-among-several': { readonly tests: number };
  /**
   * `more80`: the number of further requests that decide with 80% probability if the share stays the same. null if a day of this load has
   * fewer.
   */
  readonly 'more-needed': {
    readonly what: 'requests' | 'observations';
    readonly more80: number | null;
    readonly moreIfNoneBad: number | null;
  };
  readonly growing: Record<string, never>;
  readonly 'not-steady': Record<string, never>;

  // The client's side
  /** `valueSeconds` is null if the percentile falls among unanswered requests. */
  readonly 'client-share': {
    readonly good: number;
    readonly samples: number;
    readonly limitSeconds: number;
    readonly percentile: number;
    readonly valueSeconds: number | null;
  };
  readonly 'client-slower-event-loop': { readonly gapSeconds: number; readonly lagSeconds: number };
  readonly 'client-slower-connecting': { readonly gapSeconds: number; readonly blockedSeconds: number };
  readonly 'client-slower-in-between': { readonly gapSeconds: number };

  // Prerequisites
  readonly 'precondition-broken': { readonly id: string; readonly because: Reasons };
  /** The objective is undecided for the reason `because`, although `seen` was measured. */
  readonly 'seen-so-far': { readonly because: Reasons; readonly seen: Reasons };
  /** The objective is missed even if all missing requests were good. */
  readonly 'certain-despite': { readonly because: Reasons };
  /** The objective is missed, because the broken precondition cannot have caused the failures. */
  readonly 'stands-despite': { readonly because: Reasons };
  readonly 'too-few-samples': {
    readonly what: 'request' | 'observation' | 'event' | 'scrape';
    readonly samples: number;
    readonly needed: number;
  };
  readonly 'growing-seen': { readonly seen: Reasons };
  readonly 'ended-replicas-uncounted': { readonly atMost: number };
  /** `why`: how a restart may have gone undetected. */
  readonly 'restarts-uncounted': { readonly atMost: number; readonly why: Reasons[number] };
  readonly 'uncounted-would-decide': Record<string, never>;
  readonly 'outside-good-would-decide': { readonly atMost: number };
  readonly 'strangers-would-decide': { readonly atMost: number };
  readonly 'outside-bad-would-decide': { readonly atMost: number };
  readonly 'some-outside-window': Record<string, never>;
  readonly 'scrapes-outside-would-decide': { readonly scrapes: number };
  readonly 'phase-edges-would-decide': Record<string, never>;
  readonly 'unknown-latencies-would-decide': Record<string, never>;
  /** `lowSeconds` is 0 if no edge is below the limit; `highSeconds` is null if no edge is above it. */
  /** `isNative`: the edges are those of a bucket of a native histogram. Absent: they are those of classic buckets. */
  readonly 'limit-between-edges': {
    readonly isNative?: true;
    readonly limitSeconds: number;
    readonly lowSeconds: number;
    readonly highSeconds: number | null;
  };
  /** The objective is missed, with the severity of the target. */
  readonly 'alert-between-edges': { readonly alertSeconds: number };
  readonly 'unclaimed-events-would-decide': Record<string, never>;
  readonly 'unclaimed-latencies-would-decide': Record<string, never>;
  readonly 'lost-alone-miss': { readonly lost: number; readonly sent: number; readonly of: number };
  readonly 'value-not-finite': { readonly value: string };
  readonly 'value-between': {
    readonly low: number;
    readonly high: number;
    readonly unit: Unit;
    readonly target: string;
  };
  /** At a look: requests that were sent and have not ended could change the outcome. */
  readonly 'requests-may-be-open': Record<string, never>;
  /** At a look: later scrapes could make up for those that failed. */
  readonly 'scrapes-to-come': Record<string, never>;
  readonly 'load-ended-before-recovery': Record<string, never>;
  /** Seconds of a phase that the service's counts cover, from scrape to scrape. */
  readonly 'phase-covered': {
    readonly fromSeconds: number;
    readonly toSeconds: number;
    readonly seconds: number;
    readonly phaseSeconds: number;
    /** At a look, this is the first part of the load. */
    readonly isFirstPart?: true;
  };

  /** The same for a window without a load, whose counts cover more than the window. */
  readonly 'window-covered': {
    readonly fromSeconds: number;
    readonly toSeconds: number;
    readonly seconds: number;
    readonly askedSeconds: number;
  };

  // The verdict as a whole
  readonly 'objective-met': Record<string, never>;
  readonly 'all-objectives-met': { readonly count: number };
  /** Every decisive objective is met; `exempt` are not decisive. */
  readonly 'decisive-objectives-met': { readonly count: number; readonly exempt: readonly Exempt[] };
  readonly 'nothing-decisive': { readonly exempt: readonly Exempt[] };
  readonly advisory: Record<string, never>;
  readonly waived: WaiverInForce;
  readonly 'waiver-expired': WaiverInForce;
  readonly 'objectives-missed': { readonly missed: readonly string[]; readonly undecided: readonly string[] };
  readonly 'objectives-undecided': {
    readonly undecided: readonly string[];
    readonly because: Reasons;
  };
  readonly 'no-objectives': Record<string, never>;
}
