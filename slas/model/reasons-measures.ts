import type { Unit } from './document.ts';

type Labels = Readonly<Record<string, string>>;
type None = Record<string, never>;

/** A label and what the document's matcher requires. */
export interface Asked {
  readonly label: string;
  readonly asked: string;
}

/** Values that no selector matches: the most frequent ones, and the number of `others`. */
export interface Unclaimed {
  readonly values: readonly {
    readonly count: number;
    readonly labels: readonly { readonly label: string; readonly value: string | null }[];
  }[];
  readonly others: number;
}

/** How a service spells the values of a label. */
export type Notation =
  | 'three-digits'
  | 'class-digit'
  | 'class'
  | 'grpc-go'
  | 'grpc-capitals'
  | 'grpc-small'
  | 'boolean-small'
  | 'boolean-capital'
  | 'boolean-capitals'
  | 'micrometer';

/**
 * How an objective was measured, or why it could not be. Values that may not be finite are strings, because
 * JSON has no NaN.
 */
export interface MeasureReasonsOf<Reasons extends readonly unknown[]> {
  // Latency
  /** `isSuccessful` is false if the histogram also holds error responses. */
  readonly 'responses-within': {
    readonly good: number;
    readonly samples: number;
    readonly isSuccessful: boolean;
    readonly limitSeconds: number;
    readonly percentile: number;
    readonly bucket: readonly [number, number | null];
  };
  /**
   * The limit is not a bucket edge: at least `least` and at most `most` responses were within it. `lowSeconds` is 0 if no edge is below the
   * limit; `highSeconds` is null if no edge is above it.
   */
  readonly 'responses-around': {
    readonly least: number;
    readonly most: number;
    readonly samples: number;
    readonly isSuccessful: boolean;
    readonly limitSeconds: number;
    readonly lowSeconds: number;
    readonly highSeconds: number | null;
    readonly percentile: number;
    readonly bucket: readonly [number, number | null];
  };
  /** `errors`: the number of errors that the client received or the service counted; null if none, or if unknown. */
  readonly 'errors-included': { readonly errors: number | null; readonly isByClient: boolean };
  /**
   * `selected`: what the objective selects. `atMost`: the maximum number of successful responses that are not selected; null if unknown.
   */
  readonly 'unclaimed-latencies': Unclaimed & {
    readonly responses: number;
    readonly selected: readonly Asked[];
    readonly atMost: number | null;
  };
  /** How many histograms were counted natively and by classic buckets, and how many of them are stored in both ways. */
  readonly 'histograms-native': { readonly native: number; readonly classic: number; readonly both: number };
  /** The document names no histogram. `lacks`: what the client's side lacks; null if nothing. */
  readonly 'client-alone': {
    readonly path: string;
    readonly lacks: 'load' | 'record' | 'requests' | 'successes' | null;
  };
  readonly 'no-successful-response': None;
  readonly 'buckets-inconsistent': { readonly labels: Labels };
  readonly 'path-not-requested': { readonly path: string; readonly paths: readonly string[] };

  // Error rates
  readonly 'requests-failed': {
    readonly bad: number;
    readonly samples: number;
    readonly unanswered: number;
  };
  readonly 'requests-succeeded': {
    readonly good: number;
    readonly samples: number;
    readonly unanswered: number;
  };
  readonly 'more-good-than-total': { readonly good: number; readonly total: number };
  readonly 'good-outside-total': { readonly count: number; readonly labels: Labels };
  readonly 'none-is-no-error': Asked & { readonly value: string; readonly events: number };
  readonly 'no-request-counted': None;
  /** `shownBy`: the evidence that an error would have been counted. */
  readonly 'absent-as-zero': { readonly selector: string; readonly shownBy: 'series' | 'client' };
  /** `looks`: the notation of the label's values. */
  readonly 'error-value-foreign': Asked & { readonly value: string; readonly looks: Notation };
  /** `with`: the labels for which no series was found. */
  readonly 'errors-unproven': { readonly metric: string; readonly with: readonly Asked[] };
  /** `metric` is null if it is the metric of the total. */
  readonly 'error-label-missing': { readonly label: string; readonly metric: string | null };
  readonly 'more-errors-than-total': { readonly bad: number; readonly total: number };
  readonly 'errors-outside-total': { readonly count: number; readonly labels: Labels };
  readonly 'client-saw-more-errors': { readonly client: number; readonly counted: number };
  /** `client`: what the client knows about these events; null if nothing. */
  readonly 'unclaimed-events': Unclaimed & {
    readonly events: number;
    readonly bad: readonly Asked[];
    readonly client: { readonly errors: number; readonly bad: number; readonly isExact: boolean } | null;
  };

  // Rates and means
  readonly 'responses-over-load': { readonly samples: number; readonly seconds: number };
  readonly 'responses-after-load': {
    readonly samples: number;
    readonly seconds: number;
    readonly scheduledSeconds: number;
  };
  readonly 'responses-between-scrapes': { readonly samples: number };
  readonly 'mean-of': { readonly samples: number };
  readonly 'nothing-observed': None;
  readonly 'no-load': None;
  readonly 'series-unpaired': { readonly sum: string; readonly count: string; readonly labels: Labels };
  readonly 'counter-stands-still': { readonly selector: string; readonly responses: number };

  // Counters
  readonly 'value-not-whole': { readonly labels: Labels; readonly value: number; readonly atSeconds: number };
  readonly 'counter-unnamed': { readonly metric: string };
  readonly 'counter-falls-often': { readonly labels: Labels; readonly falls: number };
  readonly 'increase-not-whole': { readonly labels: Labels; readonly increase: number };
  /** `of` is null if the value is the mean. */
  readonly 'value-impossible': { readonly of: string | null; readonly value: number; readonly unit: Unit };

  // Gauges
  readonly 'scrapes-up': {
    readonly up: number;
    readonly samples: number;
    readonly unknown: number;
    readonly isStale: boolean;
    /** A value over 1. Absent: no value was over 1. */
    readonly odd?: number;
  };
  readonly 'highest-of': { readonly samples: number; readonly missed: number };
  /** `target` is null if the gauge has no value on any target. */
  readonly 'gauge-not-finite': {
    readonly selector: string;
    readonly target: string | null;
    readonly value: string;
  };
  readonly 'may-have-been-higher': { readonly selector: string; readonly missed: number };
  readonly 'service-not-scraped': { readonly selector: string };
  readonly 'series-passed-on': { readonly labels: Labels; readonly target: string };
  readonly 'refreshes-unknown': { readonly labels: Labels };
  readonly 'refreshed-before-window': { readonly labels: Labels; readonly atSeconds: number };

  // Phases
  readonly 'others-send-requests': None;
  /** `lacking`: what only the client's record could show. */
  readonly 'no-request-record': { readonly lacking: 'phase-edges' | 'recovery' };
  readonly 'in-flight-at-phase-end': { readonly count: number };
  readonly 'sent-before-phase': { readonly atMost: number };
  readonly 'phase-errors-uncounted': {
    readonly sent: number;
    readonly sentBad: number;
    readonly samples: number;
    readonly bad: number;
  };
  readonly 'too-many-across-edges': {
    readonly carriedIn: number;
    readonly inFlight: number;
    readonly samples: number;
    readonly seen: Reasons;
  };
  readonly 'recovery-too-few': {
    readonly samples: number;
    readonly phase: string;
    readonly needed: number;
  };
  /** `fromSeconds` is null if the latency was not back within its limit when the load ended. */
  readonly recovery: {
    readonly slow: number;
    readonly samples: number;
    readonly phase: string;
    readonly withinSeconds: number;
    readonly percentile: number;
    readonly fromSeconds: number | null;
  };
}
