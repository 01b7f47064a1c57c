import { countBlocks, secondBlocks, slowerBlocks } from './blocks.ts';
import type { Block } from './design-effect.ts';
import { holds } from './limits.ts';
import type { Limit, LoadRecord, PlannedMeasure, PlannedObjective, RunRecord, Series } from './model.ts';
import { formatBucket, formatCount, formatValue } from './numbers.ts';
import { budgetOf, compareShare } from './statistics.ts';
import {
  belongsTo,
  cleanReading,
  countIncreases,
  type Frame,
  type Increase,
  nearestAt,
  parseValue,
  strayOf,
  type TargetWindow,
  total,
} from './window.ts';

/**
 * What was measured for one objective: numbers, and how any such numbers compare with a limit. Whether they may decide
 * anything is for judge.ts to say.
 */
export type Measured =
  /** Bad events among all: decided in integers. `badBeyondAlert` are those past the alert threshold. */
  | {
      readonly kind: 'share';
      readonly samples: number;
      readonly bad: number;
      readonly badBeyondAlert: number;
      readonly value: number;
      readonly share: number;
      readonly bucket: readonly [number, number | null] | null;
      readonly words: string;
      /** The bad ones between scrape and scrape; for latency, those over each lower bucket edge, too. */
      readonly blocks: readonly Block[];
      readonly lower: readonly (readonly Block[])[];
    }
  /** A mean or a rate: compared as it is. Its blocks are sums of counts, or counts of seconds. */
  | {
      readonly kind: 'number';
      readonly samples: number;
      readonly value: number;
      readonly words: string;
      readonly blocks: readonly Block[];
    }
  /** A census in which some are unknown: `up` for certain, `up + unknown` at best. */
  | {
      readonly kind: 'census';
      readonly samples: number;
      readonly up: number;
      readonly unknown: number;
      readonly words: string;
    }
  | { readonly kind: 'nothing'; readonly reason: string };

const nothing = (reason: string): Measured => ({ kind: 'nothing', reason });
const percent = (ratio: number) => formatValue(ratio, 'ratio');

export function measure(
  objective: PlannedObjective,
  run: RunRecord,
  frame: Frame,
  requests: string | null,
): Measured {
  const planned = objective.measure;
  switch (planned.kind) {
    case 'latency':
      return measureLatency(planned, objective, frame);
    case 'ratio':
      return measureRatio(planned, run, frame);
    case 'throughput':
      return measureThroughput(planned, run, frame, requests);
    case 'uptime':
      return measureUptime(planned, frame);
    case 'mean':
      return measureMean(planned, frame);
    default:
      return planned satisfies never;
  }
}

/** Whether so many bad ones among all are within a limit. A percentile's limit includes its edge, a rate's is strict. */
export function isWithin(planned: PlannedMeasure, limit: Limit, bad: number, all: number): boolean {
  if (planned.kind === 'latency') return compareShare(bad, all, budgetOf(planned.percentile)) <= 0;
  const sign = compareShare(bad, all, limit.value);
  return holds(sign, { ...limit, value: 0 });
}

// ---------------------------------------------------------------------------------------------- latency

type Edges = ReadonlyMap<number, number>;

function measureLatency(
  planned: PlannedMeasure & { kind: 'latency' },
  { target, alert }: PlannedObjective,
  frame: Frame,
): Measured {
  const counted = countIncreases(planned.buckets, frame);
  if (!counted.ok) return nothing(counted.reason);
  const part = partialEvent(counted.increases);
  if (part !== null) return nothing(part);
  const histograms = [...groupHistograms(counted.increases).values()];
  for (const limit of [target, ...(alert === null ? [] : [alert])]) {
    const lacking = histograms.find(({ edges }) => !edges.has(limit.value));
    if (lacking)
      return nothing(
        `series ${lacking.name} has no bucket edge at ${limit.value} s: the share under "${limit.text}" is unknown`,
      );
  }
  const broken = histograms.find(({ edges }) => !edges.has(Infinity) || !ascends(edges));
  if (broken)
    return nothing(`the buckets of series ${broken.name} do not add up: they must ascend to le="+Inf"`);
  const edges = sumEdges(histograms.map((histogram) => histogram.edges));
  const samples = edges.get(Infinity)!;
  if (samples === 0) return nothing('no good answer was counted in the window');
  const good = edges.get(target.value)!;
  const { value, bucket } = percentileOf(edges, planned.percentile);
  const upToLimit = [...edges.keys()].filter((edge) => edge <= target.value);
  const slower = slowerBlocks(counted.increases, upToLimit, frame);
  return {
    kind: 'share',
    samples,
    bad: samples - good,
    badBeyondAlert: alert === null ? 0 : samples - edges.get(alert.value)!,
    value,
    share: good / samples,
    bucket,
    words: `${formatCount(good)} of ${formatCount(samples)} good answers took ${formatValue(target.value, 'seconds')} or less (${percent(good / samples)}, ${planned.percentile} % needed); the p${planned.percentile} lies ${formatBucket(bucket, 'seconds')}`,
    blocks: slower.at(-1)!,
    lower: slower.slice(0, -1),
  };
}

/** One histogram a label set and target: its edges, as numbers, with how much each grew. */
function groupHistograms(increases: readonly Increase[]) {
  const groups = new Map<string, { name: string; edges: Map<number, number> }>();
  for (const { labels, target, increase } of increases) {
    const { le, ...rest } = labels;
    const name = JSON.stringify(rest);
    const key = `${target.name} ${name}`;
    const group = groups.get(key) ?? { name, edges: new Map<number, number>() };
    // Two spellings of one edge in one histogram: which of them counts is not known, and NaN is no edge.
    const edge = parseValue(le ?? '');
    group.edges.set(group.edges.has(edge) ? Number.NaN : edge, increase);
    groups.set(key, group);
  }
  return groups;
}

const inOrder = (edges: Edges) => [...edges].sort(([a], [b]) => a - b);

const ascends = (edges: Edges) =>
  inOrder(edges).every(
    ([edge, grown], index, all) => !Number.isNaN(edge) && (index === 0 || grown >= all[index - 1]![1]),
  );

/** Sums over the edges that all histograms have: replicas are added before anything is judged. */
function sumEdges(histograms: readonly Edges[]): Edges {
  const [first, ...others] = histograms;
  const common = inOrder(first!).filter(([edge]) => others.every((edges) => edges.has(edge)));
  return new Map(
    common.map(([edge, grown]) => [edge, others.reduce((sum, edges) => sum + edges.get(edge)!, grown)]),
  );
}

/** The bucket that a percentile lies in, and a value interpolated inside it. Past the last finite edge: that edge. */
function percentileOf(edges: Edges, percentile: number): { value: number; bucket: [number, number | null] } {
  const ordered = inOrder(edges);
  const samples = ordered.at(-1)![1];
  const at = ordered.findIndex(
    ([, grown]) => compareShare(samples - grown, samples, budgetOf(percentile)) <= 0,
  );
  const [high, upTo] = ordered[at]!;
  const [low, below] = at === 0 ? [0, 0] : ordered[at - 1]!;
  if (high === Infinity) return { value: low, bucket: [low, null] };
  const within = upTo === below ? 1 : ((percentile / 100) * samples - below) / (upTo - below);
  return { value: low + (high - low) * Math.min(1, Math.max(0, within)), bucket: [low, high] };
}

// ---------------------------------------------------------------------------------------------- ratio

function measureRatio(planned: PlannedMeasure & { kind: 'ratio' }, run: RunRecord, frame: Frame): Measured {
  const bad = countIncreases(planned.bad, frame, planned.badAbsent);
  if (!bad.ok) return nothing(bad.reason);
  // A first error may make its series inside the window; it is one of all events then, too.
  const badOnes = new Set(bad.increases.map(({ labels }) => keyOf(labels)));
  const all = countIncreases(planned.total, frame, null, (labels) => badOnes.has(keyOf(labels)));
  if (!all.ok) return nothing(all.reason);
  const part =
    partialEvent([...bad.increases, ...all.increases]) ??
    blindSpot(planned, bad.increases, all.increases, run);
  if (part !== null) return nothing(part);
  const lost = planned.lost === 'bad' ? (run.load?.lost ?? 0) : 0;
  const samples = withLost(
    total(all.increases),
    lost,
    answeredWith(planned.totalStatus, run, (load) => load.sent - load.lost - load.answered['4xx']),
  );
  const badCount = Math.min(
    samples,
    withLost(
      total(bad.increases),
      lost,
      answeredWith(planned.badStatus, run, (load) => load.answered['5xx']),
    ),
  );
  if (samples === 0) return nothing('no request was counted in the window');
  const lostWords = lost === 0 ? '' : `, ${formatCount(lost)} of them sent and never answered`;
  return {
    kind: 'share',
    samples,
    bad: badCount,
    badBeyondAlert: badCount,
    value: badCount / samples,
    share: badCount / samples,
    bucket: null,
    words: `${formatCount(badCount)} of ${formatCount(samples)} requests were bad (${percent(badCount / samples)})${lostWords}`,
    blocks: countBlocks(bad.increases, all.increases, frame, {
      part: badCount - total(bad.increases),
      total: samples - total(all.increases),
      sentAtSeconds: lost === 0 ? [] : lostAt(run),
    }),
    lower: [],
  };
}

/** Where nothing bad was counted: could it have been? A label that no series has, a status that none is called, never matches. */
function blindSpot(
  { badLabels }: PlannedMeasure & { kind: 'ratio' },
  bad: readonly Increase[],
  all: readonly Increase[],
  { load }: RunRecord,
): string | null {
  if (total(bad) > 0) return null;
  const lacking = badLabels.find((label) => bad.length === 0 && all.some(({ labels }) => !(label in labels)));
  if (lacking !== undefined)
    return `no bad event could be counted: the series of the total have no label "${lacking}"`;
  const errors = load?.answered['5xx'] ?? 0;
  return errors > 0 ? `the client saw ${errors} answers of status 5xx, and none was counted as bad` : null;
}

/** When the requests were sent that nobody answered, as far as the client left a record. */
function lostAt({ load }: RunRecord): readonly number[] {
  if (load?.client === undefined) return [];
  const { originSeconds, startMs, status } = load.client;
  const starts = startMs.split(' ');
  return status
    .split(' ')
    .flatMap((one, index) => (one === '0' ? [originSeconds + Number(starts[index]) / 1000] : []));
}

/** Events are judged as shares of integers. */
function partialEvent(increases: readonly Increase[]): string | null {
  const odd = increases.find(({ increase }) => !Number.isSafeInteger(increase));
  if (odd === undefined) return null;
  return `series ${JSON.stringify(odd.labels)} grew by ${odd.increase}, which is no whole number of events`;
}

const keyOf = (labels: Readonly<Record<string, string>>, ...without: readonly string[]) =>
  JSON.stringify(
    Object.entries(labels)
      .filter(([label]) => !without.includes(label))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/**
 * The service's count, and the lost requests that are not in it yet. What it counts beyond the answers that the client saw
 * are lost ones already: a request that the client gave up on may be there as a 200, as a 499, as a 5xx, or not at all.
 */
function withLost(counted: number, lost: number, seenByClient: number): number {
  return counted + lost - Math.min(lost, Math.max(0, counted - seenByClient));
}

/** Answers of such a status that the client saw; by its classes where it left no record of each request. */
function answeredWith(
  status: string | null,
  { load }: RunRecord,
  byClass: (load: LoadRecord) => number,
): number {
  if (load === null) return 0;
  if (load.client === undefined || status === null) return byClass(load);
  const pattern = new RegExp(`^(?:${status})$`);
  return load.client.status.split(' ').filter((one) => one !== '0' && pattern.test(one)).length;
}

// ---------------------------------------------------------------------------------------------- throughput and mean

function measureThroughput(
  planned: PlannedMeasure & { kind: 'throughput' },
  run: RunRecord,
  frame: Frame,
  requests: string | null,
): Measured {
  const counted = countIncreases(planned.counter, frame);
  if (!counted.ok) return nothing(counted.reason);
  const samples = total(counted.increases);
  const blocks = secondBlocks(counted.increases, frame);
  if (run.load !== null) {
    const scheduled = run.load.scheduledSeconds;
    const words = `${formatCount(samples)} good answers in the ${Number(scheduled.toFixed(3))} s over which load was scheduled`;
    return { kind: 'number', samples, value: samples / scheduled, words, blocks };
  }
  const asked = requests === null ? counted : countIncreases(requests, frame, 'zero');
  if (!asked.ok) return nothing(asked.reason);
  if (total(asked.increases) === 0)
    return nothing('no request was made in the window: there was no load to carry');
  const value = counted.increases.reduce(
    (sum, { increase, target }) => sum + increase / (target.closeSeconds - target.openSeconds),
    0,
  );
  return {
    kind: 'number',
    samples,
    value,
    words: `${formatCount(samples)} good answers between the scrapes that were subtracted`,
    blocks,
  };
}

function measureMean(planned: PlannedMeasure & { kind: 'mean' }, frame: Frame): Measured {
  const sums = countIncreases(planned.sum, frame);
  if (!sums.ok) return nothing(sums.reason);
  const counts = countIncreases(planned.count, frame);
  if (!counts.ok) return nothing(counts.reason);
  const single = unpaired(sums.increases, counts.increases) ?? unpaired(counts.increases, sums.increases);
  if (single !== null)
    return nothing(`${planned.sum} and ${planned.count} must pair, and ${single} stands alone`);
  const samples = total(counts.increases);
  if (samples === 0) return nothing('nothing was observed in the window');
  return {
    kind: 'number',
    samples,
    value: total(sums.increases) / samples,
    words: `the mean of ${formatCount(samples)} observations`,
    blocks: countBlocks(sums.increases, counts.increases, frame),
  };
}

/** A series of the one that the other has no partner for: the same labels but for the name. */
function unpaired(some: readonly Increase[], others: readonly Increase[]): string | null {
  const keys = new Set(others.map(({ labels }) => keyOf(labels, '__name__')));
  const single = some.find(({ labels }) => !keys.has(keyOf(labels, '__name__')));
  return single === undefined ? null : JSON.stringify(single.labels);
}

// ---------------------------------------------------------------------------------------------- uptime

function measureUptime(planned: PlannedMeasure & { kind: 'uptime' }, frame: Frame): Measured {
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
