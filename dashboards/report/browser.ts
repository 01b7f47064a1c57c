/// <reference lib="dom" />
import type uPlotClass from 'uplot';
import type { pageAxes } from './browser-axes.ts';
import type { pageColours } from './browser-colours.ts';
import type { pageCursor } from './browser-cursor.ts';
import type { pageHeat } from './browser-heat.ts';
import type { pageNumbers } from './browser-numbers.ts';
import type { pageOverlay } from './browser-overlay.ts';
import type { Page } from './browser-page.ts';
import type { Chart, pageResize } from './browser-resize.ts';
import type { pageSeries } from './browser-series.ts';
import type { pageTables } from './browser-tables.ts';
import type { Plot, ReportData } from './plot.ts';

/** The functions that the page's script consists of. `runReport` receives them as an argument. */
export interface PageParts {
  readonly pageAxes: typeof pageAxes;
  readonly pageColours: typeof pageColours;
  readonly pageCursor: typeof pageCursor;
  readonly pageHeat: typeof pageHeat;
  readonly pageNumbers: typeof pageNumbers;
  readonly pageOverlay: typeof pageOverlay;
  readonly pageResize: typeof pageResize;
  readonly pageSeries: typeof pageSeries;
  readonly pageTables: typeof pageTables;
}

/**
 * The report's script. The source of this function and its parts, without types, is copied into the page (page-script.ts). Each function
 * may therefore use only its arguments and browser APIs, and nothing else from its module.
 */
export function runReport(uPlot: typeof uPlotClass, parts: PageParts): void {
  const data = JSON.parse(document.getElementById('run-data')!.textContent!) as ReportData;
  const times = Float64Array.from(
    { length: data.steps },
    (_, step) => data.fromSeconds + step * data.stepSeconds,
  );
  const page: Page = { data, times, numbers: parts.pageNumbers(), colours: parts.pageColours() };
  const { valuesOf, bandsOf, seriesOf } = parts.pageSeries(page);
  const { heightOf, spaceAbove, isLogarithmic, yRange, axes } = parts.pageAxes(page);
  const { showValues, onKey } = parts.pageCursor(page);
  const drawHeat = parts.pageHeat(page);
  const drawOverlay = parts.pageOverlay(page);
  const charts: Chart[] = [];

  const zoom = (min: number, max: number) => {
    for (const { chart } of charts) chart.setScale('x', { min, max });
  };

  const draw = (plot: Plot) => {
    const host = document.getElementById(plot.id)!;
    const lines = page.numbers.columns(plot);
    const maxValue = Math.max(0, ...lines.flat().map((value) => value ?? 0));
    const chart = new uPlot(
      {
        width: host.clientWidth,
        height: heightOf(plot),
        legend: { show: false },
        padding: [spaceAbove(plot), 18, 0, 0],
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
        cursor: {
          y: false,
          sync: { key: 'run', setSeries: false },
          drag: { x: true, y: false },
          points: { size: 6 },
        },
        scales: {
          x: { time: true, min: data.run.fromSeconds, max: data.run.toSeconds },
          y: { range: yRange(plot), distr: isLogarithmic(plot, maxValue) ? 3 : 1 },
        },
        axes: axes(plot),
        series: seriesOf(plot),
        bands: bandsOf(plot) as never,
        hooks: {
          draw: [...(plot.drawing === 'heat' ? [drawHeat(plot)] : []), drawOverlay(plot)],
          setCursor: [showValues(plot, lines)],
        },
      },
      [times, ...valuesOf(plot, lines)] as never,
      host,
    );
    charts.push({ chart, host, heightPixels: heightOf(plot) });
    host.addEventListener('keydown', onKey(chart, plot, lines, zoom));
  };

  for (const plot of data.plots) draw(plot);
  parts.pageTables(page);
  parts.pageResize(charts, page.colours);
  document.documentElement.dataset.drawn = String(charts.length);
}
