import { HOUR_SECONDS, type Hour, type Traffic, WEEK_HOURS, type Week } from './model.ts';

/** An hour of the week is busy if it ever had this share of the week's peak. */
const BUSY = 0.8;
/** The share of the busy hours that may be unknown: with few busy hours, the peak may have been in any of them. */
const MAX_UNKNOWN = 0.1;

export interface Weeks {
  readonly days: number;
  /** null if no hour is known. */
  readonly endSeconds: number | null;
  readonly weeks: readonly Week[];
}

/** Whole weeks, the newest of which ends with the last known hour. */
export function weeksOf({ fromSeconds, hours }: Traffic): Weeks {
  const isSeen = (hour: Hour) => hour.perSecond !== null || hour.atLeastPerSecond > 0;
  const first = hours.findIndex(isSeen);
  const end = hours.findLastIndex(({ perSecond }) => perSecond !== null) + 1;
  if (first === -1 || end === 0) return { days: 0, endSeconds: null, weeks: [] };
  const starts = Array.from(
    { length: Math.floor((end - first) / WEEK_HOURS) },
    (_, index, count = Math.floor((end - first) / WEEK_HOURS)) => end - (count - index) * WEEK_HOURS,
  );
  const raw = starts.map((start) => hours.slice(start, start + WEEK_HOURS));
  const busy = busyHours(raw);
  const weeks = raw.map((own, index) => weekOf(own, fromSeconds + starts[index]! * HOUR_SECONDS, busy));
  return { days: Math.floor((end - first) / 24), endSeconds: fromSeconds + end * HOUR_SECONDS, weeks };
}

const seenIn = ({ perSecond, atLeastPerSecond }: Hour) => perSecond ?? atLeastPerSecond;
const peakOf = (hours: readonly Hour[]) => Math.max(...hours.map(seenIn));

function busyHours(weeks: readonly (readonly Hour[])[]): readonly number[] {
  const peaks = weeks.map(peakOf);
  return Array.from({ length: WEEK_HOURS }, (_, hour) => hour).filter((hour) =>
    weeks.some((own, index) => peaks[index]! > 0 && seenIn(own[hour]!) >= BUSY * peaks[index]!),
  );
}

function weekOf(hours: readonly Hour[], fromSeconds: number, busy: readonly number[]): Week {
  const peakPerSecond = peakOf(hours);
  const at = hours.findIndex((hour) => seenIn(hour) === peakPerSecond);
  const bursts = hours.flatMap(({ busiestPerSecond }) => busiestPerSecond ?? []);
  const unknown = busy.filter((hour) => hours[hour]!.perSecond === null).length;
  const isWhole = peakPerSecond > 0 && hours[at]!.perSecond !== null && unknown <= MAX_UNKNOWN * busy.length;
  const isFine = hours[at]!.busiestPerSecond !== null;
  return {
    fromSeconds,
    peakPerSecond,
    peakAtSeconds: fromSeconds + (at + 0.5) * HOUR_SECONDS,
    burst: isFine && peakPerSecond > 0 ? Math.max(...bursts) / peakPerSecond : null,
    isWhole,
    unknownHours: hours.filter(({ perSecond }) => perSecond === null).length,
  };
}
