import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { locateModel } from '../classifier/model-files.ts';
import { appOf, post, readSeries, startClassifier } from '../testing/service.ts';
import { binOf, chanceLimit, edgesOf, histogramOf, stabilityIndex } from './psi.ts';
import { type Reference, referenceOf } from './reference.ts';
import { DriftWindow, describePredictions, minPredictions } from './window.ts';

/** A small seeded generator (mulberry32), so that the windows are the same in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const seenOf = (next: () => number, shift = 0) => ({
  sentiment: next() < 0.5 + shift ? ('POSITIVE' as const) : ('NEGATIVE' as const),
  confidence: 0.5 + 0.48 * next() ** (0.4 + shift),
  pieces: 3 + Math.floor(60 * next() ** 2 * (1 + shift * 4)),
  unknownPieces: next() < 0.02 + shift ? 1 : 0,
});

const made = (count: number, next: () => number, shift = 0) =>
  Array.from({ length: count }, () => seenOf(next, shift));

const referenceFrom = (seed: number): Reference => ({
  model: 'm',
  version: '1',
  source: 'a test',
  ...describePredictions(made(600, random(seed))),
});

test('the index is 0 for equal shares, and follows its formula otherwise', () => {
  expect(stabilityIndex([10, 20, 30], [10, 20, 30])).toBe(0);
  // Half an observation is added to each bin: 10.5 and 30.5 of 41, then the other way round.
  const share = 10.5 / 41;
  expect(stabilityIndex([10, 30], [30, 10])).toBeCloseTo(
    2 * (1 - 2 * share) * Math.log((1 - share) / share),
    12,
  );
  expect(Number.isFinite(stabilityIndex([0, 100], [100, 0]))).toBe(true);
});

test('the quantiles behind the chance limit match published tables', () => {
  // Chi-squared at 99.9%: 13.816 with 2 degrees of freedom, 27.877 with 9.
  expect(Math.abs(chanceLimit(3, 2, 2) / 13.816 - 1)).toBeLessThan(0.03);
  expect(Math.abs(chanceLimit(10, 2, 2) / 27.877 - 1)).toBeLessThan(0.01);
});

test('the limit is hardly ever exceeded without drift, and is exceeded for each feature with drift', () => {
  const reference = referenceFrom(1);
  const passed = { quiet: 0, drifting: 0 };
  const features = ['confidence', 'length'] as const;
  for (let round = 0; round < 200; round++) {
    const [quiet, drifting] = [new DriftWindow(500, reference), new DriftWindow(500, reference)];
    for (const seen of made(500, random(1000 + round))) quiet.add(seen);
    for (const seen of made(500, random(5000 + round), 0.4)) drifting.add(seen);
    for (const feature of features) {
      if (quiet.shift(feature).index > quiet.shift(feature).chance) passed.quiet += 1;
      const { index, chance } = drifting.shift(feature);
      if (index > chance && index > 0.2) passed.drifting += 1;
    }
  }
  // One window in a thousand is expected to exceed the limit. The windows share one reference, so a few may do so
  // together.
  expect(passed.quiet).toBeLessThanOrEqual(4);
  expect(passed.drifting).toBe(400);
});

test('the metrics cover only the most recent predictions', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 50 }),
    fc.integer({ min: 100, max: 300 }),
    (seed, size) => {
      const reference = referenceFrom(seed);
      const all = made(700, random(seed + 1), 0.1);
      const long = new DriftWindow(size, reference);
      const fresh = new DriftWindow(size, reference);
      for (const seen of all) long.add(seen);
      for (const seen of all.slice(-size)) fresh.add(seen);
      expect(long.predictions).toBe(size);
      expect(long.positiveRatio).toBe(fresh.positiveRatio);
      for (const feature of ['confidence', 'length', 'unknown_ratio'] as const) {
        expect(long.shift(feature)).toEqual(fresh.shift(feature));
      }
    },
  );
  fc.assert(property, { seed: 1, numRuns: 30 });
});

test('too few predictions, or no reference, report 0 instead of drift', () => {
  const few = new DriftWindow(500, referenceFrom(1));
  for (const seen of made(minPredictions - 1, random(2), 0.4)) few.add(seen);
  expect(few.shift('confidence')).toEqual({ index: 0, chance: 0 });
  const without = new DriftWindow(500, undefined);
  for (const seen of made(400, random(2))) without.add(seen);
  expect(without.shift('length')).toEqual({ index: 0, chance: 0 });
  expect(without.positiveRatio).toBeGreaterThan(0.4);
});

test('edges divide the values into bins of sufficient size', () => {
  const values = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 20, maxLength: 400 });
  const property = fc.property(values, (all) => {
    const edges = edgesOf(all, { maxBins: 10, minShare: 0.05, digits: 0 });
    const { counts } = histogramOf(all, edges);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(all.length);
    if (edges.length > 0) expect(Math.min(...counts)).toBeGreaterThanOrEqual(0.05 * all.length);
    for (const value of all) {
      const bin = binOf(edges, value);
      expect(value > (edges[bin - 1] ?? Number.NEGATIVE_INFINITY)).toBe(true);
      expect(value <= (edges[bin] ?? Number.POSITIVE_INFINITY)).toBe(true);
    }
  });
  fc.assert(property, { seed: 1, numRuns: 300 });
});

const corpus = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', '..', 'loadtests', 'lib', 'corpus.json'), 'utf8'),
) as { readonly texts: readonly { readonly text: string }[] };

test('the shipped reference belongs to the shipped model, and its own texts show no drift', async () => {
  const { version } = await locateModel({ kind: 'embedded' });
  const reference = referenceOf({ kind: 'embedded' }, version)!;
  expect(reference).toMatchObject({ version, predictions: corpus.texts.length });
  expect(JSON.stringify(reference).length).toBeLessThan(2000);
  expect(referenceOf({ kind: 'embedded' }, 'another')).toBeUndefined();

  await using classifier = await startClassifier();
  await using app = appOf(classifier);
  const told = async () => {
    const series = await readSeries(app);
    return (name: string) => series.get(name)!;
  };
  for (let at = 0; at < 256; at += 64) {
    await post(app, '/predict/batch', { texts: corpus.texts.slice(at, at + 64).map(({ text }) => text) });
  }
  const before = await told();
  for (const feature of ['confidence', 'length', 'unknown_ratio']) {
    expect(before(`sentiment_drift_psi{feature="${feature}"}`)).toBeLessThan(
      before(`sentiment_drift_psi_chance_limit{feature="${feature}"}`),
    );
  }
  const expected = before('sentiment_positive_expected_ratio');
  expect(Math.abs(before('sentiment_positive_ratio') - expected)).toBeLessThan(0.1);

  // Different traffic: short texts in a script that the model does not know.
  for (let sent = 0; sent < 6; sent++) {
    await post(app, '/predict/batch', { texts: Array.from({ length: 64 }, (_, at) => `素晴らしい ${at}`) });
  }
  const after = await told();
  expect(after('sentiment_drift_window_predictions')).toBe(256 + 6 * 64);
  for (const feature of ['length', 'unknown_ratio']) {
    const index = after(`sentiment_drift_psi{feature="${feature}"}`);
    expect(index).toBeGreaterThan(0.2);
    expect(index).toBeGreaterThan(after(`sentiment_drift_psi_chance_limit{feature="${feature}"}`));
  }
});
