import { keyOf } from '../model/labels.ts';
import type { Plan, Reading, RunRecord, Series } from '../model/model.ts';
import type { Reason } from '../model/reasons.ts';
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
import { LATE, type ProcessInstance } from './process-instances.ts';

/** The service's scrape targets, and when Prometheus scraped them. */

export interface TargetWindow {
  /** The labels that every series of this target has. */
  readonly labels: Readonly<Record<string, string>>;
  readonly name: string;
  /** The median interval between the target's scrapes. */
  readonly intervalSeconds: number;
  readonly openSeconds: number;
  readonly closeSeconds: number;
  /** Scrapes from opening to closing, both included, and whether each succeeded. */
  readonly scrapes: readonly Scrape[];
  /** Additional regular scrapes that the server counted, in blocks that were not read. */
  readonly unreadScrapes: number;
  /** The number of scrapes that were due between the edges and never made. */
  readonly missedScrapes: number;
  /** The process instances of the target in the window, in sequence. */
  readonly processes: readonly ProcessInstance[];
  /** Why its edges cannot be used, or null. */
  readonly problem: Reason | null;
  /** True if the scrapes at the edges were made but failed, so that `up` itself is known. */
  readonly isOnlyFailed?: boolean;
}

export type Scrape = { readonly atSeconds: number; readonly ok: boolean };

export interface Scraped {
  readonly labels: Readonly<Record<string, string>>;
  readonly scrapes: readonly Scrape[];
  /** Ascending, without overlap. */
  readonly unread: readonly {
    readonly fromSeconds: number;
    readonly toSeconds: number;
    readonly scrapes: number;
    /** The part of these blocks in which no samples of this target were read, although neighbouring blocks may have been read. */
    readonly part: Stretch;
  }[];
}

export interface Targets {
  readonly targets: readonly TargetWindow[];
  /** Replicas that ended before the window opened or started after it closed. They explain series that belong to no target. */
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

// ---------------------------------------------------------------------------------------------- when they were scraped

export const isClean = ({ error, warnings }: Reading) => error === null && warnings.length === 0;

const withoutName = ({ __name__: _, ...labels }: Readonly<Record<string, string>>) => labels;

/**
 * When each target was scraped: from its `up` samples; if the server has none, from the samples that exist.
 */
export function scrapesOf(
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

/** Blocks in which a target was scraped regularly, so that its scrapes were only counted by the server and not read. */
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
    const key = keyOf(own);
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

export const nameOf = ({ labels }: Scraped) => labels.instance ?? JSON.stringify(labels);

export const intervalOf = ({ scrapes }: Scraped) =>
  median(scrapes.slice(1).map(({ atSeconds }, index) => atSeconds - scrapes[index]!.atSeconds));

/** No scrape is missing between two scrapes that enclose scrapes counted by the server, because an irregular block would have been read. */
export function missedBetween(
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

/** The number of scrapes that the server counted and that were not read. */
export const unreadScrapes = ({ scrapes, unread }: Scraped) =>
  unread.reduce((sum, block) => sum + block.scrapes, 0) -
  scrapes.filter(({ atSeconds }) =>
    unread.some((one) => atSeconds > one.fromSeconds && atSeconds <= one.toSeconds),
  ).length;
