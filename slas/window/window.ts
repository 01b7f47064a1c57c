import { allResponses } from '../client/requests.ts';
import type { Evidence, Plan, Reading, RunRecord, Selected, Series } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { fail, ok, type Result } from '../model/result.ts';
import { type Blocks, blocksOf, endOf, nameless } from '../prometheus/downsampling.ts';
import { mergedReadings } from '../prometheus/merging.ts';
import { withoutStaleMarkers } from '../prometheus/stale-markers.ts';
import { selectedIn } from '../prometheus/stored-text.ts';
import { type HiddenRestart, hiddenRestarts } from './hidden-restarts.ts';
import { busiestRate, type Increase, type Part, total } from './increases.ts';
import type { ProcessInstance } from './process-instances.ts';
import { belongsTo, cutTargets, parseValue, type Targets, type TargetWindow } from './targets.ts';

/**
 * How a window is cut. For each scrape target, the window opens at the last scrape at or before the first
 * request and closes at the first scrape at or after the last response. Counts in between are differences of
 * raw samples, series by series. Nothing is extrapolated: if an edge is missing, there is no count.
 */

export interface Frame extends Targets {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly readings: ReadonlyMap<string, Reading>;
  /** What a vector selector of the plan selects. */
  readonly selectedBy: (vectorSelector: string) => Selected;
  /** When each target was scraped; every edge rests on it. */
  readonly up: Reading | undefined;
  /** null if every sample of the window was read. */
  readonly blocks: Blocks | null;
  /**
   * Requests that the client knows of and that the service's counters may lack. null if the client does not
   * know all requests.
   */
  readonly missing: Missing | null;
  /** The scrapes between which a process may have restarted unseen. */
  readonly restarts: readonly HiddenRestart[];
  /** The client sent every counted request, and saw as many answered: none is from before or after. */
  readonly isSettled: boolean;
  /** The highest request rate of any target between two scrapes; null if unknown. */
  readonly busiest: number | null;
  /** The load in this window was the only traffic: nothing was counted before or after it. */
  readonly isAlone: boolean;
  /** Nothing else sends requests. */
  readonly isIsolated: boolean;
  /** A cache of counts, because several objectives rest on the same series. */
  readonly counted: Map<string, Counted>;
}

/** Requests that were answered but not counted, or never answered, in addition to those counted. */
export interface Missing {
  readonly requests: number;
  readonly counted: number;
}

/** How much each series of a selector grew, or why it cannot be counted. */
export type Counted = Result<readonly Increase[], Reason>;

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
    selectedBy: selectedIn(plan),
    up,
    blocks,
    missing: null,
    restarts: hiddenRestarts(plan, cut.targets, readings),
    isSettled: false,
    busiest: null,
    isAlone: isIsolated && run.load !== null,
    isIsolated,
    counted: new Map<string, Counted>(),
  };
  return {
    ...frame,
    missing: missingOf(plan, run, frame),
    isSettled: isSettledBy(plan, run, frame),
    busiest: busiestOf(plan, frame),
    counted: new Map(),
  };
}

function busiestOf({ requests }: Plan, frame: Frame): number | null {
  const counted = requests === null ? null : countIncreases(requests, frame, 'zero');
  if (!counted?.ok) return null;
  // Only replicas that began inside are in question, unless there are no others.
  const older = counted.value.filter(({ parts }) => !parts.some(({ startsAtZero }) => startsAtZero));
  return busiestRate(older.length > 0 ? older : counted.value, frame);
}

/** As many requests were counted as the client saw answered; its unanswered requests may be among them. */
function isSettledBy({ requests, isolated }: Plan, { load }: RunRecord, frame: Frame): boolean {
  if (load === null || !load.completed || requests === null || isolated === false) return false;
  const counted = countIncreases(requests, frame, 'zero');
  if (!counted.ok) return false;
  const beyond = total(counted.value) - allResponses(load);
  return beyond >= 0 && beyond <= load.lost;
}

/** If the load was cut short, requests then in flight may have been counted in place of missing ones. */
function missingOf({ requests, isolated }: Plan, { load }: RunRecord, frame: Frame): Missing | null {
  if (load === null || !load.completed || requests === null || isolated === false) return null;
  const counted = countIncreases(requests, frame, 'zero');
  const areAllSeen = frame.targets.every(({ processes }) =>
    processes.every(({ unseenSeconds }) => unseenSeconds === 0),
  );
  if (!counted.ok || (areAllSeen && frame.restarts.length === 0)) return null;
  const all = total(counted.value);
  return { requests: Math.max(0, allResponses(load) - all) + load.lost, counted: all };
}

// ---------------------------------------------------------------------------------------------- counting

/**
 * The response to a selector, if Prometheus returned one without errors or warnings. `mayFail`: the scrapes
 * at the edges may have failed.
 */
export function cleanReading(selector: string, frame: Frame, mayFail = false): Result<Reading, Reason> {
  const reading = frame.readings.get(selector);
  if (reading === undefined) return fail(reason('no-evidence', { selector }));
  for (const { error, warnings } of [reading, ...(frame.up === undefined ? [] : [frame.up])]) {
    if (error !== null) return fail(reason('prometheus-error', { error }));
    if (warnings.length > 0) return fail(reason('prometheus-warned', { warnings }));
  }
  const edge = frame.targets.find(
    ({ problem, isOnlyFailed }) => problem !== null && !(mayFail && isOnlyFailed),
  );
  return edge === undefined ? ok(reading) : fail(edge.problem!);
}

/** A series that belongs to no target, or to several: its origin is unknown. */
export function strayOf({ series }: Reading, { targets, elsewhere }: Frame): Reason | null {
  const known = [...targets, ...elsewhere];
  const stray = series.find((one) => known.filter((target) => belongsTo(one, target)).length !== 1);
  if (stray === undefined) return null;
  const several = known.some((target) => belongsTo(stray, target));
  const { labels } = stray;
  return several
    ? reason('series-of-several-targets', { labels })
    : reason('series-of-no-target', { labels });
}

/**
 * How much each series of a selector grew in the window. One untrustworthy series makes the whole count
 * unusable. `absent: zero` lets a target have no such series, or one that began inside the window (at 0); so
 * may those of which `mayBegin` says so.
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
  const read = cleanReading(selector, frame);
  if (!read.ok) return read;
  const reading = read.value;
  if (frame.targets.length === 0) return fail(reason('no-data', { selector }));
  const increases: Increase[] = [];
  for (const target of frame.targets) {
    const own = reading.series.filter((series) => belongsTo(series, target));
    const counted = own.map((series) =>
      countSeries(series, target, frame, mayBegin(series.labels) ? 'zero' : absent),
    );
    const broken = counted.find((result) => !result.ok);
    if (broken !== undefined) return broken;
    const present = counted.flatMap((result) => (result.ok && result.value !== null ? [result.value] : []));
    const isSilent = (processInstance: ProcessInstance) =>
      !present.some(({ parts }) => parts.some((part) => part.processInstance === processInstance));
    if (absent !== 'zero' && target.processes.some(isSilent))
      return fail(lacking(selector, target, reading.series, frame));
    increases.push(...present);
  }
  const trouble = strayOf(reading, frame) ?? unreadTrouble(selector, reading, increases, frame);
  return trouble === null ? ok(increases) : fail(trouble);
}

/**
 * A target that lacks a series, and the label that only the targets with such a series have: filtering by it
 * leaves out a sidecar.
 */
function lacking(
  selector: string,
  target: TargetWindow,
  series: readonly Series[],
  { targets }: Frame,
): Reason {
  const having = targets.filter((one) => one !== target && series.some((own) => belongsTo(own, one)));
  const lack = { target: target.name, selector, isUnknown: series.length === 0 };
  if (having.length === 0) return reason('series-missing', { ...lack, elsewhere: null });
  const label = Object.entries(having[0]!.labels).find(
    ([name, value]) =>
      name !== 'instance' &&
      target.labels[name] !== value &&
      having.every(({ labels }) => labels[name] === value),
  );
  const named = label === undefined ? null : { name: label[0], value: label[1] };
  const elsewhere = { target: having[0]!.name, label: named };
  return reason('series-missing', { ...lack, elsewhere });
}

/**
 * The server's report on samples that were not read. A series missing from the report is not trusted either.
 */
function unreadTrouble(
  selector: string,
  { series }: Reading,
  increases: readonly Increase[],
  { blocks }: Frame,
): Reason | null {
  if (blocks === null) return null;
  const [resets, sums] = [blocks.digest(selector, 'resets'), blocks.digest(selector, 'sum')];
  const { blocks: last, fromSeconds } = blocks.thinned;
  const read = new Set(series.map(({ labels }) => nameless(labels)));
  for (const [key, { labels }] of resets)
    if (!read.has(key)) return reason('series-came-and-went', { labels });
  for (const { labels, series: own } of increases) {
    const key = nameless(labels);
    const [fallen, sum] = [resets.get(key)?.values[last], sums.get(key)?.values[last]];
    if (fallen === undefined || sum === undefined) return reason('resets-unknown', { labels });
    if (!Number.isFinite(sum)) return reason('series-not-finite', { labels });
    const seen = fallen === 0 ? 0 : fallsOf(own, fromSeconds, endOf(blocks.thinned, last));
    if (fallen > seen) return reason('counter-reset-unread', { labels, falls: fallen - seen });
  }
  return null;
}

/** How often a series fell in the samples that were read: where a process was replaced. */
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

/** An increase; null for a series that did not exist before the window ended. */
function countSeries(
  series: Series,
  target: TargetWindow,
  frame: Frame,
  absent: 'zero' | null,
): Result<Increase | null, Reason> {
  const parts: Part[] = [];
  let before = 0;
  for (const processInstance of target.processes) {
    const part = countLife(series, target, processInstance, frame, absent);
    if (!part.ok) return part;
    if (part.value === null) continue;
    parts.push({ ...part.value, before });
    before += part.value.increase;
  }
  return ok(parts.length === 0 ? null : { labels: series.labels, target, increase: before, series, parts });
}

function countLife(
  series: Series,
  target: TargetWindow,
  processInstance: ProcessInstance,
  frame: Frame,
  absent: 'zero' | null,
): Result<Omit<Part, 'before'> | null, Reason> {
  const half = target.intervalSeconds / 2;
  const { labels, samples } = series;
  const timeAt = (index: number) => samples[index]![0];
  // Bisection: a window of a day has many samples.
  const from = firstAfter(samples.length, timeAt, processInstance.openSeconds - half);
  const end = firstAfter(samples.length, timeAt, processInstance.closeSeconds + half, false);
  const beganInside = processInstance.beganSeconds !== null;
  const wasThere = !beganInside && from > 0;
  if (from >= end) return wasThere ? fail(reason('series-vanished', { labels })) : ok(null);
  const opening = beganInside ? from : firstAfter(samples.length, timeAt, frame.fromSeconds);
  const isOpen = opening > from;
  const closing =
    processInstance.unseenSeconds === 0
      ? firstAfter(samples.length, timeAt, frame.toSeconds, false)
      : firstAfter(samples.length, timeAt, processInstance.closeSeconds - half);
  if (closing >= end) return fail(reason('series-ended', { labels, atSeconds: timeAt(end - 1) }));
  const isInside = !isOpen && !beganInside;
  if (isInside && (wasThere || (absent !== 'zero' && !mayBeNew(series, from, target, frame))))
    return fail(reason('series-began-unseen', { labels }));
  const first = isOpen ? opening - 1 : from;
  const base = isOpen ? parseValue(samples[first]![1]) : 0;
  const mayBeEarly = beganInside
    ? processInstance.beganSeconds! < frame.fromSeconds
    : isInside && absent !== 'zero' && !isFamilyNew(series, target, processInstance, frame);
  let before = Number.NEGATIVE_INFINITY;
  let fall: Reason | null = null;
  for (let index = first; index <= closing; index++) {
    const value = parseValue(samples[index]![1]);
    const atSeconds = timeAt(index);
    if (!Number.isFinite(value))
      return fail(reason('sample-not-finite', { labels, value: String(value), atSeconds }));
    if (value < before) fall ??= reason('counter-reset', { labels, from: before, to: value, atSeconds });
    before = value;
  }
  const early = mayBeEarly && !frame.isSettled ? parseValue(samples[first]![1]) : 0;
  if (fall !== null) return fail(fall);
  return ok({ processInstance, base, increase: before - base, startsAtZero: !isOpen, early });
}

/**
 * Whether a series that exists from some scrape on can have begun since the previous one: its value is at
 * most twice what its busiest interval, or all requests, would have produced in that time.
 */
function mayBeNew({ samples }: Series, from: number, { scrapes }: TargetWindow, frame: Frame): boolean {
  const [at, text] = samples[from]!;
  const scraped = scrapes.findLast(({ atSeconds, ok }) => ok && atSeconds < at - SAME_SCRAPE_SECONDS);
  if (scraped === undefined) return false;
  const own = samples.slice(from + 1).map(([time, value], index) => {
    const [before, less] = samples[from + index]!;
    return (parseValue(value) - parseValue(less)) / (time - before);
  });
  const busiest = own
    .filter(Number.isFinite)
    .reduce((most, rate) => Math.max(most, rate), frame.busiest ?? 0);
  if (busiest === 0) return true;
  return parseValue(text) <= 2 * busiest * (at - scraped.atSeconds) + 1;
}

/** Timestamps of one scrape's samples differ by less than this. */
const SAME_SCRAPE_SECONDS = 0.01;

/**
 * A target that was scraped where the window opens and had no series of the metric yet: its first series
 * began at 0.
 */
function isFamilyNew(
  { labels }: Series,
  target: TargetWindow,
  processInstance: ProcessInstance,
  { readings }: Frame,
): boolean {
  const until = processInstance.openSeconds + target.intervalSeconds / 2;
  return ![...readings.values()].some(({ series }) =>
    series.some(
      (one) =>
        one.labels.__name__ === labels.__name__ &&
        belongsTo(one, target) &&
        (one.samples[0]?.[0] ?? until) <= until,
    ),
  );
}

/**
 * In ascending times, the index of the first that is later than a given time (or at it, if not `isLater`).
 */
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
