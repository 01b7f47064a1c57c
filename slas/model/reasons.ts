import type { AlertReasons } from './reasons-alerts.ts';
import type { DecisionReasonsOf } from './reasons-decision.ts';
import type { MeasureReasonsOf } from './reasons-measures.ts';
import type { EvidenceReasonsOf, PreconditionReasonsOf } from './reasons-preconditions.ts';
import type { WindowReasons } from './reasons-window.ts';

/**
 * Why a verdict, an objective or a precondition has its outcome: a code and its figures in base units. The
 * core never writes a sentence; render/reasons/ has the words of every code, and the reference in
 * docs/reasons.md is generated from it.
 */
export type ReasonParams = DecisionReasonsOf<Nested> &
  PreconditionReasonsOf<Nested> &
  AlertReasons &
  MeasureReasonsOf<Nested> &
  WindowReasons & {
    /** Words from a part of the core that has no codes yet. */
    readonly words: { readonly words: string };
  };

/** The reasons that are nested in another reason. */
type Nested = readonly Reason[];

export type DecisionReasons = DecisionReasonsOf<Nested>;
export type MeasureReasons = MeasureReasonsOf<Nested>;
export type EvidenceReasons = EvidenceReasonsOf<Nested>;
export type PreconditionReasons = PreconditionReasonsOf<Nested>;

export type ReasonCode = keyof ReasonParams;

/** One reason, or one of several codes. Plain data, stored in verdict.json unchanged. */
export type Reason<Code extends ReasonCode = ReasonCode> = {
  readonly [C in Code]: { readonly code: C; readonly params: ReasonParams[C] };
}[Code];

export const reason = <Code extends ReasonCode>(code: Code, params: ReasonParams[Code]) =>
  ({ code, params }) as Reason<Code>;

export const inWords = (words: string) => reason('words', { words });
