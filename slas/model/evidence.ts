/** The types of what was read from Prometheus; model.ts re-exports them. */

/** A raw sample as Prometheus returns it: Unix seconds, and the value as text (`12`, `NaN`, `+Inf`). */
export type Sample = readonly [timeSeconds: number, value: string];

/**
 * A populated bucket of a native histogram, as Prometheus returns it: which of its ends belong to it (0: the upper one, 1: the lower
 * one, 2: neither, 3: both), the ends, and how many observations it has.
 */
export type NativeBucket = readonly [ends: number, lower: string, upper: string, count: string];

/** A native histogram, or a classic one that is stored with custom buckets (NHCB). */
export interface NativeHistogram {
  readonly count: string;
  readonly sum: string;
  /** Absent: no bucket is populated. */
  readonly buckets?: readonly NativeBucket[];
}

export type HistogramSample = readonly [timeSeconds: number, histogram: NativeHistogram];

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** In ascending order of time. */
  readonly samples: readonly Sample[];
  /** In ascending order of time. Absent: none of the series' samples is a histogram. */
  readonly histograms?: readonly HistogramSample[];
  /** Set if the series was derived from native histograms; never stored. Absent: the series is as it was read. */
  readonly isNative?: true;
}

/**
 * The server's aggregates for a window with too many samples: the last sample at the end of each block
 * (`last`), or the count, sum and so on of the samples of each block, or of all blocks. `gaps` is the
 * smallest number of samples in any two and a half intervals.
 */
export type Aggregate = 'last' | 'count' | 'sum' | 'min' | 'max' | 'gaps' | 'changes' | 'resets';

/** How many histograms are counted natively and by classic buckets, and how many of them are stored in both ways. */
export interface HistogramKinds {
  readonly native: number;
  readonly classic: number;
  readonly both: number;
}

/** One response of Prometheus. */
export interface Reading {
  /** The plan's selector that this reading belongs to. */
  readonly selector: string;
  /** The query as it was sent, and its evaluation time. */
  readonly query: string;
  readonly atSeconds: number;
  /** Raw samples of this many seconds before `atSeconds`. Absent if there are none, and in old evidence. */
  readonly rangeSeconds?: number;
  /** Absent: raw samples. */
  readonly digest?: Aggregate;
  /** The first evaluation time and the step of a range query, which ends at `atSeconds`. Absent: evaluated only at `atSeconds`. */
  readonly first?: { readonly fromSeconds: number; readonly stepSeconds: number };
  readonly series: readonly Series[];
  /** Set for the buckets of a latency that are also read natively; never stored. Absent: none of the latency's histograms is native. */
  readonly kinds?: HistogramKinds;
  /** Prometheus's `warnings` and `infos`. */
  readonly warnings: readonly string[];
  /** Why there is no result, or null. */
  readonly error: string | null;
}

export interface Evidence {
  readonly schema: 'sla-harness/evidence/v1';
  readonly prometheus: { readonly url: string };
  /**
   * How far the server's clock is ahead of ours, with the duration of the query as uncertainty. Absent: not
   * queried.
   */
  readonly clock?: { readonly aheadSeconds: number; readonly uncertaintySeconds: number };
  /** The lag of the server's samples, and which samples were still missing at the time limit. Absent: not recorded. */
  readonly arrival?: Arrival;
  /**
   * A selector has several readings in a downsampled window: stretches of raw samples, and aggregates of the
   * rest.
   */
  readonly readings: readonly Reading[];
  /** The window has too many scrapes to read in full. Absent: all samples were read. */
  readonly thinned?: Downsampled;
  /**
   * The states of the alerts, and the results of their rules, at steps of the window (`first`). Absent: not
   * queried.
   */
  readonly alerts?: readonly Reading[];
}

/** A server may show samples with a delay, so evidence is read once they have arrived, or at the time limit. */
export interface Arrival {
  /** The longest time from a sample to when it was first seen. null: no new sample was seen. */
  readonly lagSeconds: number | null;
  readonly waitedSeconds: number;
  /**
   * How long to wait for samples after the window's end, and the reason: `--ingest-delay`, the lag, or
   * neither is known.
   */
  readonly boundSeconds: number;
  readonly boundBy: 'option' | 'learned' | 'default';
  /** The first few samples that were missing at the time limit. */
  readonly missing: readonly Missing[];
}

export interface Missing {
  /** For example `a scrape of 10.0.0.1:8000`. */
  readonly what: string;
  /** `aggregates`: how the server's functions see the last samples. Absent in old evidence. */
  readonly kind?: 'scrape' | 'sample' | 'aggregates';
  /** The time of the newest sample that arrived; null if none did. */
  readonly newestSeconds: number | null;
}

/**
 * Blocks of equal length, from the window's start to its end. Raw samples exist at both ends, and in
 * irregular blocks.
 */
export interface Downsampled {
  readonly fromSeconds: number;
  readonly stepSeconds: number;
  readonly blocks: number;
  /** The longest scrape interval of the service. */
  readonly intervalSeconds: number;
  /** Times at which the run is cut into phases. Samples around them are read in full, like those at the edges of the window. */
  readonly cutsAtSeconds: readonly number[];
}
