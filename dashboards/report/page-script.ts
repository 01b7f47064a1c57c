import { type PageParts, runReport } from './browser.ts';
import { pageAxes } from './browser-axes.ts';
import { pageColours } from './browser-colours.ts';
import { pageCursor } from './browser-cursor.ts';
import { pageHeat } from './browser-heat.ts';
import { pageNumbers } from './browser-numbers.ts';
import { pageOverlay } from './browser-overlay.ts';
import { pageResize } from './browser-resize.ts';
import { pageSeries } from './browser-series.ts';
import { pageTables } from './browser-tables.ts';
import { gridOf } from './course.ts';
import { eventsOf } from './events.ts';
import type { Figure } from './figures.ts';
import { type Html, html, jsonScript, raw } from './html.ts';
import type { ReportInput } from './input.ts';
import type { LookFirst } from './look-first.ts';
import type { ReportData } from './plot.ts';

/** The page's data and its script: uPlot, `runReport`, and the text of the functions that `runReport` is given. */

const PARTS: PageParts = {
  pageAxes,
  pageColours,
  pageCursor,
  pageHeat,
  pageNumbers,
  pageOverlay,
  pageResize,
  pageSeries,
  pageTables,
};
const parts = Object.entries(PARTS)
  .map(([name, part]) => `${name}: ${part.toString()}`)
  .join(',\n');

export const pageScript = (input: ReportInput, figures: readonly Figure[], look: LookFirst): Html =>
  html`${jsonScript('run-data', dataOf(input, figures, look))}<script>${raw(input.uplot.script)}</script><script>(${raw(runReport.toString())})(uPlot, { ${raw(parts)} });</script>`;

function dataOf(
  { plan, run, series, environment }: ReportInput,
  figures: readonly Figure[],
  look: LookFirst,
): ReportData {
  const { fromSeconds, stepSeconds, steps } = gridOf(series!, run.window.toSeconds);
  const events = eventsOf(plan, run, environment);
  const phases = events.filter(({ kind }) => kind === 'phase');
  // If a run has only one phase, its plots do not show the phase's name.
  const marks = phases.length < 2 ? [] : phases.map((one) => ({ ...one, atSeconds: one.fromSeconds }));
  const firstMiss =
    look.atSeconds === null
      ? []
      : [{ atSeconds: look.atSeconds, label: 'first beyond its limit', kind: 'beyond-limit' as const }];
  return {
    fromSeconds,
    stepSeconds,
    steps,
    run: run.window,
    marks: [
      ...marks.map(({ atSeconds, label }) => ({ atSeconds, label, kind: 'phase' as const })),
      ...firstMiss,
    ],
    faults: events.find(({ kind }) => kind === 'faults')?.label ?? null,
    plots: figures.flatMap(({ plot }) => (plot === null ? [] : [plot])),
  };
}
