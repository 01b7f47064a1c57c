import type { Precondition } from '../../model/model.ts';
import type { Reason } from '../../model/reasons.ts';

/** A precondition with its finding; null: it could not be checked here. */
export const check = (id: string, ok: boolean | null, ...reasons: readonly Reason[]): Precondition => ({
  id,
  ok,
  reasons,
});
