import { unitInName } from '../document/units.ts';
import { keyOf } from '../model/labels.ts';
import type { TimeUnit } from '../model/model.ts';
import { type Exposed, type ExposedSample, numberOf } from './exposition.ts';

/** Sorts exposed samples into the metrics that can measure a service: counters, and times. */

export type Labels = Readonly<Record<string, string>>;

/** One label set of a metric, with the number of events that it counted. */
export interface Row {
  readonly labels: Labels;
  readonly count: number;
}

export interface CounterMetric {
  readonly name: string;
  readonly rows: readonly Row[];
}

export interface TimeRow extends Row {
  /** Events at or under each edge, in the order of the edges. */
  readonly within: readonly number[];
}

/** A metric of durations. */
export interface TimeMetric {
  /** The name without `_bucket`, `_sum` and `_count`. */
  readonly name: string;
  /** `summary`: it has a count and a sum, but no buckets. */
  readonly kind: 'classic' | 'native' | 'summary';
  readonly unit: TimeUnit;
  /** True if neither the name nor the service states the unit, so that it was assumed from the edges. */
  readonly isUnitGuessed: boolean;
  /** Whether the document must state the `unit`, because the name does not. */
  readonly isUnitUnnamed: boolean;
  /** In the metric's own unit, ascending, without +Inf. */
  readonly edges: readonly number[];
  readonly rows: readonly TimeRow[];
}

export interface Inventory {
  readonly names: ReadonlySet<string>;
  readonly counters: readonly CounterMetric[];
  readonly times: readonly TimeMetric[];
}

export function inventoryOf(exposed: Exposed): Inventory {
  const byName = Map.groupBy(exposed.samples, ({ name }) => name);
  const times = timeNames(exposed, byName).map((name) => timeOf(name, exposed, byName));
  const parts = new Set(times.flatMap(({ name }) => SUFFIXES.map((suffix) => name + suffix)));
  const counters = [...byName.keys()]
    .filter((name) => !parts.has(name) && isCounter(name, exposed))
    .map((name) => ({ name, rows: rowsOf(byName.get(name)!) }));
  return { names: new Set([...byName.keys(), ...exposed.types.keys()]), counters, times };
}

const SUFFIXES = ['_bucket', '_sum', '_count', '_max', '_created'];

/** After `# TYPE`, OpenMetrics names a counter without `_total`. A Prometheus may not know any types. */
function isCounter(name: string, { types }: Exposed): boolean {
  if (name.endsWith('_created')) return false;
  const type = types.get(name) ?? types.get(name.replace(/_total$/, ''));
  return type === undefined || type === 'unknown' || type === 'untyped'
    ? /_total$/.test(name) || types.size === 0
    : type === 'counter';
}

const rowsOf = (samples: readonly ExposedSample[]): readonly Row[] =>
  samples.map(({ labels, value }) => ({ labels, count: value }));

/** Names of histograms and summaries, also of those without a type. */
function timeNames(
  { types, natives }: Exposed,
  byName: ReadonlyMap<string, readonly ExposedSample[]>,
): readonly string[] {
  const named = [...byName.keys()].flatMap((name) => {
    if (name.endsWith('_bucket')) return [name.slice(0, -'_bucket'.length)];
    const base = name.replace(/_(?:count|sum)$/, '');
    return base !== name && byName.has(`${base}_count`) && byName.has(`${base}_sum`) ? [base] : [];
  });
  const typed = [...types].flatMap(([name, type]) => (type === 'histogram' ? [name] : []));
  return [...new Set([...named, ...natives, ...typed])];
}

/** A metric with one of these words in its name is a size or a ratio. */
const NO_TIME = /bytes|_size|size_|_ratio|percent|_length/;
export const isOfTime = (name: string) =>
  !NO_TIME.test(name) && (unitInName(name) !== null || /duration|latency|_time|handling/.test(name));

const UNITS: Readonly<Record<string, TimeUnit>> = {
  s: 'seconds',
  seconds: 'seconds',
  ms: 'milliseconds',
  milliseconds: 'milliseconds',
  us: 'microseconds',
  microseconds: 'microseconds',
  ns: 'nanoseconds',
  nanoseconds: 'nanoseconds',
};

function timeOf(
  name: string,
  { natives, units }: Exposed,
  byName: ReadonlyMap<string, readonly ExposedSample[]>,
): TimeMetric {
  const buckets = byName.get(`${name}_bucket`) ?? [];
  const edges = edgesOf(buckets);
  const named = unitInName(name);
  const said = UNITS[units.get(name) ?? ''] ?? KNOWN_UNITS[name] ?? null;
  const isNative = natives.has(name);
  const hasBuckets = edges.length > 0;
  return {
    name,
    kind: hasBuckets ? 'classic' : isNative ? 'native' : 'summary',
    unit: named ?? said ?? unitOfEdges(edges),
    isUnitGuessed: named === null && said === null,
    isUnitUnnamed: named === null,
    edges,
    rows: timeRows(byName.get(`${name}_count`) ?? byName.get(name) ?? [], buckets, edges),
  };
}

/** Metrics whose names do not say their unit, and that are exposed without one. */
const KNOWN_UNITS: Readonly<Record<string, TimeUnit>> = {
  envoy_cluster_upstream_rq_time: 'milliseconds',
  envoy_http_downstream_rq_time: 'milliseconds',
};

/** Few services take minutes to respond, so an edge over 60 is assumed to be in milliseconds. */
const MAX_SECONDS = 60;
const unitOfEdges = (edges: readonly number[]): TimeUnit =>
  (edges.at(-1) ?? 0) > MAX_SECONDS ? 'milliseconds' : 'seconds';

function edgesOf(buckets: readonly ExposedSample[]): readonly number[] {
  const all = new Set(buckets.map(({ labels }) => numberOf(labels.le ?? '') ?? Number.NaN));
  return [...all].filter(Number.isFinite).toSorted((a, b) => a - b);
}

/** The labels that distinguish the buckets of one histogram from each other, and from its other series. */
const OF_A_BUCKET = ['le', '__name__'] as const;

function timeRows(
  counts: readonly ExposedSample[],
  buckets: readonly ExposedSample[],
  edges: readonly number[],
): readonly TimeRow[] {
  const byLabels = Map.groupBy(buckets, ({ labels }) => keyOf(labels, ...OF_A_BUCKET));
  return counts.map(({ labels, value }) => {
    const own = byLabels.get(keyOf(labels, ...OF_A_BUCKET)) ?? [];
    const within = edges.map((edge) => own.find((one) => numberOf(one.labels.le!) === edge)?.value ?? 0);
    return { labels, count: value, within };
  });
}
