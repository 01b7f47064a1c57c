import type { Reading, Selected, Series } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { fail, ok, type Result } from '../model/result.ts';
import { type Blocks, endOf, nameless } from '../prometheus/downsampling.ts';
import { countSeries } from './count-series.ts';
import type { HiddenRestart } from './hidden-restarts.ts';
import type { Increase } from './increases.ts';
import type { ProcessInstance } from './process-instances.ts';
import { belongsTo, parseValue, type Targets, type TargetWindow } from './targets.ts';

/** A window with known edges, and what was counted in it: differences of raw samples, series by series. */

export interface Frame extends Targets {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly readings: ReadonlyMap<string, Reading>;
  /** The metric and the labels that a vector selector of the plan selects. */
  readonly selectedBy: (vectorSelector: string) => Selected;
  /** Scrape times of each target. All edges of the window are derived from them. */
  readonly up: Reading | undefined;
  /** null if every sample of the window was read. */
  readonly blocks: Blocks | null;
  /**
   * Requests that the client knows of and that the service's counters may lack. null if the client does not
   * know all requests.
   */
  readonly missing: Missing | null;
  /** The selectors of native histograms. */
  readonly natives: readonly string[];
  /** The scrapes between which a process may have restarted undetected. */
  readonly restarts: readonly HiddenRestart[];
  /** The client sent every counted request and received the same number of responses, so no request is from before or after. */
  readonly isSettled: boolean;
  /** The highest request rate of any target between two scrapes; null if unknown. */
  readonly busiest: number | null;
  /** The load in this window was the only traffic: nothing was counted before or after it. */
  readonly isAlone: boolean;
  /** No other client sends requests. */
  readonly isIsolated: boolean;
  /** How many of the requests that this selector counts were scrapes of the service's metrics; null if none, or if unknown. */
  readonly scrapes: { readonly selector: string; readonly requests: number } | null;
  /** A cache of counts, because several objectives use the same series. */
  readonly counted: Map<string, Counted>;
}

/** Requests that were answered but not counted, or never answered, in addition to those counted. */
export interface Missing {
  readonly requests: number;
  readonly counted: number;
}

/** How much each series of a selector grew, or why it cannot be counted. */
export type Counted = Result<readonly Increase[], Reason>;

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

/** Whether a series belongs to no target or to several, so that its origin is unknown. */
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
 * unusable. `absent: zero` allows a target to have no such series, or one that began during the window (at
 * 0). `mayBegin` allows the latter for single series.
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

/** A target that lacks a series, and a label that only the targets with the series have. Filtering by this label leaves out a sidecar. */
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
  frame: Frame,
): Reason | null {
  const { blocks } = frame;
  if (blocks === null) return null;
  const [resets, sums] = [blocks.digest(selector, 'resets'), blocks.digest(selector, 'sum')];
  const { blocks: last, fromSeconds } = blocks.thinned;
  const read = new Set(series.map(({ labels }) => nameless(labels)));
  for (const [key, { labels }] of resets)
    if (!read.has(key)) return reason('series-came-and-went', { labels });
  for (const { labels, series: own } of increases) {
    if (own.isNative === true) {
      const trouble = unreadNative(own, frame);
      if (trouble !== null) return trouble;
      continue;
    }
    const key = nameless(labels);
    const [fallen, sum] = [resets.get(key)?.values[last], sums.get(key)?.values[last]];
    if (fallen === undefined || sum === undefined) return reason('resets-unknown', { labels });
    if (!Number.isFinite(sum)) return reason('series-not-finite', { labels });
    const seen = fallen === 0 ? 0 : fallsOf(own, fromSeconds, endOf(blocks.thinned, last));
    if (fallen > seen) return reason('counter-reset-unread', { labels, falls: fallen - seen });
  }
  return null;
}

/** The server counts the resets of a native histogram as a whole, not per bucket. */
function unreadNative(own: Series, { blocks, natives }: Frame): Reason | null {
  const { le, ...labels } = own.labels;
  const key = nameless(labels);
  const { thinned, digest } = blocks!;
  const all = natives.map((selector) => digest(selector, 'resets').get(key)?.values[thinned.blocks]);
  const fallen = all.find((one) => one !== undefined && !Number.isNaN(one));
  if (fallen === undefined) return reason('resets-unknown', { labels });
  if (fallen === 0 || le !== '+Inf') return null;
  const seen = fallsOf(own, thinned.fromSeconds, endOf(thinned, thinned.blocks));
  return fallen > seen ? reason('counter-reset-unread', { labels, falls: fallen - seen }) : null;
}

/** How often a series fell in the samples that were read. Each fall means that a process was replaced. */
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
