import type { RunSeries, SeriesAnswer } from '../../slas/model/model.ts';
import { countOf, formatCount } from '../../slas/render/numbers.ts';
import type { Panel, PanelLimit } from '../panel.ts';
import { columnOf, inEachBucket, type Line, linesOf, present, summary } from './course.ts';
import { bars, gauges, pie, strip, type Value, valuesOf } from './drawings.ts';
import { formatNumber } from './format.ts';
import { type Html, html } from './html.ts';
import type { Plot } from './plot.ts';

/** A panel in the report: its markup, and the data from which the page's script draws it. */
export interface Figure {
  readonly panel: Panel;
  /** Values over time; empty if the figure shows one value for the whole run. */
  readonly lines: readonly Line[];
  /** One value per line, evaluated over the whole run; empty if the query returned none. */
  readonly wholeRun: readonly Line[];
  readonly markup: Html;
  readonly plot: Plot | null;
}

/** A panel without data: the report names it in one line instead of drawing an empty plot. */
export interface Missing {
  readonly panel: Panel;
  readonly why: string;
}

export function figureOf(panel: Panel, series: RunSeries, steps: number): Figure | Missing {
  const answers = series.answers.filter((answer) => answer.panel === panel.id);
  const failed = answers.find(({ error }) => error !== null);
  const main = answers.filter(({ over }) => over === panel.queries[0]?.over);
  if (main.every((answer) => answer.series.length === 0))
    return { panel, why: failed?.error ?? 'no series found' };
  const lines = linesOf(main, steps);
  const wholeRun = linesOf(
    answers.filter(({ over }) => over === 'window'),
    steps,
  );
  return drawn(panel, lines, panel.queries[0]?.over === 'window' ? [] : wholeRun, answers);
}

/** A figure whose lines do not come from Prometheus. */
export const figureOfLines = (
  panel: Panel,
  lines: readonly Line[],
  wholeRun: readonly Line[],
  source: string,
): Figure => ({
  panel,
  lines,
  wholeRun,
  plot: plotOf(panel, lines),
  markup: frame(
    panel,
    null,
    html`${canvas(panel, lines)}${legend(lines, panel, wholeRun)}`,
    html`<p class="query">${source}</p>`,
  ),
});

function drawn(
  panel: Panel,
  lines: readonly Line[],
  wholeRun: readonly Line[],
  answers: readonly SeriesAnswer[],
): Figure {
  const queries = html`${[...new Set(answers.map(({ query }) => query))].map((query) => html`<code class="query">${query}</code>`)}`;
  switch (panel.drawing) {
    case 'number':
    case 'lines':
    case 'stacked': {
      const shown = withoutIdle(lines);
      const body = html`${canvas(panel, shown.lines)}${legend(shown.lines, panel, wholeRun)}${idle(shown.idle)}`;
      const head = panel.drawing === 'number' ? headline(panel, lines, wholeRun) : null;
      const markup = frame(panel, head, body, queries);
      return { panel, lines: shown.lines, wholeRun, markup, plot: plotOf(panel, shown.lines) };
    }
    case 'heat': {
      const cells = withoutTop(inEachBucket(lines));
      const body = html`${canvas(panel, cells)}<p class="note">A stronger colour means more predictions. The scale shows the upper edges of the buckets.</p>`;
      return {
        panel,
        lines: [],
        wholeRun,
        markup: frame(panel, null, body, queries),
        plot: plotOf(panel, cells),
      };
    }
    case 'state': {
      const [line] = lines;
      const seen = present(line!.values);
      const up = seen.filter((value) => value === 1).length;
      const head = up === seen.length ? 'Loaded' : up === 0 ? 'Not loaded' : 'Not always loaded';
      const note = `loaded at ${formatCount(up)} of ${countOf(seen.length, 'step')}`;
      const markup = frame(panel, head, html`${strip(line!)}<p class="note">${note}</p>`, queries);
      return { panel, lines, wholeRun, markup, plot: null };
    }
    case 'pie':
      return staticFigure(panel, pie(valuesOf(lines), panel), queries);
    case 'gauges':
      return staticFigure(panel, gauges(valuesOf(lines), panel), queries);
    case 'bars':
      return staticFigure(
        panel,
        bars(valuesOf(lines), panel, (label) => label),
        queries,
      );
    case 'histogram':
      return staticFigure(panel, histogram(valuesOf(inEachBucket(lines)), panel), queries);
    case 'matrix':
    case 'timeline':
    case 'verdicts':
      return staticFigure(
        panel,
        html`<p class="note">This panel needs weeks of data, which a run does not have.</p>`,
        queries,
      );
    default:
      return panel.drawing satisfies never;
  }
}

const staticFigure = (panel: Panel, body: Html, queries: Html): Figure => ({
  panel,
  lines: [],
  wholeRun: [],
  markup: frame(panel, null, body, queries),
  plot: null,
});

function histogram(values: readonly Value[], panel: Panel): Html {
  const total = values.reduce((sum, { value }) => sum + value, 0);
  // Buckets above the largest batch are empty and not shown.
  const last = values.findLastIndex(({ value }) => Math.round(value) > 0);
  const shown = values.slice(0, total === 0 ? 5 : last + 1);
  const note = Math.round(total) === 0 ? html`<p class="note">This run sent no batch requests.</p>` : null;
  return html`${bars(shown, panel, (label) => (label === '+Inf' ? 'more' : `up to ${label}`))}${note}`;
}

// ---------------------------------------------------------------------------------------------- parts

const frame = (panel: Panel, head: string | null, body: Html, source: Html): Html => html`
  <figure id="${panel.id}" class="w${panel.width} of-${panel.drawing}" data-panel="${panel.id}">
    <figcaption><h3>${panel.title}</h3>${head === null ? null : html`<b class="headline">${head}</b>`}<time class="at" aria-hidden="true"></time></figcaption>
    ${body}
    <details><summary>Details<span class="unseen"> of ${panel.title}</span></summary>
      <p>${panel.lookFor}</p><div class="numbers" data-for="plot-${panel.id}"></div>${source}</details>
  </figure>`;

const canvas = (panel: Panel, lines: readonly Line[]): Html =>
  html`<div class="plot" id="plot-${panel.id}" role="img" tabindex="0" aria-label="${textOf(panel, lines)}"></div>`;

/** The plot in words, for screen readers. */
function textOf(panel: Panel, lines: readonly Line[]): string {
  if (panel.drawing === 'heat') return `${panel.title}, as a heat map over time. ${panel.lookFor}`;
  const described = lines.map(({ label, values }) => {
    const found = summary(values);
    if (found === null) return `${label}: no values`;
    const number = (value: number) => formatNumber(value, panel.unit);
    return `${label}: from ${number(found.min)} to ${number(found.max)}, median ${number(found.median)}, ${number(found.last)} at the end`;
  });
  const limits = panel.limits.map(({ label }) => label);
  return `${panel.title} over time. ${described.join('. ')}.${limits.length === 0 ? '' : ` Limits: ${limits.join(', ')}.`} Arrow keys move the cursor; plus and minus zoom.`;
}

const legend = (lines: readonly Line[], panel: Panel, wholeRun: readonly Line[]): Html =>
  html`<ul class="legend" data-for="plot-${panel.id}" aria-hidden="true">${lines.map(
    ({ label, values }, index) => {
      const whole = wholeOf(panel, values, wholeRun.find((line) => line.label === label)?.values.at(-1));
      const text = whole === null ? '–' : formatNumber(whole, panel.unit);
      return html`<li><i class="key k${(index % 6) + 1}"></i>${label}<b data-whole="${text}">${text}</b></li>`;
    },
  )}</ul>`;

function headline(panel: Panel, lines: readonly Line[], wholeRun: readonly Line[]): string | null {
  const values = lines[0]?.values ?? [];
  const value = wholeOf(panel, values, wholeRun[0]?.values.at(-1) ?? present(values).at(-1));
  return value === null ? null : formatNumber(value, panel.unit);
}

/** The value over the whole run. For a rate, this is the median, because the scrapes at the edges lie outside the load. */
function wholeOf(
  { unit }: Panel,
  values: Line['values'],
  wholeRun: number | null | undefined,
): number | null {
  const median = summary(values)?.median ?? null;
  return unit === 'per_second' ? median : (wholeRun ?? median);
}

const MIN_DRAWN = 3;

/** Endpoints without requests are listed by name instead of being drawn. */
function withoutIdle(lines: readonly Line[]) {
  if (lines.length <= MIN_DRAWN) return { lines, idle: [] };
  const isIdle = ({ values }: Line) => present(values).every((value) => value === 0);
  const busy = lines.filter((line) => !isIdle(line));
  if (busy.length === 0) return { lines: lines.slice(0, MIN_DRAWN), idle: lines.slice(MIN_DRAWN) };
  return { lines: busy, idle: lines.filter(isIdle) };
}

const idle = (lines: readonly Line[]) =>
  lines.length === 0 ? null : html`<p class="note">At 0: ${lines.map(({ label }) => label).join(', ')}.</p>`;

/** The +Inf bucket is left out if it is empty: a share cannot exceed the last edge, 1. */
const withoutTop = (lines: readonly Line[]) =>
  lines.filter(({ label, values }) => label !== '+Inf' || present(values).some((value) => value > 0));

function plotOf(panel: Panel, lines: readonly Line[]): Plot {
  const { drawing, unit } = panel;
  if (drawing !== 'number' && drawing !== 'lines' && drawing !== 'stacked' && drawing !== 'heat')
    throw new Error(`${panel.id} is not a plot over time`);
  return {
    id: `plot-${panel.id}`,
    drawing,
    unit,
    labels: lines.map(({ label }) => label),
    columns: lines.map(({ values }) => columnOf(values)),
    limits: panel.limits.map(limitOf),
  };
}

const limitOf = ({ label, level, limit }: PanelLimit) => ({ label, level, value: limit.value });
