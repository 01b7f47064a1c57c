import type { RunSeries } from '../../slas/model/model.ts';
import { isSentimentService } from '../own-service-panels.ts';
import type { Row } from '../panel.ts';
import { reportRows, runView } from '../run-panels.ts';
import type { Grid } from './course.ts';
import { type Figure, figureOf, type Missing } from './figures.ts';
import type { ReportInput } from './input.ts';
import { loadFigures } from './load-figures.ts';

/** The panels of a run with their stored series, for the page and for the text version. */
export interface DrawnRow {
  readonly title: string;
  readonly figures: readonly Figure[];
  readonly missing: readonly Missing[];
}

const isFigure = (one: Figure | Missing): one is Figure => 'markup' in one;

/** The range over which the stored rates are averaged. */
export const rangeOf = ({ answers }: RunSeries) =>
  Math.max(0, ...answers.map(({ settledAfterSeconds }) => settledAfterSeconds)) || 1;

export function drawnRows(
  { document, plan, run }: Pick<ReportInput, 'document' | 'plan' | 'run'>,
  series: RunSeries,
  grid: Grid,
): readonly DrawnRow[] {
  const { fromSeconds, toSeconds } = series.window;
  const rangeSeconds = rangeOf(series);
  const view = runView(document, { rangeSeconds, wholeSeconds: toSeconds - fromSeconds });
  // A service need not export its CPU time or memory. Only an empty panel of an objective is reported as missing.
  const isExpected = (panel: Row['panels'][number]) =>
    isSentimentService(document) || panel.objectives.length > 0;
  const rows = reportRows(document, view).map(({ title, panels }: Row) => {
    const drawn = panels.map((panel) => ({ panel, one: figureOf(panel, series, grid.steps) }));
    const all = drawn.flatMap(({ panel, one }) => (isFigure(one) || isExpected(panel) ? [one] : []));
    return {
      title,
      figures: all.filter(isFigure),
      missing: all.filter((one): one is Missing => !isFigure(one)),
    };
  });
  const service = rows.flatMap(({ figures }) => figures);
  const client = loadFigures(plan, run, grid, rangeSeconds, service);
  const last = rows.at(-1)!;
  return [...rows.slice(0, -1), { ...last, figures: [...client, ...last.figures] }];
}

export const coursesOf = (
  input: Pick<ReportInput, 'document' | 'plan' | 'run'>,
  series: RunSeries,
  grid: Grid,
): readonly Figure[] => drawnRows(input, series, grid).flatMap(({ figures }) => figures);
