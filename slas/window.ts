import { answersInAll } from './client-requests.ts';
import type { Life } from './lives.ts';
import { mergedReadings } from './merging.ts';
import type { Evidence, Plan, Reading, RunRecord, Series } from './model.ts';
import { countOf } from './numbers.ts';
import { withoutStaleMarkers } from './stale-markers.ts';
import { belongsTo, clock, cutTargets, parseValue, type Targets, type TargetWindow } from './targets.ts';
import { type Blocks, blocksOf, endOf, nameless } from './thinning.ts';

/**
 * How a window is cut. For each target the window opens at the last scrape at or before the first request and closes at
 * the first at or after the last answer; what lies between is counted by subtraction, series by series, from raw samples.
 * Nothing is extrapolated: where an edge is missing, there is no count.
 */

export interface Frame extends Targets {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly readings: ReadonlyMap<string, Reading>;
  /** When which target was scraped: every edge rests on it. */
  readonly up: Reading | undefined;
  /** null: every sample of the window was read. */
  readonly blocks: Blocks | null;
  /** Where a replica ended: what the client knows of, and the service's counter may lack. null: the client does not know all. */
  readonly missing: Missing | null;
  /** Nobody else sends requests. */
  readonly isIsolated: boolean;
  /** What was counted already: several objectives rest on the same series. */
  readonly counted: Map<string, Counted>;
}

/** Requests that were answered and not counted, or never answered, beside those that were counted. */
export interface Missing {
  readonly requests: number;
  readonly counted: number;
}

/** An increase of one series over its target's window: the sum over the processes that it counted in. */
export interface Increase {
  readonly labels: Readonly<Record<string, string>>;
  readonly target: TargetWindow;
  readonly increase: number;
  readonly series: Series;
  readonly parts: readonly Part[];
}

/** What a series counted in one process. */
export interface Part {
  readonly life: Life;
  /** Its value where the process enters the window, and what all processes before it had counted there. */
  readonly base: number;
  readonly before: number;
  readonly increase: number;
  /** It began inside: before its first sample it stood at 0. */
  readonly startsAtZero: boolean;
}

export type Counted =
  | { readonly ok: true; readonly increases: readonly Increase[] }
  | { readonly ok: false; readonly reason: string };

const failed = (reason: string) => ({ ok: false, reason }) as const;

export function cutWindow(plan: Plan, run: RunRecord, evidence: Evidence): Frame {
  const { thinned } = evidence;
  const blocks = thinned === undefined ? null : blocksOf(plan, evidence.readings, thinned);
  const readings = withoutStaleMarkers(plan, mergedReadings(plan, evidence, blocks));
  const up = readings.get(plan.up);
  const isIsolated = plan.isolated !== false;
  const cut = cutTargets(plan, run, readings, blocks);
  const frame = {
    ...run.window,
    ...cut,
    readings,
    up,
    blocks,
    missing: null,
    isIsolated,
    counted: new Map<string, Counted>(),
  };
  return { ...frame, missing: missingOf(plan, run, frame) };
}

/** Of a load that was cut short, what was in flight then may have been counted in the place of what is missing. */
function missingOf({ requests, isolated }: Plan, { load }: RunRecord, frame: Frame): Missing | null {
  if (load === null || !load.completed || requests === null || isolated === false) return null;
  const counted = countIncreases(requests, frame, 'zero');
  if (
    !counted.ok ||
    frame.targets.every(({ lives }) => lives.every(({ unseenSeconds }) => unseenSeconds === 0))
  )
    return null;
  const all = total(counted.increases);
  return { requests: Math.max(0, answersInAll(load) - all) + load.lost, counted: all };
}

// ---------------------------------------------------------------------------------------------- counting

/** The answer to a selector, if Prometheus gave one without any trouble. `mayFail`: the scrapes at the edges may have failed. */
export function cleanReading(
  selector: string,
  frame: Frame,
  mayFail = false,
): Reading | { readonly ok: false; readonly reason: string } {
  const reading = frame.readings.get(selector);
  if (reading === undefined) return failed(`there is no evidence for ${selector}`);
  for (const { error, warnings } of [reading, ...(frame.up === undefined ? [] : [frame.up])]) {
    if (error !== null) return failed(`Prometheus gave no answer: ${error}`);
    if (warnings.length > 0) return failed(`Prometheus warned: ${warnings.join('; ')}`);
  }
  const edge = frame.targets.find(
    ({ problem, isOnlyFailed }) => problem !== null && !(mayFail && isOnlyFailed),
  );
  if (edge !== undefined) return failed(edge.problem!);
  return reading;
}

/** Series that belong to no target, or to several, are from nobody knows where. */
export function strayOf({ series }: Reading, { targets, elsewhere }: Frame): string | null {
  const known = [...targets, ...elsewhere];
  const stray = series.find((one) => known.filter((target) => belongsTo(one, target)).length !== 1);
  if (stray === undefined) return null;
  const several = known.some((target) => belongsTo(stray, target));
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
  mayBegin: (labels: Series['labels']) => boolean = NOBODY,
): Counted {
  const key = `${absent} ${selector}`;
  const known = mayBegin === NOBODY ? frame.counted.get(key) : undefined;
  const counted = known ?? countAll(selector, frame, absent, mayBegin);
  if (mayBegin === NOBODY) frame.counted.set(key, counted);
  return counted;
}

const NOBODY = () => false;

function countAll(
  selector: string,
  frame: Frame,
  absent: 'zero' | null,
  mayBegin: (labels: Series['labels']) => boolean,
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
    const isSilent = (life: Life) => !present.some(({ parts }) => parts.some((part) => part.life === life));
    if (absent !== 'zero' && target.lives.some(isSilent))
      return failed(`${target.name} has no series ${selector} in the window`);
    increases.push(...present);
  }
  const trouble = strayOf(reading, frame) ?? unreadTrouble(selector, reading, increases, frame);
  return trouble === null ? { ok: true, increases } : failed(trouble);
}

/** What the server says of the samples that were not read: a series of which it says nothing is not trusted either. */
function unreadTrouble(
  selector: string,
  { series }: Reading,
  increases: readonly Increase[],
  { blocks }: Frame,
): string | null {
  if (blocks === null) return null;
  const [resets, sums] = [blocks.digest(selector, 'resets'), blocks.digest(selector, 'sum')];
  const { blocks: last, fromSeconds } = blocks.thinned;
  const read = new Set(series.map(({ labels }) => nameless(labels)));
  for (const [key, { labels }] of resets)
    if (!read.has(key)) return `series ${JSON.stringify(labels)} began and ended inside the window`;
  for (const { labels, series: own } of increases) {
    const label = JSON.stringify(labels);
    const key = nameless(labels);
    const [fallen, sum] = [resets.get(key)?.values[last], sums.get(key)?.values[last]];
    if (fallen === undefined || sum === undefined)
      return `Prometheus does not say whether series ${label} fell inside the window`;
    if (!Number.isFinite(sum)) return `series ${label} is not a finite number all through the window`;
    const seen = fallen === 0 ? 0 : fallsOf(own, fromSeconds, endOf(blocks.thinned, last));
    if (fallen > seen)
      return `series ${label} fell ${countOf(fallen - seen, 'time')} inside the window: the service restarted`;
  }
  return null;
}

/** How often a series fell in what was read: where one process followed another. */
function fallsOf({ samples }: Series, fromSeconds: number, toSeconds: number): number {
  let falls = 0;
  let before = Number.NEGATIVE_INFINITY;
  for (const [at, text] of samples) {
    if (at <= fromSeconds || at > toSeconds) continue;
    const value = parseValue(text);
    if (value < before) falls++;
    before = value;
  }
  return falls;
}

/** An increase, null for a series that was not there before the window ended, or what is wrong with it. */
function countSeries(
  series: Series,
  target: TargetWindow,
  frame: Frame,
  absent: 'zero' | null,
): Increase | null | string {
  const parts: Part[] = [];
  let before = 0;
  for (const life of target.lives) {
    const part = countLife(series, target, life, frame, absent);
    if (typeof part === 'string') return part;
    if (part === null) continue;
    parts.push({ ...part, before });
    before += part.increase;
  }
  return parts.length === 0 ? null : { labels: series.labels, target, increase: before, series, parts };
}

function countLife(
  series: Series,
  target: TargetWindow,
  life: Life,
  frame: Frame,
  absent: 'zero' | null,
): Omit<Part, 'before'> | null | string {
  const half = target.intervalSeconds / 2;
  const { samples } = series;
  const timeAt = (index: number) => samples[index]![0];
  // A day has many samples: the first after a moment is found by halving.
  const from = firstAfter(samples.length, timeAt, life.openSeconds - half);
  const end = firstAfter(samples.length, timeAt, life.closeSeconds + half, false);
  const isBorn = life.bornSeconds !== null;
  const wasThere = !isBorn && from > 0;
  const label = JSON.stringify(series.labels);
  if (from >= end)
    return wasThere ? `series ${label} was there before the window, and has no sample in it` : null;
  const opening = isBorn ? from : firstAfter(samples.length, timeAt, frame.fromSeconds);
  const isOpen = opening > from;
  const closing =
    life.unseenSeconds === 0
      ? firstAfter(samples.length, timeAt, frame.toSeconds, false)
      : firstAfter(samples.length, timeAt, life.closeSeconds - half);
  if (closing >= end) return `series ${label} ends inside the window, at ${clock(timeAt(end - 1))}`;
  if (!isOpen && !isBorn && (absent !== 'zero' || wasThere)) {
    return `series ${label} has no sample where the window opens: what it counted before is unknown`;
  }
  const first = isOpen ? opening - 1 : from;
  const base = isOpen ? parseValue(samples[first]![1]) : 0;
  let before = Number.NEGATIVE_INFINITY;
  let fall: string | null = null;
  for (let index = first; index <= closing; index++) {
    const value = parseValue(samples[index]![1]);
    if (!Number.isFinite(value)) return `series ${label} is ${value} at ${clock(timeAt(index))}`;
    if (value < before)
      fall ??= `series ${label} fell from ${before} to ${value} at ${clock(timeAt(index))}: the service restarted`;
    before = value;
  }
  return fall ?? { life, base, increase: before - base, startsAtZero: !isOpen };
}

/** Of ascending times, the index of the first that is later than a moment (or, not `isLater`, at it). */
function firstAfter(
  length: number,
  timeAt: (index: number) => number,
  moment: number,
  isLater = true,
): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isLater ? timeAt(middle) <= moment : timeAt(middle) < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How much a series had grown by a scrape; NaN where it has no sample of that scrape. */
export function grownBy({ series: { samples }, target, parts }: Increase, atSeconds: number): number {
  const half = target.intervalSeconds / 2;
  const part = parts.findLast(({ life }) => atSeconds > life.openSeconds - half);
  if (part === undefined) return 0;
  if (atSeconds >= part.life.closeSeconds + half) return part.before + part.increase;
  if (part.startsAtZero && atSeconds < samples[0]![0] - half) return part.before;
  const [time, text] = samples[nearestAt(samples.length, (index) => samples[index]![0], atSeconds)]!;
  return Math.abs(time - atSeconds) < half ? part.before + parseValue(text) - part.base : Number.NaN;
}

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
