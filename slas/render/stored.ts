import type { Verdict } from '../model/model.ts';
import { inWords, type Reason } from '../model/reasons.ts';
import type { VerdictDocument } from './json.ts';
import { wordsOf } from './reasons/words.ts';

/** The first version of verdict.json had words only. */
interface FirstVersion {
  readonly schema: 'sla-harness/verdict/v1';
  readonly summary: string;
  readonly objectives: readonly { readonly reason: string }[];
  readonly preconditions: readonly { readonly detail: string }[];
  readonly reconciliation: readonly { readonly note: string }[];
  readonly alerts?: { readonly detail: string; readonly held: readonly { readonly note: string }[] | null };
}

/** Reads a stored verdict; for the first version, its words are its reasons. */
export function readVerdict(stored: VerdictDocument | FirstVersion): Verdict {
  const isFirst = stored.schema === 'sla-harness/verdict/v1';
  return (isFirst ? fromFirst(stored) : fromSecond(stored as VerdictDocument)) as Verdict;
}

const fromFirst = ({
  summary,
  objectives,
  preconditions,
  reconciliation,
  alerts,
  ...rest
}: FirstVersion) => ({
  ...rest,
  summary: inWords(summary),
  objectives: objectives.map(({ reason, ...one }) => ({ ...one, reasons: [inWords(reason)] })),
  preconditions: preconditions.map(({ detail, ...one }) => ({ ...one, reasons: [inWords(detail)] })),
  reconciliation: reconciliation.map(({ note, ...one }) => ({ ...one, reasons: noted(undefined, note) })),
  ...(alerts === undefined
    ? {}
    : {
        alerts: {
          held: alerts.held?.map(({ note, ...one }) => ({ ...one, reasons: [inWords(note)] })) ?? null,
          summary: inWords(alerts.detail),
        },
      }),
});

const fromSecond = ({
  summary,
  summaryReason,
  objectives,
  preconditions,
  reconciliation,
  alerts,
  ...rest
}: VerdictDocument) => ({
  ...rest,
  summary: known([summaryReason], summary)[0],
  objectives: objectives.map(({ reason, reasons, ...one }) => ({ ...one, reasons: known(reasons, reason) })),
  preconditions: preconditions.map(({ detail, reasons, ...one }) => ({
    ...one,
    reasons: known(reasons, detail),
  })),
  reconciliation: reconciliation.map(({ note, reasons, ...one }) => ({
    ...one,
    reasons: noted(reasons, note),
  })),
  ...(alerts === undefined
    ? {}
    : {
        alerts: {
          held:
            alerts.held?.map(({ note, reasons, ...one }) => ({ ...one, reasons: known(reasons, note) })) ??
            null,
          summary: known([alerts.summaryReason], alerts.detail)[0],
        },
      }),
});

/** The first verdicts of this version have the note of a row as words only. */
const noted = (reasons: readonly Reason[] | undefined, note: string) =>
  note === '' ? [] : known(reasons ?? [], note);

/** A verdict of another version may have other codes, or other words for the same codes, so the stored words are shown. */
function known(reasons: readonly Reason[], words: string): readonly Reason[] {
  try {
    return wordsOf(reasons) === words ? reasons : [inWords(words)];
  } catch {
    return [inWords(words)];
  }
}
