import type { AlertsText } from './alert-readings.ts';

/** The types of the files of judging cases. */

type ScrapesText = { readonly every: number; readonly first: number; readonly last: number };

interface ReplicaText extends Partial<ScrapesText> {
  /**
   * Labels of the scrape target, instead of the job `sentiment-api` and an instance named like the replica.
   */
  readonly labels?: Readonly<Record<string, string>>;
}

export type LoadText = Readonly<Record<string, number | boolean | string>>;

/** A values text, or buckets: cumulative counts of the window by `le` (or values texts), with changes that apply to all buckets. */
export type ValuesText =
  | string
  | number
  | { readonly le: string | Readonly<Record<string, string>>; readonly but?: string };

interface PhaseText {
  /** When the phase began; null if it never began. */
  readonly from?: number | null;
  /** The requests of the phase in the notation of `client`, sent in sequence at the planned rate. */
  readonly client?: string | null;
  /** The number of requests, if it differs from `client`. */
  readonly sent?: number;
  readonly late?: number;
}

export interface Given {
  /** The document as text, or as parsed content. */
  readonly document: string | object;
  /** Changes to the document's `service`. */
  readonly service: Readonly<Record<string, unknown>>;
  /** null if there is no planned load, so that a window without a load is judged. */
  readonly scenario: string | null;
  /** The confidence; omitted: the document's, which has none. */
  readonly confidence?: number;
  /** The maximum duration of a run that lasts until it is decided. Omitted: the scenario's duration, judged once. */
  readonly until?: number;
  readonly scrapes: ScrapesText;
  readonly window: { readonly from: number; readonly to: number };
  /** Differences in the scrapes and labels of each replica. */
  readonly replicas: Readonly<Record<string, ReplicaText>>;
  /** null if there is no run record. */
  readonly load: LoadText | null;
  /**
   * The client's requests: `100x0.05 5x0.3/0.25 2xlost` is 100 of 50 ms, 5 of 300 ms (250 of them for
   * connecting), 2 unanswered; `9 times: …`; `3x0.01=503`. A semicolon separates stretches. In a phase, `4xgone` is 4 that were sent and never recorded.
   */
  readonly client: string | null;
  /**
   * By phase, the load generator's record; omitted phases began as planned, with fast responses. null: no
   * record by phases.
   */
  readonly phases: Readonly<Record<string, PhaseText>> | null;
  /**
   * A k6 script that plans its own load, in place of a scenario; by its scenarios: `25/s for 60s`, `10/s to 40/s for 60s`,
   * `constant-vus for 60s`, `shared-iterations 1500 in 60s`. null: none.
   */
  readonly script: Readonly<Record<string, string>> | null;
  /** The results of each scenario of the script: `1500`, `1490, 10 dropped`, `1500, late 0.3`. null: not recorded. */
  readonly did: Readonly<Record<string, string | number>> | null;
  /** Requests that the script aimed at other hosts, by host. */
  readonly elsewhere: Readonly<Record<string, number>>;
  /** The load script's checks: `body is right: 300 of 320` passed. null: not recorded. */
  readonly checks: Readonly<Record<string, string>> | null;
  /**
   * The script's thresholds: `http_req_duration: p(95)<200 crossed at 251.3`, or `kept at`, or `kept without samples`. null: not recorded.
   */
  readonly thresholds: readonly string[] | null;
  /** What else k6 reported as failed. null: not recorded. */
  readonly failures: readonly string[] | null;
  /** The document's `checks`; null: it has none. */
  readonly asks: string | null;
  /** Advisory objectives, and waivers as a document has them. */
  readonly advisory: readonly string[];
  readonly waivers: readonly object[];
  readonly incidents: readonly string[];
  /** Seconds by which Prometheus's clock is ahead of ours, and the uncertainty. null: not queried. */
  readonly clock: { readonly ahead: number; readonly uncertainty: number } | null;
  /** The window is treated as too long to be read in full, and downsampled to this many blocks. null if all samples were read. */
  readonly blocks: number | null;
  /** The states of Prometheus's alerts. null: not queried. */
  readonly alerts: AlertsText | null;
  readonly names: Readonly<Record<string, string>>;
  /** The series by name. A name that ends in `@b` belongs to replica b only. null if the series does not exist. */
  readonly series: Readonly<Record<string, ValuesText | null>>;
  /** Warnings with Prometheus's response, or an error instead of it, by the queried metric. */
  readonly warnings: Readonly<Record<string, string>>;
  readonly errors: Readonly<Record<string, string>>;
}

export interface ExpectedObjective {
  /** `met`, `missed target`, `missed alert` or `undecided`. */
  readonly is: string;
  readonly value?: number;
  readonly share?: number;
  readonly bucket?: readonly [number, number | null];
  readonly samples?: number;
  /** 0 if no requests are uncounted. */
  readonly uncounted?: number;
  /** null if the objective has no interval. */
  readonly interval?: readonly [low: number, high: number] | null;
  readonly margin?: number;
  readonly near?: boolean;
  readonly detectable?: number;
  readonly needed?: { readonly more80: number | null; readonly moreIfNoneBad: number | null } | null;
  readonly steady?: string | null;
  /** The seconds of the phase that the service's counts cover; null if none. */
  readonly covers?: number | null;
  /** A substring of the reason. */
  readonly says?: string;
}

export interface ExpectedAlert {
  readonly agrees: boolean | null;
  readonly severity?: string | null;
  /** In the form `20..45`, in seconds of the case. */
  readonly firing?: string;
  readonly says?: string;
}

export interface ExpectText {
  readonly verdict: string;
  readonly summary?: string;
  /** By id; `others` stands for all objectives that are not named. */
  readonly objectives?: Readonly<Record<string, string | ExpectedObjective>>;
  readonly preconditions?: Readonly<Record<string, boolean | null | { ok: boolean | null; says: string }>>;
  /** All reported alerts, by name. null: no rules were seen. */
  readonly alerts?: Readonly<Record<string, ExpectedAlert>> | null;
  /** A substring of the summary of all alerts. */
  readonly alertsSay?: string;
}

interface CaseText extends Partial<Given> {
  readonly name: string;
  readonly because: string;
  readonly expect: ExpectText;
}

export interface FileText extends Partial<Given> {
  readonly given?: string;
  readonly cases: readonly CaseText[];
}

/** Times of the cases are seconds after this time. */
export const ORIGIN_SECONDS = Date.UTC(2025, 0, 1) / 1000;
