import type { Arrival, Missing, Reading, Series } from '../model/evidence.ts';

/**
 * How late a server shows its samples. A Prometheus that scrapes shows a sample at once. One behind remote write shows it when
 * its batch was sent; others withhold the last seconds. Evidence that is read too early lacks what the service had counted.
 */

/** Samples that a server took, and when each was seen first: the longest such time is the lag. */
export class LagMeter {
  #lagSeconds: number | null;
  readonly #newest = new Map<string, number>();
  #looks = 0;

  constructor(knownSeconds: number | null = null) {
    this.#lagSeconds = knownSeconds;
  }

  /** Samples that the look before did not show. Those of the first look may have been there for long. */
  see(series: readonly Series[], nowSeconds: number): void {
    const unknown = this.#looks === 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    for (const { labels, samples } of series) {
      const key = JSON.stringify(labels);
      const before = this.#newest.get(key) ?? unknown;
      for (const [at] of samples)
        if (at > before) this.#lagSeconds = Math.max(this.#lagSeconds ?? 0, nowSeconds - at);
      const last = samples.at(-1)?.[0];
      if (last !== undefined) this.#newest.set(key, Math.max(last, this.#newest.get(key) ?? last));
    }
    this.#looks++;
  }

  /** null: no sample was seen to come. */
  get lagSeconds(): number | null {
    return this.#lagSeconds;
  }
}

// ---------------------------------------------------------------------------------------------- how long to wait

/** A busy machine is late by itself. */
const MIN_WAIT_SECONDS = 10;
/** Where nothing is known: VictoriaMetrics withholds 30 s, remote write sends a batch every 5 s. */
const DEFAULT_WAIT_SECONDS = 60;
const WAIT_INTERVALS = 3;
/** The next sample may come later than all that were seen. */
const TIMES_THE_LAG = 4;
/** Every wait is bounded, though samples come later and later. */
const MAX_WAIT_SECONDS = 600;

export type Bound = Pick<Arrival, 'boundSeconds' | 'boundBy'>;

/** How long after its time a sample is waited for. */
export function boundOf(
  ingestDelaySeconds: number | undefined,
  learnedLagSeconds: number | null,
  intervalSeconds: number,
): Bound {
  if (ingestDelaySeconds !== undefined)
    // The next scrape is due within an interval; from then on the delay runs.
    return { boundSeconds: ingestDelaySeconds + intervalSeconds, boundBy: 'option' };
  const intervals = WAIT_INTERVALS * intervalSeconds;
  if (learnedLagSeconds === null)
    return { boundSeconds: Math.max(DEFAULT_WAIT_SECONDS, intervals), boundBy: 'default' };
  const late = TIMES_THE_LAG * learnedLagSeconds + intervals;
  const atMost = Math.max(MAX_WAIT_SECONDS, intervals);
  return { boundSeconds: Math.min(Math.max(MIN_WAIT_SECONDS, late), atMost), boundBy: 'learned' };
}

// ---------------------------------------------------------------------------------------------- what is missing

const newestOf = ({ samples }: Series) => samples.at(-1)?.[0] ?? null;

/** Median spacing; null where there are fewer than two samples. */
export function spacingOf({ samples }: Series): number | null {
  const gaps = samples.slice(1).map(([at], index) => at - samples[index]![0]);
  return gaps.length === 0 ? null : gaps.sort((a, b) => a - b)[Math.floor((gaps.length - 1) / 2)]!;
}

const nameOf = (labels: Series['labels']) => labels.instance ?? JSON.stringify(labels);

export const closingOf = ({ samples }: Series, toSeconds: number) => samples.find(([at]) => at >= toSeconds);

/** Targets without a scrape at or after the window's end. */
export function missingScrapes(up: readonly Series[], toSeconds: number): readonly Missing[] {
  return up
    .filter((one) => closingOf(one, toSeconds) === undefined)
    .map((one) => ({ what: `a scrape of ${nameOf(one.labels)}`, newestSeconds: newestOf(one) }));
}

/**
 * Replicas that went away: the others have been scraped so much longer that a sample which is only late would be there.
 */
export function goneTargets(
  up: readonly Series[],
  intervalSeconds: number,
  lagSeconds: number | null,
): readonly Series[] {
  const newest = Math.max(...up.map((one) => newestOf(one) ?? Number.NEGATIVE_INFINITY));
  const late = WAIT_INTERVALS * intervalSeconds + (lagSeconds ?? 0);
  return up.filter((one) => newest - (newestOf(one) ?? Number.NEGATIVE_INFINITY) > late);
}

/** Where a server has no `up`, the samples themselves close the window. */
export const missingAtEnd = (tails: readonly Reading[], toSeconds: number): readonly Missing[] =>
  tails.flatMap(({ series }) =>
    series.flatMap((one) => {
      const newestSeconds = newestOf(one);
      return newestSeconds === null || newestSeconds >= toSeconds
        ? []
        : [{ what: `a sample of ${JSON.stringify(one.labels)}`, newestSeconds }];
    }),
  );

/**
 * Series that were there shortly before the window's end and lack the scrape that closes it, though that scrape worked: a
 * server that takes samples in several batches may show `up` before the rest.
 */
export function missingSamples(
  up: readonly Series[],
  tails: readonly Reading[],
  toSeconds: number,
  intervalSeconds: number,
): readonly Missing[] {
  const closed = up.flatMap((one) => {
    const closing = closingOf(one, toSeconds);
    if (closing === undefined || closing[1] !== '1') return [];
    const { __name__: _, ...own } = one.labels;
    return [{ own: Object.entries(own), sinceSeconds: closing[0] - (spacingOf(one) ?? intervalSeconds) / 2 }];
  });
  return tails.flatMap(({ series }) =>
    series.flatMap((one): readonly Missing[] => {
      const target = closed.find(({ own }) => own.every(([label, value]) => one.labels[label] === value));
      const newestSeconds = newestOf(one);
      if (target === undefined || newestSeconds === null) return [];
      if (newestSeconds > target.sinceSeconds) return [];
      return [{ what: `a sample of ${JSON.stringify(one.labels)}`, newestSeconds }];
    }),
  );
}
