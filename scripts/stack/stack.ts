import type { Started } from '../processes.ts';
import type { ResolvedImage } from './containers/image-store.ts';

/** A service and the Prometheus that scrapes it: started by us, or already there. */
export interface Stack extends AsyncDisposable {
  readonly kind: 'local' | 'containers' | 'existing';
  /** Where the service answers, seen from this machine. */
  readonly serviceUrl: string;
  readonly prometheusUrl: string;
  /** Ours may be warmed up as hard as it can; one that others use only as fast as the plan's own load. */
  readonly isOurs: boolean;
  /** What has died since the start, in words; null where nobody watches. */
  incidents(): Promise<readonly string[] | null>;
  /** Copies all that its Prometheus has stored into a folder; there where one that we started was told to allow it. */
  readonly snapshot?: (folder: string) => Promise<void>;
  /** Where load comes from, if not from a process of this machine. */
  readonly generators?: GeneratorPlace;
  /** Addresses of what else a person may look at, by name. */
  readonly others?: Readonly<Record<string, string>>;
  /** What of it could not be had, in words. */
  readonly leftOut?: readonly string[];
  /** What it was made of, where it is made of containers. */
  readonly images?: readonly ResolvedImage[];
}

export interface GeneratorPlace {
  /** The service, as a generator there sees it. */
  readonly serviceUrl: string;
  /** Starts k6. The project and the run folder are found there under the same paths as here. */
  start(name: string, args: readonly string[], options: GeneratorOptions): Promise<Started>;
}

export interface GeneratorOptions {
  /** The project: it can be read. */
  readonly root: string;
  /** The run folder: it can be written. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}
