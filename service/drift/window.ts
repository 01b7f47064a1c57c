import type { Classification } from '../classifier/classifier.ts';
import { type DriftFeature, driftFeatures } from '../metric-names.ts';
import { binOf, chanceLimit, edgesOf, histogramOf, stabilityIndex } from './psi.ts';
import type { Reference } from './reference.ts';

/** The features of a prediction that are compared with the reference. They are only numbers; no text is stored. */
type Seen = Pick<Classification, 'sentiment' | 'confidence' | 'pieces' | 'unknownPieces'>;

const lookAt: Readonly<Record<DriftFeature, (seen: Seen) => number>> = {
  confidence: ({ confidence }) => confidence,
  length: ({ pieces }) => pieces,
  unknown_ratio: ({ pieces, unknownPieces }) => unknownPieces / pieces,
};

/** With fewer predictions than this the index is meaningless and reported as 0. */
export const minPredictions = 100;

/**
 * The last predictions, stored as the bins that they fall into. This takes one byte per feature, so memory is
 * bounded, and a prediction costs a few comparisons. The metrics are computed on request.
 */
export class DriftWindow {
  readonly #reference: Reference | undefined;
  readonly #features: readonly DriftFeature[];
  readonly #edges: readonly (readonly number[])[];
  readonly #counts: readonly Uint32Array[];
  /** One row per prediction: its bin for each feature, then 1 if it was positive. */
  readonly #rows: Uint8Array;
  readonly #rowBytes: number;
  readonly #size: number;
  #next = 0;
  #filled = 0;
  #positive = 0;

  /** Without a reference only the share of positive predictions is tracked. */
  constructor(size: number, reference: Reference | undefined) {
    this.#size = size;
    this.#reference = reference;
    this.#features = reference === undefined ? [] : driftFeatures;
    this.#edges = this.#features.map((feature) => reference!.features[feature].edges);
    this.#counts = this.#edges.map((edges) => new Uint32Array(edges.length + 1));
    this.#rowBytes = this.#features.length + 1;
    this.#rows = new Uint8Array(size * this.#rowBytes);
  }

  add(seen: Seen): void {
    const row = this.#next * this.#rowBytes;
    if (this.#filled === this.#size) this.#leave(row);
    else this.#filled += 1;
    for (let at = 0; at < this.#features.length; at++) {
      const bin = binOf(this.#edges[at]!, lookAt[this.#features[at]!](seen));
      this.#rows[row + at] = bin;
      this.#counts[at]![bin]! += 1;
    }
    const positive = seen.sentiment === 'POSITIVE' ? 1 : 0;
    this.#rows[row + this.#rowBytes - 1] = positive;
    this.#positive += positive;
    this.#next = (this.#next + 1) % this.#size;
  }

  /** The number of predictions in the window. */
  get predictions(): number {
    return this.#filled;
  }

  /** The share of positive predictions; NaN if the window is empty. */
  get positiveRatio(): number {
    return this.#positive / this.#filled;
  }

  /**
   * The index of one feature compared with the reference, and the value that it exceeds by chance in one of a thousand
   * windows.
   */
  shift(feature: DriftFeature): { readonly index: number; readonly chance: number } {
    const at = this.#features.indexOf(feature);
    if (at < 0 || this.#filled < minPredictions) return { index: 0, chance: 0 };
    const before = this.#reference!.features[feature].counts;
    const total = before.reduce((sum, count) => sum + count, 0);
    return {
      index: stabilityIndex(before, [...this.#counts[at]!]),
      chance: before.length < 2 ? 0 : chanceLimit(before.length, total, this.#filled),
    };
  }

  #leave(row: number): void {
    for (let at = 0; at < this.#features.length; at++) this.#counts[at]![this.#rows[row + at]!]! -= 1;
    this.#positive -= this.#rows[row + this.#rowBytes - 1]!;
  }
}

/** At most ten bins, none with less than 3% of the predictions. */
const maxBins = 10;
const minShare = 0.03;
/**
 * Scores differ by some thousandths between processors and runtimes, and half of them lie within a few hundredths of
 * the highest. With edges closer together, the change to another machine would be reported as drift.
 */
const digitsOf = { confidence: 2, length: 0 } as const;

/** Summarises these predictions as a reference for later ones. */
export function describePredictions(
  seen: readonly Seen[],
): Pick<Reference, 'predictions' | 'positive' | 'features'> {
  const features = driftFeatures.map((feature) => {
    const values = seen.map((one) => lookAt[feature](one));
    // Ordinary texts have no unknown pieces, so texts with unknown pieces get their own bin, however rare they are.
    const edges =
      feature === 'unknown_ratio'
        ? [0, 0.1]
        : edgesOf(values, { maxBins, minShare, digits: digitsOf[feature] });
    return [feature, histogramOf(values, edges)] as const;
  });
  return {
    predictions: seen.length,
    positive: seen.filter(({ sentiment }) => sentiment === 'POSITIVE').length,
    features: Object.fromEntries(features) as Reference['features'],
  };
}
