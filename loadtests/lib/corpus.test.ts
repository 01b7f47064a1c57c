import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

type Kind = 'opinion' | 'long' | 'mixed' | 'factual';
type Mood = 'positive' | 'negative' | 'mixed' | 'none';
type Entry = { readonly kind: Kind; readonly mood: Mood; readonly text: string };

type KindRule = {
  readonly words: readonly [min: number, max: number];
  readonly sharePercent: readonly [min: number, max: number];
  readonly moods: readonly Mood[];
};

const rules: Record<Kind, KindRule> = {
  opinion: { words: [3, 60], sharePercent: [75, 85], moods: ['positive', 'negative'] },
  long: { words: [80, 220], sharePercent: [4, 8], moods: ['positive', 'negative'] },
  mixed: { words: [3, 60], sharePercent: [5, 9], moods: ['mixed'] },
  factual: { words: [3, 60], sharePercent: [5, 9], moods: ['none'] },
};
const kinds = Object.keys(rules) as Kind[];

const corpus = JSON.parse(readFileSync(new URL('./corpus.json', import.meta.url), 'utf8')) as {
  readonly description: string;
  readonly texts: readonly Entry[];
};
const texts = corpus.texts.map((entry) => entry.text);

const wordsOf = (text: string) => text.trim().split(/\s+/);
const plain = (text: string) => wordsOf(text.toLowerCase().replace(/[^\p{L}\p{N}\s]/gu, '')).join(' ');
const ofKind = (kind: Kind) => corpus.texts.filter((entry) => entry.kind === kind);
const percent = (part: number, whole: number) => (100 * part) / whole;

/** The values that occur more than `limit` times. */
function repeated(values: readonly string[], limit: number): string[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > limit).map(([value]) => value);
}

describe('the corpus', () => {
  test('holds at least 500 texts, each of a known kind', () => {
    expect(texts.length).toBeGreaterThanOrEqual(500);
    expect(corpus.texts.filter((entry) => !kinds.includes(entry.kind))).toEqual([]);
  });

  test('has no duplicate texts, ignoring case and punctuation', () => {
    expect(repeated(texts.map(plain), 1)).toEqual([]);
  });

  test('is not made from templates: the same first five words occur at most three times', () => {
    expect(
      repeated(
        texts.map((text) => plain(text).split(' ').slice(0, 5).join(' ')),
        3,
      ),
    ).toEqual([]);
  });

  // Blank or padded texts would measure the service's input checks instead of its model.
  test('holds only texts that the service accepts: trimmed, not blank, under 2,000 characters', () => {
    expect(texts.filter((text) => text === '' || text !== text.trim() || text.length >= 2_000)).toEqual([]);
  });

  test.each(kinds)('%s texts have the intended length, share and sentiment', (kind) => {
    const { words, sharePercent, moods } = rules[kind];
    const entries = ofKind(kind);
    const share = percent(entries.length, texts.length);
    expect(share).toBeGreaterThanOrEqual(sharePercent[0]);
    expect(share).toBeLessThanOrEqual(sharePercent[1]);
    const fits = ({ text, mood }: Entry) => {
      const count = wordsOf(text).length;
      return count >= words[0] && count <= words[1] && moods.includes(mood);
    };
    expect(entries.filter((entry) => !fits(entry))).toEqual([]);
  });

  test('has as many positive as negative texts', () => {
    const opinions = ofKind('opinion');
    const positive = percent(opinions.filter((entry) => entry.mood === 'positive').length, opinions.length);
    expect(positive).toBeGreaterThanOrEqual(40);
    expect(positive).toBeLessThanOrEqual(60);
  });
});
