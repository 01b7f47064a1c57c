import { keyOf } from '../model/labels.ts';
import type { Plan, Series } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { endOf, nameless } from '../prometheus/downsampling.ts';
import {
  candidates,
  isLoopback,
  isPrecise,
  PASSED_ON,
  POD_NAMES,
  type Portrait,
  portraitsOf,
} from './portraits.ts';
import { parseValue, type TargetWindow } from './targets.ts';
import type { Frame } from './window.ts';

/**
 * Whether two scrape targets are one process that is scraped twice: by two jobs, by two Prometheus servers
 * behind one API, or under two names. Its counts would enter twice. Neither an address nor a start time is
 * proof (pods call themselves localhost, and a deployment starts its replicas in the same second), but the
 * course of the counters can refute it:
 *
 * 1. Candidates share an address, a pod, or a start time with a fraction of a second, or have no address at
 * all.
 * 2. They are distinct if their start times differ, if they are differently named pods at different
 * addresses, or if no single process can have shown both of them its counts.
 * 3. They are the same process if nothing refutes it and counters grew, so that there was something to
 * compare.
 */

export interface SameProcess {
  readonly targets: readonly [TargetWindow, TargetWindow];
  /** The properties that the two targets have in common. */
  readonly why: Reason;
}

export interface Sameness {
  readonly same: readonly SameProcess[];
  /** Candidates for which there was no evidence either way. */
  readonly unknown: readonly (readonly [TargetWindow, TargetWindow])[];
}

type Course = readonly (readonly [atSeconds: number, value: number])[];

export function samenessOf(plan: Plan, frame: Frame): Sameness {
  const portraits = portraitsOf(plan, frame);
  const same: SameProcess[] = [];
  const unknown: (readonly [TargetWindow, TargetWindow])[] = [];
  for (const [a, b] of candidates(portraits)) {
    const found = compare(a, b, frame);
    if (found === 'unknown') unknown.push([a.target, b.target]);
    else if (found !== 'distinct') same.push({ targets: [a.target, b.target], why: found.why });
  }
  return { same, unknown };
}

function compare(a: Portrait, b: Portrait, frame: Frame): 'distinct' | 'unknown' | { readonly why: Reason } {
  const common = [...a.starts.keys()].find((start) => b.starts.has(start));
  const isPreciseStart = common !== undefined && isPrecise(common);
  // Every machine has its own loopback interface: two Prometheus servers that both name it may mean two
  // processes.
  const isAnywhere = isLoopback(a.address) && !areOfOnePrometheus(a.target, b.target);
  const isOneAddress = a.address !== null && a.address === b.address && !isAnywhere;
  if (haveDistinctNames(a.target, b.target) && !isPreciseStart && !isOneAddress) return 'distinct';
  const areStartsKnown = a.starts.size > 0 && b.starts.size > 0;
  if (areStartsKnown && common === undefined) return 'distinct';
  if (a.address === b.address && isAnywhere && common === undefined) return 'unknown';
  const agreement = agreementOf(a, b, common, frame);
  // Slow scrapes or skewed clocks put counters out of step; a common address and a common fractional start
  // time outweigh that.
  if (agreement === 'refuted' && !(isOneAddress && isPreciseStart)) return 'distinct';
  if (agreement === 0) return 'unknown';
  const address = a.address !== null && a.address === b.address ? a.address : null;
  const counters = agreement === 'refuted' ? null : agreement;
  return { why: reason('same-process-marks', { address, startSeconds: common ?? null, counters }) };
}

const OWN_NAMES = [...POD_NAMES, 'namespace'];

const haveDistinctNames = ({ labels: a }: TargetWindow, { labels: b }: TargetWindow) =>
  OWN_NAMES.some((name) => a[name] !== undefined && b[name] !== undefined && a[name] !== b[name]);

/** Whether two targets differ only in job and address, both of which the scraping server assigns. */
const areOfOnePrometheus = (a: TargetWindow, b: TargetWindow) =>
  differingLabels(a, b).every((label) => label === 'job' || label === 'instance');

export const differingLabels = ({ labels: a }: TargetWindow, { labels: b }: TargetWindow) =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((label) => a[label] !== b[label]);

/** Two Prometheus servers' clocks may differ by this much. */
const CLOCK_TOLERANCE_SECONDS = 1;
/** How long after its timestamp a scrape may have read a counter. */
const SCRAPE_TOLERANCE_SECONDS = 0.5;

/**
 * How many counters of two targets may be the same, or `refuted`. If a single process had served both, a lower value would have been read
 * earlier. Over all counters and all pairs of scrapes, this bounds the clock difference of the two servers. If no difference fits, or only
 * a large one, the targets are distinct. Counters that stood still are no evidence.
 */
function agreementOf(a: Portrait, b: Portrait, startSeconds: number | undefined, frame: Frame) {
  const own = courses(a, startSeconds, frame, labelsOnlyIn(a, b));
  const others = courses(b, startSeconds, frame, labelsOnlyIn(b, a));
  let [low, high, agreeing] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0];
  for (const [key, one] of own) {
    const other = others.get(key) ?? [];
    if (one.length === 0 || other.length === 0) continue;
    if (hasGrown(one) && hasGrown(other)) agreeing++;
    else if (!hasGrown(one) && !hasGrown(other) && one[0]![1] !== other[0]![1]) return 'refuted';
    for (const [at, value] of other) {
      const less = one[firstWith(one, (shown) => shown >= value) - 1];
      const more = one[firstWith(one, (shown) => shown > value)];
      if (less !== undefined) low = Math.max(low, less[0] - at);
      if (more !== undefined) high = Math.min(high, more[0] - at);
    }
    if (low >= high + SCRAPE_TOLERANCE_SECONDS) return 'refuted';
    if (low > CLOCK_TOLERANCE_SECONDS || high < -CLOCK_TOLERANCE_SECONDS) return 'refuted';
  }
  return agreeing;
}

const hasGrown = (course: Course) => course.length > 1 && course.at(-1)![1] > course[0]![1];

/** In a monotonic sequence of conditions, the index of the first that holds; the number of conditions if none holds. */
function firstWith(course: Course, is: (value: number) => boolean): number {
  let [low, high] = [0, course.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (is(course[middle]![1])) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The labels of the target, and the labels that one job adds to each series and the other does not. */
function labelsOnlyIn(one: Portrait, other: Portrait): ReadonlySet<string> {
  const namesOf = ({ series }: Portrait) => new Set(series.flatMap(({ labels }) => Object.keys(labels)));
  const theirs = namesOf(other);
  const added = [...namesOf(one)].filter((label) => !theirs.has(label));
  const targets = [...Object.keys(one.target.labels), ...Object.keys(other.target.labels)];
  return new Set([...targets, ...added, ...PASSED_ON]);
}

/**
 * The samples of a target's counters, by name and labels; empty if two of them have the same name and labels.
 */
function courses(
  portrait: Portrait,
  startSeconds: number | undefined,
  frame: Frame,
  without: ReadonlySet<string>,
): ReadonlyMap<string, Course> {
  // Several selectors may match the same series.
  const distinct = new Map(portrait.series.map((one) => [nameless(one.labels) + one.labels.__name__, one]));
  const found = new Map<string, Course>();
  for (const one of distinct.values()) {
    const key = keyOf(one.labels, ...without);
    found.set(key, found.has(key) ? [] : courseOf(one, portrait, startSeconds, frame));
  }
  return found;
}

/** The samples of one process that were read in full; after a counter reset, those since the reset. */
function courseOf(
  { samples }: Series,
  { starts }: Portrait,
  startSeconds: number | undefined,
  { blocks }: Frame,
): Course {
  const times = startSeconds === undefined ? undefined : starts.get(startSeconds);
  const [from, to] = [times?.[0] ?? -Infinity, times?.at(-1) ?? Infinity];
  // The ends of aggregated blocks are not scrape times.
  const isEnd = (at: number) => {
    if (blocks === null) return false;
    const { thinned } = blocks;
    const number = Math.round((at - thinned.fromSeconds) / thinned.stepSeconds);
    return number >= 0 && number <= thinned.blocks && Math.abs(endOf(thinned, number) - at) < 1e-6;
  };
  const course = samples.flatMap(([at, text]): Course => {
    if (at < from || at > to || isEnd(at)) return [];
    const value = parseValue(text);
    return Number.isFinite(value) ? [[at, value]] : [];
  });
  const fall = course.findLastIndex(([, value], index) => index > 0 && value < course[index - 1]![1]);
  return fall === -1 ? course : course.slice(fall);
}
