import type { Change, ComparedObjective, Comparison, Point } from '../../slas/compare/compare.ts';
import { countOf, formatBucket, formatInterval, formatValue } from '../../slas/render/numbers.ts';
import { type Html, html } from './html.ts';
import { titleAndLimit } from './sections.ts';

/** The comparison of a run with its baseline: a table on the page, a list in the terminal. */

const SIGNS: Readonly<Record<Change, readonly [mark: string, colour: string, words: string]>> = {
  better: ['↗', 'good', 'better'],
  worse: ['↘', 'bad', 'worse'],
  same: ['=', 'muted', 'the same'],
  'within-noise': ['≈', 'muted', 'within noise'],
  unknown: ['?', 'muted', 'not comparable'],
};

export function comparison(compared: Comparison | null): Html {
  if (compared === null) return html``;
  const { baseline, objectives, circumstances } = compared;
  const rows = objectives.map((one) => {
    const [mark, colour, words] = SIGNS[one.change];
    return html`<tr><th scope="row">${titleAndLimit(one.objective)}<code>${one.objective.id}</code></th><td>${point(one, one.before)}</td><td>${point(one, one.now)}</td><td>${differenceOf(one)}</td><td><b class="${colour}"><span aria-hidden="true">${mark}</span> ${words}</b><span class="why">${whyOf(one)}</span></td></tr>`;
  });
  const others = circumstances.map(
    ({ what, before, now }) => html`<tr><th scope="row">${what}</th><td>${before}</td><td>${now}</td></tr>`,
  );
  return html`<section aria-labelledby="baseline"><h2 id="baseline">Compared with the baseline</h2>
    <p>${sentenceOf(compared)} The comparison does not affect the verdict, which depends on the limits alone.</p>
    <p class="note">If the intervals overlap, the difference may be chance. If they do not, it is larger than the noise within these two runs, but two runs at different times may differ as much.</p>
    <div class="wide" tabindex="0" role="region" aria-label="Objectives compared with the baseline"><table class="grid compared"><thead><tr><th scope="col">objective</th><th scope="col">baseline</th><th scope="col">this run</th><th scope="col">difference</th><th scope="col">assessment</th></tr></thead><tbody>${rows}</tbody></table></div>
    ${
      others.length === 0
        ? html`<p class="note">No other differences between the two runs are known.</p>`
        : html`<details><summary>Other differences between the two runs (${others.length})</summary><div class="wide" tabindex="0" role="region" aria-label="Other differences"><table class="grid others"><thead><tr><th scope="col">what</th><th scope="col">baseline</th><th scope="col">this run</th></tr></thead><tbody>${others}</tbody></table></div></details>`
    }
    <p class="note">The baseline’s numbers are in <code>baseline.json</code> next to this file. The SHA-256 of the baseline’s manifest is <code>${baseline.manifestSha256}</code>.</p></section>`;
}

const point = (one: ComparedObjective, { value, bounds }: Point): Html =>
  html`<b>${value === null ? '–' : valueText(one, value)}</b>${bounds === null ? null : html`<span>${boundsText(one, bounds)}</span>`}`;

/** The comparison as lines for a terminal. */
export function comparisonLines(compared: Comparison | null): readonly string[] {
  if (compared === null) return [];
  const pointText = ({ value, bounds }: Point, one: ComparedObjective) =>
    `${value === null ? '–' : valueText(one, value)}${bounds === null ? '' : ` (${boundsText(one, bounds)})`}`;
  const rows = compared.objectives.map((one) => [
    titleAndLimit(one.objective),
    pointText(one.before, one),
    pointText(one.now, one),
    differenceOf(one),
    `${SIGNS[one.change][2]}${whyOf(one) === '' ? '' : `: ${whyOf(one)}`}`,
  ]);
  const all = [['objective', 'baseline', 'this run', 'difference', 'assessment'], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return [
    'Compared with the baseline',
    `  ${sentenceOf(compared)}`,
    ...all.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd()),
    ...compared.circumstances.map(
      ({ what, before, now }) => `  ${what}: ${before} in the baseline, ${now} in this run`,
    ),
  ];
}

// ---------------------------------------------------------------------------------------------- words

function sentenceOf({ baseline, objectives }: Comparison): string {
  const count = (change: Change) => objectives.filter((one) => one.change === change).length;
  const parts = (['worse', 'better', 'within-noise', 'same', 'unknown'] as const)
    .map((change) => [count(change), SIGNS[change][2]] as const)
    .filter(([many]) => many > 0)
    .map(([many, words]) => `${many} ${words}`);
  const { run, window } = baseline.verdict;
  const when = `${window.from.slice(0, 19).replace('T', ' ')} UTC`;
  return `The baseline is ${run} (${when}), the newest earlier run of the same plan that passed. ${countOf(objectives.length, 'objective')}: ${parts.join(', ')}.`;
}

function whyOf({ change, isPercentile, unknownBecause, objective }: ComparedObjective): string {
  switch (change) {
    case 'better':
    case 'worse':
      return objective.interval === null && !isPercentile
        ? 'all scrapes were counted, so chance plays no part'
        : 'the intervals do not overlap';
    case 'within-noise':
      return 'the intervals overlap';
    case 'same':
      return '';
    case 'unknown':
      return unknownBecause ?? '';
    default:
      return change satisfies never;
  }
}

// ---------------------------------------------------------------------------------------------- numbers

const isPlain = ({ objective: { unit, target } }: ComparedObjective) =>
  unit === 'ratio' && !target.includes('%');

function valueText(one: ComparedObjective, value: number): string {
  const text = isPlain(one) ? formatValue(value, 'number') : formatValue(value, one.objective.unit);
  return one.isPercentile ? `≈ ${text}` : text;
}

function boundsText(one: ComparedObjective, { low, high }: NonNullable<Point['bounds']>): string {
  const { interval, unit, target } = one.objective;
  if (one.isPercentile || high === null) return formatBucket([low, high], unit);
  return formatInterval({ low, high, confidence: interval?.confidence ?? 0 }, unit, target);
}

/** The difference of two shares is given in percentage points: "1% is twice as much as 0.5%" would not help. */
function differenceOf(one: ComparedObjective): string {
  const { difference, objective } = one;
  if (difference === null) return '–';
  const size = Math.abs(difference);
  if (size < 1e-9) return '±0';
  const sign = difference < 0 ? '−' : '+';
  const figures = (value: number) => Number(value.toPrecision(3));
  if (objective.unit === 'ratio' && !isPlain(one)) return `${sign}${figures(100 * size)} points`;
  return `${sign}${isPlain(one) ? figures(size) : formatValue(figures(size), objective.unit)}`;
}
