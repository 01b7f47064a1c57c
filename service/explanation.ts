import type { Classification } from './classifier/classifier.ts';

/** A word of the text and how much it contributes to the probability of the prediction. */
export interface WeighedWord {
  readonly word: string;
  /** How much the probability of the prediction falls without the word; negative for a word that counts against it. */
  readonly weight: number;
  /** Whether the word belongs to the smallest set of words that carries half of the weight for the prediction. */
  readonly important: boolean;
}

interface Place {
  readonly start: number;
  readonly end: number;
}

/** Splits at white space. */
export function wordsOf(text: string): readonly Place[] {
  return [...text.matchAll(/\S+/gu)].map(({ index, 0: word }) => ({
    start: index,
    end: index + word.length,
  }));
}

/** The texts to predict: the text, then the text without each of its words in turn. */
export function occlusions(text: string, words: readonly Place[]): readonly string[] {
  return [text, ...words.map(({ start, end }) => text.slice(0, start) + text.slice(end))];
}

/** The weight of a word is the amount by which the probability of the text's sentiment falls without that word. */
export function weigh(
  text: string,
  words: readonly Place[],
  answers: readonly Classification[],
): WeighedWord[] {
  const [whole, ...without] = answers;
  const weights = without.map(({ sentiment, confidence }) => {
    const probability = sentiment === whole!.sentiment ? confidence : 1 - confidence;
    return whole!.confidence - probability;
  });
  const important = importantWords(weights);
  return words.map(({ start, end }, at) => ({
    word: text.slice(start, end),
    weight: weights[at]!,
    important: important.has(at),
  }));
}

/** The smallest set of words that carries half of the weight for the prediction; empty if no word supports it. */
function importantWords(weights: readonly number[]): ReadonlySet<number> {
  const speaking = weights.map((weight, at) => ({ weight, at })).filter(({ weight }) => weight > 0);
  speaking.sort((a, b) => b.weight - a.weight);
  const half = speaking.reduce((sum, { weight }) => sum + weight, 0) / 2;
  const chosen = new Set<number>();
  let sum = 0;
  for (const { weight, at } of speaking) {
    if (sum >= half) break;
    chosen.add(at);
    sum += weight;
  }
  return chosen;
}
