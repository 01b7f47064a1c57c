/// <reference lib="dom" />
import type uPlotClass from 'uplot';
import type { PageColours } from './browser-colours.ts';

export interface Chart {
  readonly chart: uPlotClass;
  readonly host: HTMLElement;
  readonly heightPixels: number;
}

/** Redraws the charts when the window's size or the colour scheme changes, and for printing. */
export function pageResize(charts: readonly Chart[], { forgetColours }: PageColours): void {
  const redraw = () => {
    forgetColours();
    for (const { chart } of charts) chart.redraw(false, true);
  };
  const fit = () => {
    for (const { chart, host, heightPixels } of charts)
      if (host.clientWidth !== chart.width) chart.setSize({ width: host.clientWidth, height: heightPixels });
  };
  addEventListener('resize', fit);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  addEventListener('beforeprint', () => {
    document.documentElement.classList.add('paper');
    redraw();
  });
  addEventListener('afterprint', () => {
    document.documentElement.classList.remove('paper');
    redraw();
  });
}
