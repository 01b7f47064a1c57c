/** The nouns of what was read from Prometheus: a part of model.ts, which has them all. */

/** A raw sample as Prometheus gives it: Unix seconds, and the value as text (`12`, `NaN`, `+Inf`). */
export type Sample = readonly [timeSeconds: number, value: string];

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Ascending in time. */
  readonly samples: readonly Sample[];
}

/**
 * What the server says of the samples of a window that has too many to carry: at each block's end the last one before it
 * (`last`), or of all samples of a block, or of all blocks, how many there are, their sum, and so on. `gaps` is the fewest
 * samples in any two and a half intervals.
 */
export type Digest = 'last' | 'count' | 'sum' | 'min' | 'max' | 'gaps' | 'changes' | 'resets';

/** One answer of Prometheus. */
export interface Reading {
  /** The plan's selector that this answers. */
  readonly selector: string;
  /** The query as it was sent, and the time it was asked for. */
  readonly query: string;
  readonly atSeconds: number;
  /** Absent: raw samples. */
  readonly digest?: Digest;
  /** Asked for at this moment and every so many seconds, up to `atSeconds`. Absent: only at `atSeconds`. */
  readonly first?: { readonly fromSeconds: number; readonly stepSeconds: number };
  readonly series: readonly Series[];
  /** Prometheus's `warnings` and `infos`. */
  readonly warnings: readonly string[];
  /** Why there is no answer, or null. */
  readonly error: string | null;
}

export interface Evidence {
  readonly schema: 'sla-harness/evidence/v1';
  readonly prometheus: { readonly url: string };
  /** How far the server's clock is ahead of ours, give or take the time that the question took. Absent: not asked. */
  readonly clock?: { readonly aheadSeconds: number; readonly uncertaintySeconds: number };
  /** How long the server's samples took to come, and which were waited for in vain. Absent: not recorded. */
  readonly arrival?: Arrival;
  /** A selector has several readings where the window is thinned: stretches of raw samples, and digests of the rest. */
  readonly readings: readonly Reading[];
  /** The window has more scrapes than are carried. Absent: all are. */
  readonly thinned?: Thinned;
  /** The states of the alerts, and what their rules recorded, at steps of the window (`first`). Absent: not asked for. */
  readonly alerts?: readonly Reading[];
}

/** A server may show samples later than it took them: evidence is read once they are there, or a bound is over. */
export interface Arrival {
  /** The longest time from a sample to when it was seen first. null: none was seen to come. */
  readonly lagSeconds: number | null;
  readonly waitedSeconds: number;
  /** How long after the window's end samples are waited for, and why so long: `--ingest-delay`, the lag, or neither is known. */
  readonly boundSeconds: number;
  readonly boundBy: 'option' | 'learned' | 'default';
  /** What had not come when the bound was over; the first few. */
  readonly missing: readonly Missing[];
}

export interface Missing {
  /** `a scrape of 10.0.0.1:8000` */
  readonly what: string;
  /** The newest sample of it that was there. null: none. */
  readonly newestSeconds: number | null;
}

/** Blocks of equal length, from the window's beginning to its end. Raw samples are there at both, and where a block is odd. */
export interface Thinned {
  readonly fromSeconds: number;
  readonly stepSeconds: number;
  readonly blocks: number;
  /** The longest scrape interval of the service. */
  readonly intervalSeconds: number;
  /** Where the run is cut into phases: read in full, as the edges of the window are. */
  readonly cutsAtSeconds: readonly number[];
}
