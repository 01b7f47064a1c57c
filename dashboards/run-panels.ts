import type { SeriesQuery, SlaDocument } from '../slas/model/model.ts';
import { resourcePanels } from './load-panels.ts';
import type { Panel, Query, Row, View } from './panel.ts';
import { mainRows } from './panels.ts';

/** What the report of a run draws: the twelve of the main dashboard, and what the service used. */
export const reportRows = (sla: SlaDocument, view: View): readonly Row[] => [
  ...mainRows(sla, view),
  { title: 'Under load', panels: resourcePanels(view) },
];

/** The time that a run's report looks at, in seconds. */
export interface RunTime {
  /** Range of a rate at one moment, and of the whole. */
  readonly rangeSeconds: number;
  readonly wholeSeconds: number;
}

const milliseconds = (seconds: number) => `${Math.round(seconds * 1000)}ms`;

/** The run's own labels and ranges; a hair more than the whole, as ranges are open on the left. */
export const runView = (sla: SlaDocument, { rangeSeconds, wholeSeconds }: RunTime): View => ({
  service: sla.service.selector,
  chosen: {},
  labels: sla.service.selector,
  endpoint: null,
  step: milliseconds(rangeSeconds),
  whole: `${Math.round(wholeSeconds * 1000) + 1}ms`,
});

/**
 * Everything that is asked for a report: each query of each panel, and those over time once more over the whole run, which
 * gives the number beside the plot.
 */
export function reportQueries(sla: SlaDocument, time: RunTime): readonly SeriesQuery[] {
  const view = runView(sla, time);
  const panels = panelsOf(reportRows(sla, view));
  const inAll = panelsOf(reportRows(sla, { ...view, step: view.whole }));
  return panels.flatMap((panel, at) =>
    panel.queries.flatMap((query, index) => {
      const asked = asSeriesQuery(panel, query, view, time);
      const whole = inAll[at]!.queries[index]!;
      const isSame = query.over === 'window' || whole.expr === query.expr;
      return isSame ? [asked] : [asked, asSeriesQuery(panel, { ...whole, over: 'window' }, view, time)];
    }),
  );
}

const panelsOf = (rows: readonly Row[]) => rows.flatMap(({ panels }) => panels);

const asSeriesQuery = (panel: Panel, query: Query, view: View, time: RunTime): SeriesQuery => ({
  panel: panel.id,
  legend: query.legend,
  query: query.expr,
  over: query.over,
  // Before that a rate would tell of the warm-up.
  settledAfterSeconds: query.over === 'time' && query.expr.includes(`[${view.step}]`) ? time.rangeSeconds : 0,
});
