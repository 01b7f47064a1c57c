import type { Comparison } from '../slas/compare.ts';
import type { Evidence, Plan, RunRecord, RunSeries, SlaDocument, Verdict } from '../slas/model.ts';
import { formatMeasured } from '../slas/numbers.ts';
import { comparison } from './report/baseline.ts';
import { type PageParts, runReport } from './report/browser.ts';
import { pageDrawing } from './report/browser-drawing.ts';
import { pageNumbers } from './report/browser-numbers.ts';
import { pageTables } from './report/browser-tables.ts';
import { gridOf } from './report/course.ts';
import { drawnRows, phasesWithTimes, rangeOf } from './report/courses.ts';
import type { Figure } from './report/figures.ts';
import { duration, period } from './report/format.ts';
import { type Html, html, jsonScript, raw } from './report/html.ts';
import { type LookFirst, lookFirst } from './report/look-first.ts';
import type { ReportData } from './report/plot.ts';
import {
  environment,
  evidence,
  objectives,
  preconditions,
  reconciliation,
  spoken,
} from './report/sections.ts';
import { STYLE } from './report/style.ts';

/** Everything that the report is made of: what lies in the run folder, as it was read back. */
export interface ReportInput {
  readonly document: SlaDocument;
  readonly plan: Plan;
  readonly run: RunRecord;
  readonly evidence: Evidence | null;
  readonly verdict: Verdict;
  /** null: none were stored. */
  readonly series: RunSeries | null;
  /** `environment.json`, or null. */
  readonly environment: unknown;
  /** With an earlier run of the same plan; null: there was none. */
  readonly comparison: Comparison | null;
  /** uPlot's script and style, to be put into the page. */
  readonly uplot: { readonly script: string; readonly style: string };
}

/** The report of a run: one HTML file that needs nothing but a browser. */
export function renderReport(input: ReportInput): string {
  const { verdict, series, run } = input;
  const drawn = series === null ? null : drawAll(input, series);
  const grid = series === null ? null : gridOf(series, run.window.toSeconds);
  const look = lookFirst(verdict, drawn?.figures ?? [], grid, run.window.fromSeconds);
  const title = `${verdict.verdict}: ${verdict.sla}, ${verdict.scenario ?? 'window'}, ${verdict.window.from}`;
  return `<!doctype html>\n${
    html`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>${title}</title><style>${raw(input.uplot.style)}${raw(STYLE)}</style></head><body>
${top(input, drawn !== null)}
<main>
${objectives(verdict, input.plan)}
${first(look)}
${comparison(input.comparison)}
${drawn === null ? withoutSeries() : drawn.markup}
${preconditions(verdict.preconditions)}
${reconciliation(verdict)}
${evidence(input.evidence, verdict)}
${environment(input.environment)}
</main>
<footer><p>Run <code>${verdict.run}</code>. The verdict follows from the files beside this one: <code>./sla verify ${verdict.run} --offline</code> computes it again. Plots are for looking; they decided nothing.</p></footer>
<div id="live" class="unseen" aria-live="polite"></div>
${drawn === null ? null : scripts(input, dataOf(input, drawn.figures, look))}
</body></html>`.markup
  }\n`;
}

// ---------------------------------------------------------------------------------------------- the top

const COLOURS = { pass: 'good', fail: 'bad', inconclusive: 'warn' } as const;
const WORDS = { pass: 'Passed.', fail: 'Failed.', inconclusive: 'Inconclusive.' } as const;

function top({ verdict, plan, run, comparison: compared }: ReportInput, hasPanels: boolean): Html {
  const { fromSeconds, toSeconds } = run.window;
  const facts = [
    ['When', period(fromSeconds, toSeconds)],
    ['Load', loadOf(plan)],
    ['Requests', requestsOf(run)],
    ['Decided by', plan.confidence === null ? 'what was observed' : `${100 * plan.confidence} % confidence`],
  ];
  const parts = [
    ['objectives', 'Objectives'],
    ['look-first', 'Look first'],
    ...(compared === null ? [] : [['baseline', 'Baseline']]),
    ...(hasPanels
      ? [
          ['overview', 'Panels'],
          ['under-load', 'Under load'],
        ]
      : []),
    ['preconditions', 'Preconditions'],
    ...(verdict.reconciliation.length === 0 ? [] : [['reconciliation', 'Counts']]),
    ['evidence', 'Evidence'],
    ['environment', 'Environment'],
  ];
  return html`<header class="top"><p class="crumb"><b>${verdict.sla}</b> · ${verdict.scenario ?? 'window'} · run ${verdict.run}</p>
<div class="verdict ${COLOURS[verdict.verdict]}"><h1><span>${WORDS[verdict.verdict]}</span> ${unbroken(sentence(verdict))}</h1></div>
<dl class="run">${facts.map(([name, value]) => html`<div><dt>${name!}</dt><dd>${value!}</dd></div>`)}</dl>
<nav aria-label="Parts of the report"><ul>${parts.map(([id, name]) => html`<li><a href="#${id!}">${name!}</a></li>`)}</ul></nav></header>`;
}

/** The verdict in one sentence. */
function sentence({ verdict, objectives: all, summary }: Verdict): string {
  const missed = all.filter((one) => one.verdict === 'missed');
  if (verdict === 'pass')
    return `${all.length === 1 ? 'The objective is' : `All ${all.length} objectives are`} met.`;
  if (verdict === 'inconclusive') return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
  const told = missed.map((one) => `${spoken(one)}: ${formatMeasured(one)}`);
  const undecided = all.filter((one) => one.verdict === 'undecided').length;
  return `${told.join('; ')}.${undecided === 0 ? '' : ` ${undecided} undecided.`}`;
}

/** A number stays beside its unit. */
const unbroken = (text: string) => text.replace(/(≈|\d) (?=\d|ms|s\b|%)/g, '$1\u00a0');

function loadOf({ load }: Plan): string {
  if (load === null) return 'not ours: only the window was judged';
  const phases = load.phases.map(
    ({ ratePerSecond, durationSeconds }) => `${ratePerSecond}/s for ${duration(durationSeconds)}`,
  );
  return phases.join(', then ');
}

function requestsOf({ load }: RunRecord): string {
  if (load === null) return 'not recorded';
  const { sent, plannedRequests, lost, droppedIterations } = load;
  const [told, planned] = [sent.toLocaleString('en-US'), plannedRequests.toLocaleString('en-US')];
  const cut = load.completed ? '' : ', cut short';
  return `${told} sent of ${planned} planned${cut}; ${lost} never answered, ${droppedIterations} dropped`;
}

// ---------------------------------------------------------------------------------------------- look first

const first = ({ sentences, moved, panel }: LookFirst): Html => html`
  <section aria-labelledby="look-first"><h2 id="look-first">What to look at first</h2><div class="first">
  ${sentences.map((text) => html`<p>${text}</p>`)}
  ${moved.length === 0 ? null : html`<ul>${moved.map((one) => html`<li><a href="#${one.panel.id}">${one.panel.title}</a>: ${one.told}</li>`)}</ul>`}
  ${panel === null ? null : html`<p>The panel: <a href="#${panel.id}">${panel.title}</a>.</p>`}
  </div></section>`;

// ---------------------------------------------------------------------------------------------- panels

interface Drawn {
  readonly figures: readonly Figure[];
  readonly markup: Html;
}

function drawAll(input: ReportInput, series: RunSeries): Drawn {
  const rows = drawnRows(input, series, gridOf(series, input.run.window.toSeconds));
  const missing = rows.flatMap((one) => one.missing);
  const markup = html`<p class="note row">Times are UTC. Drag over a plot to zoom all of them, double-click to see the whole; lines are rates over ${duration(rangeOf(series))}. A red line upright is the first moment beyond a limit.</p>
    ${rows.map(({ title, figures }) => row(title, figures))}
    ${missing.length === 0 ? null : html`<p class="note">Not drawn: ${missing.map(({ panel, why }) => `${panel.title} (${why})`).join(', ')}.</p>`}`;
  return { figures: rows.flatMap(({ figures }) => figures), markup };
}

const idOf = (title: string) => title.toLowerCase().replaceAll(' ', '-');

const row = (title: string, figures: readonly Figure[]): Html | null =>
  figures.length === 0
    ? null
    : html`<section class="row" aria-labelledby="${idOf(title)}"><h2 id="${idOf(title)}">${title}</h2><div class="panels" id="${idOf(title)}-panels">${figures.map(({ markup }) => markup)}</div></section>`;

const withoutSeries = (): Html => html`
  <section><h2>Panels</h2><p>This run stored no series (<code>series.json</code>): it is older than these panels, or Prometheus could not be asked. What was judged does not need them.</p></section>`;

// ---------------------------------------------------------------------------------------------- data and script

function dataOf({ plan, run, series }: ReportInput, figures: readonly Figure[], look: LookFirst): ReportData {
  const { fromSeconds, stepSeconds, steps } = gridOf(series!, run.window.toSeconds);
  const phases = phasesWithTimes(plan, run).map(({ name, fromSeconds: atSeconds }) => ({
    atSeconds,
    label: name,
    kind: 'phase',
  }));
  const broke =
    look.atSeconds === null
      ? []
      : [{ atSeconds: look.atSeconds, label: 'first beyond its limit', kind: 'broke' }];
  return {
    fromSeconds,
    stepSeconds,
    steps,
    run: run.window,
    marks: [...phases.slice(1), ...broke],
    plots: figures.flatMap(({ plot }) => (plot === null ? [] : [plot])),
  };
}

const PARTS: PageParts = { pageNumbers, pageDrawing, pageTables };
const parts = Object.entries(PARTS)
  .map(([name, part]) => `${name}: ${part.toString()}`)
  .join(',\n');

const scripts = ({ uplot }: ReportInput, data: ReportData): Html =>
  html`${jsonScript('run-data', data)}<script>${raw(uplot.script)}</script><script>(${raw(runReport.toString())})(uPlot, { ${raw(parts)} });</script>`;
