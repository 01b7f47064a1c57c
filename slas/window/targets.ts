import type { Plan, Reading, RunRecord, Sample, Series } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { fail } from '../model/result.ts';
import {
  type Aggregated,
  type Blocks,
  endOf,
  nameless,
  type Stretch,
  unread,
  unreadPart,
} from '../prometheus/downsampling.ts';
import { median } from '../statistics/statistics.ts';
import { isMissedBetween, LATE, type ProcessInstance, processInstancesOf } from './process-instances.ts';

/**
 * The service's scrape targets as Prometheus scraped them, and where the window opens and closes for each.
 */

export interface TargetWindow {
  /** The labels that every series of this target has. */
  readonly labels: Readonly<Record<string, string>>;
  readonly name: string;
  /** Median interval between its scrapes. */
  readonly intervalSeconds: number;
  readonly openSeconds: number;
  readonly closeSeconds: number;
  /** Scrapes from opening to closing, both included, and whether each succeeded. */
  readonly scrapes: readonly Scrape[];
  /** Additional regular scrapes that the server counted, in blocks that were not read. */
  readonly unreadScrapes: number;
  /** Scrapes that were due between the edges and never made. */
  readonly missedScrapes: number;
  /** Its process instances in the window, in sequence. */
  readonly processes: readonly ProcessInstance[];
  /** Why its edges cannot be used, or null. */
  readonly problem: Reason | null;
  /** The scrapes there were made but failed, so `up` itself is known. Absent means no. */
  readonly isOnlyFailed?: boolean;
}

export type Scrape = { readonly atSeconds: number; readonly ok: boolean };

interface Scraped {
  readonly labels: Readonly<Record<string, string>>;
  readonly scrapes: readonly Scrape[];
  /** Ascending, without overlap. */
  readonly unread: readonly {
    readonly fromSeconds: number;
    readonly toSeconds: number;
    readonly scrapes: number;
    /** Where nothing was read of this target, although neighbouring blocks may have been. */
    readonly part: Stretch;
  }[];
}

export interface Targets {
  readonly targets: readonly TargetWindow[];
  /**
   * Replicas that ended before the window opened or started after it closed: they explain series that belong
   * to no target.
   */
  readonly elsewhere: readonly Pick<TargetWindow, 'labels'>[];
}

/** Prometheus formats numbers as Go does. */
export const parseValue = (text: string) => {
  const value = text === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value) && /^[+-]?Inf$/.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return value;
};

export const clock = (seconds: number) => new Date(seconds * 1000).toISOString().slice(11, 23);

export const belongsTo = (series: Pick<Series, 'labels'>, target: Pick<TargetWindow, 'labels'>) =>
  Object.entries(target.labels).every(([label, value]) => series.labels[label] === value);

export function cutTargets(
  plan: Plan,
  { window }: RunRecord,
  readings: ReadonlyMap<string, Reading>,
  blocks: Blocks | null,
): Targets {
  const scraped = scrapesOf(plan, window, readings, blocks);
  const stable = () => scraped.map((one) => cutStable(one, window.fromSeconds, window.toSeconds));
  const starts = readings.get(plan.processStart);
  // If nothing at all was scraped after the window, Prometheus ended, not the replicas.
  const isClosed = scraped.some(({ scrapes }) => scrapes.at(-1)!.atSeconds >= window.toSeconds);
  if (plan.replicas !== 'elastic' || starts === undefined || !isClean(starts) || !isClosed)
    return { targets: stable(), elsewhere: [] };
  const cut = scraped.map((one) => cutElastic(one, starts, scraped, window) ?? one);
  return {
    targets: cut.filter((one): one is TargetWindow => 'processes' in one),
    elsewhere: cut.filter((one) => !('processes' in one)),
  };
}

// ---------------------------------------------------------------------------------------------- when they were scraped

const isClean = ({ error, warnings }: Reading) => error === null && warnings.length === 0;

const withoutName = ({ __name__: _, ...labels }: Readonly<Record<string, string>>) => labels;

/**
 * When each target was scraped: from its `up` samples; if the server has none, from the samples that exist.
 */
function scrapesOf(
  plan: Plan,
  window: RunRecord['window'],
  readings: ReadonlyMap<string, Reading>,
  blocks: Blocks | null,
): readonly Scraped[] {
  const up = readings.get(plan.up);
  if (up === undefined || !isClean(up)) return [];
  const counts = blocks?.digest(plan.up, 'count');
  const read =
    up.series.length === 0
      ? scrapesBySamples([...readings.values()], readings.get(plan.processStart)?.series ?? [])
      : up.series.map((series) =>
          scrapesByUp(series, unreadOf(blocks, counts?.get(nameless(series.labels)), window)),
        );
  return read.filter(({ scrapes }) => scrapes.length > 0);
}

const scrapesByUp = ({ labels, samples }: Series, unread: Scraped['unread']): Scraped => ({
  labels: withoutName(labels),
  scrapes: samples.map(([atSeconds, value]) => ({ atSeconds, ok: parseValue(value) === 1 })),
  unread,
});

/** Blocks in which a target was scraped regularly, where only the server counted its scrapes. */
const unreadOf = (
  blocks: Blocks | null,
  counts: Aggregated | undefined,
  window: RunRecord['window'],
): Scraped['unread'] =>
  blocks === null || counts === undefined
    ? []
    : unread(blocks, counts, window).map((block) => ({
        fromSeconds: endOf(blocks.thinned, block - 1),
        toSeconds: endOf(blocks.thinned, block),
        scrapes: counts.values[block]!,
        part: unreadPart(blocks, block),
      }));

/**
 * A process reports one start time, with exactly the labels of its target, including any that a server may
 * have added. If none is reported, job and instance identify targets.
 */
function scrapesBySamples(readings: readonly Reading[], starts: readonly Series[]): readonly Scraped[] {
  const known = new Set(['job', 'instance', ...starts.flatMap(({ labels }) => Object.keys(labels))]);
  known.delete('__name__');
  const byTarget = new Map<string, { labels: Record<string, string>; times: Set<number> }>();
  for (const { labels, samples } of readings.flatMap(({ series }) => series)) {
    const own = Object.fromEntries(Object.entries(labels).filter(([label]) => known.has(label)));
    const key = JSON.stringify(Object.entries(own).sort());
    const target = byTarget.get(key) ?? { labels: own, times: new Set<number>() };
    for (const [atSeconds] of samples) target.times.add(atSeconds);
    byTarget.set(key, target);
  }
  return [...byTarget.values()].map(({ labels, times }) => ({
    labels,
    scrapes: [...times].sort((a, b) => a - b).map((atSeconds) => ({ atSeconds, ok: true })),
    unread: [],
  }));
}

const nameOf = ({ labels }: Scraped) => labels.instance ?? JSON.stringify(labels);

const intervalOf = ({ scrapes }: Scraped) =>
  median(scrapes.slice(1).map(({ atSeconds }, index) => atSeconds - scrapes[index]!.atSeconds));

/**
 * No scrape is missing between two scrapes that enclose others which the server counted: an irregular block
 * would have been read.
 */
function missedBetween(
  scrapes: readonly Scrape[],
  intervalSeconds: number,
  unread: Scraped['unread'],
): number {
  const parts = unread.map(({ part }) => part).filter(([from, to]) => from < to);
  let missed = 0;
  let at = 0;
  for (const [index, { atSeconds }] of scrapes.slice(1).entries()) {
    const before = scrapes[index]!.atSeconds;
    const gap = (atSeconds - before) / intervalSeconds;
    if (gap <= LATE) continue;
    while (at < parts.length && parts[at]![1] <= before) at++;
    const isCounted = at < parts.length && parts[at]![0] < atSeconds;
    if (!isCounted) missed += Math.round(gap) - 1;
  }
  return missed;
}

/** How many were counted by the server and not read. */
const unreadScrapes = ({ scrapes, unread }: Scraped) =>
  unread.reduce((sum, block) => sum + block.scrapes, 0) -
  scrapes.filter(({ atSeconds }) =>
    unread.some((one) => atSeconds > one.fromSeconds && atSeconds <= one.toSeconds),
  ).length;

// ---------------------------------------------------------------------------------------------- stable

function cutStable(scraped: Scraped, from: number, to: number): TargetWindow {
  const { labels, scrapes } = scraped;
  const intervalSeconds = intervalOf(scraped);
  const open = scrapes.findLast(({ atSeconds }) => atSeconds <= from);
  const close = scrapes.find(({ atSeconds }) => atSeconds >= to);
  const inside = scrapes.filter(
    ({ atSeconds }) => atSeconds >= (open?.atSeconds ?? from) && atSeconds <= (close?.atSeconds ?? to),
  );
  const name = nameOf(scraped);
  const openSeconds = open?.atSeconds ?? Number.NaN;
  const closeSeconds = close?.atSeconds ?? Number.NaN;
  return {
    labels,
    name,
    intervalSeconds,
    openSeconds,
    closeSeconds,
    scrapes: inside,
    unreadScrapes: unreadScrapes(scraped),
    missedScrapes: missedBetween(inside, intervalSeconds, scraped.unread),
    processes: [{ beganSeconds: null, openSeconds, closeSeconds, unseenSeconds: 0 }],
    ...edgeProblem(name, { open, close, inside, intervalSeconds, from, to }),
  };
}

interface Edges {
  readonly open: Scrape | undefined;
  readonly close: Scrape | undefined;
  readonly inside: readonly Scrape[];
  readonly intervalSeconds: number;
  readonly from: number;
  readonly to: number;
}

function edgeProblem(name: string, edges: Edges): Pick<TargetWindow, 'problem' | 'isOnlyFailed'> {
  const missing = missingEdge(name, edges);
  if (missing !== null) return { problem: missing };
  const failed = failedEdge(name, edges);
  return failed === null ? { problem: null } : { problem: failed, isOnlyFailed: true };
}

function failedEdge(target: string, { open, close }: Edges): Reason | null {
  const failed = (edge: 'open' | 'close', { atSeconds }: Scrape) =>
    reason('edge-scrape-failed', { target, edge, atSeconds });
  if (!open!.ok) return failed('open', open!);
  return close!.ok ? null : failed('close', close!);
}

function missingEdge(target: string, edges: Edges): Reason | null {
  const { open, close, inside, intervalSeconds, from, to } = edges;
  if (Number.isNaN(intervalSeconds)) return reason('scraped-too-rarely', { target });
  const missing = (edge: 'open' | 'close', atSeconds: number, nearest: Scrape | undefined) =>
    reason('edge-not-scraped', { target, edge, atSeconds, nearestSeconds: nearest?.atSeconds ?? null });
  const gapAfterOpen = (inside[1]?.atSeconds ?? to) - (open?.atSeconds ?? from);
  const gapBeforeClose = (close?.atSeconds ?? to) - (inside.at(-2)?.atSeconds ?? from);
  if (open === undefined || isMissedBetween(from - open.atSeconds, gapAfterOpen, intervalSeconds))
    return missing('open', from, open);
  if (close === undefined || isMissedBetween(close.atSeconds - to, gapBeforeClose, intervalSeconds))
    return missing('close', to, close);
  return null;
}

// ---------------------------------------------------------------------------------------------- elastic

/**
 * null if it has no part in the window. A target that reports no process start time is cut as a stable one.
 */
function cutElastic(
  scraped: Scraped,
  starts: Reading,
  all: readonly Scraped[],
  { fromSeconds, toSeconds }: RunRecord['window'],
): TargetWindow | null {
  const own = starts.series.filter((one) => belongsTo(one, scraped));
  if (own.length !== 1) return cutStable(scraped, fromSeconds, toSeconds);
  const name = nameOf(scraped);
  const intervalSeconds = intervalOf(scraped) || Math.max(...all.map(intervalOf).filter(Number.isFinite));
  if (!Number.isFinite(intervalSeconds)) {
    const problem = reason('all-scraped-once', { target: name });
    return { ...cutStable(scraped, fromSeconds, toSeconds), problem };
  }
  const { samples } = own[0]!;
  const unknown = unscraped(samples, scraped, intervalSeconds, { fromSeconds, toSeconds });
  const listedUntilSeconds = listedUntil(scraped, intervalSeconds, all);
  const known =
    unknown === null
      ? processInstancesOf(samples, { name, fromSeconds, toSeconds, intervalSeconds, listedUntilSeconds })
      : fail(unknown);
  if (!known.ok) return { ...cutStable(scraped, fromSeconds, toSeconds), problem: known.error };
  const processes = known.value;
  if (processes.length === 0) return null;
  const due = dueScrapes(scraped, processes, fromSeconds, toSeconds);
  return {
    labels: scraped.labels,
    name,
    intervalSeconds,
    openSeconds: processes[0]!.openSeconds,
    closeSeconds: processes.at(-1)!.closeSeconds,
    scrapes: due,
    unreadScrapes: unreadScrapes(scraped),
    missedScrapes: missedBetween(due, intervalSeconds, scraped.unread),
    processes,
    problem: null,
  };
}

/**
 * Start times inside the window at which `up` has no scrape: a running replica that seems gone would not be
 * counted.
 */
function unscraped(
  starts: readonly Sample[],
  scraped: Scraped,
  intervalSeconds: number,
  { fromSeconds, toSeconds }: RunRecord['window'],
): Reason | null {
  const isKnown = (at: number) =>
    scraped.scrapes.some(({ atSeconds }) => Math.abs(atSeconds - at) < intervalSeconds / 2);
  const irregular = starts.find(([at]) => at > fromSeconds && at <= toSeconds && !isKnown(at));
  return irregular === undefined
    ? null
    : reason('start-time-unscraped', { target: nameOf(scraped), atSeconds: irregular[0] });
}

/**
 * One interval past its last scrape, successful or not. While nothing at all was scraped, it may have
 * continued, so a later next scrape of any other target counts instead.
 */
function listedUntil({ scrapes }: Scraped, intervalSeconds: number, all: readonly Scraped[]): number {
  const last = scrapes.at(-1)!.atSeconds;
  const others = all.flatMap((one) => one.scrapes.find(({ atSeconds }) => atSeconds > last)?.atSeconds ?? []);
  return Math.max(last + intervalSeconds, Math.min(...others, Number.POSITIVE_INFINITY));
}

/**
 * From the opening scrape, or the start of its process, to the closing one: a scrape of a replica that failed
 * to respond was still due.
 */
function dueScrapes(
  { scrapes }: Scraped,
  processes: readonly ProcessInstance[],
  fromSeconds: number,
  toSeconds: number,
): readonly Scrape[] {
  const { beganSeconds, openSeconds } = processes[0]!;
  const opening = scrapes.findLast(({ atSeconds }) => atSeconds <= fromSeconds)?.atSeconds;
  const closing = scrapes.find(({ atSeconds }) => atSeconds >= toSeconds)?.atSeconds;
  const first = Math.min(openSeconds, beganSeconds ?? opening ?? openSeconds);
  return scrapes.filter(({ atSeconds }) => atSeconds >= first && atSeconds <= (closing ?? toSeconds));
}
