import { UNIT_RANGES } from '../document/limits.ts';
import type { Unit } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import type { Block, LowerEdge } from '../statistics/design-effect.ts';
import type { Increase } from '../window/increases.ts';
import type { Outside } from '../window/outside.ts';
import { whyUncounted } from '../window/uncounted.ts';
import type { Frame } from '../window/window.ts';

/**
 * What was measured of one objective: numbers, with reasons that qualify them. judge/decide.ts decides
 * whether they are enough.
 */
export type Measured =
  /** Bad events out of all, compared in integers. `badBeyondAlert` are those past the alert threshold. */
  | {
      readonly kind: 'share';
      readonly samples: number;
      readonly bad: number;
      readonly badBeyondAlert: number;
      /** The limit or the alert threshold lies between two bucket edges. Absent: both are exact. */
      readonly between?: Between;
      readonly value: number;
      readonly share: number;
      readonly bucket: readonly [number, number | null] | null;
      readonly reasons: readonly Reason[];
      /** At most this many more requests, good or bad, were taken by terminated replicas. Absent: none. */
      readonly uncounted?: number;
      /** Why events may be uncounted, if the cause is not a terminated replica. */
      readonly uncountedWhy?: Reason;
      /** At most this many of the counted events may lie outside the requested window. Absent: none. */
      readonly outside?: Outside;
      /** The bad events between consecutive scrapes. For a latency, also the events over each lower bucket edge. */
      readonly blocks: readonly Block[];
      readonly lower: readonly LowerEdge[];
      /** In a phase, this many of the bad events, and of all events, may not belong to the phase. A miss must hold without them. */
      readonly doubtful?: number;
      /** Events that no selector matches. Absent: none. */
      readonly unclaimed?: UnclaimedCount;
      /** This many more events may belong to the phase and be bad. *Met* must hold with them. */
      readonly mayBeBad?: number;
      /** Set if events are uncertain because error responses are among them, and not because of a phase's edges. */
      readonly hasErrorsInside?: true;
    }
  /** A mean or a rate, compared as it is. Its blocks are sums over counts, or counts over seconds. */
  | {
      readonly kind: 'number';
      readonly samples: number;
      readonly value: number;
      readonly reasons: readonly Reason[];
      /**
       * At most this many more were taken by terminated replicas, and what the value would be with the worst and
       * the best of them. Absent: none.
       */
      readonly uncounted?: Uncounted;
      readonly uncountedWhy?: Reason;
      /** The range of possible values in the requested window, if the counts cover more than the window. Absent: the value is exact. */
      readonly outside?: Range;
      /** In a phase, the range of a mean with the requests that were in flight at the last scrape. Absent: none. */
      readonly inFlight?: Range;
      readonly blocks: readonly Block[];
    }
  /** A census with unknown states: at least `up`, at most `up + unknown`. */
  | {
      readonly kind: 'census';
      readonly samples: number;
      readonly up: number;
      readonly unknown: number;
      /** The scrapes at the edges that lie outside the requested window. Absent: none. */
      readonly outside?: { readonly samples: number; readonly up: number };
      readonly reasons: readonly Reason[];
    }
  /** The seconds until something was over. If `isBack` is false, it was not over yet after these seconds. */
  | {
      readonly kind: 'moment';
      readonly samples: number;
      readonly seconds: number;
      readonly isBack: boolean;
      readonly reasons: readonly Reason[];
    }
  | { readonly kind: 'nothing'; readonly reasons: readonly Reason[] };

/**
 * `bad` and `badBeyondAlert` count everything over the edge below; this many of them did not exceed the edge above,
 * and so may be good.
 */
export interface Between {
  readonly bad: number;
  readonly beyondAlert: number;
  /** The edges around the limit; 0 means that no edge is below the limit, null that none is above it. */
  readonly lowSeconds: number;
  readonly highSeconds: number | null;
  /** The edges are those of a bucket of a native histogram. */
  readonly isNative?: true;
}

export const NOTHING_BETWEEN: Pick<Between, 'bad' | 'beyondAlert'> = { bad: 0, beyondAlert: 0 };

export interface UnclaimedCount {
  /** This many more events may be bad; `outside` of them are not among the samples. */
  readonly mayBeBad: number;
  readonly outside: number;
  /** This many good events may be missing from the samples. Absent: none. */
  readonly mayBeGood?: number;
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

export interface Uncounted extends Range {
  readonly atMost: number;
}

/** The lowest and highest possible values, allowing for every source of uncertainty. */
export const endsOf = ({ value, uncounted, outside, inFlight }: Measured & { kind: 'number' }): Range => ({
  low: Math.min(value, uncounted?.low ?? value, outside?.low ?? value, inFlight?.low ?? value),
  high: Math.max(value, uncounted?.high ?? value, outside?.high ?? value, inFlight?.high ?? value),
});

export const nothing = (...reasons: readonly Reason[]): Measured => ({ kind: 'nothing', reasons });
/** Set only if some events may be uncounted. */
export const orNone = (uncounted: number, frame: Frame) =>
  uncounted === 0 ? {} : { uncounted, ...whyUncounted(frame) };
/** `strangers`: this many may be scrapes or requests of other clients, which lower the share of errors. */
export function orNowhere({ all, bad }: Outside, strangers = 0) {
  if (all === 0 && bad === 0 && strangers === 0) return {};
  const outside = { all: Math.max(all, bad) + strangers, bad };
  return { outside: strangers === 0 ? outside : { ...outside, strangers } };
}

/** Events are judged as shares of integers. */
export function partialEvent(increases: readonly Pick<Increase, 'labels' | 'increase'>[]): Reason | null {
  const fractional = increases.find(({ increase }) => !Number.isSafeInteger(increase));
  if (fractional === undefined) return null;
  return reason('increase-not-whole', { labels: fractional.labels, increase: fractional.increase });
}

/** A value outside the range of its unit: the unit in the document is wrong. `of` null: the mean. */
export function impossible(of: string | null, value: number, unit: Unit): Reason | null {
  const { low, high } = UNIT_RANGES[unit];
  return value >= low && value <= high ? null : reason('value-impossible', { of, value, unit });
}
