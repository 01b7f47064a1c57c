import type { PlannedMeasure, PlannedObjective, Series } from '../model.ts';
import { formatCount } from '../numbers.ts';
import { belongsTo, parseValue, type TargetWindow } from '../targets.ts';
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
    samples += target.scrapes.length + target.missedScrapes;
    unknown += target.missedScrapes;
    for (const { atSeconds, ok } of target.scrapes) {
      const found = ok ? values.get(atSeconds) : undefined;
      if (found === undefined) unknown++;
      else if (found.every((value) => value === 1)) up++;
    }
  }
  const doubt = unknown === 0 ? '' : `, ${unknown} unknown (a scrape failed or is missing)`;
  return {
    kind: 'census',
    samples,
    up,
    unknown,
    words: `up at ${formatCount(up)} of ${formatCount(samples)} scrapes${doubt}; one scrape is ${points(samples)}`,
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
  const byScrape = frame.targets.map((target) => gaugeValues(reading.series, target));
  const values = byScrape.flatMap((one) => [...one.values()].flat());
  const odd = values.find((value) => !Number.isFinite(value));
  if (odd !== undefined) return nothing(`${planned.gauge} is ${odd} inside the window`);
  if (values.length === 0) return nothing(`Prometheus has no data for ${planned.gauge} around the window`);
  const value = values.reduce((highest, one) => Math.max(highest, one));
  const due = frame.targets.reduce((sum, one) => sum + one.scrapes.length + one.missedScrapes, 0);
  const missed = due - byScrape.reduce((sum, one) => sum + one.size, 0);
  if (missed > 0 && target.comparison.startsWith('<'))
    return nothing(`${formatCount(missed)} scrapes were missed: ${planned.gauge} may have been higher then`);
  const words = `the highest of ${formatCount(values.length)} scrapes${missed === 0 ? '' : `, ${formatCount(missed)} more were missed`}`;
  return { kind: 'number', samples: values.length, value, words, blocks: [] };
}

/** The resolution of a census, in percentage points. */
const points = (samples: number) => `${Number((100 / samples).toPrecision(2))} points`;

/** The gauge's values by scrape, where a target may have several such series. */
function gaugeValues(
  series: readonly Series[],
  target: TargetWindow,
): ReadonlyMap<number, readonly number[]> {
  const values = new Map<number, number[]>();
  for (const { samples } of series.filter((one) => belongsTo(one, target))) {
    for (const [at, text] of samples) {
      const { scrapes } = target;
      const scrape = scrapes[nearestAt(scrapes.length, (index) => scrapes[index]!.atSeconds, at)]?.atSeconds;
      if (scrape === undefined || Math.abs(scrape - at) >= target.intervalSeconds / 2) continue;
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
  const values = reading.series
    .flatMap(({ samples }) => samples)
    .filter(([at]) => at >= frame.fromSeconds && at <= frame.toSeconds)
    .map(([, text]) => parseValue(text))
    .filter(Number.isFinite);
  return values.length === 0 ? null : values.reduce((highest, value) => Math.max(highest, value));
}
