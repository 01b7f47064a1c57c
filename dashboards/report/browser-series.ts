import type uPlotClass from 'uplot';
import type { Page, Values } from './browser-page.ts';
import type { Plot } from './plot.ts';

/** What uPlot draws for each kind of plot: its values, and the style of its lines. */
export function pageSeries({ data, times, colours }: Page) {
  const { seriesColour } = colours;

  /** Stacks lines: each line is raised by the sum of the lines before it. */
  const stacked = (lines: readonly Values[]) => {
    const sums = new Array<number>(data.steps).fill(0);
    return lines.map((line) =>
      line.map((value, step) => {
        if (value === null) return null;
        sums[step]! += value;
        return sums[step]!;
      }),
    );
  };

  /** A heat map gives uPlot one line of zeros: browser-heat.ts draws its cells. */
  const valuesOf = (plot: Plot, lines: readonly Values[]) =>
    plot.drawing === 'stacked' ? stacked(lines) : plot.drawing === 'heat' ? [times.map(() => 0)] : lines;

  /** In a stack, the fill of a line ends at the line below. Otherwise, the fill of the topmost line would cover all others. */
  const bandsOf = (plot: Plot) =>
    plot.drawing === 'stacked'
      ? plot.labels.slice(1).map((_, index) => ({ series: [index + 2, index + 1] }))
      : [];

  const fillOf = { stacked: 0.55, number: 0.12, lines: 0, heat: 0 } as const;

  const seriesOf = (plot: Plot): uPlotClass.Series[] =>
    plot.drawing === 'heat'
      ? [{}, { show: true, stroke: 'transparent', points: { show: false } }]
      : [
          {},
          ...plot.labels.map((label, index) => ({
            label,
            stroke: () => seriesColour(index),
            width: 1.5,
            points: { show: false },
            fill: () => seriesColour(index, fillOf[plot.drawing]),
          })),
        ];

  return { valuesOf, bandsOf, seriesOf };
}
