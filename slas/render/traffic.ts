import type { Earlier } from '../capacity/ledger.ts';
import type { CapacityRecord } from '../capacity/record.ts';
import type { CapacityResult } from '../capacity/result.ts';
import type { TrafficAnswer } from '../capacity/traffic/answer.ts';
import { HOUR_SECONDS, type Outlook, type Trend } from '../capacity/traffic/model.ts';
import { are, countOf, formatConfidence, formatValue } from './numbers.ts';

/** The words for past traffic and for its prediction. All times are UTC. */

const rate = (value: number) => formatValue(Number(value.toPrecision(3)), 'per_second');
const share = (value: number) => formatValue(Number(value.toPrecision(2)), 'ratio');

export const dayOf = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
const hourOf = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ');

/** The summary in one sentence; null if no history was read, or if there is no answer. */
export function trafficInWords({ asked }: CapacityRecord, { traffic }: CapacityResult): string | null {
  if (traffic === null) return null;
  const { outlook, limitPerSecond } = traffic;
  const limit = `${rate(limitPerSecond)} (the proven rate with ${formatValue(asked.headroom, 'ratio')} headroom${replicasIn(traffic)})`;
  const since =
    outlook.changedAtSeconds === null
      ? ''
      : ` since the traffic changed in the week of ${dayOf(outlook.changedAtSeconds)}`;
  switch (outlook.kind) {
    case 'not-enough':
      return `Growth: not enough history (${countOf(outlook.days, 'day')}, with ${countOf(outlook.usableWeeks, 'usable whole week')}${since}; at least ${outlook.neededWeeks} are needed).`;
    case 'reached':
      return `The weekly peak is above the limit now: ${rate(outlook.peakPerSecond)} on ${dayOf(outlook.atSeconds)}, and the limit is ${limit}.`;
    case 'jumped':
      return `Growth cannot be predicted: in ${outlook.highWeeks === 1 ? 'one of the last two weeks' : 'the last two weeks'} the peak was up to ${Number(outlook.times.toPrecision(2))} times what the weeks before predict (${rate(outlook.peakPerSecond)}; the limit is ${limit}).`;
    case 'trend':
      return trendInWords(outlook, limit);
    default:
      return outlook satisfies never;
  }
}

const replicasIn = ({ replicas }: TrafficAnswer) =>
  replicas === null ? '' : `, for the ${countOf(replicas, 'replica')} that shared the traffic`;

function trendInWords(trend: Trend, limit: string): string {
  const { perWeek, nowPerSecond, earliestSeconds, latestSeconds, horizonSeconds } = trend;
  const [low, high] = perWeek;
  const changes = `${share(low)} to ${share(high)} a week`;
  const now = `The weekly peak, now about ${rate(nowPerSecond)},`;
  const what =
    low > 0
      ? `${now} grows by ${changes}`
      : `No growth is certain: the weekly peak, now about ${rate(nowPerSecond)}, changes by ${changes}`;
  if (earliestSeconds === null)
    return `${what}; it does not reach ${limit} before ${dayOf(horizonSeconds)}, and nothing is predicted for later.`;
  const until =
    latestSeconds === null
      ? `not before ${dayOf(earliestSeconds)}, and perhaps after ${dayOf(horizonSeconds)} or never`
      : `between ${dayOf(earliestSeconds)} and ${dayOf(latestSeconds)}`;
  return `${what}; it reaches ${limit} ${until}.`;
}

/** The basis of the prediction. */
export function trafficDetails({ traffic }: CapacityResult, confidence: number): readonly string[] {
  if (traffic === null) return [];
  const { outlook, history } = traffic;
  return [
    `history: ${countOf(outlook.days, 'day')} of ${history.requests}, requests counted by differences of its samples`,
    ...patternIn(outlook),
    ...gapsInWords(traffic),
    ...loadTestsInWords(traffic),
    ...(outlook.changedAtSeconds === null
      ? []
      : [
          `the traffic changed abruptly in the week of ${dayOf(outlook.changedAtSeconds)}: only the weeks since then are used`,
        ]),
    ...(outlook.kind === 'trend' ? trendDetails(outlook, confidence) : []),
    ...(history.copiedBy.length === 0
      ? []
      : [
          `the store has several copies of series, which differ in ${history.copiedBy.join(', ')}: each series is counted once`,
        ]),
    ...(traffic.replicas === null
      ? [
          'the series have no label "instance", so it is assumed that as many replicas share the traffic as were measured',
        ]
      : []),
  ];
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** The hour of the week that was the busiest most often. */
function patternIn({ weeks }: Outlook): readonly string[] {
  const names = weeks
    .filter(({ isWhole }) => isWhole)
    .map(({ peakAtSeconds }) => {
      const at = new Date((peakAtSeconds - HOUR_SECONDS / 2) * 1000);
      return `${DAYS[at.getUTCDay()]} ${at.getUTCHours()}:00 to ${at.getUTCHours() + 1}:00`;
    });
  const counts = [...Map.groupBy(names, (name) => name)].map(([name, all]) => ({ name, count: all.length }));
  const most = counts.toSorted((a, b) => b.count - a.count)[0];
  if (most === undefined) return [];
  return [
    `the busiest hour of the week is most often ${most.name} UTC (in ${most.count} of ${countOf(names.length, 'week')})`,
  ];
}

function gapsInWords({ gaps, outlook, history }: TrafficAnswer): readonly string[] {
  const hours = gaps.reduce((sum, gap) => sum + gap.hours, 0);
  const partial = outlook.weeks.filter(({ isWhole }) => !isWhole).length;
  const longest = gaps.toSorted((a, b) => b.hours - a.hours)[0];
  return [
    ...(longest === undefined
      ? []
      : [
          `${countOf(hours, 'hour')} ${hours === 1 ? 'has' : 'have'} no data, the longest gap being ${countOf(longest.hours, 'hour')} from ${hourOf(longest.fromSeconds)}: missing data does not count as low traffic`,
        ]),
    ...(partial === 0
      ? []
      : [
          `in ${countOf(partial, 'week')} the peak may lie in hours without data: such a week counts only if its known peak is above the trend`,
        ]),
    ...(history.doubtfulDays === 0
      ? []
      : [`the store returned only part of the data for ${countOf(history.doubtfulDays, 'day')}`]),
  ];
}

function loadTestsInWords({ history: { loadTests, traffic } }: TrafficAnswer): readonly string[] {
  if (loadTests === undefined) return [];
  const { runs, named } = loadTests;
  const of = [
    ...(runs === 0 ? [] : [`${countOf(runs, 'run')} of this harness`]),
    ...(named === 0 ? [] : [`${countOf(named, 'period')} of --exclude-history`]),
  ];
  const hours = Number((traffic.excludedHours ?? 0).toFixed(1));
  return [
    `load tests do not count as traffic: ${countOf(hours, 'hour')} ${are(hours)} excluded and therefore unknown, because of ${of.join(' and ')}`,
  ];
}

function trendDetails(
  { usedWeeks, lowWeeks, isOfWholeHours, horizonSeconds }: Trend,
  confidence: number,
): readonly string[] {
  return [
    `the trend is a robust line (Theil–Sen) through the peaks of ${countOf(usedWeeks, 'week')}, once for percentage growth and once for linear growth; the dates cover both, at ${formatConfidence(confidence)} confidence`,
    ...(lowWeeks.length === 0
      ? []
      : [
          `not used, because far below the trend (as in holidays): the ${lowWeeks.length === 1 ? 'week' : 'weeks'} of ${lowWeeks.map(dayOf).join(', ')}`,
        ]),
    isOfWholeHours
      ? 'peaks are hourly means, because the store keeps no finer samples: the rate within an hour may be higher'
      : "peaks are the rates of each week's busiest five minutes",
    `nothing is predicted beyond ${dayOf(horizonSeconds)}: the prediction reaches as far ahead as the weeks that are used reach back`,
    'seasons, campaigns and further migrations are not predicted',
  ];
}

// ---------------------------------------------------------------------------------------------- earlier searches

const INCOMPARABLE = {
  document: 'the SLA document was different',
  waivers: 'other objectives counted, because a waiver expired',
  machine: 'the machine or the number of load generators was different',
  replicas: 'the number of replicas was different',
  faults: 'other faults were injected',
} as const;

export const changeInWords = ({ change }: Earlier): string =>
  change === 'lower'
    ? 'the capacity is lower now'
    : change === 'higher'
      ? 'the capacity is higher now'
      : change === 'unclear'
        ? 'no significant difference: the intervals overlap'
        : `not comparable: ${INCOMPARABLE[change]}`;

/** A sentence if capacity is lower than in the newest comparable search; otherwise null. */
export function regressionInWords({ earlier }: CapacityResult): string | null {
  const comparable = earlier.find(({ change }) => ['lower', 'higher', 'unclear'].includes(change));
  if (comparable?.change !== 'lower') return null;
  const { id, provenPerSecond, commit } = comparable;
  return `Capacity has fallen: ${rate(provenPerSecond)} was proven by ${id}${commit === undefined ? '' : ` (commit ${commit.slice(0, 9)})`}.`;
}
