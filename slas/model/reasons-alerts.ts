import type { ObjectiveOutcome } from './outcome.ts';

/** How Prometheus's own alerts compare with the verdict. */
export interface AlertReasons {
  readonly 'alerts-unknown': { readonly error: string };
  readonly 'no-alerting-rules': Record<string, never>;
  /** `objectives`: the number of objectives whose rules were evaluated; 0 if alerts were seen, but no recorded series. */
  readonly 'alerts-seen': {
    readonly objectives: number;
    readonly fired: number;
    readonly disagreeing: number;
  };
  readonly 'alert-unrelated': Record<string, never>;
  readonly 'alert-judged': {
    readonly objectives: readonly {
      readonly id: string;
      readonly verdict: ObjectiveOutcome;
      readonly severity: 'target' | 'alert' | null;
      readonly hasAlertThreshold: boolean;
    }[];
  };
  readonly 'alert-looks-back': Record<string, never>;
  readonly 'alert-pending': Record<string, never>;
  readonly 'alert-silent': { readonly overSeconds: number; readonly forSeconds: number };
}
