import type { Digest, PlannedMeasure, PlannedObjective, Series } from '../model.ts';
import { countOf, formatCount, were } from '../numbers.ts';
import { belongsTo, parseValue, type TargetWindow } from '../targets.ts';
import { isRead, unread } from '../thinning.ts';
import { cleanReading, type Frame, nearestAt, strayOf } from '../window.ts';
import { type Measured, nothing } from './measured.ts';

/** Gauges, read scrape by scrape. */

export function measureUptime(planned: PlannedMeasure & { kind: 'uptime' }, frame: Frame): Measured {
  const reading = cleanReading(planned.gauge, frame);
  if ('ok' in reading) return nothing(reading.reason);
  if (reading.series.length === 0)
    return nothing(`Prometheus has no data for ${planned.gauge} around the window`);
  const stray = strayOf(reading, frame);
  if (stray !== null) return nothing(stray);
  let samples = 0;
  let up = 0;
  let unknown = 0;
  for (const target of frame.targets) {
    const values = gaugeValues(reading.series, target);
    const odd = [...values.values()].flat().find((value) => !Number.isFinite(value));
    if (odd !== undefined) return nothing(`${planned.gauge} of ${target.name} is ${odd} inside the window`);
    const series = Math.max(0, ...[...values.values()].map((one) => one.length));
    const counted = unreadCensus(planned.gauge, target, frame);
    samples += target.scrapes.length + target.unreadScrapes + target.missedScrapes;
    up += counted.up;
    unknown += target.missedScrapes + counted.unknown;
    for (const { atSeconds, ok } of target.scrapes) {
      if (frame.blocks !== null && !isRead(frame.blocks, atSeconds)) continue;
      const found = ok ? values.get(atSeconds) : undefined;
      // Of several series of a target none may be missing: it may be the one that is down.
      if (found === undefined || found.length < series) unknown++;
      else if (found.every((value) => value === 1)) up++;
    }
  }
  const doubt = unknown === 0 ? '' : `, ${formatCount(unknown)} unknown (a scrape failed or is missing)`;
  return {
    kind: 'census',
    samples,
    up,
    unknown,
    words: `up at ${formatCount(up)} of ${countOf(samples, 'scrape')}${doubt}; one scrape is ${points(samples)}`,
  };
}

/** The highest value at the scrapes of the window; a scrape that failed may have missed a higher one. */
export function measurePeak(
  planned: PlannedMeasure & { kind: 'peak' },
  { target }: PlannedObjective,
  frame: Frame,
): Measured {
  const reading = cleanReading(planned.gauge, frame);
  if ('ok' in reading) return nothing(reading.reason);
  const stray = strayOf(reading, frame);
  if (stray !== null) return nothing(stray);
  const byScrape = frame.targets.map((target) => readValues(gaugeValues(reading.series, target), frame));
  const unreadOnes = frame.targets.flatMap((target) => unreadPeaks(planned.gauge, target, frame));
  const values = [
    ...byScrape.flatMap((one) => [...one.values()].flat()),
    ...unreadOnes.map(({ highest }) => highest),
  ];
  const odd = values.find((value) => !Number.isFinite(value));
  if (odd !== undefined) return nothing(`${planned.gauge} is ${odd} inside the window`);
  if (values.length === 0) return nothing(`Prometheus has no data for ${planned.gauge} around the window`);
  const value = values.reduce((highest, one) => Math.max(highest, one));
  const due = frame.targets.reduce(
    (sum, one) => sum + one.scrapes.length + one.unreadScrapes + one.missedScrapes,
    0,
  );
  const unreadScrapes = unreadOnes.reduce((sum, { scrapes }) => sum + scrapes, 0);
  const missed = due - unreadScrapes - byScrape.reduce((sum, one) => sum + one.size, 0);
  const unreadValues = unreadOnes.reduce((sum, one) => sum + one.values, 0);
  const samples = byScrape.flatMap((one) => [...one.values()].flat()).length + unreadValues;
  if (missed > 0 && target.comparison.startsWith('<'))
    return nothing(
      `${countOf(missed, 'scrape')} ${were(missed)} missed: ${planned.gauge} may have been higher then`,
    );
  const words = `the highest of ${countOf(samples, 'scrape')}${missed === 0 ? '' : `, ${formatCount(missed)} more ${were(missed)} missed`}`;
  return { kind: 'number', samples, value, words, blocks: [] };
}

const readValues = (values: ReadonlyMap<number, readonly number[]>, { blocks }: Frame) =>
  new Map([...values].filter(([at]) => blocks === null || isRead(blocks, at)));

interface UnreadPeak {
  /** Values in all, and scrapes at which each series of the target had one. */
  readonly values: number;
  readonly scrapes: number;
  readonly highest: number;
}

/** Of each block that was not read the highest value; NaN where one was no number. */
function unreadPeaks(gauge: string, target: TargetWindow, frame: Frame): readonly UnreadPeak[] {
  const { blocks } = frame;
  if (blocks === null) return [];
  const of = (digest: Digest) => blocks.digest(gauge, digest);
  const own = [...of('count')].filter(([, one]) => belongsTo(one, target));
  const found = new Set(own.flatMap(([, counts]) => unread(blocks, counts, frame)));
  return [...found].map((block) => {
    const counts = own.map(([, { values }]) => (Number.isNaN(values[block]!) ? 0 : values[block]!));
    const told = own.filter((_, index) => counts[index]! > 0);
    const values = told.map(([key]) =>
      Number.isFinite(of('sum').get(key)?.values[block])
        ? (of('max').get(key)?.values[block] ?? Number.NaN)
        : Number.NaN,
    );
    return {
      values: counts.reduce((sum, count) => sum + count),
      scrapes: Math.min(...counts),
      highest: Math.max(...values),
    };
  });
}

/** Of the blocks that were not read: each is up, down or unknown at all of its scrapes, or it would be odd. */
function unreadCensus(gauge: string, target: TargetWindow, frame: Frame) {
  const { blocks, up } = frame;
  const census = { up: 0, unknown: 0 };
  if (blocks === null || up === undefined) return census;
  const of = (selector: string, digest: Digest) =>
    [...blocks.digest(selector, digest).values()].filter((one) => belongsTo(one, target));
  const [counts, sums] = [of(gauge, 'count'), of(gauge, 'sum')];
  for (const scrapes of of(up.selector, 'count'))
    for (const block of unread(blocks, scrapes, frame)) {
      const count = scrapes.values[block]!;
      const isTold = counts.some(({ values }) => !Number.isNaN(values[block]!));
      if (!isTold) census.unknown += count;
      else if (sums.every(({ values }) => Number.isNaN(values[block]!) || values[block] === count))
        census.up += count;
    }
  return census;
}

/** The resolution of a census, in percentage points. */
const points = (samples: number) => {
  const share = Number((100 / samples).toPrecision(2));
  return `${share} ${share === 1 ? 'point' : 'points'}`;
};

/** The gauge's values by scrape, where a target may have several such series. */
function gaugeValues(
  series: readonly Series[],
  target: TargetWindow,
): ReadonlyMap<number, readonly number[]> {
  const values = new Map<number, number[]>();
  for (const { samples } of series.filter((one) => belongsTo(one, target))) {
    for (const [at, text] of samples) {
      const { scrapes } = target;
      const scrape = scrapes[nearestAt(scrapes.length, (index) => scrapes[index]!.atSeconds, at)]!.atSeconds;
      if (Math.abs(scrape - at) >= target.intervalSeconds / 2) continue;
      const found = values.get(scrape);
      if (found === undefined) values.set(scrape, [parseValue(text)]);
      else found.push(parseValue(text));
    }
  }
  return values;
}

/** The highest value that a gauge had in the window, on any target; null where it is not known. */
export function highestGauge(selector: string, frame: Frame): number | null {
  const reading = cleanReading(selector, frame);
  if ('ok' in reading) return null;
  const told = [...(frame.blocks?.digest(selector, 'max').values() ?? [])];
  const highest = told.flatMap(({ values }) => [...values].filter(Number.isFinite));
  const read = reading.series
    .flatMap(({ samples }) => samples)
    .filter(([at]) => at >= frame.fromSeconds && at <= frame.toSeconds)
    .map(([, text]) => parseValue(text))
    .filter(Number.isFinite);
  const values = [...read, ...highest];
  return values.length === 0 ? null : values.reduce((highest, value) => Math.max(highest, value));
}
