import type { Precondition } from '../../model/model.ts';
import { inWords } from '../../model/reasons.ts';

/** A precondition, with what it saw in words; null is "could not be checked here". */
export const check = (id: string, ok: boolean | null, detail: string): Precondition => ({
  id,
  ok,
  reasons: [inWords(detail)],
});

/** Of no requests nothing is claimed: "0 of 0" is no good news. */
export const NOTHING_SENT = 'no request was sent';
