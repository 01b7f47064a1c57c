import { UNIT_RANGES } from '../document/limits.ts';
import type { Unit } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import type { Block } from '../statistics/design-effect.ts';
import type { Increase } from '../window/increases.ts';
import type { Outside } from '../window/outside.ts';
import { whyUncounted } from '../window/uncounted.ts';
import type { Frame } from '../window/window.ts';

/**
 * What was measured of one objective: numbers, with the reasons that say what they are. Whether they decide anything is up
 * to judge/decide.ts.
 */
export type Measured =
  /** Bad events among all: decided in integers. `badBeyondAlert` are those past the alert threshold. */
  | {
      readonly kind: 'share';
      readonly samples: number;
      readonly bad: number;
      readonly badBeyondAlert: number;
      readonly value: number;
      readonly share: number;
      readonly bucket: readonly [number, number | null] | null;
      readonly reasons: readonly Reason[];
      /** At most so many more, good or bad, were taken by replicas that ended. Absent: none. */
      readonly uncounted?: number;
      /** Set where the cause is not that replicas ended. */
      readonly uncountedWhy?: Reason;
      /** Of these, at most so many may lie outside the window that was asked for. Absent: none. */
      readonly outside?: Outside;
      /** The bad ones between scrape and scrape; for latency, those over each lower bucket edge, too. */
      readonly blocks: readonly Block[];
      readonly lower: readonly (readonly Block[])[];
      /** In a phase: so many of the bad ones, and of all, may not be of it. Only a miss without them is one. */
      readonly doubtful?: number;
      /** So many more may be bad, as nobody claims them; of these, so many are not among the samples. Absent: none. */
      readonly unclaimed?: { readonly mayBeBad: number; readonly outside: number };
      /** So many more may be of it, and bad. Only what is kept with them is kept. */
      readonly mayBeBad?: number;
      /** They are in doubt because error responses are among them, not because of a phase's edges. */
      readonly hasErrorsInside?: true;
    }
  /** A mean or a rate: compared as it is. Its blocks are sums of counts, or counts of seconds. */
  | {
      readonly kind: 'number';
      readonly samples: number;
      readonly value: number;
      readonly reasons: readonly Reason[];
      /** At most so many more were taken by replicas that ended, and what the value would be with the worst and the best of them. Absent: none. */
      readonly uncounted?: Uncounted;
      readonly uncountedWhy?: Reason;
      /** What the value may be in the window that was asked for, where more than that was counted. Absent: it is the value. */
      readonly outside?: Range;
      readonly blocks: readonly Block[];
    }
  /** A census in which some are unknown: `up` for certain, `up + unknown` at best. */
  | {
      readonly kind: 'census';
      readonly samples: number;
      readonly up: number;
      readonly unknown: number;
      /** The scrapes at its edges that lie outside the window that was asked for. Absent: none. */
      readonly outside?: { readonly samples: number; readonly up: number };
      readonly reasons: readonly Reason[];
    }
  /** When something was over, from the second on that is told; while `isBack` is false it was not yet. */
  | {
      readonly kind: 'moment';
      readonly samples: number;
      readonly seconds: number;
      readonly isBack: boolean;
      readonly reasons: readonly Reason[];
    }
  | { readonly kind: 'nothing'; readonly reasons: readonly Reason[] };

export interface Range {
  readonly low: number;
  readonly high: number;
}

export interface Uncounted extends Range {
  readonly atMost: number;
}

/** The lowest and the highest that a number may be, for whatever reason. */
export const endsOf = ({ value, uncounted, outside }: Measured & { kind: 'number' }): Range => ({
  low: Math.min(value, uncounted?.low ?? value, outside?.low ?? value),
  high: Math.max(value, uncounted?.high ?? value, outside?.high ?? value),
});

export const nothing = (...reasons: readonly Reason[]): Measured => ({ kind: 'nothing', reasons });
/** Set only where something may be uncounted. */
export const orNone = (uncounted: number, frame: Frame) =>
  uncounted === 0 ? {} : { uncounted, ...whyUncounted(frame) };
export const orNowhere = ({ all, bad }: Outside) =>
  all === 0 && bad === 0 ? {} : { outside: { all: Math.max(all, bad), bad } };

/** Events are judged as shares of integers. */
export function partialEvent(increases: readonly Pick<Increase, 'labels' | 'increase'>[]): Reason | null {
  const odd = increases.find(({ increase }) => !Number.isSafeInteger(increase));
  if (odd === undefined) return null;
  return reason('increase-not-whole', { labels: odd.labels, increase: odd.increase });
}

/** A value outside the range of its unit: it is in another unit than the document says. `of` null: the mean. */
export function impossible(of: string | null, value: number, unit: Unit): Reason | null {
  const { low, high } = UNIT_RANGES[unit];
  return value >= low && value <= high ? null : reason('value-impossible', { of, value, unit });
}

/** Labels as one text, whatever their order; some may be left out. */
export const keyOf = (labels: Readonly<Record<string, string>>, ...without: readonly string[]) =>
  JSON.stringify(
    Object.entries(labels)
      .filter(([label]) => !without.includes(label))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
