import type { Precondition } from '../../model/model.ts';
import type { Reason } from '../../model/reasons.ts';

/** A precondition with its finding; `ok` is null if the precondition could not be checked here. */
export const check = (id: string, ok: boolean | null, ...reasons: readonly Reason[]): Precondition => ({
  id,
  ok,
  reasons,
});
