import type { Precondition } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import type { Decision } from './ruling.ts';

/** How decisions of every kind of measure are expressed. */

export type Reasons = readonly Reason[];

export const met = (reasons: Reasons): Decision => ({ verdict: 'met', severity: null, reasons });
export const undecided = (reasons: Reasons): Decision => ({ verdict: 'undecided', severity: null, reasons });
export const missed = (reasons: Reasons, isAlert: boolean): Decision => ({
  verdict: 'missed',
  severity: isAlert ? 'alert' : 'target',
  reasons,
});

/** Undecided for a reason unrelated to the measured value, which is shown anyway. */
export const undecidedFor = (because: Reasons, seen: Reasons) =>
  undecided([reason('seen-so-far', { because, seen })]);

export const brokenBy = ({ id, reasons }: Precondition) =>
  reason('precondition-broken', { id, because: reasons });

export const uncountedReasons = (atMost: number, why?: Reason): Reasons => {
  if (atMost === 0) return [];
  if (why?.code === 'iterations-interrupted') return [why];
  return why === undefined
    ? [reason('ended-replicas-uncounted', { atMost })]
    : [reason('restarts-uncounted', { atMost, why })];
};

export const tooFew = (
  what: 'request' | 'observation' | 'event' | 'scrape',
  samples: number,
  needed: number,
) => reason('too-few-samples', { what, samples, needed });

/** If only these preconditions are broken, requests are missing, but the requests that were seen still count. */
export const ONLY_CUT_SHORT = ['load-delivered', 'nothing-died'];
