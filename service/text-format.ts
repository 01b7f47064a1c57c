import { Histogram, type Registry } from 'prom-client';

/** What prom-client (15) keeps of a histogram's series; its types do not tell, a test holds what comes of it to its own text. */
interface Series {
  readonly labels: Readonly<Record<string, string | number>>;
  /** By the bucket's edge; each observation is in one of them, or beyond the last. */
  readonly bucketValues: Readonly<Record<string, number>>;
  readonly sum: number;
  readonly count: number;
}
interface Innards {
  readonly name: string;
  readonly help: string;
  readonly upperBounds: readonly number[];
  readonly hashMap: Readonly<Record<string, Series>>;
}

/** A series' lines up to their values: its buckets, then sum and count. */
interface Heads {
  readonly edges: readonly string[];
  readonly buckets: readonly string[];
  readonly sum: string;
  readonly count: string;
}

// A series exists for as long as its registry, and never changes its name.
const knownHeads = new WeakMap<Series, Heads>();

/**
 * Everything in the registry in Prometheus's text format: what its own `metrics()` gives. That one makes an object of each of two
 * thousand lines, nearly all of them of histograms, and so holds up every request for longer than an inference; here a scrape
 * writes numbers behind what was put together once.
 */
export async function writeText(registry: Registry): Promise<string> {
  const families = registry.getMetricsAsArray().map((metric) => {
    const isPlain = metric instanceof Histogram && metric.collect === undefined;
    return isPlain ? writeHistogram(metric) : registry.getSingleMetricAsString(metric.name);
  });
  return `${(await Promise.all(families)).join('\n\n')}\n`;
}

function writeHistogram(histogram: object): string {
  const { name, help, upperBounds, hashMap } = histogram as Innards;
  let text = `# HELP ${name} ${escaped(help)}\n# TYPE ${name} histogram`;
  for (const series of Object.values(hashMap)) {
    const heads = knownHeads.get(series) ?? headsOf(name, upperBounds, series.labels);
    knownHeads.set(series, heads);
    text += writeSeries(series, heads);
  }
  return text;
}

function writeSeries({ bucketValues, sum, count }: Series, { edges, buckets, ...heads }: Heads): string {
  let text = '';
  let upTo = 0;
  for (let at = 0; at < edges.length; at++) {
    upTo += bucketValues[edges[at]!]!;
    text += buckets[at]! + upTo;
  }
  return `${text}${buckets[edges.length]!}${count}${heads.sum}${sum}${heads.count}${count}`;
}

function headsOf(name: string, upperBounds: readonly number[], labels: Series['labels']): Heads {
  const own = Object.entries(labels).map(([label, value]) => `${label}="${escapeValue(value)}"`);
  const head = (what: string, pairs: readonly string[]) =>
    `\n${name}_${what}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} `;
  const edges = upperBounds.map(String);
  const buckets = [...edges, '+Inf'].map((edge) => head('bucket', [`le="${edge}"`, ...own]));
  return { edges, buckets, sum: head('sum', own), count: head('count', own) };
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeValue = (value: string | number): string => escaped(String(value)).replaceAll('"', '\\"');
