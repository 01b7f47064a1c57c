import type { Arrival, Missing, Reading, Series } from '../model/evidence.ts';

/**
 * How late a server shows its samples. A scraping Prometheus shows a sample at once; one behind remote write shows it after its batch was
 * sent; other servers withhold the last seconds. Evidence that is read too early lacks the most recent counts.
 */

/** Tracks when each sample was first seen: the longest delay is the lag. */
export class LagMeter {
  #lagSeconds: number | null;
  readonly #newest = new Map<string, number>();
  #looks = 0;

  constructor(knownSeconds: number | null = null) {
    this.#lagSeconds = knownSeconds;
  }

  /**
   * Samples that the previous query did not show. Those of the first query may have been there for a long
   * time.
   */
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

  /** null if no new sample was seen. */
  get lagSeconds(): number | null {
    return this.#lagSeconds;
  }
}

/** An allowance for the delay of a busy machine. */
const MIN_WAIT_SECONDS = 10;
/** The assumed lag if it is unknown: VictoriaMetrics withholds 30 s, and remote write sends a batch every 5 s. */
const DEFAULT_WAIT_SECONDS = 60;
const WAIT_INTERVALS = 3;
/** The next sample may be later than every sample so far. */
const TIMES_THE_LAG = 4;
/** The upper bound of every wait, even if samples arrive later and later. */
const MAX_WAIT_SECONDS = 600;

export type Bound = Pick<Arrival, 'boundSeconds' | 'boundBy'>;

/** How long to wait for a sample after its time. */
export function boundOf(
  ingestDelaySeconds: number | undefined,
  learnedLagSeconds: number | null,
  intervalSeconds: number,
): Bound {
  if (ingestDelaySeconds !== undefined)
    // The next scrape is due within one interval; the delay starts then.
    return { boundSeconds: ingestDelaySeconds + intervalSeconds, boundBy: 'option' };
  const intervals = WAIT_INTERVALS * intervalSeconds;
  if (learnedLagSeconds === null)
    return { boundSeconds: Math.max(DEFAULT_WAIT_SECONDS, intervals), boundBy: 'default' };
  const late = TIMES_THE_LAG * learnedLagSeconds + intervals;
  const atMost = Math.max(MAX_WAIT_SECONDS, intervals);
  return { boundSeconds: Math.min(Math.max(MIN_WAIT_SECONDS, late), atMost), boundBy: 'learned' };
}

export const isBefore = (series: Series, atSeconds: number) =>
  (newestOf(series) ?? Number.NEGATIVE_INFINITY) < atSeconds;

function newestOf({ samples, histograms = [] }: Series): number | null {
  const newest = Math.max(samples.at(-1)?.[0] ?? -Infinity, histograms.at(-1)?.[0] ?? -Infinity);
  return Number.isFinite(newest) ? newest : null;
}

/** Median interval; null with fewer than two samples. */
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
    .map((one) => ({
      kind: 'scrape',
      what: `a scrape of ${nameOf(one.labels)}`,
      newestSeconds: newestOf(one),
    }));
}

/** Replicas that ended: the others have been scraped for so long that a late sample would have arrived. */
export function goneTargets(
  up: readonly Series[],
  intervalSeconds: number,
  lagSeconds: number | null,
): readonly Series[] {
  const newest = Math.max(...up.map((one) => newestOf(one) ?? Number.NEGATIVE_INFINITY));
  const late = WAIT_INTERVALS * intervalSeconds + (lagSeconds ?? 0);
  return up.filter((one) => newest - (newestOf(one) ?? Number.NEGATIVE_INFINITY) > late);
}

/** If a server has no `up`, the samples themselves close the window. */
export const missingAtEnd = (tails: readonly Reading[], toSeconds: number): readonly Missing[] =>
  tails.flatMap(({ series }) =>
    series.flatMap((one) => {
      const newestSeconds = newestOf(one);
      return newestSeconds === null || newestSeconds >= toSeconds
        ? []
        : [{ kind: 'sample', what: `a sample of ${JSON.stringify(one.labels)}`, newestSeconds }];
    }),
  );

/**
 * Series that existed shortly before the window's end and lack its closing scrape, although that scrape
 * succeeded: a server that receives samples in several batches may show `up` first.
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
      return [{ kind: 'sample', what: `a sample of ${JSON.stringify(one.labels)}`, newestSeconds }];
    }),
  );
}
