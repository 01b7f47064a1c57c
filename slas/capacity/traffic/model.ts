import type { Period } from './periods.ts';

/** How the service's traffic has grown, and when it will be too much: plain data. */

export const BIN_SECONDS = 300;
export const HOUR_SECONDS = 3600;
export const WEEK_HOURS = 168;
export const WEEK_SECONDS = WEEK_HOURS * HOUR_SECONDS;

/** Requests of each hour, counted from raw samples. */
export interface Traffic {
  /** Always a whole hour. */
  readonly fromSeconds: number;
  readonly hours: readonly Hour[];
  /** Instances that were counted in the busiest hour of the last week; null: the series have no label `instance`. */
  readonly replicas: number | null;
  /** The hours that are excluded because of load tests, in twelfths. Absent: no load test is known. */
  readonly excludedHours?: number;
}

export interface Hour {
  /** Requests per second; null: too little of the hour is known. */
  readonly perSecond: number | null;
  /** A lower bound of the rate, which also exists for hours of which too little is known. */
  readonly atLeastPerSecond: number;
  /** The rate of the hour's busiest five minutes; null if unknown, or if the store keeps too few samples. */
  readonly busiestPerSecond: number | null;
}

/** A period of seven days that ends with the history, or a whole number of weeks earlier. */
export interface Week {
  readonly fromSeconds: number;
  /** The rate of the week's busiest hour, in requests per second. */
  readonly peakPerSecond: number;
  readonly peakAtSeconds: number;
  /** The rate of the week's busiest five minutes divided by that of its busiest hour; null if unknown. */
  readonly burst: number | null;
  /** True if all hours that are busy in other weeks are known. Otherwise, `peakPerSecond` is only a lower bound. */
  readonly isWhole: boolean;
  readonly unknownHours: number;
}

/** The limit that the weekly peak is compared with. */
export interface Limit {
  /** Requests per second that all replicas may receive: the proven rate without the headroom. */
  readonly perSecond: number;
  readonly confidence: number;
}

export type Range = readonly [low: number, high: number];

/** The prediction from the history. */
export type Outlook = Foreseen & {
  readonly days: number;
  readonly weeks: readonly Week[];
  /** The traffic changed abruptly, or its growth did: only weeks from here on are used. null: it did not. */
  readonly changedAtSeconds: number | null;
};

export type Foreseen =
  | { readonly kind: 'not-enough'; readonly usableWeeks: number; readonly neededWeeks: number }
  /** The peak of the last four weeks was already above the limit. */
  | { readonly kind: 'reached'; readonly peakPerSecond: number; readonly atSeconds: number }
  /** The last weeks are far above what the weeks before predict. */
  | {
      readonly kind: 'jumped';
      readonly peakPerSecond: number;
      readonly times: number;
      readonly highWeeks: number;
    }
  | Trend;

export interface Trend {
  readonly kind: 'trend';
  /** Growth in a week: 0.02 means by 2%. */
  readonly perWeek: Range;
  /** The weekly peak when the history ends: its busiest five minutes where they are known, otherwise its busiest hour. */
  readonly nowPerSecond: number;
  /** When the peak reaches the limit. null: not before `horizonSeconds`. */
  readonly earliestSeconds: number | null;
  readonly latestSeconds: number | null;
  /** The end of the prediction, which reaches as far ahead as the history reaches back. */
  readonly horizonSeconds: number;
  readonly usedWeeks: number;
  /** Starts of weeks that are far below the trend, such as holidays. */
  readonly lowWeeks: readonly number[];
  readonly isOfWholeHours: boolean;
}

// ---------------------------------------------------------------------------------------------- as it is stored

/** The data that a store returned about the past, and the queries. */
export interface History {
  readonly schema: 'sla-harness/traffic/v1';
  /** The service's request counter. */
  readonly requests: string;
  readonly readAtSeconds: number;
  readonly weeks: number;
  readonly traffic: Traffic;
  /** Labels by which the store has copies of the same series. Each series was counted once. */
  readonly copiedBy: readonly string[];
  /** Days for which the store returned only part of the data. They count as gaps. */
  readonly doubtfulDays: number;
  /** The load tests whose requests are excluded. Absent: none is known. */
  readonly loadTests?: LoadTests;
}

export interface LoadTests {
  /** Runs of the harness. */
  readonly runs: number;
  /** Periods that the operator named. */
  readonly named: number;
  readonly periods: readonly Period[];
}

/** Hours of which too little is known, between the first and the last known one. */
export interface Gap {
  readonly fromSeconds: number;
  readonly hours: number;
}
