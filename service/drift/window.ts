import type { Classification } from '../classifier/classifier.ts';
import { type DriftFeature, driftFeatures } from '../metric-names.ts';
import { binOf, chanceLimit, edgesOf, histogramOf, stabilityIndex } from './psi.ts';
import type { Reference } from './reference.ts';

/** What is looked at of a prediction. Numbers only: no text is kept. */
type Seen = Pick<Classification, 'sentiment' | 'confidence' | 'pieces' | 'unknownPieces'>;

const lookAt: Readonly<Record<DriftFeature, (seen: Seen) => number>> = {
  confidence: ({ confidence }) => confidence,
  length: ({ pieces }) => pieces,
  unknown_ratio: ({ pieces, unknownPieces }) => unknownPieces / pieces,
};

/** Fewer predictions than this say nothing: their index is told as 0. */
export const leastPredictions = 100;

/**
 * The last predictions, as the bins they fall into: a byte for each feature, so memory is bounded and a prediction costs a few
 * comparisons. What is told of them is computed when it is asked for.
 */
export class DriftWindow {
  readonly #reference: Reference | undefined;
  readonly #features: readonly DriftFeature[];
  readonly #edges: readonly (readonly number[])[];
  readonly #counts: readonly Uint32Array[];
  /** A row a prediction: its bin of each feature, then 1 if it was positive. */
  readonly #rows: Uint8Array;
  readonly #rowBytes: number;
  readonly #size: number;
  #next = 0;
  #filled = 0;
  #positive = 0;

  /** Without a reference only the share of positive predictions is followed. */
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

  /** The predictions that are in the window. */
  get predictions(): number {
    return this.#filled;
  }

  /** The share of positive ones; NaN of an empty window. */
  get positiveRatio(): number {
    return this.#positive / this.#filled;
  }

  /** The index of one feature against the reference, and what it passes by chance once in a thousand windows. */
  shift(feature: DriftFeature): { readonly index: number; readonly chance: number } {
    const at = this.#features.indexOf(feature);
    if (at < 0 || this.#filled < leastPredictions) return { index: 0, chance: 0 };
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

/** Ten bins, none with less than 3 % of the predictions. */
const mostBins = 10;
const leastShare = 0.03;
/**
 * Scores move by some thousandths from one processor and runtime to another, and half of them lie within a few hundredths of
 * the highest: edges closer than that would call another machine a drift.
 */
const digitsOf = { confidence: 2, length: 0 } as const;

/** What these predictions are like, as a reference for later ones. */
export function describePredictions(
  seen: readonly Seen[],
): Pick<Reference, 'predictions' | 'positive' | 'features'> {
  const features = driftFeatures.map((feature) => {
    const values = seen.map((one) => lookAt[feature](one));
    // Ordinary texts have no unknown pieces at all: any is worth a bin, however rare it was.
    const edges =
      feature === 'unknown_ratio'
        ? [0, 0.1]
        : edgesOf(values, { mostBins, leastShare, digits: digitsOf[feature] });
    return [feature, histogramOf(values, edges)] as const;
  });
  return {
    predictions: seen.length,
    positive: seen.filter(({ sentiment }) => sentiment === 'POSITIVE').length,
    features: Object.fromEntries(features) as Reference['features'],
  };
}
