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
      /** At most this many more, good or bad, were taken by ended replicas. Absent: none. */
      readonly uncounted?: number;
      /** Set if the cause is not an ended replica. */
      readonly uncountedWhy?: Reason;
      /** At most this many of these may lie outside the requested window. Absent: none. */
      readonly outside?: Outside;
      /** The bad events between consecutive scrapes; for latency, also those over each lower bucket edge. */
      readonly blocks: readonly Block[];
      readonly lower: readonly LowerEdge[];
      /**
       * In a phase: this many of the bad events, and of all, may not belong to it. A miss must hold without
       * them.
       */
      readonly doubtful?: number;
      /** Events that no selector claims. Absent: none. */
      readonly unclaimed?: UnclaimedCount;
      /** This many more may belong to it, and be bad. A met limit must hold with them. */
      readonly mayBeBad?: number;
      /** They are uncertain because error responses are among them, not because of a phase's edges. */
      readonly hasErrorsInside?: true;
    }
  /** A mean or a rate, compared as it is. Its blocks are sums over counts, or counts over seconds. */
  | {
      readonly kind: 'number';
      readonly samples: number;
      readonly value: number;
      readonly reasons: readonly Reason[];
      /**
       * At most this many more were taken by ended replicas, and what the value would be with the worst and
       * the best of them. Absent: none.
       */
      readonly uncounted?: Uncounted;
      readonly uncountedWhy?: Reason;
      /**
       * The possible values in the requested window, if more than that was counted. Absent: it is the value.
       */
      readonly outside?: Range;
      readonly blocks: readonly Block[];
    }
  /** A census with unknown states: at least `up`, at most `up + unknown`. */
  | {
      readonly kind: 'census';
      readonly samples: number;
      readonly up: number;
      readonly unknown: number;
      /** The scrapes at its edges that lie outside the requested window. Absent: none. */
      readonly outside?: { readonly samples: number; readonly up: number };
      readonly reasons: readonly Reason[];
    }
  /**
   * When something was over, measured from the given second; while `isBack` is false, it was not over yet.
   */
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
  /** The edges around the limit; 0: there is none below it, null: none above it. */
  readonly lowSeconds: number;
  readonly highSeconds: number | null;
  /** The edges are those of a bucket of a native histogram. */
  readonly isNative?: true;
}

export const NOTHING_BETWEEN: Pick<Between, 'bad' | 'beyondAlert'> = { bad: 0, beyondAlert: 0 };

export interface UnclaimedCount {
  /** This many more may be bad; of these, `outside` are not among the samples. */
  readonly mayBeBad: number;
  readonly outside: number;
  /** This many that are not among the samples may belong to them, and be good. Absent: none. */
  readonly mayBeGood?: number;
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

export interface Uncounted extends Range {
  readonly atMost: number;
}

/** The lowest and highest possible values, for whatever reason. */
export const endsOf = ({ value, uncounted, outside }: Measured & { kind: 'number' }): Range => ({
  low: Math.min(value, uncounted?.low ?? value, outside?.low ?? value),
  high: Math.max(value, uncounted?.high ?? value, outside?.high ?? value),
});

export const nothing = (...reasons: readonly Reason[]): Measured => ({ kind: 'nothing', reasons });
/** Set only if something may be uncounted. */
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
