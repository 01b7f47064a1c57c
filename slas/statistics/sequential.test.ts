import { expect, test } from 'vitest';
import { normalQuantile } from './distributions.ts';
import { defaultAtLeast, scheduleLooks, spentBy } from './sequential.ts';

test('each look is 1.5 times as late as the one before, and the last look is at the end', () => {
  const { looks } = scheduleLooks(600, 0.95);
  expect(looks.map(({ atSeconds }) => atSeconds)).toEqual([68, 101, 152, 228, 342, 600]);
});

test('a look that cannot decide anything spends no error, and leaves its share to the next look', () => {
  expect(scheduleLooks(600, 0.95).looks[0]!.atSeconds).toBe(68);
  expect(scheduleLooks(60, 0.95).looks.map(({ atSeconds }) => atSeconds)).toEqual([20, 30, 60]);
});

test.each([
  [30, 0.95],
  [60, 0.9],
  [600, 0.95],
  [3600, 0.99],
])(
  'all looks at a run of %i s together have the error that the confidence of %d leaves',
  (seconds, confidence) => {
    const { looks } = scheduleLooks(seconds, confidence);
    expect(looks.reduce((sum, look) => sum + 1 - look.confidence, 0)).toBeCloseTo(1 - confidence, 9);
  },
);

test('the looks before the last look spend at most 8% of the error, and the last look keeps the rest', () => {
  for (const maxSeconds of [60, 120, 300, 600, 3600]) {
    const { looks } = scheduleLooks(maxSeconds, 0.95);
    const early = looks.slice(0, -1).reduce((sum, look) => sum + 1 - look.confidence, 0);
    expect(early).toBeLessThanOrEqual(0.08 * 0.05 + 1e-12);
    expect(looks.at(-1)!.confidence).toBeLessThanOrEqual(0.95401);
  }
});

// Lan and DeMets (1983), and every textbook since: five equally spaced looks, two-sided 5%.
test("the spending function has O'Brien and Fleming's published values", () => {
  const spent = [0.2, 0.4, 0.6, 0.8, 1].map((fraction) => spentBy(fraction, 0.05));
  expect(spent[0]).toBeCloseTo(0.0000117, 6);
  expect(spent[1]).toBeCloseTo(0.00194, 5);
  expect(spent[2]).toBeCloseTo(0.0114, 4);
  expect(spent[3]).toBeCloseTo(0.02844, 4);
  expect(spent[4]).toBeCloseTo(0.05, 9);
});

test('the first boundary of five equally spaced looks is the published 4.38 standard errors', () => {
  expect(normalQuantile(1 - spentBy(0.2, 0.05) / 2)).toBeCloseTo(4.38, 2);
});

test('the shortest duration is a quarter of the maximum, or a third up to 100 s, or 60 s, and never exceeds the maximum', () => {
  expect([30, 120, 180, 270, 300, 600].map(defaultAtLeast)).toEqual([30, 60, 60, 90, 100, 150]);
});
