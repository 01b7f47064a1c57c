/** A service and the Prometheus that scrapes it: started by us, or already there. */
export interface Stack extends AsyncDisposable {
  readonly kind: 'local' | 'existing';
  readonly serviceUrl: string;
  readonly prometheusUrl: string;
  /** Ours may be warmed up as hard as it can; one that others use only as fast as the plan's own load. */
  readonly isOurs: boolean;
  /** What has died since the start, in words; null where nobody watches. */
  incidents(): Promise<readonly string[] | null>;
  /** Copies all that its Prometheus has stored into a folder; there where one that we started was told to allow it. */
  readonly snapshot?: (folder: string) => Promise<void>;
}
