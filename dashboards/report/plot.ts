import type { Drawing, PanelUnit } from '../panel.ts';

/** What the report's script gets of each plot over time, and of the run: plain data, read by browser.ts. */
export interface Plot {
  /** Of the element that it is drawn into. */
  readonly id: string;
  readonly drawing: Extract<Drawing, 'number' | 'lines' | 'stacked' | 'heat'>;
  readonly unit: PanelUnit;
  readonly labels: readonly string[];
  /** One value a step, separated by spaces, `-` where there is none. */
  readonly columns: readonly string[];
  readonly limits: readonly { readonly value: number; readonly label: string; readonly level: string }[];
}

export interface ReportData {
  readonly fromSeconds: number;
  readonly stepSeconds: number;
  readonly steps: number;
  /** The run itself: first request and last answer. */
  readonly run: { readonly fromSeconds: number; readonly toSeconds: number };
  /** Where phases begin where there are several, and the first moment beyond a limit. */
  readonly marks: readonly {
    readonly atSeconds: number;
    readonly label: string;
    readonly kind: 'phase' | 'broke';
  }[];
  /** What was put into the service on purpose, all the time; or null. */
  readonly faults: string | null;
  readonly plots: readonly Plot[];
}
