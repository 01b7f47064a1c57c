import { SharedArray } from 'k6/data';
import { load, requestNumber } from './load.ts';
import { shuffled } from './random.ts';

interface Entry {
  readonly kind: string;
  readonly mood: string;
  readonly text: string;
}

/** The texts of the corpus, shuffled by the seed. They are read once for all virtual users. */
function textsOf(name: string, isWanted: (entry: Entry) => boolean): readonly string[] {
  return new SharedArray(name, () => {
    // k6's open() takes the path literally: a space must not be written as %20.
    const corpus = JSON.parse(open(decodeURIComponent(import.meta.resolve('./corpus.json')))) as {
      texts: Entry[];
    };
    return shuffled(
      corpus.texts.filter(isWanted).map(({ text }) => text),
      load.seed,
    );
  }) as string[];
}

const texts = textsOf('texts', () => true);
const opinions = {
  positive: textsOf('pleased', ({ kind, mood }) => kind === 'opinion' && mood === 'positive'),
  negative: textsOf('displeased', ({ kind, mood }) => kind === 'opinion' && mood === 'negative'),
};

/** The text of this request. All texts are used before any is repeated. */
export const nextText = (): string => texts[requestNumber() % texts.length]!;

/** The given number of texts, starting with the text of this request. */
export const nextTexts = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => texts[(requestNumber() * 7 + index) % texts.length]!);

/** An opinion with the given sentiment, for this request. */
export function nextOpinion(mood: 'positive' | 'negative'): string {
  const own = opinions[mood];
  return own[requestNumber() % own.length]!;
}
