import type { HistogramKinds, HistogramSample, NativeBucket, Plan, Reading, Series } from '../model/model.ts';
import { nameless } from './downsampling.ts';

/**
 * Native histograms, and classic ones that are stored with custom buckets (NHCB), as the cumulative buckets
 * that everything else counts with. Nothing is interpolated: an edge is kept only if no populated bucket of
 * any sample lies on both sides of it. Then every scrape shows how many observations were at or under it. A
 * limit within a bucket is then bracketed like one between two classic edges.
 */

type Readings = ReadonlyMap<string, Reading>;

/** The readings of a plan, where the buckets of a latency include those of native histograms. */
export function withNatives(plan: Plan, readings: Readings): Readings {
  const found = new Map(readings);
  const natives = new Set<string>();
  for (const { measure } of plan.objectives) {
    if (measure.kind !== 'latency' || measure.native === undefined || measure.buckets === null) continue;
    const { histogram, responses, isDeclared } = measure.native;
    const pairs = [[measure.buckets, histogram] as const];
    if (measure.responses !== undefined && responses !== undefined)
      pairs.push([measure.responses, responses]);
    for (const [classic, native] of pairs) {
      natives.add(native);
      const [own, other] = [readings.get(classic), readings.get(native)];
      if (own !== undefined && other !== undefined) found.set(classic, combined(own, other, isDeclared));
    }
  }
  // The readings of the buckets now include their counts.
  for (const selector of natives)
    if (found.has(selector)) found.set(selector, { ...found.get(selector)!, series: [] });
  for (const [selector, reading] of found)
    if (!natives.has(selector) && reading.series.some(hasHistograms))
      found.set(selector, { ...reading, error: reading.error ?? notANumber(selector) });
  return found;
}

const hasHistograms = ({ histograms = [] }: Series) => histograms.length > 0;

const notANumber = (selector: string) =>
  `${selector} selects a native histogram, which is neither a number nor a set of bucket series`;

/**
 * Counting both forms would count each observation twice. The native form is kept if the document says so, otherwise the classic form if it
 * has an edge.
 */
function combined(classic: Reading, native: Reading, isDeclared: boolean): Reading {
  const converted = classicSeries(native.series);
  if (converted.length === 0) return joined(classic, native, classic.series);
  const natives = new Set(converted.map(({ labels }) => withoutEdge(labels)));
  const edged = new Set(classic.series.filter(hasEdge).map(({ labels }) => withoutEdge(labels)));
  const isNative = (key: string) => natives.has(key) && (isDeclared || !edged.has(key));
  const series = [
    ...classic.series.filter(({ labels }) => !isNative(withoutEdge(labels))),
    ...converted.filter(({ labels }) => isNative(withoutEdge(labels))),
  ];
  return { ...joined(classic, native, series), kinds: kindsOf(series, classic.series, natives) };
}

function kindsOf(
  counted: readonly Series[],
  classic: readonly Series[],
  natives: ReadonlySet<string>,
): HistogramKinds {
  const keysOf = (series: readonly Series[]) => new Set(series.map(({ labels }) => withoutEdge(labels)));
  const both = [...keysOf(classic)].filter((key) => natives.has(key)).length;
  const native = keysOf(counted.filter(({ isNative }) => isNative === true)).size;
  return { native, classic: keysOf(counted).size - native, both };
}

const hasEdge = ({ labels }: Series) => Number.isFinite(Number(labels.le));

const withoutEdge = ({ le: _, ...labels }: Series['labels']) => nameless(labels);

function joined(classic: Reading, native: Reading, series: readonly Series[]): Reading {
  const isOnlyNative = series.length > 0 && series.every(({ isNative }) => isNative === true);
  return {
    ...classic,
    query: isOnlyNative ? native.query : classic.query,
    series,
    warnings: [...new Set([...classic.warnings, ...native.warnings])],
    error: classic.error ?? native.error,
  };
}

// ---------------------------------------------------------------------------------------------- conversion

/** One series for each edge and `+Inf`, as if the histograms had been classic. Series without histograms (a summary) are left out. */
export function classicSeries(series: readonly Series[]): readonly Series[] {
  const own = series.filter(hasHistograms);
  const all = [...new Set(own.flatMap(({ histograms }) => boundsOf(histograms!)))].sort((a, b) => a - b);
  return own.flatMap((one) => seriesOf(one, all));
}

/** Every end of a populated bucket that may be an edge: latencies are not negative, and `+Inf` is the count. */
function boundsOf(histograms: readonly HistogramSample[]): readonly number[] {
  const bounds = new Set<number>();
  for (const [, { buckets = [] }] of histograms)
    for (const [, lower, upper] of buckets)
      for (const bound of [Number(lower), Number(upper)])
        if (Number.isFinite(bound) && bound >= 0) bounds.add(bound);
  return [...bounds];
}

function seriesOf({ labels, samples, histograms = [] }: Series, bounds: readonly number[]): Series[] {
  const edges = usable(bounds, histograms);
  const { __name__: name = '', ...rest } = labels;
  // Where a float took the place of a histogram, nothing is known.
  const unknown = samples.map(([at]) => [at, 'NaN'] as const);
  const cumulative = histograms.map(([at, histogram]) => ({
    at,
    counts: cumulated(histogram.buckets ?? [], edges),
    count: histogram.count,
  }));
  const named = (le: string) => ({ __name__: `${name}_bucket`, ...rest, le });
  const inOrder = (own: readonly (readonly [number, string])[]) =>
    unknown.length === 0 ? own : [...own, ...unknown].sort(([a], [b]) => a - b);
  const whole = cumulative.map(({ at, count }) => [at, count] as const);
  return [
    ...edges.map((edge, index): Series => {
      const own = cumulative.map(({ at, counts }) => [at, String(counts[index])] as const);
      return { labels: named(String(edge)), samples: inOrder(own), isNative: true };
    }),
    { labels: named('+Inf'), samples: inOrder(whole), isNative: true },
  ];
}

/** The edges that no populated bucket of any sample straddles. */
function usable(bounds: readonly number[], histograms: readonly HistogramSample[]): readonly number[] {
  const straddled = new Set<number>();
  const seen = new Set<string>();
  for (const [, { buckets = [] }] of histograms)
    for (const bucket of buckets) {
      const key = bucket.slice(0, 3).join(' ');
      if (seen.has(key) || Number(bucket[3]) === 0) continue;
      seen.add(key);
      for (const edge of bounds) if (isStraddling(bucket, edge)) straddled.add(edge);
    }
  return bounds.filter((edge) => !straddled.has(edge));
}

/** Whether some values of a bucket are at or under the edge, and some over it. */
function isStraddling([ends, lower, upper]: NativeBucket, edge: number): boolean {
  const [low, high] = [Number(lower), Number(upper)];
  const includesLower = ends === 1 || ends === 3;
  return high > edge && (low < edge || (low === edge && includesLower));
}

/** How many observations were at or under each ascending edge. */
function cumulated(buckets: readonly NativeBucket[], edges: readonly number[]): readonly number[] {
  const ascending = buckets
    .map(([, , upper, count]) => [Number(upper), Number(count)] as const)
    .sort(([a], [b]) => a - b);
  let at = 0;
  let sum = 0;
  return edges.map((edge) => {
    while (at < ascending.length && ascending[at]![0] <= edge) sum += ascending[at++]![1];
    return sum;
  });
}
