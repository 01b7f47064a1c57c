import type { CapacityRecord } from '../../slas/capacity/record.ts';
import type { CapacityResult } from '../../slas/capacity/result.ts';
import { changeInWords, dayOf, trafficDetails } from '../../slas/render/traffic.ts';
import { listed } from './capacity-lists.ts';
import { scatter } from './capacity-plot.ts';
import { formatNumber } from './format.ts';
import { type Html, html } from './html.ts';

/** The sections of a capacity report about the past: traffic and earlier searches. */

export function traffic({ settings }: CapacityRecord, result: CapacityResult): Html | null {
  if (result.traffic === null) return null;
  return html`<section aria-labelledby="growth"><h2 id="growth">Growth of the traffic</h2><div class="panels">${weeklyPeaks(result.traffic)}</div>${listed(trafficDetails(result, settings.confidence))}</section>`;
}

export function earlierSearches({ earlier }: CapacityResult): Html | null {
  if (earlier.length === 0) return null;
  const heads = ['search', 'commit', 'proven', 'missed', 'now'];
  return html`<section aria-labelledby="earlier"><h2 id="earlier">Earlier searches</h2><div class="wide"><table class="grid"><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>
  ${earlier.map(
    (one) =>
      html`<tr><th scope="row">${one.id}</th><td>${one.commit?.slice(0, 9) ?? '–'}</td><td>${formatNumber(one.provenPerSecond, 'per_second')}</td><td>${one.refutedPerSecond === null ? '–' : formatNumber(one.refutedPerSecond, 'per_second')}</td><td>${changeInWords(one)}</td></tr>`,
  )}</tbody></table></div></section>`;
}

/** Weeks on the x axis, the newest at 0. */
function weeklyPeaks({ outlook, limitPerSecond }: NonNullable<CapacityResult['traffic']>): Html | null {
  const { weeks } = outlook;
  const newest = weeks.at(-1);
  if (newest === undefined) return null;
  return scatter({
    id: 'weekly-peaks',
    title: 'The peak of each week',
    xTitle: `week, the last of which begins on ${dayOf(newest.fromSeconds)}`,
    marks: weeks.map(({ fromSeconds, peakPerSecond, burst, isWhole }, index) => ({
      x: index + 1,
      y: peakPerSecond * (burst ?? 1),
      level: isWhole ? 'good' : 'muted',
      isHold: false,
      title: `week of ${dayOf(fromSeconds)}: ${isWhole ? '' : 'at least '}${formatNumber(peakPerSecond * (burst ?? 1), 'per_second')}`,
    })),
    across: [
      {
        at: limitPerSecond,
        label: `proven, less the headroom: ${formatNumber(limitPerSecond, 'per_second')}`,
      },
    ],
    ...{ upright: [], curve: [], isLogarithmic: false },
    formatX: (value) => formatNumber(value, 'count'),
    formatY: (value) => formatNumber(value, 'per_second'),
    note: 'Hollow: the peak may have been higher, because busy hours have no data.',
  });
}
