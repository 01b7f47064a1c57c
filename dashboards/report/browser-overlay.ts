/// <reference lib="dom" />
import type uPlotClass from 'uplot';
import type { Page } from './browser-page.ts';
import type { Plot } from './plot.ts';

/** Draws what lies over the lines and below the cursor: phases, the first moment beyond a limit, faults, and limits. */
export function pageOverlay({ data, colours }: Page) {
  const { colour, font } = colours;

  /** Vertical lines where phases begin and at the first moment beyond a limit; a bar along the top while faults are injected. */
  const drawMarks = (u: uPlotClass, ratio: number) => {
    const { ctx, bbox } = u;
    for (const { atSeconds, kind } of data.marks) {
      if (atSeconds <= data.run.fromSeconds) continue;
      const x = Math.round(u.valToPos(atSeconds, 'x', true));
      ctx.strokeStyle = colour(
        kind === 'beyond-limit' ? 'bad' : 'muted',
        kind === 'beyond-limit' ? 0.9 : 0.35,
      );
      ctx.lineWidth = ratio;
      ctx.setLineDash(kind === 'beyond-limit' ? [] : [2 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    if (data.faults === null) return;
    ctx.fillStyle = colour('warn', 0.7);
    ctx.fillRect(bbox.left, bbox.top, bbox.width, 2 * ratio);
  };

  /** The name of each phase above the plot, if it fits into the width of the phase. */
  const drawPhaseNames = (u: uPlotClass, ratio: number) => {
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

  const drawLimitLine = ({ ctx, bbox }: uPlotClass, ratio: number, y: number, colourName: string) => {
    ctx.strokeStyle = colour(colourName, 0.85);
    ctx.lineWidth = ratio;
    ctx.setLineDash([5 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  };

  /** The label has a rim in the background's colour, which keeps it readable where lines run through it. */
  const drawLimitLabel = (
    { ctx, bbox }: uPlotClass,
    ratio: number,
    y: number,
    label: string,
    colourName: string,
  ) => {
    const isBelowLine = y - bbox.top < 14 * ratio;
    const x = bbox.left + bbox.width - 4 * ratio;
    const baseline = y + (isBelowLine ? 2 : -2) * ratio;
    ctx.textAlign = 'right';
    ctx.textBaseline = isBelowLine ? 'top' : 'bottom';
    ctx.setLineDash([]);
    ctx.lineWidth = 3 * ratio;
    ctx.lineJoin = 'round';
    ctx.strokeStyle = colour('surface', 0.85);
    ctx.strokeText(label, x, baseline);
    ctx.fillStyle = colour(colourName);
    ctx.fillText(label, x, baseline);
  };

  const drawLimits = (u: uPlotClass, ratio: number, plot: Plot) => {
    const { min, max, distr } = u.scales.y!;
    if (min == null || max == null) return;
    const labelled: number[] = [];
    // Targets first: where two labels would overlap, the alert's is left out.
    for (const { value, label, level } of [...plot.limits].sort((a, b) => (a.level < b.level ? 1 : -1))) {
      const isLogarithmic = distr === 3;
      if ((isLogarithmic && level === 'alert') || value > max || value < min) continue;
      const y = Math.round(u.valToPos(value, 'y', true));
      const colourName = level === 'alert' ? 'bad' : 'warn';
      drawLimitLine(u, ratio, y, colourName);
      if (labelled.some((other) => Math.abs(other - y) < 15 * ratio)) continue;
      labelled.push(y);
      drawLimitLabel(u, ratio, y, label, colourName);
    }
  };

  return (plot: Plot) => (u: uPlotClass) => {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.font = font(10.5 * ratio);
    if (plot.drawing !== 'number') drawPhaseNames(u, ratio);
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    drawMarks(u, ratio);
    drawLimits(u, ratio, plot);
    ctx.restore();
  };
}
