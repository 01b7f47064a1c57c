/** Codes without parameters. */
type Nothing = Record<string, never>;

/** Findings on a k6 script that plans its own load, and the script's own results. */
export interface ScriptReasons {
  // The script's load
  /** `planned` is null for closed models, for which it is unknown. */
  readonly 'script-iterations': {
    readonly iterations: number;
    readonly planned: number | null;
    readonly requests: number;
  };
  readonly 'scenarios-not-recorded': Nothing;
  readonly 'scenario-idle': { readonly scenario: string };
  /** The missing iterations were interrupted, or never began. */
  readonly 'scenario-off-plan': {
    readonly scenario: string;
    readonly iterations: number;
    readonly dropped: number;
    readonly planned: number;
    readonly tolerance: number;
  };
  readonly 'iterations-dropped': {
    readonly scenario: string;
    readonly dropped: number;
    readonly planned: number;
  };
  readonly 'scenario-late': { readonly scenario: string; readonly lateSeconds: number };
  readonly 'load-open': Nothing;
  readonly 'load-closed': { readonly scenarios: readonly string[] };
  readonly 'requests-to-target-only': Nothing;
  readonly 'requests-elsewhere': {
    readonly hosts: readonly { readonly host: string; readonly requests: number }[];
    readonly more: number;
  };
  /** The document asks for the client's own clock, but it has no data. */
  readonly 'client-saw-none': {
    readonly path: string;
    readonly protocols: readonly { readonly protocol: string; readonly samples: number }[];
  };

  // The script's own results
  /** `value` is in k6's own unit; null if several load generators each have their own value. */
  readonly 'k6-compared': {
    readonly threshold: string;
    readonly value: number | null;
    readonly isCrossed: boolean;
    readonly samples: number | null;
  };
  readonly 'k6-measured-nothing': { readonly isCrossed: boolean };
  readonly 'k6-ended-the-run': Nothing;
}
