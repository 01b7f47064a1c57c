import type { Evidence, ObjectiveVerdict, Plan, Precondition, Verdict } from '../../slas/model/model.ts';
import { formatCount, formatInterval, formatMeasured, formatValue } from '../../slas/render/numbers.ts';
import { wordsOf } from '../../slas/render/reasons/words.ts';
import { clockTime, formatBytes, unbroken } from './format.ts';
import { type Html, html } from './html.ts';
import { objectiveScale } from './scale.ts';

/** The parts of the report that are words and tables. */

const MARKS = { met: '✓', missed: '✗', undecided: '?' } as const;
const COLOURS = { met: 'good', missed: 'bad', undecided: 'warn' } as const;

// ---------------------------------------------------------------------------------------------- objectives

export const objectives = (verdict: Verdict, plan: Plan): Html => html`
  <section aria-labelledby="objectives"><h2 id="objectives">Objectives</h2>
  <div class="objectives">${verdict.objectives.map((one) => objective(one, plan))}</div></section>`;

function objective(one: ObjectiveVerdict, plan: Plan): Html {
  const planned = plan.objectives.find(({ id }) => id === one.id);
  return html`<article class="objective" aria-label="${one.id}">
    <div class="what"><h3>${one.title} <span>${limitOf(one)}</span></h3><code>${one.id}</code></div>
    <div class="measured"><b>${formatMeasured(one)}</b><span>${marginOf(one, planned?.measure.kind === 'latency')}</span></div>
    ${planned === undefined ? html`<div></div>` : objectiveScale(one, planned)}
    <div class="outcome ${COLOURS[one.verdict]}"><b><span aria-hidden="true">${MARKS[one.verdict]}</span> ${one.verdict}</b><span>${asides(one)}</span></div>
    <p class="reason">${unbroken(`${boundsOf(one)}${wordsOf(one.reasons)}`)}</p>
  </article>`;
}

/** `95% of answers within` needs no sign. */
const limitOf = ({ title, target }: ObjectiveVerdict) =>
  / within$/.test(title) ? target.replace(/^<=?\s*/, '') : target;

/** An objective as it is spoken of: its title and its limit. */
export const spoken = (one: ObjectiveVerdict) => `${one.title} ${limitOf(one)}`;

function marginOf({ margin, unit, target }: ObjectiveVerdict, isLatency: boolean): string {
  if (margin === null) return '';
  const isShare = isLatency || (unit === 'ratio' && target.includes('%'));
  const figures = Number(Math.abs(margin * (isShare ? 100 : 1)).toPrecision(3));
  const counted = isShare
    ? `${figures} ${figures === 1 ? 'point' : 'points'}`
    : unit === 'per_second'
      ? `${figures}/s`
      : unit === 'seconds'
        ? `${figures} s`
        : String(figures);
  if (isLatency) return margin < 0 ? `share: ${counted} short` : `share: ${counted} to spare`;
  return margin < 0 ? `${counted} too far` : `${counted} to spare`;
}

const asides = ({ severity, alert, nearLimit }: ObjectiveVerdict) =>
  [
    severity === 'alert' ? `beyond alert ${alert}` : null,
    nearLimit ? 'too close to the limit to be sure' : null,
  ]
    .filter((part) => part !== null)
    .join(', ');

/** `95% bounds 99.23–100% (each alone at 95%) of 1,500: ` */
function boundsOf({ interval, unit, target, samples }: ObjectiveVerdict): string {
  if (interval === null) return '';
  const { confidence, eachBound } = interval;
  const each = eachBound === undefined ? '' : ` (each alone at ${formatValue(eachBound, 'ratio')})`;
  return `${formatValue(confidence, 'ratio')} bounds ${formatInterval(interval, unit, target)}${each} of ${formatCount(samples)}: `;
}

// ---------------------------------------------------------------------------------------------- what it stands on

const SIGNS = new Map<boolean | null, readonly [mark: string, colour: string, said: string]>([
  [true, ['✓', 'good', 'holds']],
  [false, ['✗', 'bad', 'does not hold']],
  [null, ['·', 'muted', 'could not be checked']],
]);

export const preconditions = (all: readonly Precondition[]): Html => html`
  <section aria-labelledby="preconditions"><h2 id="preconditions">Preconditions</h2>
  <table class="facts"><tbody>${all.map(({ id, ok, reasons }) => {
    const [mark, colour, said] = SIGNS.get(ok)!;
    return html`<tr><td class="${colour}"><span aria-hidden="true">${mark}</span><span class="unseen">${said}</span></td><th scope="row">${id}</th><td>${wordsOf(reasons)}</td></tr>`;
  })}</tbody></table></section>`;

export function reconciliation({ reconciliation: rows }: Verdict): Html {
  if (rows.length === 0) return html``;
  return html`<section aria-labelledby="reconciliation"><h2 id="reconciliation">Client and service counted</h2>
    <table class="grid counts"><thead><tr><th scope="col">what</th><th scope="col">answered, to the client</th><th scope="col">lost</th><th scope="col">by the service</th><th scope="col"></th></tr></thead>
    <tbody>${rows.map(
      ({ what, client, lost, service, ok, reasons }) =>
        html`<tr><th scope="row">${what}</th><td>${formatCount(client)}</td><td>${formatCount(lost)}</td><td>${formatCount(service)}</td><td class="${ok ? 'good' : 'bad'}">${ok ? (client === service ? 'the same' : 'explained') : wordsOf(reasons)}</td></tr>`,
    )}</tbody></table></section>`;
}

export function evidence(found: Evidence | null, verdict: Verdict): Html {
  if (found === null) return html``;
  const usedBy = (query: string) =>
    verdict.objectives.filter((one) => one.query.split('\n').includes(query)).map(({ id }) => id);
  const rows = found.readings.map(({ query, atSeconds, series, warnings, error }) => {
    const samples = series.reduce((sum, one) => sum + one.samples.length, 0);
    const said = [...(error === null ? [] : [error]), ...warnings].join('; ');
    return html`<tr><td><code>${query}</code>${said === '' ? null : html`<p class="bad">${said}</p>`}</td><td>${clockTime(atSeconds)}</td><td>${formatCount(series.length)}</td><td>${formatCount(samples)}</td><td>${usedBy(query).join(', ')}</td></tr>`;
  });
  return html`<section aria-labelledby="evidence"><h2 id="evidence">Evidence</h2>
    <p>Asked of <code>${found.prometheus.url}</code>. Counts are differences of raw samples; every one is in <code>evidence.json</code> beside this file.</p>
    <div class="wide" tabindex="0" role="region" aria-label="Queries of the evidence"><table class="grid queries"><thead><tr><th scope="col">query as sent</th><th scope="col">asked for (UTC)</th><th scope="col">series</th><th scope="col">samples</th><th scope="col">decides</th></tr></thead><tbody>${rows}</tbody></table></div></section>`;
}

// ---------------------------------------------------------------------------------------------- alerts

/** What Prometheus's own alerts said meanwhile, beside what was judged; nothing where no rules were evaluated. */
export function alerts({ alerts: told }: Verdict): Html {
  if (told === undefined || told.held === null) return html``;
  const rows = told.held.map(({ id, severity, firing, agrees, reasons }) => {
    const [mark, colour, said] = AGREES.get(agrees)!;
    const when = firing.map(({ from, to }) => `${from.slice(11, 19)} to ${to.slice(11, 19)}`).join(', ');
    return html`<tr><td class="${colour}"><span aria-hidden="true">${mark}</span><span class="unseen">${said}</span></td><th scope="row">${id}${severity === null ? null : html` <span class="muted">${severity}</span>`}</th><td>${when === '' ? 'never firing' : `firing ${when}`}</td><td>${wordsOf(reasons)}</td></tr>`;
  });
  return html`<section aria-labelledby="alerts"><h2 id="alerts">Alerts</h2><p>${wordsOf([told.summary])}. Alerts do not change the verdict.</p>
  ${rows.length === 0 ? null : html`<table class="facts"><tbody>${rows}</tbody></table>`}</section>`;
}

const AGREES = new Map<boolean | null, readonly [mark: string, colour: string, said: string]>([
  [true, ['✓', 'good', 'agrees with the verdict']],
  [false, ['≠', 'warn', 'disagrees with the verdict']],
  [null, ['·', 'muted', 'not comparable with the verdict']],
]);

// ---------------------------------------------------------------------------------------------- environment

/** `environment.json`, as far as it is there: shown as it is, a line a value. */
export function environment(described: unknown): Html {
  if (typeof described !== 'object' || described === null) return html``;
  const rows = flat('', described).filter(([name]) => name !== 'schema');
  return html`<section aria-labelledby="environment"><h2 id="environment">Environment</h2>
    <table class="facts"><tbody>${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table></section>`;
}

function flat(path: string, value: unknown): readonly (readonly [string, string])[] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([name, one]) => flat(path === '' ? name : `${path} ${name}`, one));
  if (path.endsWith('Bytes') && typeof value === 'number')
    return [[path.replace('Bytes', ''), formatBytes(value)]];
  return [[path, value === null ? 'not known' : String(value)]];
}
