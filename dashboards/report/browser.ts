/// <reference lib="dom" />
import type uPlotClass from 'uplot';
import type { Plot, ReportData } from './plot.ts';

/**
 * The report's script. Its text, with the types gone, is put into the page as it stands: so it is one function, which uses
 * nothing from outside but the browser and uPlot.
 */
export function runReport(uPlot: typeof uPlotClass): void {
  const data = JSON.parse(document.getElementById('run-data')!.textContent!) as ReportData;
  const times = Float64Array.from(
    { length: data.steps },
    (_, step) => data.fromSeconds + step * data.stepSeconds,
  );
  const charts: { readonly chart: uPlotClass; readonly plot: Plot; readonly host: HTMLElement }[] = [];
  const whole = { min: data.run.fromSeconds, max: data.run.toSeconds };
  const style = getComputedStyle(document.documentElement);
  const swatch = document.body.appendChild(document.createElement('i'));
  swatch.hidden = true;

  /** The colour that a variable has in the scheme that is on now: a canvas does not follow it by itself. */
  const colour = (name: string, alpha = 1): string => {
    swatch.style.color = `var(--${name})`;
    const found = getComputedStyle(swatch).color;
    const [red, green, blue] = found.match(/[\d.]+/g) ?? ['0', '0', '0'];
    return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
  };
  const seriesColour = (index: number) => `c${(index % 6) + 1}`;
  const font = () => `11px ${style.fontFamily}`;

  // ------------------------------------------------------------------------------------------ numbers and times

  const figures = (value: number, digits = 3) => Number(value.toPrecision(digits));
  const format = (value: number, unit: Plot['unit']): string => {
    if (unit === 'seconds')
      return Math.abs(value) < 1 ? `${figures(value * 1000)} ms` : `${figures(value)} s`;
    if (unit === 'ratio') return `${figures(value * 100)} %`;
    if (unit === 'per_second') return `${figures(value)}/s`;
    if (unit === 'bytes') return `${figures(value / 1e6)} MB`;
    if (unit === 'count' && value >= 100) return Math.round(value).toLocaleString('en-US');
    return String(figures(value));
  };
  const clock = (seconds: number, isShort = false) =>
    new Date(seconds * 1000).toISOString().slice(11, isShort ? 16 : 19);
  const moment = (step: number) => {
    const into = Math.max(0, Math.round(times[step]! - data.run.fromSeconds));
    return `${clock(times[step]!)} UTC, +${into >= 120 ? `${Math.floor(into / 60)} min ${into % 60} s` : `${into} s`}`;
  };

  // ------------------------------------------------------------------------------------------ drawing

  const columns = (plot: Plot) =>
    plot.columns.map((column) => column.split(' ').map((text) => (text === '-' ? null : Number(text))));

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

  /** Phases, the first moment beyond a limit, and the limits: drawn over the plot, below the cursor. */
  const overlay = (plot: Plot) => (u: uPlotClass) => {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.font = `${10.5 * ratio}px ${style.fontFamily}`;
    for (const { atSeconds, kind } of data.marks) {
      const x = Math.round(u.valToPos(atSeconds, 'x', true));
      ctx.strokeStyle = colour(kind === 'broke' ? 'bad' : 'muted', kind === 'broke' ? 0.9 : 0.35);
      ctx.lineWidth = ratio;
      ctx.setLineDash(kind === 'broke' ? [] : [2 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
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
      if (labelled.some((other) => Math.abs(other - y) < 13 * ratio)) continue;
      labelled.push(y);
      ctx.textAlign = 'right';
      ctx.textBaseline = y - bbox.top < 14 * ratio ? 'top' : 'bottom';
      ctx.fillText(
        label,
        bbox.left + bbox.width - 4 * ratio,
        y + (ctx.textBaseline === 'top' ? 2 : -2) * ratio,
      );
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
      ? splits.map((split) => (/^[125]/.test(split.toExponential()) ? split : null))
      : splits;

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
        padding: [8, 18, 0, 0],
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

  // ------------------------------------------------------------------------------------------ numbers as a table

  const MOST_ROWS = 40;

  /** Made when it is opened: a table of every plot would be most of the page. */
  const table = (plot: Plot) => {
    const lines = columns(plot);
    const every = Math.max(1, Math.ceil(data.steps / MOST_ROWS));
    const made = document.createElement('table');
    made.className = 'grid';
    const row = (kind: 'th' | 'td', texts: readonly string[]) => {
      const tr = made.insertRow();
      texts.forEach((text, index) => {
        const cell = tr.appendChild(document.createElement(index === 0 ? 'th' : kind));
        cell.scope = index === 0 && kind === 'td' ? 'row' : 'col';
        cell.textContent = text;
      });
    };
    row('th', ['UTC', ...plot.labels]);
    for (let step = 0; step < data.steps; step += every)
      row('td', [
        clock(times[step]!),
        ...lines.map((line) => {
          const value = line[step];
          return value == null ? '–' : format(value, plot.unit);
        }),
      ]);
    return made;
  };

  for (const plot of data.plots) draw(plot);
  for (const place of document.querySelectorAll<HTMLElement>('.numbers')) {
    place.closest('details')!.addEventListener(
      'toggle',
      () => {
        const plot = data.plots.find(({ id }) => id === place.dataset.for);
        if (plot !== undefined && place.childElementCount === 0) place.append(table(plot));
      },
      { once: true },
    );
  }

  // ------------------------------------------------------------------------------------------ size, scheme, paper

  const again = () => {
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
