import type { CounterDefinition, GaugeDefinition, HistogramDefinition, LabelSet } from './metric-names.ts';

/** One series: its value and its text. */
interface Series {
  /** Its lines in Prometheus's text format, each preceded by a line break. */
  text(): string;
}

/** Builds a line up to its value: `\nNAME{LABELS} `. */
type Head = (suffix: string, first?: string) => string;

type Branch<S> = Map<string, Branch<S> | S>;

/**
 * A metric that every request updates. With prom-client, each update looks up a series by a new object of labels.
 * That is a considerable part of what a request costs outside the model (docs/decisions/0009). Here a series is found
 * by its label values one after the other and updated in place, and its lines are built once.
 */
export class Family<S extends Series> {
  readonly name: string;
  readonly #intro: string;
  readonly #labelNames: readonly string[];
  readonly #make: (head: Head) => S;
  readonly #all: S[] = [];
  #found: Branch<S> | S = new Map();

  /** Creates a series for each of the definition's label sets. */
  constructor(
    { name, help, type, labelNames, labelSets }: CounterDefinition | GaugeDefinition | HistogramDefinition,
    make: (head: Head) => S,
  ) {
    this.name = name;
    this.#intro = `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}`;
    this.#labelNames = labelNames;
    this.#make = make;
    for (const labels of labelSets) this.of(labels);
  }

  /** Returns the series with these labels, created if necessary. Throws if a label of the metric is missing. */
  of(labels: LabelSet): S {
    let found: Branch<S> | S | undefined = this.#found;
    for (const label of this.#labelNames) {
      found = (found as Branch<S>).get(labels[label]!);
      if (found === undefined) return this.#add(labels);
    }
    return this.#all.length === 0 ? this.#add(labels) : (found as S);
  }

  text(): string {
    let text = this.#intro;
    for (const series of this.#all) text += series.text();
    return text;
  }

  #add(labels: LabelSet): S {
    const series = this.#make(headOf(this.name, this.#labelNames, labels));
    this.#all.push(series);
    const values = this.#labelNames.map((label) => labels[label]!);
    const last = values.pop();
    if (last === undefined) this.#found = series;
    else branchAt(this.#found as Branch<S>, values).set(last, series);
    return series;
  }
}

function branchAt<S>(root: Branch<S>, values: readonly string[]): Branch<S> {
  let branch = root;
  for (const value of values) {
    const next = branch.get(value) ?? new Map();
    branch.set(value, next);
    branch = next as Branch<S>;
  }
  return branch;
}

/** The value of a counter or a gauge. */
export class Count implements Series {
  readonly #head: string;
  #value = 0;

  constructor(head: Head) {
    this.#head = head('');
  }

  inc(by = 1): void {
    this.#value += by;
  }

  dec(): void {
    this.#value -= 1;
  }

  text(): string {
    return this.#head + this.#value;
  }
}

/** The number of observations in each bucket of a histogram. */
export class Distribution implements Series {
  readonly #edges: readonly number[];
  readonly #buckets: readonly string[];
  readonly #sumHead: string;
  readonly #countHead: string;
  /** Counts per bucket; the last one is for values beyond every edge. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(head: Head, edges: readonly number[]) {
    this.#edges = edges;
    this.#buckets = [...edges.map(String), '+Inf'].map((edge) => head('_bucket', `le="${edge}"`));
    this.#sumHead = head('_sum');
    this.#countHead = head('_count');
    this.#counts = new Float64Array(edges.length + 1);
  }

  /** Throws RangeError for a value that is not finite: it would stay in the sum forever. */
  observe(value: number): void {
    if (!Number.isFinite(value)) throw new RangeError(`${value} is not a finite number`);
    let at = 0;
    while (at < this.#edges.length && value > this.#edges[at]!) at += 1;
    this.#counts[at]! += 1;
    this.#sum += value;
  }

  text(): string {
    let text = '';
    let upTo = 0;
    for (let at = 0; at < this.#counts.length; at++) {
      upTo += this.#counts[at]!;
      text += this.#buckets[at]! + upTo;
    }
    return `${text}${this.#sumHead}${this.#sum}${this.#countHead}${upTo}`;
  }
}

function headOf(name: string, labelNames: readonly string[], labels: LabelSet): Head {
  const own = labelNames.map((label) => {
    const value = labels[label];
    if (value === undefined) throw new TypeError(`${name} has no series without the label ${label}`);
    return `${label}="${escaped(value).replaceAll('"', '\\"')}"`;
  });
  return (suffix, first) => {
    const pairs = first === undefined ? own : [first, ...own];
    return `\n${name}${suffix}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} `;
  };
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
