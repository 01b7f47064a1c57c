/// <reference lib="dom" />
import type uPlotClass from 'uplot';
import type { pageDrawing } from './browser-drawing.ts';
import type { pageNumbers } from './browser-numbers.ts';
import type { pageTables } from './browser-tables.ts';
import type { Plot, ReportData } from './plot.ts';

/** The functions that the page's script is made of, as they are handed to the first one. */
export interface PageParts {
  readonly pageNumbers: typeof pageNumbers;
  readonly pageDrawing: typeof pageDrawing;
  readonly pageTables: typeof pageTables;
}

/**
 * The report's script. Its text, with the types gone, is put into the page as it stands: so it uses nothing from outside but
 * the browser, uPlot, and its parts, which are put there in the same way.
 */
export function runReport(
  uPlot: typeof uPlotClass,
  { pageNumbers, pageDrawing, pageTables }: PageParts,
): void {
  const data = JSON.parse(document.getElementById('run-data')!.textContent!) as ReportData;
  const times = Float64Array.from(
    { length: data.steps },
    (_, step) => data.fromSeconds + step * data.stepSeconds,
  );
  const charts: { readonly chart: uPlotClass; readonly plot: Plot; readonly host: HTMLElement }[] = [];
  const whole = { min: data.run.fromSeconds, max: data.run.toSeconds };
  const numbers = pageNumbers();
  const { format, clock, columns } = numbers;
  const {
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
  } = pageDrawing(data, times, numbers);

  const moment = (step: number) => {
    const into = Math.max(0, Math.round(times[step]! - data.run.fromSeconds));
    return `${clock(times[step]!)} UTC, +${into >= 120 ? `${Math.floor(into / 60)} min ${into % 60} s` : `${into} s`}`;
  };

  // ------------------------------------------------------------------------------------------ what is under the cursor

  /** All plots share the cursor: each tells its own values at that moment. */
  const tell = (plot: Plot, lines: readonly (readonly (number | null)[])[]) => {
    const legend = document.querySelector(`.legend[data-for="${plot.id}"]`);
    const cells = [...(legend?.querySelectorAll('b') ?? [])];
    const at = document.getElementById(plot.id)!.closest('figure')!.querySelector('.at')!;
    return (u: uPlotClass) => {
      const step = u.cursor.idx ?? null;
      const isOn = step !== null && (u.cursor.left ?? -1) >= 0;
      at.textContent = isOn ? moment(step) : '';
      cells.forEach((cell, index) => {
        const value = isOn ? lines[index]?.[step] : null;
        cell.textContent = isOn
          ? value == null
            ? '–'
            : format(value, plot.unit)
          : (cell.dataset.whole ?? '');
      });
    };
  };

  const draw = (plot: Plot) => {
    const host = document.getElementById(plot.id)!;
    const lines = columns(plot);
    const shown =
      plot.drawing === 'stacked' ? stacked(lines) : plot.drawing === 'heat' ? [times.map(() => 0)] : lines;
    // What is drawn first lies below: of a stack the topmost, which covers the others.
    const isStack = plot.drawing === 'stacked';
    const greatest = Math.max(0, ...lines.flat().map((value) => value ?? 0));
    const bands = isStack ? shown.slice(1).map((_, index) => ({ series: [index + 2, index + 1] })) : [];
    const chart = new uPlot(
      {
        width: host.clientWidth,
        height: heightOf(plot),
        legend: { show: false },
        padding: [roomAbove(plot), 18, 0, 0],
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
        cursor: {
          y: false,
          sync: { key: 'run', setSeries: false },
          drag: { x: true, y: false },
          points: { size: 6 },
        },
        scales: {
          x: { time: true, min: whole.min, max: whole.max },
          y: { range: yRange(plot), distr: isLogarithmic(plot, greatest) ? 3 : 1 },
        },
        axes: axes(plot),
        series: seriesOf(plot),
        bands: bands as never,
        hooks: {
          draw: [...(plot.drawing === 'heat' ? [cells(plot)] : []), overlay(plot)],
          setCursor: [tell(plot, lines)],
        },
      },
      [times, ...shown] as never,
      host,
    );
    charts.push({ chart, plot, host });
    host.addEventListener('keydown', (event) => byKey(event, chart, plot, lines));
  };

  // ------------------------------------------------------------------------------------------ by keyboard

  const zoom = (min: number, max: number) => {
    for (const { chart } of charts) chart.setScale('x', { min, max });
  };

  const live = document.getElementById('live')!;

  const byKey = (
    event: KeyboardEvent,
    u: uPlotClass,
    plot: Plot,
    lines: readonly (readonly (number | null)[])[],
  ) => {
    const { min, max } = u.scales.x as { min: number; max: number };
    const now = u.cursor.idx ?? null;
    const step = now ?? Math.round((min - data.fromSeconds) / data.stepSeconds);
    const moves: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };
    const by = moves[event.key];
    if (by !== undefined) {
      const to = Math.max(0, Math.min(data.steps - 1, step + by));
      // The third argument, which its types leave out, moves the cursors of the other plots, too.
      const move = u.setCursor as (
        at: { left: number; top: number },
        fire: boolean,
        tellOthers: boolean,
      ) => void;
      move({ left: u.valToPos(times[to]!, 'x'), top: 10 }, true, true);
      const values = plot.labels.map((label, index) => {
        const value = lines[index]?.[to];
        return `${label} ${value == null ? 'nothing' : format(value, plot.unit)}`;
      });
      live.textContent = `${moment(to)}: ${values.join(', ')}`;
    } else if (event.key === '+' || event.key === '-') {
      const middle = times[step] ?? (min + max) / 2;
      const half = ((max - min) / 2) * (event.key === '+' ? 0.5 : 2);
      zoom(Math.max(whole.min, middle - half), Math.min(whole.max, middle + half));
    } else if (event.key === 'Escape') zoom(whole.min, whole.max);
    else return;
    event.preventDefault();
  };

  for (const plot of data.plots) draw(plot);
  pageTables(data, times, numbers);

  // ------------------------------------------------------------------------------------------ size, scheme, paper

  const again = () => {
    forgetColours();
    for (const { chart } of charts) chart.redraw(false, true);
  };
  const fit = () => {
    for (const { chart, plot, host } of charts)
      if (host.clientWidth !== chart.width)
        chart.setSize({ width: host.clientWidth, height: heightOf(plot) });
  };
  addEventListener('resize', fit);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
  addEventListener('beforeprint', () => {
    document.documentElement.classList.add('paper');
    again();
  });
  addEventListener('afterprint', () => {
    document.documentElement.classList.remove('paper');
    again();
  });
  document.documentElement.dataset.drawn = String(charts.length);
}
