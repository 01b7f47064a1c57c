import { eventsOf, type RunEvent } from './events.ts';
import { clockTime, intoRun } from './format.ts';
import { type Html, html, raw } from './html.ts';
import type { ReportInput } from './input.ts';
import type { LookFirst } from './look-first.ts';

/** The run from its first request to its last response: phases, injected faults, the first moment beyond a limit, alerts, incidents. */
export function timeline(
  { plan, run, environment, verdict }: Pick<ReportInput, 'plan' | 'run' | 'environment' | 'verdict'>,
  look: LookFirst,
): Html {
  const { fromSeconds, toSeconds } = run.window;
  const whole = toSeconds - fromSeconds;
  if (!(whole > 0)) return html``;
  const part = (seconds: number) => Math.min(100, Math.max(0, (100 * (seconds - fromSeconds)) / whole));
  const events = eventsOf(plan, run, environment);
  const boxes = (kind: RunEvent['kind']) =>
    events
      .filter((one) => one.kind === kind)
      .map((one) => box(one, part(one.fromSeconds), part(one.toSeconds)));
  const beyondLimit = look.atSeconds;
  return html`<section aria-labelledby="timeline"><h2 id="timeline">Timeline</h2><div class="timeline">
    ${lane('Phases', boxes('phase'))}
    ${lane('Faults', boxes('faults'))}
    ${beyondLimit === null ? null : lane('Beyond limit', [pin(`${clockTime(beyondLimit)}, ${intoRun(beyondLimit - fromSeconds)}`, part(beyondLimit))])}
    ${alertsOf(verdict).map((own, index) =>
      lane(
        index === 0 ? 'Alerts' : '',
        own.map((one) => box(one, part(one.fromSeconds), part(one.toSeconds))),
      ),
    )}
    ${lane(
      'Incidents',
      events.filter(({ kind }) => kind === 'incident').map(({ label }) => html`<p>${label}</p>`),
    )}
    <div class="lane ends"><b></b><div><span>${clockTime(fromSeconds)} UTC, first request</span><span>last response, ${clockTime(toSeconds)} UTC: <b class="${COLOURS[verdict.verdict]}">${verdict.verdict}</b></span></div></div>
  </div></section>`;
}

/** The periods in which each alert of the document's rules fired. */
const alertsOf = ({ alerts }: ReportInput['verdict']): readonly (readonly Period[])[] =>
  (alerts?.held ?? [])
    .filter(({ firing }) => firing.length > 0)
    .map(({ id, firing }) =>
      firing.map(({ from, to }) => ({
        kind: 'alert',
        fromSeconds: Date.parse(from) / 1000,
        toSeconds: Date.parse(to) / 1000,
        label: id,
        words: 'firing',
      })),
    );

type Period = Omit<RunEvent, 'kind'> & { readonly kind: RunEvent['kind'] | 'alert' };

const COLOURS = { pass: 'good', fail: 'bad', inconclusive: 'warn' } as const;

const lane = (name: string, inside: readonly Html[]): Html | null =>
  inside.length === 0
    ? null
    : html`<div class="lane"><b>${name}</b><div class="track-of-time">${inside}</div></div>`;

const box = ({ kind, label, words }: Period, from: number, to: number): Html =>
  html`<span class="stretch ${kind}" ${place(from, Math.max(0, to - from))} title="${label}, ${words}"><b>${label}</b> ${words}</span>`;

/** Places a label on the side of its line that has more space. */
const pin = (label: string, at: number): Html =>
  html`<span class="pin ${at > 60 ? 'left' : 'right'}" ${place(at, 0)}><em>${label}</em></span>`;

const place = (from: number, width: number): Html =>
  raw(`style="left:${from.toFixed(2)}%${width > 0 ? `;width:${width.toFixed(2)}%` : ''}"`);
