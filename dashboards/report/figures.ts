import type { RunSeries, SeriesAnswer } from '../../slas/model/model.ts';
import { countOf, formatCount } from '../../slas/render/numbers.ts';
import type { Panel, PanelLimit } from '../panel.ts';
import { columnOf, inEachBucket, type Line, linesOf, present, summary } from './course.ts';
import { bars, gauges, pie, strip, type Value, valuesOf } from './drawings.ts';
import { formatNumber } from './format.ts';
import { type Html, html } from './html.ts';
import type { Plot } from './plot.ts';

/** A panel as the report shows it: its figure, and what the script needs to draw it. */
export interface Figure {
  readonly panel: Panel;
  /** Over time; empty where it is a picture of the whole. */
  readonly lines: readonly Line[];
  /** One value each, of the whole run; none where the query has none. */
  readonly inAll: readonly Line[];
  readonly markup: Html;
  readonly plot: Plot | null;
}

/** A panel whose metrics the service does not have, or that could not be asked: said in a line, not drawn empty. */
export interface Missing {
  readonly panel: Panel;
  readonly why: string;
}

export function figureOf(panel: Panel, series: RunSeries, steps: number): Figure | Missing {
  const answers = series.answers.filter((answer) => answer.panel === panel.id);
  const failed = answers.find(({ error }) => error !== null);
  const main = answers.filter(({ over }) => over === panel.queries[0]?.over);
  if (main.every((answer) => answer.series.length === 0))
    return { panel, why: failed?.error ?? 'no such series' };
  const lines = linesOf(main, steps);
  const inAll = linesOf(
    answers.filter(({ over }) => over === 'window'),
    steps,
  );
  return drawn(panel, lines, panel.queries[0]?.over === 'window' ? [] : inAll, answers);
}

/** A figure of lines that do not come from Prometheus. */
export const figureOfLines = (
  panel: Panel,
  lines: readonly Line[],
  inAll: readonly Line[],
  source: string,
): Figure => ({
  panel,
  lines,
  inAll,
  plot: plotOf(panel, lines),
  markup: frame(
    panel,
    null,
    html`${canvas(panel, lines)}${legend(lines, panel, inAll)}`,
    html`<p class="query">${source}</p>`,
  ),
});

function drawn(
  panel: Panel,
  lines: readonly Line[],
  inAll: readonly Line[],
  answers: readonly SeriesAnswer[],
): Figure {
  const queries = html`${[...new Set(answers.map(({ query }) => query))].map((query) => html`<code class="query">${query}</code>`)}`;
  switch (panel.drawing) {
    case 'number':
    case 'lines':
    case 'stacked': {
      const shown = withoutIdle(lines);
      const body = html`${canvas(panel, shown.lines)}${legend(shown.lines, panel, inAll)}${idle(shown.idle)}`;
      const head = panel.drawing === 'number' ? headline(panel, lines, inAll) : null;
      const markup = frame(panel, head, body, queries);
      return { panel, lines: shown.lines, inAll, markup, plot: plotOf(panel, shown.lines) };
    }
    case 'heat': {
      const cells = withoutTop(inEachBucket(lines));
      const body = html`${canvas(panel, cells)}<p class="note">The stronger the colour, the more predictions; the scale has the buckets’ upper edges.</p>`;
      return {
        panel,
        lines: [],
        inAll,
        markup: frame(panel, null, body, queries),
        plot: plotOf(panel, cells),
      };
    }
    case 'state': {
      const [line] = lines;
      const seen = present(line!.values);
      const up = seen.filter((value) => value === 1).length;
      const head = up === seen.length ? 'Loaded' : up === 0 ? 'Not loaded' : 'Not always';
      const note = `loaded at ${formatCount(up)} of ${countOf(seen.length, 'moment')}`;
      const markup = frame(panel, head, html`${strip(line!)}<p class="note">${note}</p>`, queries);
      return { panel, lines, inAll, markup, plot: null };
    }
    case 'pie':
      return still(panel, pie(valuesOf(lines), panel), queries);
    case 'gauges':
      return still(panel, gauges(valuesOf(lines), panel), queries);
    case 'bars':
      return still(
        panel,
        bars(valuesOf(lines), panel, (label) => label),
        queries,
      );
    case 'histogram':
      return still(panel, histogram(valuesOf(inEachBucket(lines)), panel), queries);
    case 'matrix':
    case 'timeline':
    case 'verdicts':
      return still(panel, html`<p class="note">Weeks are not part of a run.</p>`, queries);
    default:
      return panel.drawing satisfies never;
  }
}

const still = (panel: Panel, body: Html, queries: Html): Figure => ({
  panel,
  lines: [],
  inAll: [],
  markup: frame(panel, null, body, queries),
  plot: null,
});

function histogram(values: readonly Value[], panel: Panel): Html {
  const total = values.reduce((sum, { value }) => sum + value, 0);
  // Above the largest batch that was sent there is only emptiness.
  const last = values.findLastIndex(({ value }) => Math.round(value) > 0);
  const shown = values.slice(0, total === 0 ? 5 : last + 1);
  const note = Math.round(total) === 0 ? html`<p class="note">No batch request in this run.</p>` : null;
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

/** What the plot shows, for those who cannot see it. */
function textOf(panel: Panel, lines: readonly Line[]): string {
  if (panel.drawing === 'heat') return `${panel.title}, as a heat map over time. ${panel.lookFor}`;
  const told = lines.map(({ label, values }) => {
    const found = summary(values);
    if (found === null) return `${label}: no values`;
    const number = (value: number) => formatNumber(value, panel.unit);
    return `${label}: from ${number(found.least)} to ${number(found.greatest)}, half of the time at most ${number(found.median)}, ${number(found.last)} at the end`;
  });
  const limits = panel.limits.map(({ label }) => label);
  return `${panel.title} over time. ${told.join('. ')}.${limits.length === 0 ? '' : ` Limits: ${limits.join(', ')}.`} Arrow keys move through it, plus and minus zoom.`;
}

const legend = (lines: readonly Line[], panel: Panel, inAll: readonly Line[]): Html =>
  html`<ul class="legend" data-for="plot-${panel.id}" aria-hidden="true">${lines.map(
    ({ label, values }, index) => {
      const whole = wholeOf(panel, values, inAll.find((line) => line.label === label)?.values.at(-1));
      const text = whole === null ? '–' : formatNumber(whole, panel.unit);
      return html`<li><i class="key k${(index % 6) + 1}"></i>${label}<b data-whole="${text}">${text}</b></li>`;
    },
  )}</ul>`;

function headline(panel: Panel, lines: readonly Line[], inAll: readonly Line[]): string | null {
  const values = lines[0]?.values ?? [];
  const value = wholeOf(panel, values, inAll[0]?.values.at(-1) ?? present(values).at(-1));
  return value === null ? null : formatNumber(value, panel.unit);
}

/** Over the whole run; of a rate what it was half of the time, as the scrapes at the edges lie outside of the load. */
function wholeOf({ unit }: Panel, values: Line['values'], inAll: number | null | undefined): number | null {
  const median = summary(values)?.median ?? null;
  return unit === 'per_second' ? median : (inAll ?? median);
}

const FEW = 3;

/** Endpoints that nobody asked are named, not drawn. */
function withoutIdle(lines: readonly Line[]) {
  if (lines.length <= FEW) return { lines, idle: [] };
  const isIdle = ({ values }: Line) => present(values).every((value) => value === 0);
  const busy = lines.filter((line) => !isIdle(line));
  if (busy.length === 0) return { lines: lines.slice(0, FEW), idle: lines.slice(FEW) };
  return { lines: busy, idle: lines.filter(isIdle) };
}

const idle = (lines: readonly Line[]) =>
  lines.length === 0 ? null : html`<p class="note">At 0: ${lines.map(({ label }) => label).join(', ')}.</p>`;

/** The top bucket of shares is up to 1: nothing can be over it. */
const withoutTop = (lines: readonly Line[]) =>
  lines.filter(({ label, values }) => label !== '+Inf' || present(values).some((value) => value > 0));

function plotOf(panel: Panel, lines: readonly Line[]): Plot {
  const { drawing, unit } = panel;
  if (drawing !== 'number' && drawing !== 'lines' && drawing !== 'stacked' && drawing !== 'heat')
    throw new Error(`${panel.id} is no plot over time`);
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
