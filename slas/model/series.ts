/** Time series of a run for its report; they are not judged. */

/** A panel's Prometheus query about a run, for display only. */
export interface SeriesQuery {
  /** The panel's id, and the legend of its series (`{{label}}` stands for the label's value). */
  readonly panel: string;
  readonly legend: string;
  readonly query: string;
  /**
   * `time`: the query is evaluated at every step of the window, from the first step whose range lies within
   * the window. `window`: once, at the end of the window.
   */
  readonly over: 'time' | 'window';
  readonly settledAfterSeconds: number;
}

export interface SeriesAnswer extends SeriesQuery {
  readonly series: readonly {
    readonly labels: Readonly<Record<string, string>>;
    /** One value per step, separated by spaces, `-` if there is none; only one for a `window` query. */
    readonly values: string;
  }[];
  readonly warnings: readonly string[];
  readonly error: string | null;
}

/** The time series of a run for its report: these queries extrapolate, unlike the queries of the evidence. */
export interface RunSeries {
  readonly schema: 'sla-harness/series/v1';
  /** From the scrape that opens the window to the one that closes it. */
  readonly window: { readonly fromSeconds: number; readonly toSeconds: number; readonly stepSeconds: number };
  readonly answers: readonly SeriesAnswer[];
}
