import { randomBytes, randomFillSync } from 'node:crypto';
import { type Agreement, agreements, type Variant, variants } from './metric-names.ts';

/** What came of telling the opinion on a prediction. */
export type FeedbackOutcome =
  | { readonly kind: 'counted'; readonly variant: Variant }
  /** The same opinion was there already. */
  | { readonly kind: 'known' }
  /** The opposite opinion was there already. */
  | { readonly kind: 'contradicted' }
  /** No such prediction, or one from too long ago. */
  | { readonly kind: 'unknown' };

const noOpinion = 0;
const chanceAtOnce = 1024;

/**
 * The last predictions, by the ids that they were given: which model made each, and whether somebody agreed. Nothing of the
 * text or the answer is kept; six bytes a prediction, however many there were.
 *
 * An id is `PROCESS-NUMBER-TAG`: the number finds its place at once, and the tag, which is random, keeps ids from being guessed.
 */
export class RecentPredictions {
  /** Ids of another process, or of this one before it was started again, are unknown. */
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
    // Chance is had for many at once: asking for it each time would cost more than all the rest.
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
