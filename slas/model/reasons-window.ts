type Labels = Readonly<Record<string, string>>;
type None = Record<string, never>;

/** The edges where a window opens and closes. Each edge needs a scrape. */
type Edge = 'open' | 'close';

/** A phase and its times. */
interface PhaseSpan {
  readonly phase: string;
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** Why no counts exist for a window. Values that may not be finite are strings, because JSON has no NaN. */
export interface WindowReasons {
  // Prometheus's response
  readonly 'no-evidence': { readonly selector: string };
  readonly 'prometheus-error': { readonly error: string };
  readonly 'prometheus-warned': { readonly warnings: readonly string[] };
  readonly 'no-data': { readonly selector: string };

  // Scrapes at the edges
  readonly 'edge-scrape-failed': { readonly target: string; readonly edge: Edge; readonly atSeconds: number };
  /** `nearestSeconds`: the time of the nearest scrape beyond the edge; null if there is no such scrape. */
  readonly 'edge-not-scraped': {
    readonly target: string;
    readonly edge: Edge;
    readonly atSeconds: number;
    readonly nearestSeconds: number | null;
  };
  /** The edge of a process of an elastic service. */
  readonly 'edge-scrape-late': { readonly target: string; readonly edge: Edge; readonly seconds: number };
  readonly 'scraped-too-rarely': { readonly target: string };
  readonly 'all-scraped-once': { readonly target: string };

  // Processes
  readonly 'start-time-unscraped': { readonly target: string; readonly atSeconds: number };
  /** `before`: the start time of the process at earlier scrapes; null if there was none. */
  readonly 'start-time-went-back': {
    readonly target: string;
    readonly started: string;
    readonly before: string | null;
  };
  readonly 'started-after-scrape': { readonly target: string; readonly seconds: number };
  readonly 'started-unseen': { readonly target: string; readonly seconds: number };
  /** `more`: the number of other gaps of this kind. */
  readonly 'restart-possible': {
    readonly target: string;
    readonly fromSeconds: number;
    readonly toSeconds: number;
    readonly more: number;
  };

  // Series
  readonly 'series-of-no-target': { readonly labels: Labels };
  readonly 'series-of-several-targets': { readonly labels: Labels };
  /** `elsewhere`: another target that has the series, and the label that only such targets have; null if no target has it. */
  readonly 'series-missing': {
    readonly target: string;
    readonly selector: string;
    readonly isUnknown: boolean;
    readonly elsewhere: {
      readonly target: string;
      readonly label: { readonly name: string; readonly value: string } | null;
    } | null;
  };
  readonly 'series-came-and-went': { readonly labels: Labels };
  readonly 'series-vanished': { readonly labels: Labels };
  readonly 'series-ended': { readonly labels: Labels; readonly atSeconds: number };
  readonly 'series-began-unseen': { readonly labels: Labels };
  readonly 'sample-not-finite': {
    readonly labels: Labels;
    readonly value: string;
    readonly atSeconds: number;
  };
  readonly 'series-not-finite': { readonly labels: Labels };
  readonly 'counter-reset': {
    readonly labels: Labels;
    readonly from: number;
    readonly to: number;
    readonly atSeconds: number;
  };
  readonly 'counter-reset-unread': { readonly labels: Labels; readonly falls: number };
  readonly 'resets-unknown': { readonly labels: Labels };

  // Phases
  readonly 'no-phase-record': None;
  readonly 'phase-not-begun': { readonly phase: string };
  readonly 'phase-without-scrapes': PhaseSpan;
  readonly 'phase-edge-not-scraped': PhaseSpan & { readonly target: string };

  // Targets
  /** What two targets have in common, which shows that they are one process. */
  readonly 'same-process-marks': {
    readonly address: string | null;
    readonly startSeconds: number | null;
    /** The number of counters that moved in step. null if they were out of step, and the other two matches outweigh that. */
    readonly counters: number | null;
  };
}
