/** The input of a search, the results of its steps, and its answer: plain data. */

export interface SearchSettings {
  readonly startPerSecond: number;
  /** The lowest rate that a step may try. */
  readonly minPerSecond: number;
  /** The highest rate that may be sent. */
  readonly maxPerSecond: number;
  readonly confidence: number;
  /**
   * `climb` is the longest step while no rate was missed (absent: `max`). `close` is the longest step at a rate that was still undecided
   * after a step of at most `max`.
   */
  readonly stepSeconds: {
    readonly min: number;
    readonly climb?: number;
    readonly max: number;
    readonly close: number;
  };
  /** The minimum duration of a hold. A hold takes up to twice as long if the budget allows. */
  readonly holdSeconds: number;
  readonly budgetSeconds: number;
  /** Time that a step takes in addition to its load, as a first guess. */
  readonly aroundSeconds: number;
}

export type StepOutcome = 'met' | 'missed' | 'undecided' | 'invalid';

/** The stored result of one step. */
export interface StepSeen {
  readonly kind: 'step' | 'hold';
  readonly ratePerSecond: number;
  readonly outcome: StepOutcome;
  /**
   * invalid: the load generator was late, or the service was gone and the step could not begin. missed: the
   * service ended during the step. undecided: the load was stopped early because so many requests failed. Absent: the verdict is the only
   * reason. `interrupted` is also invalid: the search itself ended during the step. The step counts as one that decided nothing, because
   * the operator may have seen how it went.
   */
  readonly because?: 'generator-late' | 'service-ended' | 'cut-short' | 'other-check' | 'interrupted';
  /** How much of its error budget the objective used that used the most. Absent: not known. */
  readonly near?: NearLimit;
  /** The maximum duration for which the step was planned. */
  readonly maxSeconds: number;
  /** The total time, including warm-up, load and queries. */
  readonly tookSeconds: number;
}

export interface NearLimit {
  /** 1: the whole budget. */
  readonly used: number;
  /** The share of responses that may be slow, or that may fail. */
  readonly budget: number;
  /** The responses are worth as much as this many independent ones. */
  readonly independent: number;
  readonly seconds: number;
  /** An objective that was not met is missing here, because its share is unknown. It may have used more of its budget. */
  readonly isPartial?: true;
  /** The objective that is the hardest to prove even if no response is bad. Absent: not known. */
  readonly hardest?: { readonly budget: number; readonly independent: number };
}

export interface StepPlan {
  readonly kind: 'step' | 'hold';
  readonly ratePerSecond: number;
  /** The confidence of the step's bounds. A short step may use all of the error for *met*, because the hold confirms it. */
  readonly confidence: number;
  /** The confidence that remains after the step's share of the error. *Missed* counts only at this confidence. */
  readonly missConfidence: number;
  readonly maxSeconds: number;
  readonly atLeastSeconds: number;
}

/** Why no upper end was found. */
export type OpenEnd = 'max-rate' | 'generator' | 'budget' | 'undecided';

export type SearchRefusal =
  /** The lowest rate was missed. */
  | 'nothing-met'
  /** The load generator was late at every rate that remained. */
  | 'generator-limited'
  /** No hold passed. */
  | 'not-confirmed'
  | 'budget-spent'
  /** No step could be decided. */
  | 'undecided'
  /** The service ended and could not be loaded again. */
  | 'service-ended';

export type SearchAnswer =
  | {
      readonly ok: true;
      /** The rate that a hold confirmed. */
      readonly provenPerSecond: number;
      /** The lowest rate that was missed; null if no rate was missed (see `openBecause`). */
      readonly refutedPerSecond: number | null;
      readonly openBecause: OpenEnd | null;
    }
  | {
      readonly ok: false;
      readonly code: SearchRefusal;
      /** The lowest rate that was missed. */
      readonly refutedPerSecond: number | null;
    };

export type Next = { readonly run: StepPlan } | { readonly answer: SearchAnswer };
