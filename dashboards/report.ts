import type { RunSeries } from '../slas/model/model.ts';
import { comparison } from './report/baseline.ts';
import { gridOf } from './report/course.ts';
import { drawnRows, rangeOf } from './report/courses.ts';
import { faultsOf } from './report/events.ts';
import type { Figure } from './report/figures.ts';
import { duration, unbroken } from './report/format.ts';
import { type Html, html, raw } from './report/html.ts';
import type { ReportInput } from './report/input.ts';
import { type LookFirst, lookFirst } from './report/look-first.ts';
import { looks } from './report/looks.ts';
import { pageScript } from './report/page-script.ts';
import {
  alerts,
  environment,
  evidence,
  objectives,
  preconditions,
  reconciliation,
} from './report/sections.ts';
import { STYLE } from './report/style.ts';
import { timeline } from './report/timeline.ts';
import { top } from './report/top.ts';

/** The report of a run: one self-contained HTML file. */
export function renderReport(input: ReportInput): string {
  const { verdict, series, run } = input;
  const drawn = series === null ? null : drawAll(input, series);
  const grid = series === null ? null : gridOf(series, run.window.toSeconds);
  const look = lookFirst(verdict, input.plan, drawn?.figures ?? [], grid, run.window.fromSeconds);
  const title = `${verdict.verdict}: ${verdict.sla}, ${verdict.scenario ?? 'window'}, ${verdict.window.from}`;
  return `<!doctype html>\n${
    html`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>${title}</title><style>${raw(input.uplot.style)}${raw(STYLE)}</style></head><body>
${top(input, drawn !== null)}
<main>
${objectives(verdict, input.plan)}
${first(look)}
${looks(verdict, input.plan)}
${comparison(input.comparison)}
${timeline(input, look)}
${drawn === null ? withoutSeries() : drawn.markup}
${preconditions(verdict.preconditions)}
${reconciliation(verdict)}
${alerts(verdict)}
${evidence(input.evidence, verdict)}
${environment(input.environment)}
</main>
<footer><p>Run <code>${verdict.run}</code>. The verdict is computed from the other files in this folder; <code>./sla verify ${verdict.run} --offline</code> repeats the computation. The plots do not affect it.</p></footer>
<div id="live" class="unseen" aria-live="polite"></div>
${drawn === null ? null : pageScript(input, drawn.figures, look)}
</body></html>`.markup
  }\n`;
}

// ---------------------------------------------------------------------------------------------- look first

const first = ({ sentences, moved, panel }: LookFirst): Html => html`
  <section aria-labelledby="look-first"><h2 id="look-first">What to look at first</h2><div class="first">
  ${sentences.map((text) => html`<p>${unbroken(text)}</p>`)}
  ${moved.length === 0 ? null : html`<ul>${moved.map((one) => html`<li><a href="#${one.panel.id}">${one.panel.title}</a>: ${one.words}</li>`)}</ul>`}
  ${panel === null ? null : html`<p>See the panel <a href="#${panel.id}">${panel.title}</a>.</p>`}
  </div></section>`;

// ---------------------------------------------------------------------------------------------- panels

interface Drawn {
  readonly figures: readonly Figure[];
  readonly markup: Html;
}

function drawAll(input: ReportInput, series: RunSeries): Drawn {
  const rows = drawnRows(input, series, gridOf(series, input.run.window.toSeconds));
  const missing = rows.flatMap((one) => one.missing);
  const markup = html`<p class="note row">Times are UTC. Drag across a plot to zoom all plots; double-click to reset. Rates are averages over ${duration(rangeOf(series))}. A vertical red line marks the first moment beyond a limit${faultsOf(input.environment) === null ? '' : '; a bar along the top means that faults were injected'}.</p>
    ${rows.map(({ title, figures }) => row(title, figures))}
    ${missing.length === 0 ? null : html`<p class="note">Panels without data: ${missing.map(({ panel, why }) => `${panel.title} (${why})`).join(', ')}.</p>`}`;
  return { figures: rows.flatMap(({ figures }) => figures), markup };
}

const idOf = (title: string) => title.toLowerCase().replaceAll(' ', '-');

const row = (title: string, figures: readonly Figure[]): Html | null =>
  figures.length === 0
    ? null
    : html`<section class="row" aria-labelledby="${idOf(title)}"><h2 id="${idOf(title)}">${title}</h2><div class="panels" id="${idOf(title)}-panels">${figures.map(({ markup }) => markup)}</div></section>`;

const withoutSeries = (): Html => html`
  <section><h2>Panels</h2><p>This run stored no series (<code>series.json</code>), because it is older than these panels or Prometheus could not be reached. The verdict does not need them.</p></section>`;
