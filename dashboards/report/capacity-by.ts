import {
  columnsOf,
  notesOf,
  rowsOf,
  type Searched,
  scalingInWords,
  titleOf,
  variableOf,
} from '../../slas/render/capacity-by.ts';
import { type Mark, SCATTER_STYLE, scatter } from './capacity-plot.ts';
import { formatNumber, unbroken } from './format.ts';
import { type Html, html, raw } from './html.ts';
import { STYLE } from './style.ts';

/** The report of several capacity searches: one self-contained HTML file, without a script. */
export function renderVariants(searched: readonly Searched[], missing: readonly string[] = []): string {
  const title = titleOf(searched);
  const rows = rowsOf(searched);
  const scaling = scalingInWords(searched);
  const isAnswered = rows.every(({ provenPerSecond }) => provenPerSecond !== null);
  return `<!doctype html>\n${
    html`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${title}</title><style>${raw(STYLE)}${raw(SCATTER_STYLE)}</style></head><body>
<header class="top"><p class="crumb"><b>${searched[0]!.record.sla}</b> · capacity · ${searched[0]!.record.asked.scenario}</p>
<div class="verdict ${isAnswered ? 'good' : 'warn'}"><h1>${title}</h1></div>
${scaling === null ? null : html`<p class="second">${unbroken(scaling)}</p>`}
${rows.map(({ value, words }) => html`<p class="second">${variableOf(searched)}=${value}: ${unbroken(words)}</p>`)}</header>
<main>${plot(searched)}
<section aria-labelledby="searches"><h2 id="searches">Searches</h2>${table(searched)}${notesOf(searched, missing).map((note) => html`<p class="note">${note}</p>`)}</section>
</main><footer><p>Computed from the <code>capacity.json</code> of each search.</p></footer></body></html>`
      .markup
  }\n`;
}

/** null if the values are not numbers. */
function plot(searched: readonly Searched[]): Html | null {
  const rows = rowsOf(searched);
  if (rows.some(({ value }) => !(Number(value) > 0))) return null;
  const rate = (value: number) => formatNumber(value, 'per_second');
  const marks = rows.flatMap(({ value, provenPerSecond, refutedPerSecond }): Mark[] => {
    const at = (y: number | null, level: 'good' | 'bad', what: string) =>
      y === null
        ? []
        : [
            {
              ...{ x: Number(value), y, level, isHold: level === 'good' },
              title: `${variableOf(searched)}=${value}: ${what} at ${rate(y)}`,
            },
          ];
    return [...at(provenPerSecond, 'good', 'proven'), ...at(refutedPerSecond, 'bad', 'missed')];
  });
  return html`<section class="row"><div class="panels">${scatter({
    id: 'by',
    title: `Proven and missed rates by ${variableOf(searched)}`,
    xTitle: variableOf(searched),
    marks,
    ...{ across: [], upright: [], curve: [], isLogarithmic: false },
    formatX: (value) => formatNumber(value, 'count'),
    formatY: rate,
    note: 'Green: proven, confirmed by a hold; red: the lowest rate at which an objective was missed.',
  })}</div></section>`;
}

function table(searched: readonly Searched[]): Html {
  const columns = columnsOf(searched);
  return html`<div class="wide"><table class="grid steps-table"><thead><tr>${columns.map(({ head }) => html`<th scope="col">${head}</th>`)}<th scope="col">search</th></tr></thead><tbody>
  ${rowsOf(searched).map(({ folder }, index) => html`<tr>${columns.map(({ cells }) => html`<td>${unbroken(cells[index]!)}</td>`)}<td><a href="../${folder}/capacity.html">report</a></td></tr>`)}</tbody></table></div>`;
}
