/** The input of a search, the results of its steps, and its answer: plain data. */

export interface SearchSettings {
  readonly startPerSecond: number;
  /** The lowest rate worth a step; below it, nothing is searched. */
  readonly minPerSecond: number;
  /** The highest rate that may be sent. */
  readonly maxPerSecond: number;
  readonly confidence: number;
  /** `close`: the longest step at a rate that a step of at most `max` left undecided. */
  readonly stepSeconds: { readonly min: number; readonly max: number; readonly close: number };
  /** The minimum; a hold takes up to twice as long if the budget allows. */
  readonly holdSeconds: number;
  readonly budgetSeconds: number;
  /** Time that a step takes in addition to its load, as a first guess. */
  readonly aroundSeconds: number;
}

export type StepOutcome = 'met' | 'missed' | 'undecided' | 'invalid';

/** What one step showed, as it is stored. */
export interface StepSeen {
  readonly kind: 'step' | 'hold';
  readonly ratePerSecond: number;
  readonly outcome: StepOutcome;
  /**
   * invalid: the load generator was late, or the service was gone and the step could not begin. missed: the
   * service ended during the step. Absent: the verdict is the only reason.
   */
  readonly because?: 'generator-late' | 'service-ended' | 'other-check';
  /** The longest time for which it was planned. */
  readonly maxSeconds: number;
  /** Everything included: warm-up, load, queries. */
  readonly tookSeconds: number;
}

export interface StepPlan {
  readonly kind: 'step' | 'hold';
  readonly ratePerSecond: number;
  /** The confidence of the step's bounds. A short step may use all of the error for *met*, because the hold confirms it. */
  readonly confidence: number;
  /** What the step's share of the error leaves: *missed* counts only at this confidence. */
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
      /** Confirmed by a hold. */
      readonly provenPerSecond: number;
      /** The lowest rate that was missed; null: none was, see `openBecause`. */
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
