import type { Reason } from '../../model/reasons.ts';

/** The words of one code. */
export interface Entry<Params> {
  /** `put` renders the reasons nested in this one. */
  readonly words: (params: Params, put: Put) => string;
  /** For the reference page: the meaning of the code, and what to do about it. */
  readonly meaning: string;
  readonly next: string;
}

export type Put = (reasons: readonly Reason[]) => string;

export type Entries<Params> = { readonly [Code in keyof Params]: Entry<Params[Code]> };
