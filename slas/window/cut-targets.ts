import type { Plan, Reading, RunRecord, Sample } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { fail } from '../model/result.ts';
import type { Blocks } from '../prometheus/downsampling.ts';
import { isMissedBetween, type ProcessInstance, processInstancesOf } from './process-instances.ts';
import {
  belongsTo,
  intervalOf,
  isClean,
  missedBetween,
  nameOf,
  type Scrape,
  type Scraped,
  scrapesOf,
  type Targets,
  type TargetWindow,
  unreadScrapes,
} from './targets.ts';

/** Where the window opens and closes for each scrape target. */

export function cutTargets(
  plan: Plan,
  { window }: RunRecord,
  readings: ReadonlyMap<string, Reading>,
  blocks: Blocks | null,
): Targets {
  const scraped = scrapesOf(plan, window, readings, blocks);
  const stable = () => scraped.map((one) => cutStable(one, window.fromSeconds, window.toSeconds));
  const starts = readings.get(plan.processStart);
  // If no target was scraped after the window, Prometheus ended, and not the replicas.
  const isClosed = scraped.some(({ scrapes }) => scrapes.at(-1)!.atSeconds >= window.toSeconds);
  if (plan.replicas !== 'elastic' || starts === undefined || !isClean(starts) || !isClosed)
    return { targets: stable(), elsewhere: [] };
  const cut = scraped.map((one) => cutElastic(one, starts, scraped, window) ?? one);
  return {
    targets: cut.filter((one): one is TargetWindow => 'processes' in one),
    elsewhere: cut.filter((one) => !('processes' in one)),
  };
}

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

/** null if the target does not belong to the window. A target without a process start time is treated like a stable one. */
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
 * Start times during the window at scrapes that `up` does not have: a running replica that seems to be gone
 * would not be counted.
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
 * One interval past its last scrape, successful or not. While no target at all was scraped, the process may have continued, so the next
 * scrape of any other target counts instead if it is later.
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
