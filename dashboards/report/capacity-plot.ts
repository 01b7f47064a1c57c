import { type Html, html, raw } from './html.ts';

/** Plots of a capacity report. They are static, because their x axis is not time. */

export interface Mark {
  readonly x: number;
  readonly y: number;
  readonly level: 'good' | 'bad' | 'warn' | 'muted';
  /** A hold is drawn larger. */
  readonly isHold: boolean;
  readonly title: string;
}

export interface Scatter {
  readonly id: string;
  readonly title: string;
  readonly xTitle: string;
  readonly marks: readonly Mark[];
  /** Horizontal limits and vertical rates. */
  readonly across: readonly { readonly at: number; readonly label: string }[];
  readonly upright: readonly {
    readonly at: number;
    readonly label: string;
    readonly level: 'good' | 'bad';
  }[];
  readonly curve: readonly {
    readonly x: number;
    readonly y: number;
    readonly low: number;
    readonly high: number;
    readonly isBeyond: boolean;
  }[];
  readonly isLogarithmic: boolean;
  readonly formatX: (value: number) => string;
  readonly formatY: (value: number) => string;
  readonly note: string;
}

const SIZE = { width: 560, height: 320, left: 64, right: 18, top: 22, bottom: 44 };

export function scatter(plot: Scatter): Html {
  const { id, title, marks, note } = plot;
  const described = marks.map((mark) => mark.title).join('; ');
  return html`<figure class="of-scatter" id="${id}"><figcaption><h3>${title}</h3></figcaption>
    <div role="img" aria-label="${title}: ${described}">${marks.length === 0 ? html`<p class="note">Nothing was measured.</p>` : drawn(plot)}</div>
    <p class="note">${note}</p></figure>`;
}

interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

function drawn(plot: Scatter): Html {
  const { marks, across, upright, curve, isLogarithmic, formatX, formatY, xTitle } = plot;
  const { width, height, left, right, top, bottom } = SIZE;
  const xs = [...marks.map(({ x }) => x), ...upright.map(({ at }) => at), ...curve.map(({ x }) => x)];
  const ys = [...marks.map(({ y }) => y), ...across.map(({ at }) => at), ...curve.map(({ y }) => y)];
  const x = linear(0, 1.05 * Math.max(...xs), left, width - right);
  const y = isLogarithmic
    ? logarithmic(Math.min(...ys), Math.max(...ys), height - bottom, top)
    : linear(0, 1.1 * Math.max(...ys), height - bottom, top);
  const clamp = (value: number) => Math.min(height - bottom, Math.max(top, y.at(value)));
  const fixed = (value: number) => value.toFixed(1);
  const gridX = x.ticks.map(
    (tick) =>
      html`<text x="${fixed(x.at(tick))}" y="${height - bottom + 16}" text-anchor="middle" class="far">${formatX(tick)}</text>`,
  );
  const gridY = y.ticks.map(
    (tick) =>
      html`<line x1="${left}" x2="${width - right}" y1="${fixed(y.at(tick))}" y2="${fixed(y.at(tick))}" class="grid-line"/><text x="${left - 7}" y="${fixed(y.at(tick) + 4)}" text-anchor="end" class="far">${formatY(tick)}</text>`,
  );
  const lines = across.map(
    ({ at, label }) =>
      html`<line x1="${left}" x2="${width - right}" y1="${fixed(y.at(at))}" y2="${fixed(y.at(at))}" class="limit"/><text x="${left + 6}" y="${fixed(y.at(at) - 5)}">${label}</text>`,
  );
  const uprights = labelled(upright.map((one) => ({ ...one, x: x.at(one.at) }))).map(
    ({ x: at, y: labelY, side, label, level }) =>
      html`<line x1="${fixed(at)}" x2="${fixed(at)}" y1="${top}" y2="${height - bottom}" class="upright ${level}"/><text x="${fixed(at + (side === 'start' ? 5 : -5))}" y="${labelY}" text-anchor="${side}" class="${level}">${label}</text>`,
  );
  const path = (values: readonly { readonly x: number; readonly y: number }[]) =>
    values
      .map((one, index) => `${index === 0 ? 'M' : 'L'}${fixed(x.at(one.x))} ${fixed(clamp(one.y))}`)
      .join('');
  const band =
    curve.length === 0
      ? ''
      : `${path(curve.map((one) => ({ x: one.x, y: one.high })))}${path(
          curve.map((one) => ({ x: one.x, y: one.low })).toReversed(),
        ).replace('M', 'L')}Z`;
  const inside = curve.filter(({ isBeyond }) => !isBeyond);
  const beyond = curve.slice(Math.max(0, inside.length - 1));
  const fitted = raw(
    curve.length === 0
      ? ''
      : `<path d="${band}" class="band"/><path d="${path(inside)}" class="curve"/><path d="${path(beyond)}" class="curve beyond-data"/>`,
  );
  const dots = marks.map(
    (mark) =>
      html`<circle cx="${fixed(x.at(mark.x))}" cy="${fixed(clamp(mark.y))}" r="${mark.isHold ? 6.5 : 4.5}" class="${mark.level}${mark.isHold ? ' hold' : ''}"><title>${mark.title}</title></circle>`,
  );
  return html`<svg class="scatter" viewBox="0 0 ${width} ${height}">${gridY}${gridX}${lines}${uprights}${fitted}${dots}<text x="${(left + width - right) / 2}" y="${height - 8}" text-anchor="middle" class="far">${xTitle}</text></svg>`;
}

/** The longest label of a rate. */
const LABEL_WIDTH = 140;

/**
 * Places the labels of vertical lines. The first goes to the left of its line and the others to the right, if there is room. A label that
 * would overlap an earlier one moves to a second row.
 */
function labelled<T extends { readonly x: number }>(lines: readonly T[]) {
  const { width, left, right, top } = SIZE;
  const sides = lines.map(({ x }, index) => {
    const isRoomLeft = x - left > LABEL_WIDTH - left;
    const isRoomRight = width - right - x > LABEL_WIDTH;
    return (index === 0 ? isRoomLeft : !isRoomRight) ? ('end' as const) : ('start' as const);
  });
  return lines.map((line, index) => ({
    ...line,
    side: sides[index]!,
    y: top - 7 + (sides.indexOf(sides[index]!) < index ? 16 : 0),
  }));
}

function linear(from: number, to: number, start: number, end: number): Scale {
  const step = niceStep((to - from) / 5);
  const count = Math.floor((to - from) / step + 1e-9) + 1;
  return {
    at: (value) => start + ((value - from) / (to - from)) * (end - start),
    ticks: Array.from({ length: count }, (_, index) => from + index * step),
  };
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10);
}

/** A logarithmic scale, because latencies under overload are many times the limit. */
function logarithmic(least: number, most: number, start: number, end: number): Scale {
  const from = Math.log10(least) - 0.1;
  const to = Math.log10(most) + 0.15;
  const powers = Array.from(
    { length: Math.ceil(to) - Math.floor(from) + 1 },
    (_, index) => Math.floor(from) + index,
  );
  const all = powers.flatMap((power) => [1, 2, 5].map((one) => one * 10 ** power));
  return {
    at: (value) => start + ((Math.log10(value) - from) / (to - from)) * (end - start),
    ticks: all.filter((tick) => Math.log10(tick) >= from && Math.log10(tick) <= to),
  };
}

export const SCATTER_STYLE = `
svg.scatter { width: 100%; display: block; } svg.scatter text { font-size: 12px; fill: var(--ink); } svg.scatter text.far { fill: var(--muted); }
svg.scatter text.good { fill: var(--good); } svg.scatter text.bad { fill: var(--bad); }
svg.scatter .grid-line { stroke: var(--line); stroke-width: 1; } svg.scatter .limit { stroke: var(--ink); stroke-width: 1.3; stroke-dasharray: 6 4; }
svg.scatter .upright { stroke-width: 1.6; } svg.scatter .upright.good { stroke: var(--good); } svg.scatter .upright.bad { stroke: var(--bad); }
svg.scatter .band { fill: var(--c1); opacity: .16; } svg.scatter .curve { fill: none; stroke: var(--c1); stroke-width: 2; } svg.scatter .curve.beyond-data { stroke-dasharray: 4 4; }
svg.scatter circle { stroke: var(--surface); stroke-width: 1.2; } svg.scatter circle.good { fill: var(--good); } svg.scatter circle.bad { fill: var(--bad); } svg.scatter circle.warn { fill: var(--warn); } svg.scatter circle.muted { fill: none; stroke: var(--muted); }
svg.scatter circle.hold { stroke: var(--ink); stroke-width: 2; }
dl.words { display: grid; gap: 6px; margin: 0; } dl.words div { display: grid; grid-template-columns: 11em 1fr; gap: 12px; } dl.words dt { font-weight: 600; } dl.words dd { margin: 0; color: var(--muted); }
.second { margin: 10px 0 0 23px; max-width: 96ch; font-size: 16px; } .steps-table td:nth-child(3) { text-align: left; }
`;
