import { keyOf } from '../../model/labels.ts';
import type { Series } from '../../model/model.ts';
import { BIN_SECONDS, HOUR_SECONDS, type Hour, type Traffic } from './model.ts';
import { merged, overlaps, type Period } from './periods.ts';

/**
 * Counts requests from raw samples of counters, in stretches of time, in order. Differences are taken of each series: a sum of counters
 * falls when a process ends. A restart, a new or a lost process, or missing scrapes may leave requests uncounted. Then the affected five
 * minutes are unknown, unless that part is negligible. Load tests are excluded: five minutes to which one may have added requests are
 * unknown, too, and add nothing to a lower bound.
 */

interface Last {
  readonly at: number;
  readonly value: number;
  /** The request rate before this sample. */
  readonly perSecond: number;
}

const BINS = HOUR_SECONDS / BIN_SECONDS;
/** A store may keep only one sample an hour; if samples are further apart, some are missing. */
const MAX_APART_SECONDS = 1.1 * HOUR_SECONDS;
const NEGLIGIBLE = 0.02;
/** If more bins than this lie between two samples, the store keeps fewer samples; a missed scrape leaves fewer bins. */
const COARSE_BINS = 2;
/** The number of five-minute parts of an hour that must be known. The remaining parts can hardly change the hour's rate. */
const MIN_KNOWN_BINS = 9;

export class TrafficCounter {
  readonly #firstBin: number;
  readonly #known: Float64Array;
  readonly #doubtful: Float64Array;
  readonly #covered: Uint8Array;
  readonly #coarse: Uint8Array;
  readonly #excluded: Uint8Array;
  readonly #loadTests: readonly Period[];
  readonly #instances: Uint16Array;
  #hasInstances = true;
  readonly #last = new Map<string, Last>();

  /** @param fromSeconds a whole hour, as is `toSeconds` */
  constructor(fromSeconds: number, toSeconds: number, loadTests: readonly Period[] = []) {
    this.#firstBin = fromSeconds / BIN_SECONDS;
    const bins = (toSeconds - fromSeconds) / BIN_SECONDS;
    this.#known = new Float64Array(bins);
    this.#doubtful = new Float64Array(bins);
    this.#covered = new Uint8Array(bins);
    this.#coarse = new Uint8Array(bins);
    this.#excluded = new Uint8Array(bins);
    this.#loadTests = merged(loadTests);
    this.#instances = new Uint16Array(bins);
  }

  add(stretch: readonly Series[]): void {
    const instances = new Map<number, Set<string>>();
    for (const { labels, samples } of stretch) {
      const key = keyOf(labels, '__name__');
      this.#hasInstances &&= labels.instance !== undefined;
      for (const [at, value] of samples) {
        this.#sample(key, at, Number(value));
        const bin = this.#binOf(at);
        const seen = instances.get(bin) ?? new Set();
        instances.set(bin, seen.add(labels.instance ?? ''));
      }
    }
    for (const [bin, { size }] of instances)
      if (bin >= 0 && bin < this.#instances.length)
        this.#instances[bin] = Math.max(this.#instances[bin]!, size);
  }

  /** A five-minute part ends at this sample, or soon after it. */
  #binOf(at: number): number {
    return Math.ceil(at / BIN_SECONDS) - 1 - this.#firstBin;
  }

  #sample(key: string, at: number, value: number): void {
    const last = this.#last.get(key);
    if (last === undefined) {
      // Requests before its first sample may have been made in these five minutes, or over years.
      this.#spread(this.#doubtful, at, at, value);
      this.#last.set(key, { at, value, perSecond: 0 });
      return;
    }
    if (this.#binOf(at) <= this.#binOf(last.at)) return;
    const seconds = at - last.at;
    const isReset = value < last.value;
    const counted = isReset ? value : value - last.value;
    const isMissing = seconds > MAX_APART_SECONDS;
    if (isMissing || isReset)
      this.#spread(this.#doubtful, last.at, at, Math.max(counted, last.perSecond * seconds));
    if (!isMissing) this.#count(last.at, at, counted);
    this.#last.set(key, { at, value, perSecond: isReset ? last.perSecond : counted / seconds });
  }

  #count(from: number, to: number, requests: number): void {
    const [first, end] = [this.#binOf(from) + 1, this.#binOf(to) + 1];
    if (overlaps(this.#loadTests, from, to)) {
      this.#excluded.fill(1, Math.max(0, first), Math.max(0, end));
      return;
    }
    this.#covered.fill(1, Math.max(0, first), Math.max(0, end));
    if (end - first > COARSE_BINS) this.#coarse.fill(1, Math.max(0, first), Math.max(0, end));
    this.#spread(this.#known, from, to, requests);
  }

  /** Spreads requests evenly over all bins after the bin of the first time. */
  #spread(over: Float64Array, from: number, to: number, requests: number): void {
    const end = this.#binOf(to) + 1;
    const first = Math.min(this.#binOf(from) + 1, end - 1);
    const each = to > from ? (requests / (to - from)) * BIN_SECONDS : requests;
    for (let bin = Math.max(0, first); bin < Math.min(end, over.length); bin++) over[bin]! += each;
  }

  /** The sum of everything counted so far. */
  traffic(): Traffic {
    const doubtful = this.#doubtful.slice();
    for (const { at, perSecond } of this.#last.values()) {
      // The requests that a process counted between its last scrape and its end.
      const after = this.#binOf(at) + 1;
      if (after >= 0 && after < doubtful.length) doubtful[after]! += perSecond * BIN_SECONDS;
    }
    const isKnown = (bin: number) =>
      this.#isCounted(bin) && this.#covered[bin] === 1 && doubtful[bin]! <= NEGLIGIBLE * this.#known[bin]!;
    const hours = Array.from({ length: this.#known.length / BINS }, (_, hour) => this.#hour(hour, isKnown));
    return {
      fromSeconds: this.#firstBin * BIN_SECONDS,
      hours,
      replicas: this.#hasInstances ? this.#replicasIn(hours) : null,
      ...(this.#loadTests.length === 0 ? {} : { excludedHours: this.#excludedHours() }),
    };
  }

  #isCounted(bin: number): boolean {
    return this.#excluded[bin] === 0;
  }

  #excludedHours(): number {
    return this.#excluded.reduce((sum, one) => sum + one, 0) / BINS;
  }

  #hour(hour: number, isKnown: (bin: number) => boolean): Hour {
    const bins = Array.from({ length: BINS }, (_, index) => BINS * hour + index);
    const rates = bins.filter(isKnown).map((bin) => this.#known[bin]! / BIN_SECONDS);
    const counted = bins
      .filter((bin) => this.#isCounted(bin))
      .reduce((sum, bin) => sum + this.#known[bin]!, 0);
    const isEnough = rates.length >= MIN_KNOWN_BINS;
    const isCoarse = bins.some((bin) => this.#coarse[bin] === 1);
    return {
      perSecond: isEnough ? rates.reduce((sum, one) => sum + one, 0) / rates.length : null,
      atLeastPerSecond: counted / HOUR_SECONDS,
      busiestPerSecond: isEnough && !isCoarse ? Math.max(...rates) : null,
    };
  }

  #replicasIn(hours: readonly Hour[]): number | null {
    const end = hours.findLastIndex(({ perSecond }) => perSecond !== null);
    const last = hours.slice(Math.max(0, end - 167), end + 1);
    const busiest = Math.max(...last.map((one) => one.perSecond ?? 0));
    const index = hours.findLastIndex(({ perSecond }) => perSecond === busiest);
    const most = Math.max(0, ...this.#instances.slice(BINS * index, BINS * (index + 1)));
    return index === -1 || most === 0 ? null : most;
  }
}
