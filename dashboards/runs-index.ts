/// <reference lib="dom" />
import type { ObjectiveOutcome, Outcome } from '../slas/model/model.ts';
import { countOf, formatCount } from '../slas/render/numbers.ts';
import { type Html, html, raw } from './report/html.ts';
import { STYLE } from './report/style.ts';

/** The facts about a run that the list shows. */
export interface IndexedRun {
  readonly id: string;
  /** In RFC 3339 format. */
  readonly startedAt: string;
  readonly sla: string;
  readonly scenario: string | null;
  /** null if the run was not judged or not finished. */
  readonly verdict: Outcome | null;
  readonly hasReport: boolean;
  readonly objectives: readonly {
    readonly id: string;
    readonly outcome: ObjectiveOutcome;
    readonly measured: string;
    readonly target: string;
  }[];
  /** The first latency objective of the run's document. */
  readonly latency: {
    readonly percentile: number;
    readonly seconds: number | null;
    readonly limitSeconds: number | null;
  } | null;
  readonly samples: number | null;
  /** The percentile of `latency` over time, as stored; null if the run stored no series. */
  readonly overTime: readonly (number | null)[] | null;
}

/** All runs of a folder on one page, newest first, sortable by column. */
export function renderRunsIndex(runs: readonly IndexedRun[], madeAt: string): string {
  return `<!doctype html>\n${
    html`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>Runs</title><style>${raw(STYLE + OWN_STYLE)}</style></head><body>
<header class="top"><p class="crumb"><b>sla-harness</b> · as of ${madeAt}</p><div class="verdict"><h1>${counted(runs)}</h1></div></header>
<main>${trends(runs)}<section aria-labelledby="all"><h2 id="all">All runs</h2><div class="wide" tabindex="0" role="region" aria-label="All runs"><table class="grid runs"><thead><tr>${HEADERS.map(header)}</tr></thead><tbody>${runs.map(row)}</tbody></table></div></section></main>
<footer><p>Made by the commands <code>gate</code> and <code>review</code>. Each report is in the folder of its run; <code>verify RUN</code> checks that the folder was not changed.</p></footer>
<script>(${raw(sortByColumn.toString())})();</script></body></html>`.markup
  }\n`;
}

const WORDS: Record<Outcome, readonly [mark: string, word: string, colour: string]> = {
  pass: ['✓', 'pass', 'good'],
  fail: ['✗', 'fail', 'bad'],
  inconclusive: ['?', 'inconclusive', 'warn'],
};

function counted(runs: readonly IndexedRun[]): string {
  const of = (verdict: Outcome) => runs.filter((run) => run.verdict === verdict).length;
  return `${countOf(runs.length, 'run')}: ${of('pass')} passed, ${of('fail')} failed, ${of('inconclusive')} inconclusive`;
}

// ---------------------------------------------------------------------------------------------- the table

const HEADERS = [
  'Started (UTC)',
  'Scenario',
  'Verdict',
  'Objectives',
  'Latency',
  'Latency over time',
  'Requests',
];

const header = (name: string, index: number): Html =>
  name === 'Objectives' || name === 'Latency over time'
    ? html`<th scope="col">${name}</th>`
    : html`<th scope="col"${index === 0 ? raw(' aria-sort="descending"') : null}><button type="button">${name}</button></th>`;

function row(run: IndexedRun): Html {
  const when = run.startedAt.replace('T', ' ').replace('Z', '');
  const link = run.hasReport
    ? html`<a href="${encodeURIComponent(run.id)}/report.html">${when}</a>`
    : html`${when}`;
  const [mark, word, colour] = run.verdict === null ? ['·', 'not judged', 'muted'] : WORDS[run.verdict];
  return html`<tr>
    <th scope="row" data-value="${run.startedAt}">${link}</th>
    <td data-value="${run.scenario ?? ''}">${run.scenario ?? '–'}</td>
    <td data-value="${word}" class="${colour}"><span aria-hidden="true">${mark}</span> ${word}</td>
    <td class="marks-of">${run.objectives.map(objective)}</td>
    <td data-value="${run.latency?.seconds ?? -1}">${latencyOf(run)}</td>
    <td>${run.overTime === null ? '–' : sparkline(run.overTime, run.latency?.limitSeconds ?? null)}</td>
    <td data-value="${run.samples ?? -1}">${run.samples === null ? '–' : formatCount(run.samples)}</td>
  </tr>`;
}

const inMs = (seconds: number) => `${Number((seconds * 1000).toPrecision(3))} ms`;

const latencyOf = ({ latency }: IndexedRun) =>
  latency === null || latency.seconds === null ? '–' : `p${latency.percentile} ${inMs(latency.seconds)}`;

const OUTCOMES = { met: ['✓', 'good'], missed: ['✗', 'bad'], undecided: ['?', 'warn'] } as const;

const objective = ({ id, outcome, measured, target }: IndexedRun['objectives'][number]): Html => {
  const [mark, colour] = OUTCOMES[outcome];
  return html`<span class="${colour}" title="${id} ${target}: ${measured}"><span aria-hidden="true">${mark}</span><span class="unseen">${id} ${outcome}, </span></span>`;
};

const WIDTH = 120;
const HEIGHT = 26;

/** A small line plot; it shows the limit if the values come near it. */
function sparkline(values: readonly (number | null)[], limit: number | null): Html {
  const max = Math.max(0, ...values.filter((value) => value !== null));
  const isNear = limit !== null && limit < 3 * max;
  const top = Math.max(max, isNear ? limit : 0) * 1.1 || 1;
  const y = (value: number) => (HEIGHT - 1 - ((HEIGHT - 2) * value) / top).toFixed(1);
  const points = values.flatMap((value, index) =>
    value === null ? [] : [`${((WIDTH * index) / Math.max(1, values.length - 1)).toFixed(1)},${y(value)}`],
  );
  const line = isNear ? `<path d="M0 ${y(limit)}H${WIDTH}" class="limit"/>` : '';
  return raw(
    `<svg class="course" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true">${line}<polyline points="${points.join(' ')}"/></svg>`,
  );
}

// ---------------------------------------------------------------------------------------------- from run to run

/** The latency of each scenario's runs in chronological order, to show whether it gets worse. */
function trends(runs: readonly IndexedRun[]): Html | null {
  const measured = runs.filter(({ latency }) => latency !== null && latency.seconds !== null);
  const kindOf = ({ sla, scenario, latency }: IndexedRun) =>
    `${sla}, ${scenario ?? 'window'}: p${latency!.percentile}`;
  const all = [...Map.groupBy(measured, kindOf)].flatMap(([name, own]) =>
    own.length < 2 ? [] : [trend(name, own.toReversed())],
  );
  if (all.length === 0) return null;
  return html`<section aria-labelledby="trends"><h2 id="trends">From run to run</h2><div class="trends">${all}</div></section>`;
}

const MAX_RUNS = 60;

function trend(name: string, runs: readonly IndexedRun[]): Html {
  const shown = runs.slice(-MAX_RUNS);
  const limit = shown.at(-1)!.latency!.limitSeconds;
  const values = shown.map(({ latency }) => latency!.seconds!);
  const top = Math.max(...values, limit ?? 0) * 1.15;
  const x = (index: number) => (8 + (484 * index) / Math.max(1, shown.length - 1)).toFixed(1);
  const y = (value: number) => (86 - (80 * value) / top).toFixed(1);
  const dots = shown.map(({ verdict }, index) => {
    const colour = verdict === null ? 'muted' : WORDS[verdict][2];
    return `<circle cx="${x(index)}" cy="${y(values[index]!)}" r="4" fill="var(--${colour})"/>`;
  });
  const line = `<polyline points="${values.map((value, index) => `${x(index)},${y(value)}`).join(' ')}"/>`;
  const bound = limit === null ? '' : `<path d="M0 ${y(limit)}H500" class="limit"/>`;
  const range = `from ${inMs(Math.min(...values))} to ${inMs(Math.max(...values))}, last ${inMs(values.at(-1)!)}${limit === null ? '' : `, limit ${inMs(limit)}`}`;
  return html`<figure class="w12"><figcaption><h3>${name} of ${shown.length} runs</h3></figcaption>${raw(
    `<svg class="course" viewBox="0 0 500 90" aria-hidden="true">${bound}${line}${dots.join('')}</svg>`,
  )}<p class="note">${range}</p></figure>`;
}

// ---------------------------------------------------------------------------------------------- in the page

/** Sorts the rows when a header's button is clicked. The text of this function is put into the page: it may use only the browser. */
function sortByColumn(): void {
  const table = document.querySelector('table.runs')!;
  const body = table.querySelector('tbody')!;
  const headers = [...table.querySelectorAll('thead th')];
  const cellValue = (row: Element, column: number) => {
    const text = (row.children[column] as HTMLElement).dataset.value ?? '';
    return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
  };
  headers.forEach((header, column) => {
    header.querySelector('button')?.addEventListener('click', () => {
      const isDown = header.getAttribute('aria-sort') !== 'descending';
      for (const other of headers) other.removeAttribute('aria-sort');
      header.setAttribute('aria-sort', isDown ? 'descending' : 'ascending');
      const rows = [...body.children].sort((a, b) => {
        const [one, two] = [cellValue(a, column), cellValue(b, column)];
        return (one < two ? -1 : one > two ? 1 : 0) * (isDown ? -1 : 1);
      });
      body.append(...rows);
    });
  });
}

const OWN_STYLE = `
.verdict { border: 0; padding: 0; } .runs { width: 100%; } .runs th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; } .runs th button:hover { text-decoration: underline; }
.runs th[aria-sort] button::after { content: " ↓"; } .runs th[aria-sort="ascending"] button::after { content: " ↑"; }
.runs td, .runs thead th { text-align: left; white-space: nowrap; } .runs td:nth-child(5), .runs td:nth-child(7), .runs th:nth-child(5), .runs th:nth-child(7) { text-align: right; } .runs td { padding-block: 7px; vertical-align: middle; } .runs tbody th { vertical-align: middle; white-space: nowrap; }
.marks-of > span { display: inline-block; width: 17px; font-weight: 600; }
.course { overflow: visible; display: block; } td .course { width: 120px; height: 26px; } figure .course { width: 100%; }
.course polyline { fill: none; stroke: var(--c1); stroke-width: 1.3; } .course .limit { stroke: var(--warn); stroke-dasharray: 4 3; fill: none; }
.trends { display: grid; grid-template-columns: repeat(auto-fill, minmax(420px, 1fr)); gap: 16px; } .trends figure { grid-column: auto; }
`;
