/// <reference lib="dom" />
import type uPlotClass from 'uplot';
import type { PageNumbers } from './browser-numbers.ts';
import type { Plot, ReportData } from './plot.ts';

export type PageDrawing = ReturnType<typeof pageDrawing>;

/** How a plot is drawn in the page: colours, axes, and what lies over the lines. Put there as text, as browser.ts is. */
export function pageDrawing(data: ReportData, times: Float64Array, { format, clock, columns }: PageNumbers) {
  const style = getComputedStyle(document.documentElement);
  const swatch = document.body.appendChild(document.createElement('i'));
  swatch.hidden = true;

  /** The colour that a variable has in the scheme that is on now: a canvas does not follow it by itself. */
  const known = new Map<string, string>();
  const forgetColours = () => known.clear();
  const colour = (name: string, alpha = 1): string => {
    if (!known.has(name)) {
      swatch.style.color = `var(--${name})`;
      const found = getComputedStyle(swatch).color;
      known.set(name, (found.match(/[\d.]+/g) ?? ['0', '0', '0']).slice(0, 3).join(', '));
    }
    return `rgba(${known.get(name)}, ${alpha})`;
  };
  const seriesColour = (index: number) => `c${(index % 6) + 1}`;
  const font = () => `11px ${style.fontFamily}`;

  /** Each line on top of those before it. */
  const stacked = (lines: readonly (readonly (number | null)[])[]) => {
    const sums = new Array<number>(data.steps).fill(0);
    return lines.map((line) =>
      line.map((value, step) => {
        if (value === null) return null;
        sums[step]! += value;
        return sums[step]!;
      }),
    );
  };

  /** Where phases begin, the first moment beyond a limit, and faults: an edge above, for as long as they lasted. */
  const drawMarks = (u: uPlotClass, ratio: number) => {
    const { ctx, bbox } = u;
    for (const { atSeconds, kind } of data.marks) {
      if (atSeconds <= data.run.fromSeconds) continue;
      const x = Math.round(u.valToPos(atSeconds, 'x', true));
      ctx.strokeStyle = colour(kind === 'broke' ? 'bad' : 'muted', kind === 'broke' ? 0.9 : 0.35);
      ctx.lineWidth = ratio;
      ctx.setLineDash(kind === 'broke' ? [] : [2 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    if (data.faults === null) return;
    ctx.fillStyle = colour('warn', 0.7);
    ctx.fillRect(bbox.left, bbox.top, bbox.width, 2 * ratio);
  };

  /** Names of phases, above the plot: each where it fits into its phase. */
  const drawNames = (u: uPlotClass, ratio: number) => {
    const { ctx, bbox } = u;
    const phases = data.marks.filter(({ kind }) => kind === 'phase');
    const [left, right] = [bbox.left, bbox.left + bbox.width];
    const edge = (index: number) => {
      const phase = phases[index];
      if (phase === undefined) return right;
      return Math.min(right, Math.max(left, u.valToPos(phase.atSeconds, 'x', true)));
    };
    ctx.fillStyle = colour('muted');
    ctx.textAlign = 'left';
    ctx.textBaseline = 'bottom';
    phases.forEach(({ label }, index) => {
      const [from, to] = [edge(index), edge(index + 1)];
      if (ctx.measureText(label).width + 6 * ratio <= to - from)
        ctx.fillText(label, from + 2 * ratio, bbox.top - 2 * ratio);
    });
  };

  /** Room above a plot for the names of phases. */
  const roomAbove = (plot: Plot) =>
    plot.drawing !== 'number' && data.marks.some(({ kind }) => kind === 'phase') ? 18 : 8;

  /** What lies over the plot and below the cursor: marks in time, and the limits. */
  const overlay = (plot: Plot) => (u: uPlotClass) => {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.font = `${10.5 * ratio}px ${style.fontFamily}`;
    if (plot.drawing !== 'number') drawNames(u, ratio);
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    drawMarks(u, ratio);
    const labelled: number[] = [];
    const isLog = u.scales.y!.distr === 3;
    // Targets first: where two labels would meet, the alert's gives way.
    for (const { value, label, level } of [...plot.limits].sort((a, b) => (a.level < b.level ? 1 : -1))) {
      if (isLog && level === 'alert') continue;
      const { min, max } = u.scales.y!;
      if (min == null || max == null || value > max || value < min) continue;
      const y = Math.round(u.valToPos(value, 'y', true));
      ctx.strokeStyle = colour(level === 'alert' ? 'bad' : 'warn', 0.85);
      ctx.fillStyle = colour(level === 'alert' ? 'bad' : 'warn');
      ctx.lineWidth = ratio;
      ctx.setLineDash([5 * ratio, 4 * ratio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      if (labelled.some((other) => Math.abs(other - y) < 15 * ratio)) continue;
      labelled.push(y);
      ctx.textAlign = 'right';
      ctx.textBaseline = y - bbox.top < 14 * ratio ? 'top' : 'bottom';
      const [x, baseline] = [
        bbox.left + bbox.width - 4 * ratio,
        y + (ctx.textBaseline === 'top' ? 2 : -2) * ratio,
      ];
      // A rim of the background: lines may run through it.
      ctx.setLineDash([]);
      ctx.lineWidth = 3 * ratio;
      ctx.lineJoin = 'round';
      ctx.strokeStyle = colour('surface', 0.85);
      ctx.strokeText(label, x, baseline);
      ctx.fillText(label, x, baseline);
    }
    ctx.restore();
  };

  /** One box for each bucket and step, the darker the more of the step's predictions lie in it. */
  const cells = (plot: Plot) => {
    const lines = columns(plot);
    const totals = times.map((_, step) => lines.reduce((sum, line) => sum + (line[step] ?? 0), 0));
    const densest = Math.max(
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
          ctx.fillStyle = colour('c1', 0.05 + 0.95 * (value / totals[step]! / densest));
          ctx.fillRect(left, edge(row + 1), Math.max(1, right - left), edge(row) - edge(row + 1));
        });
      });
      ctx.restore();
    };
  };

  const targets = (plot: Plot) =>
    plot.limits.filter(({ level }) => level === 'target').map(({ value }) => value);

  /** Latencies far below their limit: only on a logarithmic scale can both be seen. */
  const isLogarithmic = (plot: Plot, greatest: number) =>
    plot.unit === 'seconds' && greatest > 0 && targets(plot).some((value) => value > 3 * greatest);

  /** Limits are in the picture, but for an alert far above everything that was measured. */
  const yRange =
    (plot: Plot) =>
    (u: uPlotClass, least: number | null, greatest: number | null): [number, number] => {
      if (plot.drawing === 'heat') return [0, plot.labels.length];
      if (least === null || greatest === null) return [0, 1];
      const near = plot.limits.map(({ value }) => value).filter((value) => value < 4 * greatest);
      const all = [...targets(plot), ...near];
      if (u.scales.y!.distr === 3) return [least * 0.7, Math.max(greatest, ...all) * 1.4];
      const isShare = plot.unit === 'share';
      const low = isShare ? Math.min(least, ...all) : 0;
      const high = Math.max(greatest, ...all) || 1;
      return [low * (isShare ? 0.98 : 1), high * (isShare ? 1.01 : 1.12)];
    };

  const yLabels = (plot: Plot) => (_: uPlotClass, splits: readonly number[]) =>
    plot.drawing === 'heat'
      ? splits.map((split) => (Number.isInteger(split) ? (plot.labels[split - 1] ?? '') : ''))
      : splits.map((split) => (split == null ? '' : format(split, plot.unit)));

  /** Of a logarithmic scale 1, 2 and 5 of each decade are named. */
  const onlyDecades = (u: uPlotClass, splits: readonly number[]) =>
    u.scales.y!.distr === 3
      ? splits.map((split) => (/^[125](\.0*)?e/.test(split.toExponential(6)) ? split : null))
      : splits;

  /** There is no half request: 1, 2, 5, 10 and so on. */
  const wholeSteps = Array.from(
    { length: 30 },
    (_, index) => [1, 2, 5][index % 3]! * 10 ** Math.floor(index / 3),
  );

  const axes = (plot: Plot): uPlotClass.Axis[] => [
    {
      stroke: () => colour('muted'),
      font: font(),
      size: 26,
      space: 70,
      grid: { show: false },
      ticks: { stroke: () => colour('line'), size: 4 },
      values: (_: uPlotClass, splits: readonly number[], __: number, ___: number, step: number) =>
        splits.map((split) => clock(split, step >= 60)),
    },
    {
      stroke: () => colour('muted'),
      font: font(),
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
    },
  ];

  const seriesOf = (plot: Plot): uPlotClass.Series[] =>
    plot.drawing === 'heat'
      ? [{}, { show: true, stroke: 'transparent', points: { show: false } }]
      : [
          {},
          ...plot.labels.map((label, index) => ({
            label,
            stroke: () => colour(seriesColour(index)),
            width: 1.5,
            points: { show: false },
            fill: () =>
              colour(
                seriesColour(index),
                plot.drawing === 'stacked' ? 0.55 : plot.drawing === 'number' ? 0.12 : 0,
              ),
          })),
        ];

  const heightOf = (plot: Plot) => (plot.drawing === 'number' ? 120 : plot.drawing === 'heat' ? 230 : 210);

  return {
    stacked,
    overlay,
    cells,
    isLogarithmic,
    yRange,
    axes,
    seriesOf,
    heightOf,
    roomAbove,
    forgetColours,
  };
}
