import { toSeconds } from '../document/units.ts';
import type { Aggregate, PlannedMeasure, PlannedObjective, Series } from '../model/model.ts';
import { reason } from '../model/reasons.ts';
import { isRead, unread } from '../prometheus/downsampling.ts';
import { nearestAt } from '../window/increases.ts';
import { secondsOutside } from '../window/outside.ts';
import { belongsTo, parseValue, type TargetWindow } from '../window/targets.ts';
import { cleanReading, type Frame, strayOf } from '../window/window.ts';
import { impossible, type Measured, nothing } from './measured.ts';
import { isFresh, neverRefreshed } from './refreshed.ts';

/** Measures gauges, scrape by scrape. */

/** Prometheus itself writes `up`, with 0 for a scrape that failed. */
const isUp = (gauge: string, { selectedBy }: Frame) => selectedBy(gauge).metric === 'up';

export function measureUptime(planned: PlannedMeasure & { kind: 'uptime' }, frame: Frame): Measured {
  const isOwn = isUp(planned.gauge, frame);
  const read = cleanReading(planned.gauge, frame, isOwn);
  if (!read.ok) return nothing(read.error);
  const reading = read.value;
  if (reading.series.length === 0) return nothing(reason('no-data', { selector: planned.gauge }));
  const stray = strayOf(reading, frame);
  if (stray !== null) return nothing(stray);
  const unproven = isOwn ? null : neverRefreshed(planned.gauge, reading.series, frame);
  if (unproven !== null) return nothing(unproven);
  let isStale = false;
  let odd: number | undefined;
  let samples = 0;
  let up = 0;
  let unknown = 0;
  const outside = { samples: 0, up: 0 };
  for (const target of frame.targets) {
    const { values, series, stale } = gaugeValues(reading.series, target, frame);
    isStale ||= stale.size > 0;
    const invalid = [...values.values()].flat().find((value) => !Number.isFinite(value));
    if (invalid !== undefined)
      return nothing(
        reason('gauge-not-finite', { selector: planned.gauge, target: target.name, value: String(invalid) }),
      );
    const { opening, closing } = secondsOutside(target, frame);
    const isWider = opening + closing > 0;
    const counted = unreadCensus(planned.gauge, target, frame);
    samples += target.scrapes.length + target.unreadScrapes + target.missedScrapes;
    up += counted.up;
    unknown += target.missedScrapes + counted.unknown;
    for (const { atSeconds, ok } of target.scrapes) {
      if (frame.blocks !== null && !isRead(frame.blocks, atSeconds)) continue;
      const found = ok || isOwn ? values.get(atSeconds) : undefined;
      // If a target has several such series, all of them must have a value, because a missing series may stand for a part that is down.
      const isDown = found?.some((value) => value < 1) ?? false;
      odd ??= found?.find((value) => value > 1);
      if (found === undefined || found.length < series) unknown++;
      else if (found.every((value) => value === 1)) up++;
      // A gauge of the number of replicas does not show how many there should be.
      else if (!isDown) unknown++;
      if (!isWider || (atSeconds >= frame.fromSeconds && atSeconds <= frame.toSeconds)) continue;
      outside.samples++;
      if (found?.every((value) => value === 1)) outside.up++;
    }
  }
  return {
    kind: 'census',
    samples,
    up,
    unknown,
    ...(outside.samples === 0 || outside.samples === samples ? {} : { outside }),
    reasons: [reason('scrapes-up', { up, samples, unknown, isStale, ...(odd === undefined ? {} : { odd }) })],
  };
}

/** The highest value at the scrapes of the window; a failed scrape may have missed a higher one. */
export function measurePeak(
  planned: PlannedMeasure & { kind: 'peak' },
  { target, unit }: PlannedObjective,
  frame: Frame,
): Measured {
  const read = cleanReading(planned.gauge, frame);
  if (!read.ok) return nothing(read.error);
  const reading = read.value;
  const stray = strayOf(reading, frame);
  if (stray !== null) return nothing(stray);
  const stale = isUp(planned.gauge, frame) ? null : neverRefreshed(planned.gauge, reading.series, frame);
  if (stale !== null && reading.series.length > 0) return nothing(stale);
  const byScrape = frame.targets.map((target) => {
    const { values, stale } = gaugeValues(reading.series, target, frame);
    // If a target has several such gauges, a gauge that was not refreshed may be the highest now.
    return readValues(new Map([...values].filter(([at]) => !stale.has(at))), frame);
  });
  const unreadOnes = frame.targets.flatMap((target) => unreadPeaks(planned.gauge, target, frame));
  const values = [
    ...byScrape.flatMap((one) => [...one.values()].flat()),
    ...unreadOnes.flatMap(({ highest, lowest }) => [highest, lowest]),
  ].map((one) => toSeconds(one, planned.valuesIn));
  const invalid = values.find((value) => !Number.isFinite(value));
  if (invalid !== undefined)
    return nothing(
      reason('gauge-not-finite', { selector: planned.gauge, target: null, value: String(invalid) }),
    );
  if (values.length === 0) return nothing(reason('no-data', { selector: planned.gauge }));
  const value = values.reduce((highest, one) => Math.max(highest, one));
  const least = values.reduce((lowest, one) => Math.min(lowest, one));
  const wrong = impossible(planned.gauge, value, unit) ?? impossible(planned.gauge, least, unit);
  if (wrong !== null) return nothing(wrong);
  const due = frame.targets.reduce(
    (sum, one) => sum + one.scrapes.length + one.unreadScrapes + one.missedScrapes,
    0,
  );
  const unreadScrapes = unreadOnes.reduce((sum, { scrapes }) => sum + scrapes, 0);
  const missed = due - unreadScrapes - byScrape.reduce((sum, one) => sum + one.size, 0);
  const unreadValues = unreadOnes.reduce((sum, one) => sum + one.values, 0);
  const samples = byScrape.flatMap((one) => [...one.values()].flat()).length + unreadValues;
  if (missed > 0 && target.comparison.startsWith('<'))
    return nothing(reason('may-have-been-higher', { selector: planned.gauge, missed }));
  const reasons = [reason('highest-of', { samples, missed })];
  return { kind: 'number', samples, value, reasons, blocks: [] };
}

const readValues = (values: ReadonlyMap<number, readonly number[]>, { blocks }: Frame) =>
  new Map([...values].filter(([at]) => blocks === null || isRead(blocks, at)));

interface UnreadPeak {
  /** The number of values, and the number of scrapes at which each series of the target had a value. */
  readonly values: number;
  readonly scrapes: number;
  readonly highest: number;
  readonly lowest: number;
}

/** The highest and the lowest value of each block that was not read; NaN if one was not a number. */
function unreadPeaks(gauge: string, target: TargetWindow, frame: Frame): readonly UnreadPeak[] {
  const { blocks } = frame;
  if (blocks === null) return [];
  const of = (digest: Aggregate) => blocks.digest(gauge, digest);
  const own = [...of('count')].filter(([, one]) => belongsTo(one, target));
  const found = new Set(own.flatMap(([, counts]) => unread(blocks, counts, frame)));
  return [...found].map((block) => {
    const counts = own.map(([, { values }]) => (Number.isNaN(values[block]!) ? 0 : values[block]!));
    const told = own.filter((_, index) => counts[index]! > 0);
    const values = (digest: 'max' | 'min') =>
      told.map(([key]) =>
        Number.isFinite(of('sum').get(key)?.values[block])
          ? (of(digest).get(key)?.values[block] ?? Number.NaN)
          : Number.NaN,
      );
    return {
      values: counts.reduce((sum, count) => sum + count),
      scrapes: Math.min(...counts),
      highest: Math.max(...values('max')),
      lowest: Math.min(...values('min')),
    };
  });
}

/** A block that was not read is up, down or unknown at all of its scrapes, because a mixed block would have been read. */
function unreadCensus(gauge: string, target: TargetWindow, frame: Frame) {
  const { blocks, up } = frame;
  const census = { up: 0, unknown: 0 };
  if (blocks === null || up === undefined) return census;
  const of = (selector: string, digest: Aggregate) =>
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

interface GaugeValues {
  readonly values: ReadonlyMap<number, readonly number[]>;
  /** The number of series of this gauge that the target has in the window. */
  readonly series: number;
  /** Scrapes at which a value was left out because it was not refreshed. */
  readonly stale: ReadonlySet<number>;
}

/** The gauge's values by scrape, for targets with several such series. */
function gaugeValues(series: readonly Series[], target: TargetWindow, frame: Frame): GaugeValues {
  const values = new Map<number, number[]>();
  const stale = new Set<number>();
  const own = series.filter((one) => belongsTo(one, target));
  let present = 0;
  for (const one of own) {
    const isOfScrape = one.labels.__name__ === 'up' ? () => true : isFresh(one, target, frame);
    let isPresent = false;
    for (const [at, text] of one.samples) {
      const { scrapes } = target;
      const scrape = scrapes[nearestAt(scrapes.length, (index) => scrapes[index]!.atSeconds, at)]!.atSeconds;
      if (Math.abs(scrape - at) >= target.intervalSeconds / 2) continue;
      isPresent = true;
      if (!isOfScrape(scrape)) {
        stale.add(scrape);
        continue;
      }
      const found = values.get(scrape);
      if (found === undefined) values.set(scrape, [parseValue(text)]);
      else found.push(parseValue(text));
    }
    if (isPresent) present++;
  }
  return { values, series: present, stale };
}

/** The highest value of a gauge in the window, on any target; null if unknown. */
export function highestGauge(selector: string, frame: Frame): number | null {
  const reading = cleanReading(selector, frame);
  if (!reading.ok) return null;
  const told = [...(frame.blocks?.digest(selector, 'max').values() ?? [])];
  const highest = told.flatMap(({ values }) => [...values].filter(Number.isFinite));
  const read = reading.value.series
    .flatMap(({ samples }) => samples)
    .filter(([at]) => at >= frame.fromSeconds && at <= frame.toSeconds)
    .map(([, text]) => parseValue(text))
    .filter(Number.isFinite);
  const values = [...read, ...highest];
  return values.length === 0 ? null : values.reduce((highest, value) => Math.max(highest, value));
}
