import type { Reason, ReasonCode, ReasonParams } from '../../model/reasons.ts';
import { ALERTS } from './alerts.ts';
import { DECISION } from './decision.ts';
import type { Entries, Entry, Put } from './entry.ts';
import { MEASURES } from './measures.ts';
import { PRECONDITIONS } from './preconditions.ts';
import { WINDOW } from './window.ts';

/** Every code with its words, collected from the files next to this one. */
export const REASONS: Entries<ReasonParams> = {
  ...DECISION,
  ...PRECONDITIONS,
  ...ALERTS,
  ...MEASURES,
  ...WINDOW,
  words: {
    words: ({ words }) => words,
    meaning: 'Words from a part of the harness that has no codes yet.',
    next: '',
  },
};

export interface WordsOptions {
  /** Preconditions are listed in full nearby, so an objective that depends on one only names it. */
  readonly preconditionsBy: 'name' | 'words';
}

const IN_FULL: WordsOptions = { preconditionsBy: 'words' };

/** Reasons on one line, in order. */
export function wordsOf(reasons: readonly Reason[], options = IN_FULL): string {
  const put: Put = (inner) => wordsOf(inner, options);
  return reasons.map((one) => wordsOfOne(one, put, options)).join('; ');
}

function wordsOfOne(one: Reason, put: Put, { preconditionsBy }: WordsOptions): string {
  if (one.code === 'precondition-broken' && preconditionsBy === 'name') return `see ${one.params.id}`;
  return entryOf(one.code).words(one.params, put);
}

/** The entry of a code takes that code's parameters, which a union of all codes cannot express. */
const entryOf = (code: ReasonCode) => REASONS[code] as Entry<ReasonParams[ReasonCode]>;
