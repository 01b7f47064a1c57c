import { hash } from 'node:crypto';
import type { Classification, Classifier, ClassifyOptions } from './classifier.ts';
import { wrapping } from './wrapping.ts';

/** Counts cached texts, and those that had to be inferred. */
export type LookupListener = (hits: number, misses: number) => void;

/**
 * A classifier that caches its last `capacity` distinct predictions and marks those it returns from the cache. It stores only
 * a hash of each text.
 */
export function withCache(classifier: Classifier, capacity: number, onLookup: LookupListener): Classifier {
  // A Map keeps insertion order, and every use moves an entry to the end, so the first entry is the least recently used.
  const kept = new Map<string, Classification>();
  const look = (key: string) => {
    const found = kept.get(key);
    if (found !== undefined) {
      kept.delete(key);
      kept.set(key, found);
    }
    return found;
  };
  const keep = (key: string, answer: Classification) => {
    kept.set(key, answer);
    if (kept.size > capacity) kept.delete(kept.keys().next().value!);
  };

  async function classify(texts: readonly string[], options: ClassifyOptions) {
    const keys = texts.map((text) => hash('sha256', text, 'base64'));
    const found = keys.map(look);
    const missing = [...keys.keys()].filter((index) => found[index] === undefined);
    onLookup(texts.length - missing.length, missing.length);
    const fresh =
      missing.length === 0
        ? []
        : await classifier.classify(
            missing.map((index) => texts[index]!),
            options,
          );
    const answers = found.map((answer) => answer && { ...answer, cached: true });
    for (const [position, index] of missing.entries()) {
      keep(keys[index]!, fresh[position]!);
      answers[index] = { ...fresh[position]!, cached: false };
    }
    return answers as readonly Classification[];
  }

  return wrapping(classifier, classify);
}
