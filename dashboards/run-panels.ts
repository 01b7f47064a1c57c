import type { SeriesQuery, SlaDocument } from '../slas/model/model.ts';
import { processPanels, resourcePanels } from './load-panels.ts';
import { isSentimentService, ownRows } from './own-service-panels.ts';
import type { Panel, Query, Row, View } from './panel.ts';
import { mainRows } from './service-panels.ts';

/**
 * The panels of a run's report: those of the main dashboard, and the resources that the service used. For any other service than the
 * sentiment service, panels of what its document measures replace those of the main dashboard.
 */
export const reportRows = (sla: SlaDocument, view: View): readonly Row[] =>
  isSentimentService(sla)
    ? [...mainRows(sla, view), { title: 'Under load', panels: resourcePanels(view) }]
    : [...ownRows(sla, view), { title: 'Under load', panels: processPanels(view) }];

/** The time ranges of a run's report. */
export interface RunTime {
  /** `rangeSeconds` is the lookback of a rate at each step, `wholeSeconds` the length of the whole run. */
  readonly rangeSeconds: number;
  readonly wholeSeconds: number;
}

const milliseconds = (seconds: number) => `${Math.round(seconds * 1000)}ms`;

/** The run's own labels and ranges. One millisecond is added to the whole range, because ranges are open on the left. */
export const runView = (sla: SlaDocument, { rangeSeconds, wholeSeconds }: RunTime): View => ({
  service: sla.service.selector,
  chosen: {},
  labels: sla.service.selector,
  endpoint: null,
  step: milliseconds(rangeSeconds),
  whole: `${Math.round(wholeSeconds * 1000) + 1}ms`,
});

/**
 * All queries of a report: each query of each panel. A query over time is also evaluated once over the whole run, for the number
 * next to the plot.
 */
export function reportQueries(sla: SlaDocument, time: RunTime): readonly SeriesQuery[] {
  const view = runView(sla, time);
  const panels = panelsOf(reportRows(sla, view));
  const wholeRun = panelsOf(reportRows(sla, { ...view, step: view.whole }));
  return panels.flatMap((panel, at) =>
    panel.queries.flatMap((query, index) => {
      const asked = asSeriesQuery(panel, query, view, time);
      const whole = wholeRun[at]!.queries[index]!;
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
  // Until then, the range of a rate still includes the warm-up.
  settledAfterSeconds: query.over === 'time' && query.expr.includes(`[${view.step}]`) ? time.rangeSeconds : 0,
});
