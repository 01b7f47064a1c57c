import type { Started } from '../process/processes.ts';
import type { ResolvedImage } from './containers/image-store.ts';

/** A service and the Prometheus that scrapes it: started here, or already running. */
export interface Stack extends AsyncDisposable {
  readonly kind: 'local' | 'containers' | 'existing';
  /** The service's address, as seen from this machine. */
  readonly serviceUrl: string;
  readonly prometheusUrl: string;
  /** A service started here is warmed up at full speed; one that others use, only at the plan's own rate. */
  readonly isOurs: boolean;
  /** What has died since the start, in words; null if nothing watches. */
  incidents(): Promise<readonly string[] | null>;
  /**
   * Copies everything that its Prometheus has stored into a folder; set only if Prometheus was started here with this
   * enabled.
   */
  readonly snapshot?: (folder: string) => Promise<void>;
  /** Where load comes from, if not from a process on this machine. */
  readonly generators?: GeneratorPlace;
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
