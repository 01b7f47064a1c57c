import { randomBytes, randomFillSync } from 'node:crypto';
import { type Agreement, agreements, type Variant, variants } from './metric-names.ts';

/** The result of giving feedback on a prediction. */
export type FeedbackOutcome =
  | { readonly kind: 'counted'; readonly variant: Variant }
  /** The same feedback was given before. */
  | { readonly kind: 'known' }
  /** The opposite feedback was given before. */
  | { readonly kind: 'contradicted' }
  /** There is no such prediction, or it is too old. */
  | { readonly kind: 'unknown' };

const noOpinion = 0;
const chanceAtOnce = 1024;

/**
 * The most recent predictions by id: which model made each, and its feedback. They take six bytes per prediction, and
 * contain neither the text nor the predicted sentiment.
 *
 * An id is `PROCESS-NUMBER-TAG`: the number gives its position, and the random tag keeps ids from being guessed.
 */
export class RecentPredictions {
  /** Ids from another process, or from before a restart of this one, are unknown. */
  readonly #process = randomBytes(4).toString('hex');
  readonly #size: number;
  readonly #chance = new Uint32Array(chanceAtOnce);
  readonly #tags: Uint32Array;
  readonly #variants: Uint8Array;
  readonly #opinions: Uint8Array;
  #given = 0;

  constructor(size: number) {
    this.#size = size;
    this.#tags = new Uint32Array(size);
    this.#variants = new Uint8Array(size);
    this.#opinions = new Uint8Array(size);
  }

  /** Gives the next prediction its id; the oldest is forgotten. */
  add(variant: Variant): string {
    const number = this.#given++;
    const place = number % this.#size;
    // Random bytes are generated in bulk, because generating them per prediction would cost more than everything else.
    const next = number % chanceAtOnce;
    if (next === 0) randomFillSync(this.#chance);
    this.#tags[place] = this.#chance[next]!;
    this.#variants[place] = variants.indexOf(variant);
    this.#opinions[place] = noOpinion;
    return `${this.#process}-${number.toString(36)}-${this.#tags[place]!.toString(36)}`;
  }

  tell(id: string, agreement: Agreement): FeedbackOutcome {
    const place = this.#placeOf(id);
    if (place === undefined) return { kind: 'unknown' };
    const opinion = agreements.indexOf(agreement) + 1;
    const before = this.#opinions[place]!;
    if (before !== noOpinion) return { kind: before === opinion ? 'known' : 'contradicted' };
    this.#opinions[place] = opinion;
    return { kind: 'counted', variant: variants[this.#variants[place]!]! };
  }

  #placeOf(id: string): number | undefined {
    const [process, number, tag] = id.split('-');
    const given = Number.parseInt(number ?? '', 36);
    if (process !== this.#process || !(given >= this.#given - this.#size && given < this.#given))
      return undefined;
    const place = given % this.#size;
    return this.#tags[place] === Number.parseInt(tag ?? '', 36) ? place : undefined;
  }
}
