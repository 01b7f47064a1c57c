import type { Evidence, Plan, Reading, RunRecord, Series } from './model.ts';
import { median } from './statistics.ts';

/**
 * How a window is cut. For each target the window opens at the last scrape at or before the first request and closes at
 * the first at or after the last answer; what lies between is counted by subtraction, series by series, from raw samples.
 * Nothing is extrapolated: where an edge is missing, there is no count.
 */

/** A scrape is late, and the one expected there missed, past this many intervals. */
const LATE = 1.5;

/** One target of the service as Prometheus scraped it. */
export interface TargetWindow {
  /** The labels that every series of this target carries. */
  readonly labels: Readonly<Record<string, string>>;
  readonly name: string;
  /** Median spacing of its scrapes. */
  readonly intervalSeconds: number;
  readonly openSeconds: number;
  readonly closeSeconds: number;
  /** Scrapes from opening to closing, both included, and whether each worked. */
  readonly scrapes: readonly { readonly atSeconds: number; readonly ok: boolean }[];
  /** Scrapes that were due between the edges and never made. */
  readonly missedScrapes: number;
  /** Why its edges cannot be used, or null. */
  readonly problem: string | null;
}

export interface Frame {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly targets: readonly TargetWindow[];
  readonly readings: ReadonlyMap<string, Reading>;
  /** When which target was scraped: every edge rests on it. */
  readonly up: Reading | undefined;
}

/** An increase of one series over its target's window. */
export interface Increase {
  readonly labels: Readonly<Record<string, string>>;
  readonly target: TargetWindow;
  readonly increase: number;
  readonly series: Series;
  /** It began inside the window: before its first sample it stood at 0. */
  readonly startsAtZero: boolean;
}

export type Counted =
  | { readonly ok: true; readonly increases: readonly Increase[] }
  | { readonly ok: false; readonly reason: string };

const failed = (reason: string) => ({ ok: false, reason }) as const;

/** Prometheus writes numbers as Go does. */
export const parseValue = (text: string) => {
  if (/^[+-]?Inf$/.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return text === '' ? Number.NaN : Number(text);
};

export const clock = (seconds: number) => new Date(seconds * 1000).toISOString().slice(11, 23);

// ---------------------------------------------------------------------------------------------- targets

export function cutWindow(plan: Plan, run: RunRecord, evidence: Evidence): Frame {
  const readings = new Map(evidence.readings.map((reading) => [reading.selector, reading]));
  const { fromSeconds, toSeconds } = run.window;
  const scraped = scrapesOf(plan, evidence);
  const targets = scraped.map(({ labels, scrapes }) => cutTarget(labels, scrapes, fromSeconds, toSeconds));
  return { fromSeconds, toSeconds, targets, readings, up: readings.get(plan.up) };
}

type Scrape = TargetWindow['scrapes'][number];
type Scraped = { readonly labels: Readonly<Record<string, string>>; readonly scrapes: readonly Scrape[] };

const isClean = ({ error, warnings }: Reading) => error === null && warnings.length === 0;

const withoutName = ({ __name__: _, ...labels }: Readonly<Record<string, string>>) => labels;

/** When each target was scraped: by its `up` samples; where a server has none, by the samples that there are. */
function scrapesOf(plan: Plan, evidence: Evidence): readonly Scraped[] {
  const up = evidence.readings.find(({ selector }) => selector === plan.up);
  if (up === undefined || !isClean(up)) return [];
  if (up.series.length === 0) return scrapesBySamples(evidence);
  return up.series.map(({ labels, samples }) => ({
    labels: withoutName(labels),
    scrapes: samples.map(([atSeconds, value]) => ({ atSeconds, ok: parseValue(value) === 1 })),
  }));
}

function scrapesBySamples(evidence: Evidence): readonly Scraped[] {
  const byTarget = new Map<string, { labels: Record<string, string>; times: Set<number> }>();
  for (const { labels, samples } of evidence.readings.flatMap(({ series }) => series)) {
    const own = Object.fromEntries(
      Object.entries(labels).filter(([label]) => label === 'job' || label === 'instance'),
    );
    const key = JSON.stringify([own.job, own.instance]);
    const target = byTarget.get(key) ?? { labels: own, times: new Set<number>() };
    for (const [atSeconds] of samples) target.times.add(atSeconds);
    byTarget.set(key, target);
  }
  return [...byTarget.values()].map(({ labels, times }) => ({
    labels,
    scrapes: [...times].sort((a, b) => a - b).map((atSeconds) => ({ atSeconds, ok: true })),
  }));
}

function cutTarget(
  labels: Scraped['labels'],
  scrapes: readonly Scrape[],
  from: number,
  to: number,
): TargetWindow {
  const intervalSeconds = median(
    scrapes.slice(1).map(({ atSeconds }, index) => atSeconds - scrapes[index]!.atSeconds),
  );
  const open = scrapes.findLast(({ atSeconds }) => atSeconds <= from);
  const close = scrapes.find(({ atSeconds }) => atSeconds >= to);
  const inside = scrapes.filter(
    ({ atSeconds }) => atSeconds >= (open?.atSeconds ?? from) && atSeconds <= (close?.atSeconds ?? to),
  );
  const name = labels.instance ?? JSON.stringify(labels);
  return {
    labels,
    name,
    intervalSeconds,
    openSeconds: open?.atSeconds ?? Number.NaN,
    closeSeconds: close?.atSeconds ?? Number.NaN,
    scrapes: inside,
    missedScrapes: missedBetween(inside, intervalSeconds),
    problem: edgeProblem(name, { open, close, inside, intervalSeconds, from, to }),
  };
}

const missedBetween = (scrapes: readonly Scrape[], intervalSeconds: number) =>
  scrapes.slice(1).reduce((missed, { atSeconds }, index) => {
    const gap = (atSeconds - scrapes[index]!.atSeconds) / intervalSeconds;
    return missed + (gap > LATE ? Math.round(gap) - 1 : 0);
  }, 0);

interface Edges {
  readonly open: Scrape | undefined;
  readonly close: Scrape | undefined;
  readonly inside: readonly Scrape[];
  readonly intervalSeconds: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Whether a scrape is missing between an edge that was found and the request there: the edge is too far from it, or far
 * enough for one more scrape where the gap next to it shows that one is missing.
 */
function isMissedBetween(distance: number, gap: number, intervalSeconds: number): boolean {
  const late = LATE * intervalSeconds;
  return distance > late || (distance >= intervalSeconds && gap > late);
}

function edgeProblem(name: string, edges: Edges): string | null {
  const { open, close, inside, intervalSeconds, from, to } = edges;
  if (Number.isNaN(intervalSeconds)) return `${name} was scraped fewer than two times around the window`;
  const gapAfterOpen = (inside[1]?.atSeconds ?? to) - (open?.atSeconds ?? from);
  const gapBeforeClose = (close?.atSeconds ?? to) - (inside.at(-2)?.atSeconds ?? from);
  if (open === undefined || isMissedBetween(from - open.atSeconds, gapAfterOpen, intervalSeconds)) {
    const last = open === undefined ? '' : ` (the last before it was at ${clock(open.atSeconds)})`;
    return `${name} was not scraped where the window opens, at or shortly before ${clock(from)}${last}`;
  }
  if (!open.ok) return `the scrape of ${name} that opens the window, at ${clock(open.atSeconds)}, failed`;
  if (close === undefined || isMissedBetween(close.atSeconds - to, gapBeforeClose, intervalSeconds)) {
    const next = close === undefined ? '' : ` (the first after it was at ${clock(close.atSeconds)})`;
    return `${name} was not scraped where the window closes, at or shortly after ${clock(to)}${next}`;
  }
  return close.ok
    ? null
    : `the scrape of ${name} that closes the window, at ${clock(close.atSeconds)}, failed`;
}

// ---------------------------------------------------------------------------------------------- counting

export const belongsTo = (series: Series, target: TargetWindow) =>
  Object.entries(target.labels).every(([label, value]) => series.labels[label] === value);

/** The answer to a selector, if Prometheus gave one without any trouble. */
export function cleanReading(
  selector: string,
  frame: Frame,
): Reading | { readonly ok: false; readonly reason: string } {
  const reading = frame.readings.get(selector);
  if (reading === undefined) return failed(`there is no evidence for ${selector}`);
  for (const { error, warnings } of [reading, ...(frame.up === undefined ? [] : [frame.up])]) {
    if (error !== null) return failed(`Prometheus gave no answer: ${error}`);
    if (warnings.length > 0) return failed(`Prometheus warned: ${warnings.join('; ')}`);
  }
  const edge = frame.targets.find(({ problem }) => problem !== null);
  if (edge !== undefined) return failed(edge.problem!);
  return reading;
}

/** Series that belong to no target, or to several, are from nobody knows where. */
export function strayOf({ series }: Reading, { targets }: Frame): string | null {
  const stray = series.find((one) => targets.filter((target) => belongsTo(one, target)).length !== 1);
  if (stray === undefined) return null;
  const several = targets.some((target) => belongsTo(stray, target));
  return `series ${JSON.stringify(stray.labels)} belongs to ${several ? 'several targets' : 'no target that was scraped'}`;
}

/**
 * How much each series of a selector grew in the window. One untrustworthy series spoils the count. `absent: zero` lets
 * a target have no such series, or one that began inside the window (at 0); so may those of which `mayBegin` says so.
 */
export function countIncreases(
  selector: string,
  frame: Frame,
  absent: 'zero' | null = null,
  mayBegin: (labels: Series['labels']) => boolean = () => false,
): Counted {
  const reading = cleanReading(selector, frame);
  if ('ok' in reading) return reading;
  if (frame.targets.length === 0) return failed(`Prometheus has no data for ${selector} around the window`);
  const increases: Increase[] = [];
  for (const target of frame.targets) {
    const own = reading.series.filter((series) => belongsTo(series, target));
    const counted = own.map((series) =>
      countSeries(series, target, frame, mayBegin(series.labels) ? 'zero' : absent),
    );
    const broken = counted.find((result) => typeof result === 'string');
    if (broken !== undefined) return failed(broken as string);
    const present = counted.filter(
      (result): result is Increase => typeof result === 'object' && result !== null,
    );
    if (present.length === 0 && absent !== 'zero')
      return failed(`${target.name} has no series ${selector} in the window`);
    increases.push(...present);
  }
  const stray = strayOf(reading, frame);
  return stray === null ? { ok: true, increases } : failed(stray);
}

/** An increase, null for a series that was not there before the window ended, or what is wrong with it. */
function countSeries(
  series: Series,
  target: TargetWindow,
  frame: Frame,
  absent: 'zero' | null,
): Increase | null | string {
  const half = target.intervalSeconds / 2;
  const samples = series.samples
    .filter(([at]) => at > target.openSeconds - half && at < target.closeSeconds + half)
    .map(([at, text]) => ({ at, value: parseValue(text) }));
  const open = samples.findLastIndex(({ at }) => at <= frame.fromSeconds);
  const close = samples.findIndex(({ at }) => at >= frame.toSeconds);
  const last = samples.at(-1);
  const label = JSON.stringify(series.labels);
  if (last === undefined)
    return wasThereBefore(series, target, half)
      ? `series ${label} was there before the window, and has no sample in it`
      : null;
  if (close === -1) return `series ${label} ends inside the window, at ${clock(last.at)}`;
  if (open === -1 && (absent !== 'zero' || wasThereBefore(series, target, half))) {
    return `series ${label} has no sample where the window opens: what it counted before is unknown`;
  }
  const inside = samples.slice(Math.max(open, 0), close + 1);
  const odd = inside.find(({ value }) => !Number.isFinite(value));
  if (odd !== undefined) return `series ${label} is ${odd.value} at ${clock(odd.at)}`;
  const drop = inside.findIndex(({ value }, index) => index > 0 && value < inside[index - 1]!.value);
  if (drop !== -1) {
    const [before, after] = [inside[drop - 1]!, inside[drop]!];
    return `series ${label} fell from ${before.value} to ${after.value} at ${clock(after.at)}: the service restarted`;
  }
  const start = open === -1 ? 0 : samples[open]!.value;
  return {
    labels: series.labels,
    target,
    increase: samples[close]!.value - start,
    series,
    startsAtZero: open === -1,
  };
}

const wasThereBefore = (series: Series, target: TargetWindow, half: number) =>
  series.samples.some(([at]) => at <= target.openSeconds - half);

/** Of ascending times, the index of the one that is nearest to a moment, by halving: windows of a day have many. */
export function nearestAt(length: number, timeAt: (index: number) => number, moment: number): number {
  let [low, high] = [0, length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (timeAt(middle) <= moment) low = middle;
    else high = middle;
  }
  return moment - timeAt(low) <= timeAt(high) - moment ? low : high;
}

export const total = (increases: readonly Increase[]) =>
  increases.reduce((sum, { increase }) => sum + increase, 0);
