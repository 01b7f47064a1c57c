import type { Stage, StageSpec } from './stage.ts';

/**
 * The number of requests after which a fault is injected in the middle of the load. There are enough requests before and after
 * it.
 */
export const MIDDLE = 180;

/** One fault, its expected outcome, and how it is injected. */
export interface Row {
  readonly name: string;
  /** A description for the table. */
  readonly fault: string;
  readonly expected: Expected;
  /** Settings for our own service's faults. */
  readonly faults?: string;
  /** Settings of the service and of the load script. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * The gate runs against a stage that is set up for the row. Without a stage, it starts its own stack, as it does for users.
   */
  readonly stage?: StageSpec;
  /** Additional options of the gate. */
  readonly options?: readonly string[];
  /** Injects the fault while the gate runs. */
  readonly inject?: (injector: Injector) => Promise<void>;
  /** The run folder is on a disk small enough to be filled. */
  readonly smallDisk?: true;
  /** The maximum duration of the load, if it is not the document's duration. */
  readonly maxSeconds?: number;
  /** Rows with the same group name run at the same time. */
  readonly together?: string;
  /** Why there is no recording, so that `--quick` skips the row; removed once the row is recorded. */
  readonly unrecorded?: string;
}

/**
 * The gate's exit code and the reason: missed objectives, broken preconditions and undecided objectives, or
 * the error's code.
 */
export interface Expected {
  readonly exitCode: 0 | 1 | 3 | 4;
  /** All of these must be among the reasons that decide the verdict. */
  readonly by?: readonly string[];
  /** For a fail, no other objective may be missed. */
  readonly only?: true;
  /**
   * The case is too close to the limit for a certain decision: this objective may be undecided instead, if every precondition
   * holds.
   */
  readonly orUndecided?: string;
}

export const MET: Expected = { exitCode: 0 };

/** Expects a fail in which only this objective is missed. */
export const missed = (objective: string): Expected => ({ exitCode: 1, by: [objective], only: true });

/** The actions that a fault can take while the gate runs. All of them end with the run. */
export interface Injector {
  /** Resolves once the service has responded to this many requests of the load; rejects if the run ends first. */
  afterRequests(count: number): Promise<void>;
  /** Resolves after this time, or when the run has ended. */
  pause(ms: number): Promise<void>;
  signal(name: Process, signal: NodeJS.Signals): void;
  /** The service's own address, bypassing everything in front of it. */
  readonly serviceUrl: () => string;
  readonly stage: Stage | null;
  /** Keeps the disk of the run folder full until the run has ended. */
  fillDisk(): void;
}

export type Process = 'service' | 'Prometheus' | 'k6';

export type Outcome = 'pass' | 'fail' | 'inconclusive' | 'harness failed' | 'blew up' | 'skipped';

export interface RowResult {
  readonly name: string;
  readonly fault: string;
  readonly expected: string;
  /** A release must not be published with this result. */
  readonly mustStop: boolean;
  readonly outcome: Outcome;
  /** null if the gate did not exit by itself, or was not run. */
  readonly exitCode: number | null;
  /** The expected reasons are listed first. */
  readonly decidedBy: readonly string[];
  readonly seconds: number;
  /** Also false for skipped rows: their outcome is unknown. */
  readonly isAsExpected: boolean;
  /** Notes for the reader: why it was skipped, that the machine was busy, or an unexpected error. */
  readonly note: string | null;
  /** How k6 alone ended with the same limits as thresholds, if requested. */
  readonly k6?: string;
}
