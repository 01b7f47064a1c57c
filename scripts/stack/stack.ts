import type { Started } from '../process/processes.ts';
import type { Sent, WarmUpRequest } from '../run/warm-up-requests.ts';
import type { ResolvedImage } from './containers/image-store.ts';

/** A service and the Prometheus that scrapes it: started here, or already running. */
export interface Stack extends AsyncDisposable {
  readonly kind: 'local' | 'containers' | 'existing';
  /** The service's address, as seen from this machine. */
  readonly serviceUrl: string;
  readonly prometheusUrl: string;
  /** A service started here is warmed up at full speed; one that others use, only at the plan's own rate. */
  readonly isOurs: boolean;
  /** The parts that have died since the start, in words; null if nothing monitors them. */
  incidents(): Promise<readonly string[] | null>;
  /**
   * Copies everything that its Prometheus has stored into a folder. Set only if Prometheus was started here with this enabled.
   */
  readonly snapshot?: (folder: string) => Promise<void>;
  /** The origin of the load, if it is not a process on this machine. */
  readonly generators?: GeneratorPlace;
  /** Load generators that cannot write into the run folder; set if the load comes from such generators. */
  readonly remote?: RemoteGenerators;
  /** Addresses of further pages to look at, by name. */
  readonly others?: Readonly<Record<string, string>>;
  /** What is not available, in words. */
  readonly leftOut?: readonly string[];
  /** The container images in use, if any. */
  readonly images?: readonly ResolvedImage[];
}

export interface GeneratorPlace {
  /** The service's address, as seen from the load generator. */
  readonly serviceUrl: string;
  /** Starts k6. The project and the run folder have the same paths there as here. */
  start(name: string, args: readonly string[], options: GeneratorOptions): Promise<Started>;
}

export interface GeneratorOptions {
  /** The project's folder, readable. */
  readonly root: string;
  /** The run folder, writable. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Load generators elsewhere. They are started together, and their records are read while they run. */
export interface RemoteGenerators {
  /** The service's address, as seen from them. */
  readonly serviceUrl: string;
  /** The addresses that they may reach. */
  readonly addresses: readonly string[];
  startAll(load: RemoteLoad): Promise<RemoteStarted>;
  /** @param args arguments of k6 that restrict the requests to the load target */
  warmUp(planned: RemoteWarmUp, args: readonly string[]): Promise<Sent>;
}

export interface RemoteWarmUp {
  readonly requests: readonly WarmUpRequest[];
  readonly ratePerSecond: number;
  readonly amount: number;
}

export interface RemoteLoad {
  /** Absolute, on this machine. */
  readonly script: string;
  readonly cwd: string;
  /** What the script sees while it is prepared here. */
  readonly archiveEnv: Readonly<Record<string, string | undefined>>;
  /** The file in SLA_LOAD; null: none. */
  readonly loadFile: string | null;
  /** Arguments of k6, without those that name files or segments. */
  readonly args: readonly string[];
  /** One for each load generator. */
  readonly names: readonly string[];
  readonly files: readonly RemoteFiles[];
  readonly longestSeconds: number;
}

export interface RemoteFiles {
  readonly logFile: string;
  readonly summaryFile: string;
  /** Receives k6's samples as they arrive. */
  readonly samples: (chunk: Buffer) => void;
}

export interface RemoteStarted extends AsyncDisposable {
  readonly each: readonly Started[];
  readonly startedSeconds: number;
  /** What makes the records unreliable, in words; called after all have ended. */
  problems(): readonly string[];
}
