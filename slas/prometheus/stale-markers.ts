import type { Plan, Reading, Sample, Series } from '../model/model.ts';
import { nameless } from './downsampling.ts';

/**
 * Prometheus ends a series that a scrape no longer returned with a stale marker, and never returns that
 * marker in a range. Other servers (VictoriaMetrics) return it as NaN. A marker is not a measurement: it is
 * removed, so that a failed scrape reads the same from every server. Any other NaN stays, and objectives
 * that depend on it are undecided.
 */
export function withoutStaleMarkers(
  plan: Plan,
  readings: ReadonlyMap<string, Reading>,
): ReadonlyMap<string, Reading> {
  const failed = scrapesThat((value) => value === 0, readings.get(plan.up));
  const worked = scrapesThat((value) => value === 1, readings.get(plan.up));
  return new Map(
    [...readings].map(([selector, reading]) => {
      const isMarker = (series: Series) => (at: number) => {
        if (selector === plan.up) return true;
        // A process has a start time while it is scraped, so if the start time is missing, the process may have ended.
        if (selector === plan.processStart) return !worked.some((one) => one.covers(series, at));
        return failed.some((one) => one.covers(series, at));
      };
      return [selector, { ...reading, series: reading.series.flatMap((one) => cleaned(one, isMarker)) }];
    }),
  );
}

/** A scrape's marker has the timestamp of the scrape, in milliseconds. */
const SAME_SECONDS = 0.002;

const isNaNText = (value: string) => /^[+-]?nan$/i.test(value);

interface Scrapes {
  readonly covers: (series: Series, atSeconds: number) => boolean;
}

/** The scrapes for which `up` has a value, by target. */
function scrapesThat(is: (up: number) => boolean, up: Reading | undefined): readonly Scrapes[] {
  return (up?.series ?? []).flatMap(({ labels, samples }) => {
    const times = samples.filter(([, value]) => !isNaNText(value) && is(Number(value))).map(([at]) => at);
    if (times.length === 0) return [];
    const own = JSON.parse(nameless(labels)) as [string, string][];
    const covers: Scrapes['covers'] = (series, atSeconds) =>
      own.every(([label, value]) => series.labels[label] === value) &&
      times.some((at) => Math.abs(at - atSeconds) <= SAME_SECONDS);
    return [{ covers }];
  });
}

/** A series of only markers never existed. */
function cleaned(series: Series, isMarker: (series: Series) => (atSeconds: number) => boolean): Series[] {
  if (!series.samples.some(([, value]) => isNaNText(value))) return [series];
  const isOne = isMarker(series);
  const samples = series.samples.filter(([at, value]: Sample) => !(isNaNText(value) && isOne(at)));
  return samples.length === 0 ? [] : [{ ...series, samples }];
}
