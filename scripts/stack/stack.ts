import type { Started } from '../process/processes.ts';
import type { Sent, WarmUpRequest } from '../run/warm-up-requests.ts';
import type { ResolvedImage } from './containers/image-store.ts';

/** A service and the Prometheus that scrapes it: started here, or already running. */
export interface Stack extends AsyncDisposable {
  readonly kind: 'local' | 'containers' | 'existing';
  /** The service's address from this machine's point of view. */
  readonly serviceUrl: string;
  /** The addresses of all replicas, to which requests are sent in turn, `serviceUrl` first. Absent: there is one. */
  readonly replicaUrls?: readonly string[];
  readonly prometheusUrl: string;
  /**
   * Whether the service was started here. Such a service is warmed up at full speed; any other, at no more than the planned
   * rate.
   */
  readonly isOurs: boolean;
  /** The parts that have died since the start, in words; null if the parts are not monitored. */
  incidents(): Promise<readonly string[] | null>;
  /**
   * Copies all samples that Prometheus has stored into a folder. Set only if Prometheus was started here with its
   * administrative API.
   */
  readonly snapshot?: (folder: string) => Promise<void>;
  /** Where the load generators run, if they are not processes on this machine. */
  readonly generators?: GeneratorPlace;
  /** Set if the load generators run elsewhere and cannot write into the run folder. */
  readonly remote?: RemoteGenerators;
  /** The addresses of additional pages for the operator, by name. */
  readonly others?: Readonly<Record<string, string>>;
  /** The parts that are not available, and why. */
  readonly leftOut?: readonly string[];
  /** The container images in use, if any. */
  readonly images?: readonly ResolvedImage[];
}

export interface GeneratorPlace {
  /** The service's address from the load generator's point of view. */
  readonly serviceUrl: string;
  /** Starts k6. The paths of the project and of the run folder are the same there as on this machine. */
  start(name: string, args: readonly string[], options: GeneratorOptions): Promise<Started>;
}

export interface GeneratorOptions {
  /** The path of the project, which k6 can read. */
  readonly root: string;
  /** The path of the run folder, which k6 can write to. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Load generators that run elsewhere. They start together, and their records are read while they run. */
export interface RemoteGenerators {
  /** The service's address from the load generators' point of view. */
  readonly serviceUrl: string;
  /** The addresses that the load generators may reach. */
  readonly addresses: readonly string[];
  startAll(load: RemoteLoad): Promise<RemoteStarted>;
  /** @param args k6 arguments that restrict the requests to the load target */
  warmUp(planned: RemoteWarmUp, args: readonly string[]): Promise<Sent>;
}

export interface RemoteWarmUp {
  readonly requests: readonly WarmUpRequest[];
  readonly ratePerSecond: number;
  readonly amount: number;
}

export interface RemoteLoad {
  /** The script's absolute path on this machine. */
  readonly script: string;
  readonly cwd: string;
  /** The environment variables that the script sees while it is archived here. */
  readonly archiveEnv: Readonly<Record<string, string | undefined>>;
  /** The file that SLA_LOAD names; null: none. */
  readonly loadFile: string | null;
  /** The arguments of k6, except those for files and segments. */
  readonly args: readonly string[];
  /** The names of the load generators. */
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
  /** The reasons why the records are unreliable, in words. Call this after all load generators have ended. */
  problems(): readonly string[];
}
