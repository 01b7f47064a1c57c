import type { Stage, StageSpec } from './stage.ts';

/** Requests after which a fault comes in the middle of the load: enough before and after. */
export const MIDDLE = 180;

/** One fault, its expected outcome, and how it is injected. */
export interface Row {
  readonly name: string;
  /** In words, for the table. */
  readonly fault: string;
  readonly expected: Expected;
  /** Words for our own service's faults. */
  readonly faults?: string;
  /** Settings of the service and of the load script. */
  readonly env?: Readonly<Record<string, string>>;
  /** The gate runs against a stage that is set up for it; without one, it starts its own stack as people do. */
  readonly stage?: StageSpec;
  /** Further options of the gate. */
  readonly options?: readonly string[];
  /** Injects the fault while the gate runs. */
  readonly inject?: (injector: Injector) => Promise<void>;
  /** The run folder lies on a disk so small that it can be filled. */
  readonly smallDisk?: true;
  /** Rows of one name here are run at the same time. */
  readonly together?: string;
}

/** The gate's exit code, and by what: missed objectives, broken preconditions and undecided objectives, or the error's code. */
export interface Expected {
  readonly exitCode: 0 | 1 | 3 | 4;
  /** Each of these must be among what decided. */
  readonly by?: readonly string[];
  /** And of a fail, nothing else may be missed. */
  readonly only?: true;
}

/** What a fault can do while the gate runs. Everything ends with the run. */
export interface Injector {
  /** Resolves once so many requests of the load were answered by the service; rejects when the run ends before. */
  afterRequests(count: number): Promise<void>;
  /** Resolves after so long, or when the run has ended. */
  pause(ms: number): Promise<void>;
  signal(name: Process, signal: NodeJS.Signals): void;
  /** The service itself. */
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
  /** A release must not go out with it. */
  readonly mustStop: boolean;
  readonly outcome: Outcome;
  /** null where the gate did not end by itself, or was not run. */
  readonly exitCode: number | null;
  /** What was expected to decide comes first. */
  readonly decidedBy: readonly string[];
  readonly seconds: number;
  /** false of what was skipped, too: nobody saw how it comes out. */
  readonly isAsExpected: boolean;
  /** What a reader should know: why it was skipped, that the machine was busy, what blew up. */
  readonly note: string | null;
  /** How k6 alone ended with the same limits as thresholds, where it was asked. */
  readonly k6?: string;
}
