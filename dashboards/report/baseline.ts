import type { Change, ComparedObjective, Comparison, Point } from '../../slas/compare/compare.ts';
import { countOf, formatBucket, formatInterval, formatValue } from '../../slas/render/numbers.ts';
import { type Html, html } from './html.ts';
import { spoken } from './sections.ts';

/** A run beside an earlier one that passed, in words and numbers: the page has a table of it, the terminal a list. */

const SIGNS: Readonly<Record<Change, readonly [mark: string, colour: string, told: string]>> = {
  better: ['↗', 'good', 'better'],
  worse: ['↘', 'bad', 'worse'],
  same: ['=', 'muted', 'the same'],
  'within-noise': ['≈', 'muted', 'within noise'],
  unknown: ['?', 'muted', 'not told'],
};

export function comparison(compared: Comparison | null): Html {
  if (compared === null) return html``;
  const { baseline, objectives, circumstances } = compared;
  const rows = objectives.map((one) => {
    const [mark, colour, told] = SIGNS[one.change];
    return html`<tr><th scope="row">${spoken(one.objective)}<code>${one.objective.id}</code></th><td>${point(one, one.before)}</td><td>${point(one, one.now)}</td><td>${differenceOf(one)}</td><td><b class="${colour}"><span aria-hidden="true">${mark}</span> ${told}</b><span class="why">${whyOf(one)}</span></td></tr>`;
  });
  const others = circumstances.map(
    ({ what, before, now }) => html`<tr><th scope="row">${what}</th><td>${before}</td><td>${now}</td></tr>`,
  );
  return html`<section aria-labelledby="baseline"><h2 id="baseline">Beside the baseline</h2>
    <p>${sentenceOf(compared)} It decided nothing: the verdict is about the limits alone.</p>
    <p class="note">Where intervals overlap these two runs cannot tell the difference from chance; where they lie apart it is more than chance within the two. Another hour may differ as much.</p>
    <div class="wide" tabindex="0" role="region" aria-label="Objectives beside the baseline"><table class="grid compared"><thead><tr><th scope="col">objective</th><th scope="col">baseline</th><th scope="col">this run</th><th scope="col">difference</th><th scope="col">which is</th></tr></thead><tbody>${rows}</tbody></table></div>
    ${
      others.length === 0
        ? html`<p class="note">Nothing else is known to have been different.</p>`
        : html`<details><summary>What else was not as it was then (${others.length})</summary><div class="wide" tabindex="0" role="region" aria-label="Circumstances"><table class="grid others"><thead><tr><th scope="col">what</th><th scope="col">baseline</th><th scope="col">this run</th></tr></thead><tbody>${others}</tbody></table></div></details>`
    }
    <p class="note">The baseline’s numbers are in <code>baseline.json</code> beside this file; the manifest of its folder has the sha256 <code>${baseline.manifestSha256}</code>.</p></section>`;
}

const point = (one: ComparedObjective, { value, bounds }: Point): Html =>
  html`<b>${value === null ? '–' : valueTold(one, value)}</b>${bounds === null ? null : html`<span>${boundsTold(one, bounds)}</span>`}`;

/** The comparison for a terminal. */
export function comparisonLines(compared: Comparison | null): readonly string[] {
  if (compared === null) return [];
  const told = ({ value, bounds }: Point, one: ComparedObjective) =>
    `${value === null ? '–' : valueTold(one, value)}${bounds === null ? '' : ` (${boundsTold(one, bounds)})`}`;
  const rows = compared.objectives.map((one) => [
    spoken(one.objective),
    told(one.before, one),
    told(one.now, one),
    differenceOf(one),
    `${SIGNS[one.change][2]}${whyOf(one) === '' ? '' : `: ${whyOf(one)}`}`,
  ]);
  const all = [['objective', 'baseline', 'this run', 'difference', 'which is'], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return [
    'Beside the baseline',
    `  ${sentenceOf(compared)}`,
    ...all.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd()),
    ...compared.circumstances.map(({ what, before, now }) => `  ${what}: ${before} then, ${now} now`),
  ];
}

// ---------------------------------------------------------------------------------------------- words

function sentenceOf({ baseline, objectives }: Comparison): string {
  const count = (change: Change) => objectives.filter((one) => one.change === change).length;
  const parts = (['worse', 'better', 'within-noise', 'same', 'unknown'] as const)
    .map((change) => [count(change), SIGNS[change][2]] as const)
    .filter(([many]) => many > 0)
    .map(([many, told]) => `${many} ${told}`);
  const { run, window } = baseline.verdict;
  const when = `${window.from.slice(0, 19).replace('T', ' ')} UTC`;
  return `The newest earlier run of the same plan that passed is ${run}, of ${when}. Of ${countOf(objectives.length, 'objective')}: ${parts.join(', ')}.`;
}

function whyOf({ change, isPercentile, unknownBecause, objective }: ComparedObjective): string {
  switch (change) {
    case 'better':
    case 'worse':
      return objective.interval === null && !isPercentile
        ? 'every scrape counts: there is no chance in it'
        : 'the intervals lie apart';
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

function valueTold(one: ComparedObjective, value: number): string {
  const text = isPlain(one) ? formatValue(value, 'number') : formatValue(value, one.objective.unit);
  return one.isPercentile ? `≈ ${text}` : text;
}

function boundsTold(one: ComparedObjective, { low, high }: NonNullable<Point['bounds']>): string {
  const { interval, unit, target } = one.objective;
  if (one.isPercentile || high === null) return formatBucket([low, high], unit);
  return formatInterval({ low, high, confidence: interval?.confidence ?? 0 }, unit, target);
}

/** Of shares in points: 1% is not twice as much as 0.5% in any way that helps. */
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
