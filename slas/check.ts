import type { Precondition } from './model.ts';

/** A precondition, with what it saw in words; null is "could not be checked here". */
export const check = (id: string, ok: boolean | null, detail: string): Precondition => ({ id, ok, detail });
