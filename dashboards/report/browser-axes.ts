import type uPlotClass from 'uplot';
import type { Page } from './browser-page.ts';
import type { Plot } from './plot.ts';

/** The size, the scales and the axes of a plot. */
export function pageAxes({ data, numbers, colours }: Page) {
  const { format, clock } = numbers;
  const { colour, font } = colours;

  const heightOf = (plot: Plot) => (plot.drawing === 'number' ? 120 : plot.drawing === 'heat' ? 230 : 210);

  /** Space above a plot for the names of the phases. */
  const spaceAbove = (plot: Plot) =>
    plot.drawing !== 'number' && data.marks.some(({ kind }) => kind === 'phase') ? 18 : 8;

  const targets = (plot: Plot) =>
    plot.limits.filter(({ level }) => level === 'target').map(({ value }) => value);

  /** Only a logarithmic scale shows both a latency and a limit far above it. */
  const isLogarithmic = (plot: Plot, max: number) =>
    plot.unit === 'seconds' && max > 0 && targets(plot).some((value) => value > 3 * max);

  /** The scale includes every limit, except an alert threshold far above every measured value. */
  const yRange =
    (plot: Plot) =>
    (u: uPlotClass, min: number | null, max: number | null): [number, number] => {
      if (plot.drawing === 'heat') return [0, plot.labels.length];
      if (min === null || max === null) return [0, 1];
      const near = plot.limits.map(({ value }) => value).filter((value) => value < 4 * max);
      const all = [...targets(plot), ...near];
      if (u.scales.y!.distr === 3) return [min * 0.7, Math.max(max, ...all) * 1.4];
      const isShare = plot.unit === 'share';
      const low = isShare ? Math.min(min, ...all) : 0;
      const high = Math.max(max, ...all) || 1;
      return [low * (isShare ? 0.98 : 1), high * (isShare ? 1.01 : 1.12)];
    };

  const yLabels = (plot: Plot) => (_: uPlotClass, splits: readonly number[]) =>
    plot.drawing === 'heat'
      ? splits.map((split) => (Number.isInteger(split) ? (plot.labels[split - 1] ?? '') : ''))
      : splits.map((split) => (split == null ? '' : format(split, plot.unit)));

  /** A logarithmic scale has labels at 1, 2 and 5 of each decade. */
  const onlyDecades = (u: uPlotClass, splits: readonly number[]) =>
    u.scales.y!.distr === 3
      ? splits.map((split) => (/^[125](\.0*)?e/.test(split.toExponential(6)) ? split : null))
      : splits;

  /** Counts are labelled at whole numbers: 1, 2, 5, 10 and so on. */
  const wholeSteps = Array.from(
    { length: 30 },
    (_, index) => [1, 2, 5][index % 3]! * 10 ** Math.floor(index / 3),
  );

  const timeAxis = (): uPlotClass.Axis => ({
    stroke: () => colour('muted'),
    font: font(11),
    size: 26,
    space: 70,
    grid: { show: false },
    ticks: { stroke: () => colour('line'), size: 4 },
    values: (_: uPlotClass, splits: readonly number[], __: number, ___: number, step: number) =>
      splits.map((split) => clock(split, step >= 60)),
  });

  const valueAxis = (plot: Plot): uPlotClass.Axis => ({
    stroke: () => colour('muted'),
    font: font(11),
    size: (_: uPlotClass, values: readonly string[] | null) =>
      12 + 6.4 * Math.max(4, ...(values ?? []).map((text) => text.length)),
    space: plot.drawing === 'number' ? 26 : 32,
    ...(plot.unit === 'count' && plot.drawing !== 'heat' ? { incrs: wholeSteps } : {}),
    grid: {
      stroke: () => colour('line', plot.drawing === 'heat' ? 0 : 1),
      width: 1,
      filter: onlyDecades as never,
    },
    ticks: { show: false },
    values: yLabels(plot) as never,
    filter: onlyDecades as never,
    ...(plot.drawing === 'heat' ? { splits: () => plot.labels.map((_, row) => row + 1) } : {}),
  });

  const axes = (plot: Plot): uPlotClass.Axis[] => [timeAxis(), valueAxis(plot)];

  return { heightOf, spaceAbove, isLogarithmic, yRange, axes };
}
