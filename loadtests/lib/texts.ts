import { SharedArray } from 'k6/data';
import { load, requestNumber } from './load.ts';

/** A small seeded generator (mulberry32): the same seed shuffles the same way everywhere. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled(texts: string[], seed: number): string[] {
  const next = random(seed);
  for (let last = texts.length - 1; last > 0; last--) {
    const other = Math.floor(next() * (last + 1));
    [texts[last], texts[other]] = [texts[other]!, texts[last]!];
  }
  return texts;
}

const texts = new SharedArray('texts', () => {
  // k6's open() takes an address as it is: a space in the path must not come as %20.
  const corpus = JSON.parse(open(decodeURIComponent(import.meta.resolve('./corpus.json')))) as {
    texts: { text: string }[];
  };
  return shuffled(
    corpus.texts.map(({ text }) => text),
    load.seed,
  );
}) as string[];

/** The text of this request. All are used before any comes again. */
export const nextText = (): string => texts[requestNumber() % texts.length]!;
