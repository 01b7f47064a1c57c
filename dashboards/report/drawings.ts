import type { Panel } from '../panel.ts';
import type { Line } from './course.ts';
import { formatNumber } from './format.ts';
import { type Html, html, raw } from './html.ts';

/** Static drawings of one value per series, with the numbers as text next to them. */

export interface Value {
  readonly label: string;
  readonly value: number;
}

export const valuesOf = (lines: readonly Line[]): readonly Value[] =>
  lines.flatMap(({ label, values }) => {
    const value = values.at(-1);
    return value == null ? [] : [{ label, value }];
  });

const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

const key = (index: number) => raw(`<i class="key" style="background:var(--c${(index % 6) + 1})"></i>`);

// ---------------------------------------------------------------------------------------------- pie

export function pie(values: readonly Value[], { unit }: Panel): Html {
  const whole = values.reduce((sum, { value }) => sum + value, 0);
  let turned = 0;
  const slices = values.map(({ value }, index) => {
    const from = turned;
    turned += share(value, whole);
    return raw(ring(from, turned, index));
  });
  const rows = values.map(
    ({ label, value }, index) =>
      html`<tr><th scope="row">${key(index)}${label}</th><td>${formatNumber(value, unit)}</td><td>${(100 * share(value, whole)).toFixed(1)}%</td></tr>`,
  );
  return html`<div class="pie"><svg viewBox="-50 -50 100 100" aria-hidden="true" class="marks">${slices}</svg>
    <table class="tiny"><tbody>${rows}</tbody></table></div>`;
}

/** A section of a ring. Its angle stays just below 360°, because a single arc cannot draw a whole ring. */
function ring(from: number, to: number, index: number): string {
  const end = Math.min(to, from + 0.9999);
  const point = (turn: number, radius: number) =>
    `${(radius * Math.sin(2 * Math.PI * turn)).toFixed(2)} ${(-radius * Math.cos(2 * Math.PI * turn)).toFixed(2)}`;
  const isLarge = end - from > 0.5 ? 1 : 0;
  const path = `M${point(from, 46)}A46 46 0 ${isLarge} 1 ${point(end, 46)}L${point(end, 29)}A29 29 0 ${isLarge} 0 ${point(from, 29)}Z`;
  return `<path d="${path}" fill="var(--c${(index % 6) + 1})"/>`;
}

// ---------------------------------------------------------------------------------------------- bars

/** Horizontal bars; a bar of 0 is still visible. */
export function bars(values: readonly Value[], { unit }: Panel, named: (label: string) => string): Html {
  const max = Math.max(...values.map(({ value }) => value), 0);
  const rows = values.map(
    ({ label, value }) => html`<tr><th scope="row">${named(label)}</th>
      <td class="bar"><i class="marks" style="width:${(100 * share(value, max)).toFixed(1)}%"></i></td>
      <td>${formatNumber(Math.round(value), unit)}</td></tr>`,
  );
  return html`<table class="bars"><tbody>${rows}</tbody></table>`;
}

// ---------------------------------------------------------------------------------------------- gauges

const GAUGE = { low: 0.5, high: 1 };

export function gauges(values: readonly Value[], { limits, unit }: Panel): Html {
  const target = limits.find(({ level }) => level === 'target')?.limit.value ?? GAUGE.low;
  const alert = limits.find(({ level }) => level === 'alert')?.limit.value ?? GAUGE.low;
  const one = ({ label, value }: Value) => {
    const level = value > target ? 'good' : value < alert ? 'bad' : 'warn';
    return html`<div class="gauge">
      <svg viewBox="-54 -54 108 62" aria-hidden="true" class="marks">
        ${raw(arc(GAUGE.low, GAUGE.high, 44, 'var(--line)', 10))}
        ${raw(arc(GAUGE.low, Math.max(GAUGE.low, Math.min(GAUGE.high, value)), 44, `var(--${level})`, 10))}
        ${raw(arc(GAUGE.low, alert, 52, 'var(--bad)', 2))}${raw(arc(alert, target, 52, 'var(--warn)', 2))}${raw(arc(target, GAUGE.high, 52, 'var(--good)', 2))}
      </svg>
      <b>${formatNumber(value, unit)}</b><span>${label}</span></div>`;
  };
  return html`<div class="gauges">${values.map(one)}</div>`;
}

function arc(from: number, to: number, radius: number, colour: string, width: number): string {
  if (to <= from) return '';
  const angle = (value: number) => Math.PI * (1 - (value - GAUGE.low) / (GAUGE.high - GAUGE.low));
  const point = (value: number) =>
    `${(radius * Math.cos(angle(value))).toFixed(2)} ${(-radius * Math.sin(angle(value))).toFixed(2)}`;
  return `<path d="M${point(from)}A${radius} ${radius} 0 0 1 ${point(to)}" fill="none" stroke="${colour}" stroke-width="${width}"/>`;
}

// ---------------------------------------------------------------------------------------------- state

/** A strip over time, with one box for each period of the same state. */
export function strip(line: Line): Html {
  const steps = line.values.length;
  const boxes: string[] = [];
  for (let from = 0; from < steps; ) {
    const state = line.values[from] ?? null;
    let to = from + 1;
    while (to < steps && (line.values[to] ?? null) === state) to++;
    const colour = state === null ? 'var(--line)' : state === 1 ? 'var(--good)' : 'var(--bad)';
    boxes.push(`<rect x="${from}" y="0" width="${to - from}" height="1" fill="${colour}"/>`);
    from = to;
  }
  return raw(
    `<svg class="strip marks" viewBox="0 0 ${steps} 1" preserveAspectRatio="none" aria-hidden="true">${boxes.join('')}</svg>`,
  );
}
