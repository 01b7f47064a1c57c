import { isShareOfEvents } from '../../slas/model/kinds.ts';
import type {
  Interval,
  LookVerdict,
  LookVerdicts,
  ObjectiveOutcome,
  Plan,
  PlannedObjective,
  Verdict,
} from '../../slas/model/model.ts';
import { flipsInWords } from '../../slas/render/flips.ts';
import { decidedInWords } from '../../slas/render/looks.ts';
import { formatConfidence, formatInterval, formatValue } from '../../slas/render/numbers.ts';
import { unbroken, withoutComparison } from './format.ts';
import { type Html, html, raw } from './html.ts';

/** For a run that lasted until it was decided: how the bounds of each objective narrowed towards its limit, look by look. */
export function looks(verdict: Verdict, plan: Plan): Html {
  const { sequential, objectives } = verdict;
  if (sequential === undefined) return html``;
  const figures = objectives.flatMap(({ id, title }) => {
    const planned = plan.objectives.find((one) => one.id === id);
    const seen = planned === undefined ? [] : seenOf(planned, sequential);
    return seen.length === 0 ? [] : [figure(title, planned!, seen, sequential)];
  });
  return html`<section aria-labelledby="looks"><h2 id="looks">Interim looks</h2>
    <p>${unbroken(upperFirst(decidedInWords(sequential, plan)))}. Each bar shows the bounds at one interim look; once the objective is decided, the dot shows the measured value. An objective is decided once its bounds are on one side of the limit.</p>
    ${figures.length === 0 ? html`<p class="note">No look could compute bounds.</p>` : html`<div class="panels">${figures}</div>`}
    ${flips(verdict)}</section>`;
}

/** What would have to differ for the verdict to change. */
function flips(verdict: Verdict): Html {
  const lines = flipsInWords(verdict);
  if (lines.length === 0) return html``;
  return html`<h3>What would change the verdict</h3><p>The same run, judged again with all latencies in the client record multiplied by a factor, or with more or fewer failed requests.</p><ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
}

const upperFirst = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

interface Seen {
  readonly atSeconds: number;
  readonly confidence: number;
  readonly verdict: ObjectiveOutcome;
  readonly at: number | null;
  readonly interval: Interval;
  readonly isDecisive: boolean;
}

/** The looks at which the objective had bounds. */
const seenOf = ({ id, measure }: PlannedObjective, { looks: all, decidedAtSeconds }: LookVerdicts) =>
  all.flatMap(({ atSeconds, confidence, objectives }: LookVerdict): Seen[] => {
    const own = objectives.find((one) => one.id === id);
    if (own === undefined || own.interval === null) return [];
    const isShare = isShareOfEvents(measure);
    const isDecisive = atSeconds === decidedAtSeconds;
    const at = isShare ? own.share : own.value;
    return [{ atSeconds, confidence, verdict: own.verdict, at, interval: own.interval, isDecisive }];
  });

interface Limit {
  readonly value: number;
  readonly label: string;
}

/** A latency is judged by the share of responses within its limit, so its percentile is the limit of that share. */
const limitOf = ({ measure, target }: PlannedObjective): Limit =>
  measure.kind === 'latency'
    ? { value: measure.percentile / 100, label: `${measure.percentile}% needed` }
    : { value: target.value, label: limitInWords(withoutComparison(target.text)) };

/** The number of characters that fit next to the plot. */
const LABEL_LENGTH = 14;
const limitInWords = (limit: string) => (`limit ${limit}`.length > LABEL_LENGTH ? limit : `limit ${limit}`);

/** A bound of the judged quantity, in the same notation as its limit. */
function endInWords(value: number, { measure, unit, target }: PlannedObjective): string {
  const isShare = measure.kind === 'latency' || (unit === 'ratio' && target.text.includes('%'));
  if (isShare) return `${figuresOf(100 * value)}%`;
  return unit === 'ratio' ? figuresOf(value) : formatValue(Number(value.toPrecision(3)), unit);
}

const figuresOf = (value: number) => String(Number(value.toPrecision(3)));

function figure(
  title: string,
  planned: PlannedObjective,
  seen: readonly Seen[],
  { decidedAtSeconds }: LookVerdicts,
): Html {
  const limit = limitOf(planned);
  const bounds = ({ interval }: Seen) => formatInterval(interval, planned.unit, planned.target.text);
  const words = seen.map(
    (one) =>
      `after ${one.atSeconds} s ${bounds(one)}, ${one.verdict}${one.isDecisive ? ', decided the run' : ''}`,
  );
  const rows = seen.map(
    (one) =>
      html`<tr><th scope="row">${one.atSeconds} s${one.isDecisive ? ' (decided)' : ''}</th><td>${formatConfidence(one.confidence)}</td><td>${bounds(one)}</td><td>${one.verdict}</td></tr>`,
  );
  return html`<figure class="of-looks"><figcaption><h3>${title} <code>${planned.id}</code></h3></figcaption>
    <div role="img" aria-label="${`${planned.id}: ${limit.label}; ${words.join('; ')}`}">${drawing(seen, limit, decidedAtSeconds, (value) => endInWords(value, planned))}</div>
    <details><summary>Bounds at each look</summary><div class="wide" tabindex="0" role="region" aria-label="${`Bounds of ${planned.id} at each look`}"><table class="grid"><thead><tr><th scope="col">after</th><th scope="col">confidence</th><th scope="col">bounds</th><th scope="col">outcome</th></tr></thead><tbody>${rows}</tbody></table></div></details></figure>`;
}

// ---------------------------------------------------------------------------------------------- drawing

const WIDTH = 520;
const HEIGHT = 170;
/** The left margin has space for the labels of the limit and of the outermost bounds. */
const PLOT = { left: 92, right: 510, top: 20, bottom: 145 };
const COLOURS = { met: 'var(--good)', missed: 'var(--bad)', undecided: 'var(--c1)' } as const;

function drawing(
  seen: readonly Seen[],
  limit: Limit,
  decidedAtSeconds: number | null,
  inWords: (value: number) => string,
): Html {
  const values = [limit.value, ...seen.flatMap(({ interval }) => [interval.low, interval.high])];
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const room = 0.12 * (max - min || Math.abs(max) || 1);
  const y = (value: number) =>
    PLOT.bottom - ((value - min + room) / (max - min + 2 * room)) * (PLOT.bottom - PLOT.top);
  const last = seen.at(-1)!.atSeconds;
  const x = (seconds: number) => PLOT.left + (seconds / (1.06 * last)) * (PLOT.right - PLOT.left);
  const decided = decidedAtSeconds === null || decidedAtSeconds > last ? null : x(decidedAtSeconds);
  return raw(
    `<svg class="looks marks" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true">${[
      line(PLOT.left, PLOT.bottom, PLOT.right, PLOT.bottom, 'var(--line)', 1),
      band(seen, x, y),
      decided === null
        ? ''
        : `${line(decided, PLOT.top - 6, decided, PLOT.bottom, 'var(--ink)', 1.5, '2 3')}${label(decided, 10, 'end', 'decided')}`,
      line(PLOT.left, y(limit.value), PLOT.right, y(limit.value), 'var(--ink)', 1.5, '6 4'),
      ...scaleOf(limit, [min, max], y, inWords),
      ...seen.map((one) => bar(one, x(one.atSeconds), y)),
      ...spaced(seen, x).map(({ atSeconds }) => label(x(atSeconds), HEIGHT - 8, 'middle', `${atSeconds} s`)),
    ].join('')}</svg>`,
  );
}

/** Labels closer than this would overlap. */
const LINE_HEIGHT = 14;

/** The limit in words, and the outermost bounds if there is space for them. */
function scaleOf(
  limit: Limit,
  ends: readonly number[],
  y: (value: number) => number,
  inWords: (value: number) => string,
): readonly string[] {
  const at = (value: number) => y(value) + 4;
  const free = ends.filter((value) => Math.abs(y(value) - y(limit.value)) >= LINE_HEIGHT);
  return [
    label(PLOT.left, at(limit.value), 'end', limit.label),
    ...free.map((value) => label(PLOT.left, at(value), 'end', inWords(value), 'far')),
  ];
}

const fixed = (value: number) => value.toFixed(1);

const line = (
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  colour: string,
  width: number,
  dashes?: string,
) =>
  `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}" stroke="${colour}" stroke-width="${width}"${dashes === undefined ? '' : ` stroke-dasharray="${dashes}"`}/>`;

/** Labels consist of our own words, numbers, and limits from the document. */
const label = (x: number, y: number, anchor: 'middle' | 'end', text: string, kind = 'near') =>
  html`<text class="${kind}" x="${fixed(anchor === 'end' ? x - 6 : x)}" y="${fixed(y)}" text-anchor="${anchor}">${text}</text>`
    .markup;

function band(seen: readonly Seen[], x: (seconds: number) => number, y: (value: number) => number): string {
  const point = (atSeconds: number, value: number) => `${fixed(x(atSeconds))},${fixed(y(value))}`;
  const over = seen.map(({ atSeconds, interval }) => point(atSeconds, interval.high));
  const under = seen.map(({ atSeconds, interval }) => point(atSeconds, interval.low)).reverse();
  return `<polygon points="${[...over, ...under].join(' ')}" fill="var(--c1)" fill-opacity="0.12"/>`;
}

function bar({ verdict, interval, at }: Seen, x: number, y: (value: number) => number): string {
  const [low, high, colour] = [y(interval.low), y(interval.high), COLOURS[verdict]];
  const dot = at === null ? '' : `<circle cx="${fixed(x)}" cy="${fixed(y(at))}" r="3.5" fill="${colour}"/>`;
  const cap = (end: number) => line(x - 4, end, x + 4, end, colour, 2);
  return `<g class="look ${verdict}">${line(x, low, x, high, colour, 2)}${cap(low)}${cap(high)}${dot}</g>`;
}

const LABEL_WIDTH = 40;

/** The looks whose labels do not overlap, chosen from the last look backwards. */
function spaced(seen: readonly Seen[], x: (seconds: number) => number): readonly Seen[] {
  const labelled: Seen[] = [];
  let before = Number.POSITIVE_INFINITY;
  for (const one of seen.toReversed()) {
    if (before - x(one.atSeconds) < LABEL_WIDTH) continue;
    labelled.push(one);
    before = x(one.atSeconds);
  }
  return labelled;
}
