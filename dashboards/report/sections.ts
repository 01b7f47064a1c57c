import type { Evidence, ObjectiveVerdict, Plan, Precondition, Verdict } from '../../slas/model/model.ts';
import { formatCount, formatInterval, formatMeasured, formatValue } from '../../slas/render/numbers.ts';
import { wordsOf } from '../../slas/render/reasons/words.ts';
import { clockTime, formatBytes, unbroken, withoutComparison } from './format.ts';
import { type Html, html } from './html.ts';
import { objectiveScale } from './scale.ts';

/** The sections of the report that consist of text and tables. */

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

/** The limit after a title. If the title ends in "within", the comparison sign is left out. */
const limitOf = ({ title, target }: ObjectiveVerdict) =>
  title.endsWith(' within') ? withoutComparison(target) : target;

/** An objective in words: its title and its limit. */
export const titleAndLimit = (one: ObjectiveVerdict) => `${one.title} ${limitOf(one)}`;

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
  if (isLatency)
    return margin < 0 ? `share ${counted} below the minimum` : `share ${counted} above the minimum`;
  return margin < 0 ? `missed by ${counted}` : `met by ${counted}`;
}

const asides = ({ severity, alert, nearLimit }: ObjectiveVerdict) =>
  [
    severity === 'alert' ? `beyond the alert threshold ${alert}` : null,
    nearLimit ? 'too close to the limit to be sure' : null,
  ]
    .filter((part) => part !== null)
    .join(', ');

/** `95% bounds 99.23–100% (each alone at 95%), 1,500 samples: ` */
function boundsOf({ interval, unit, target, samples }: ObjectiveVerdict): string {
  if (interval === null) return '';
  const { confidence, eachBound } = interval;
  const each = eachBound === undefined ? '' : ` (each bound: ${formatValue(eachBound, 'ratio')})`;
  return `${formatValue(confidence, 'ratio')} bounds ${formatInterval(interval, unit, target)}${each}, ${formatCount(samples)} samples: `;
}

// ---------------------------------------------------------------------------------------------- preconditions and evidence

const SIGNS = new Map<boolean | null, readonly [mark: string, colour: string, words: string]>([
  [true, ['✓', 'good', 'holds']],
  [false, ['✗', 'bad', 'does not hold']],
  [null, ['·', 'muted', 'could not be checked']],
]);

export const preconditions = (all: readonly Precondition[]): Html => html`
  <section aria-labelledby="preconditions"><h2 id="preconditions">Preconditions</h2>
  <table class="facts"><tbody>${all.map(({ id, ok, reasons }) => {
    const [mark, colour, words] = SIGNS.get(ok)!;
    return html`<tr><td class="${colour}"><span aria-hidden="true">${mark}</span><span class="unseen">${words}</span></td><th scope="row">${id}</th><td>${wordsOf(reasons)}</td></tr>`;
  })}</tbody></table></section>`;

export function reconciliation({ reconciliation: rows }: Verdict): Html {
  if (rows.length === 0) return html``;
  return html`<section aria-labelledby="reconciliation"><h2 id="reconciliation">Requests counted by client and service</h2>
    <table class="grid counts"><thead><tr><th scope="col">what</th><th scope="col">received by the client</th><th scope="col">unanswered</th><th scope="col">counted by the service</th><th scope="col">result</th></tr></thead>
    <tbody>${rows.map(
      ({ what, client, lost, service, ok, reasons }) =>
        html`<tr><th scope="row">${what}</th><td>${formatCount(client)}</td><td>${formatCount(lost)}</td><td>${formatCount(service)}</td><td class="${ok ? 'good' : 'bad'}">${ok ? (client === service ? 'equal' : 'explained') : wordsOf(reasons)}</td></tr>`,
    )}</tbody></table></section>`;
}

export function evidence(found: Evidence | null, verdict: Verdict): Html {
  if (found === null) return html``;
  const usedBy = (query: string) =>
    verdict.objectives.filter((one) => one.query.split('\n').includes(query)).map(({ id }) => id);
  const rows = found.readings.map(({ query, atSeconds, series, warnings, error }) => {
    const samples = series.reduce((sum, one) => sum + one.samples.length, 0);
    const problems = [...(error === null ? [] : [error]), ...warnings].join('; ');
    return html`<tr><td><code>${query}</code>${problems === '' ? null : html`<p class="bad">${problems}</p>`}</td><td>${clockTime(atSeconds)}</td><td>${formatCount(series.length)}</td><td>${formatCount(samples)}</td><td>${usedBy(query).join(', ')}</td></tr>`;
  });
  return html`<section aria-labelledby="evidence"><h2 id="evidence">Evidence</h2>
    <p>Queried from <code>${found.prometheus.url}</code>. Counts are differences of raw samples, which are in <code>evidence.json</code> next to this file.</p>
    <div class="wide" tabindex="0" role="region" aria-label="Queries of the evidence"><table class="grid queries"><thead><tr><th scope="col">query as sent</th><th scope="col">evaluated at (UTC)</th><th scope="col">series</th><th scope="col">samples</th><th scope="col">used by</th></tr></thead><tbody>${rows}</tbody></table></div></section>`;
}

// ---------------------------------------------------------------------------------------------- alerts

/** The cross-check of Prometheus's alerts with the verdict; empty if Prometheus evaluated no rules. */
export function alerts({ alerts: checked }: Verdict): Html {
  if (checked === undefined || checked.held === null) return html``;
  const rows = checked.held.map(({ id, severity, firing, agrees, reasons }) => {
    const [mark, colour, words] = AGREES.get(agrees)!;
    const when = firing.map(({ from, to }) => `${from.slice(11, 19)} to ${to.slice(11, 19)}`).join(', ');
    return html`<tr><td class="${colour}"><span aria-hidden="true">${mark}</span><span class="unseen">${words}</span></td><th scope="row">${id}${severity === null ? null : html` <span class="muted">${severity}</span>`}</th><td>${when === '' ? 'did not fire' : `fired ${when}`}</td><td>${wordsOf(reasons)}</td></tr>`;
  });
  return html`<section aria-labelledby="alerts"><h2 id="alerts">Alerts</h2><p>${wordsOf([checked.summary])}. Alerts do not change the verdict.</p>
  ${rows.length === 0 ? null : html`<table class="facts"><tbody>${rows}</tbody></table>`}</section>`;
}

const AGREES = new Map<boolean | null, readonly [mark: string, colour: string, words: string]>([
  [true, ['✓', 'good', 'agrees with the verdict']],
  [false, ['≠', 'warn', 'disagrees with the verdict']],
  [null, ['·', 'muted', 'not comparable with the verdict']],
]);

// ---------------------------------------------------------------------------------------------- environment

/** `environment.json`, one line per value. */
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
  return [[path, value === null ? 'unknown' : String(value)]];
}
