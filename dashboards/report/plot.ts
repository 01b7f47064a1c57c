import type { Drawing, PanelUnit } from '../panel.ts';

/** The data of the page's script: the run and its plots over time. */
export interface Plot {
  /** The id of the element in which the plot is drawn. */
  readonly id: string;
  readonly drawing: Extract<Drawing, 'number' | 'lines' | 'stacked' | 'heat'>;
  readonly unit: PanelUnit;
  readonly labels: readonly string[];
  /** One value for each step, separated by spaces; `-` stands for a missing value. */
  readonly columns: readonly string[];
  readonly limits: readonly { readonly value: number; readonly label: string; readonly level: string }[];
}

export interface ReportData {
  readonly fromSeconds: number;
  readonly stepSeconds: number;
  readonly steps: number;
  /** From the first request to the last response. */
  readonly run: { readonly fromSeconds: number; readonly toSeconds: number };
  /** The starts of the phases, if there are several, and the first moment beyond a limit. */
  readonly marks: readonly {
    readonly atSeconds: number;
    readonly label: string;
    readonly kind: 'phase' | 'beyond-limit';
  }[];
  /** The injected faults, which last for the whole run; null if there are none. */
  readonly faults: string | null;
  readonly plots: readonly Plot[];
}
