import type { Verdict } from '../model/model.ts';
import { wordsOf } from './reasons/words.ts';

/**
 * The verdict as written to verdict.json: every reason as a code with its figures, together with its words.
 * Readers of the first version find their fields unchanged; words may differ between versions of the harness,
 * codes may not.
 */
export const verdictDocument = ({
  summary,
  objectives,
  preconditions,
  reconciliation,
  alerts,
  ...rest
}: Verdict) => ({
  ...rest,
  summary: wordsOf([summary]),
  summaryReason: summary,
  objectives: objectives.map((one) => ({ ...one, reason: wordsOf(one.reasons) })),
  preconditions: preconditions.map((one) => ({ ...one, detail: wordsOf(one.reasons) })),
  reconciliation: reconciliation.map((one) => ({ ...one, note: wordsOf(one.reasons) })),
  ...(alerts === undefined
    ? {}
    : {
        alerts: {
          held: alerts.held?.map((one) => ({ ...one, note: wordsOf(one.reasons) })) ?? null,
          detail: wordsOf([alerts.summary]),
          summaryReason: alerts.summary,
        },
      }),
});

export type VerdictDocument = ReturnType<typeof verdictDocument>;
