import type { Reason } from '../../model/reasons.ts';

/** How one code reads. */
export interface Entry<Params> {
  /** Words of the reasons inside this one are asked of `put`. */
  readonly words: (params: Params, put: Put) => string;
  /** For the reference: what it means, and what to do about it. */
  readonly meaning: string;
  readonly next: string;
}

export type Put = (reasons: readonly Reason[]) => string;

export type Entries<Params> = { readonly [Code in keyof Params]: Entry<Params[Code]> };
