/** Codes without parameters. */
type Nothing = Record<string, never>;

/** What is found of a k6 script that plans its own load, and of what it says itself. */
export interface ScriptReasons {
  // Its load
  /** `planned` null: of closed models nobody knows. */
  readonly 'script-iterations': {
    readonly iterations: number;
    readonly planned: number | null;
    readonly requests: number;
  };
  readonly 'scenarios-not-recorded': Nothing;
  readonly 'scenario-idle': { readonly scenario: string };
  /** What is missing began and was interrupted, or did not begin. */
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
  /** The document asks for the client's own clock, and it has nothing to say. */
  readonly 'client-saw-none': {
    readonly path: string;
    readonly protocols: readonly { readonly protocol: string; readonly samples: number }[];
  };

  // What it says itself
  /** `value` in k6's own unit; null: each load generator has its own. */
  readonly 'k6-compared': {
    readonly threshold: string;
    readonly value: number | null;
    readonly isCrossed: boolean;
    readonly samples: number | null;
  };
  readonly 'k6-measured-nothing': { readonly isCrossed: boolean };
  readonly 'k6-ended-the-run': Nothing;
}
