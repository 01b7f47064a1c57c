/// <reference lib="dom" />
import type uPlotClass from 'uplot';
import type { Page, Values } from './browser-page.ts';
import type { Plot } from './plot.ts';

/** The values under the cursor, which all plots share, and the keys that move it. */
export function pageCursor({ data, times, numbers }: Page) {
  const { format, clock } = numbers;
  const live = document.getElementById('live')!;

  const moment = (step: number) => {
    const into = Math.max(0, Math.round(times[step]! - data.run.fromSeconds));
    return `${clock(times[step]!)} UTC, +${into >= 120 ? `${Math.floor(into / 60)} min ${into % 60} s` : `${into} s`}`;
  };

  /** The legend shows the values at the cursor; without a cursor, those of the whole run. */
  const showValues = (plot: Plot, lines: readonly Values[]) => {
    const legend = document.querySelector(`.legend[data-for="${plot.id}"]`);
    const cells = [...(legend?.querySelectorAll('b') ?? [])];
    const at = document.getElementById(plot.id)!.closest('figure')!.querySelector('.at')!;
    const textAt = (index: number, step: number) => {
      const value = lines[index]?.[step];
      return value == null ? '–' : format(value, plot.unit);
    };
    return (u: uPlotClass) => {
      const step = (u.cursor.left ?? -1) >= 0 ? (u.cursor.idx ?? null) : null;
      at.textContent = step === null ? '' : moment(step);
      cells.forEach((cell, index) => {
        cell.textContent = step === null ? (cell.dataset.whole ?? '') : textAt(index, step);
      });
    };
  };

  /** What a screen reader says after the cursor has moved. */
  const announce = (plot: Plot, lines: readonly Values[], step: number) => {
    const values = plot.labels.map((label, index) => {
      const value = lines[index]?.[step];
      return `${label} ${value == null ? 'no value' : format(value, plot.unit)}`;
    });
    live.textContent = `${moment(step)}: ${values.join(', ')}`;
  };

  /** The third argument, which uPlot's types leave out, also moves the cursors of the other plots. */
  const moveAll = (u: uPlotClass, step: number) => {
    const setCursor = u.setCursor as (
      at: { left: number; top: number },
      fireHook: boolean,
      publish: boolean,
    ) => void;
    setCursor({ left: u.valToPos(times[step]!, 'x'), top: 10 }, true, true);
  };

  /** Arrow keys and page keys move the cursor; plus, minus and Escape zoom. */
  const onKey =
    (u: uPlotClass, plot: Plot, lines: readonly Values[], zoom: (min: number, max: number) => void) =>
    (event: KeyboardEvent) => {
      const { min, max } = u.scales.x as { min: number; max: number };
      const { fromSeconds, toSeconds } = data.run;
      const step = u.cursor.idx ?? Math.round((min - data.fromSeconds) / data.stepSeconds);
      const moves: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };
      const by = moves[event.key];
      if (by !== undefined) {
        const to = Math.max(0, Math.min(data.steps - 1, step + by));
        moveAll(u, to);
        announce(plot, lines, to);
      } else if (event.key === '+' || event.key === '-') {
        const middle = times[step] ?? (min + max) / 2;
        const half = ((max - min) / 2) * (event.key === '+' ? 0.5 : 2);
        zoom(Math.max(fromSeconds, middle - half), Math.min(toSeconds, middle + half));
      } else if (event.key === 'Escape') zoom(fromSeconds, toSeconds);
      else return;
      event.preventDefault();
    };

  return { showValues, onKey };
}
