import type { Held } from '../../slas/capacity/held.ts';
import type { Comparison } from '../../slas/compare/compare.ts';
import type { Evidence, Plan, RunRecord, RunSeries, SlaDocument, Verdict } from '../../slas/model/model.ts';

/** Everything that the report is built from, read from the run folder. */
export interface ReportInput {
  readonly document: SlaDocument;
  readonly plan: Plan;
  readonly run: RunRecord;
  readonly evidence: Evidence | null;
  readonly verdict: Verdict;
  /** null if the run stored no series. */
  readonly series: RunSeries | null;
  /** `environment.json`, or null. */
  readonly environment: unknown;
  /** The comparison with an earlier run of the same plan; null if there is no earlier run. */
  readonly comparison: Comparison | null;
  /** The highest step of a stepped load at which the objectives were met; null for any other load. */
  readonly held: Held | null;
  /** uPlot's script and style, to be inlined into the page. */
  readonly uplot: { readonly script: string; readonly style: string };
}
