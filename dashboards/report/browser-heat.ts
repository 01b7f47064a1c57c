import type uPlotClass from 'uplot';
import type { Page } from './browser-page.ts';
import type { Plot } from './plot.ts';

/** Draws the cells of a heat map: one for each bucket and step, in a colour as strong as the bucket's share of the step. */
export function pageHeat({ data, times, numbers, colours }: Page) {
  return (plot: Plot) => {
    const lines = numbers.columns(plot);
    const totals = times.map((_, step) => lines.reduce((sum, line) => sum + (line[step] ?? 0), 0));
    const maxShare = Math.max(
      ...lines.map((line) => Math.max(...line.map((value, step) => (value ?? 0) / (totals[step] || 1)))),
    );
    return (u: uPlotClass) => {
      const { ctx, bbox } = u;
      const edge = (row: number) => Math.round(bbox.top + bbox.height * (1 - row / lines.length));
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      lines.forEach((line, row) => {
        line.forEach((value, step) => {
          if (value === null || value <= 0) return;
          const left = Math.round(u.valToPos(times[step]! - data.stepSeconds, 'x', true));
          const right = Math.round(u.valToPos(times[step]!, 'x', true));
          ctx.fillStyle = colours.colour('c1', 0.05 + 0.95 * (value / totals[step]! / maxShare));
          ctx.fillRect(left, edge(row + 1), Math.max(1, right - left), edge(row) - edge(row + 1));
        });
      });
      ctx.restore();
    };
  };
}
