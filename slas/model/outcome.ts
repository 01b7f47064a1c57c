/** Types that both a verdict and the reasons of its parts use. */

export type ObjectiveOutcome = 'met' | 'missed' | 'undecided';
/** Advisory by the document, or under a waiver that was in force. */
export type Exemption = 'advisory' | 'waived';

/**
 * The measured value and the range of the true value: each bound on its own holds with at least this
 * confidence.
 */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
  /**
   * The actual confidence of each bound on its own. For shares it equals `confidence`; for means and rates it is higher (0.975 for 0.95),
   * because their bounds hold jointly. Absent in old verdicts.
   */
  readonly eachBound?: number;
}
