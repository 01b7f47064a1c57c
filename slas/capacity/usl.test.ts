import { describe, expect, test } from 'vitest';
import { seeded } from '../simulation/queues.ts';
import { type Coefficients, fitUsl, type LoadPoint, predict, throughputAt, type UslFit } from './usl.ts';

const CONFIDENCE = 0.95;
const pointsOf = (levels: readonly number[], rates: readonly number[]): readonly LoadPoint[] =>
  levels.map((concurrency, index) => ({ concurrency, throughputPerSecond: rates[index]! }));
const fit = (points: readonly LoadPoint[], seed = 1) =>
  fitUsl(points, { confidence: CONFIDENCE, random: seeded(seed) });

function fitted(points: readonly LoadPoint[], seed = 1): UslFit {
  const found = fit(points, seed);
  if (!found.ok) throw new Error(`refused: ${JSON.stringify(found.refusal)}`);
  return found.fit;
}

describe('published data', () => {
  test('specsdm91: coefficients and peak agree with the published fit', () => {
    const found = fitted(
      pointsOf([1, 18, 36, 72, 108, 144, 216], [64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2]),
    );
    expect(found.alpha).toBeCloseTo(0.02773, 5);
    expect(found.beta).toBeCloseTo(0.0001044, 7);
    expect(found.gamma).toBeCloseTo(89.995, 2);
    const { peak } = found;
    if ('unknownBecause' in peak) throw new Error(peak.unknownBecause);
    expect(peak.throughputPerSecond).toBeCloseTo(1883.9, 0);
    expect(peak.concurrency).toBeCloseTo(96.5, 1);
    expect(peak.range[0]).toBeLessThan(96.5);
    expect(peak.range[1]).toBeGreaterThan(96.5);
  });

  const RAYTRACER = [1, 4, 8, 12, 16, 20];
  const RATES = [20, 78, 130, 170, 190, 200];

  test('raytracer: the first six points predict a peak that the later points refute, so no peak is reported', () => {
    const found = fitted(pointsOf(RAYTRACER, RATES));
    expect(found.alpha).toBeCloseTo(0.02444, 4);
    expect(found.beta).toBeCloseTo(0.00163, 4);
    expect(found.gamma).toBeCloseTo(20.86, 2);
    expect(found.intervals.alpha[0]).toBeGreaterThanOrEqual(0);
    expect(found.intervals.alpha[1]).toBeLessThan(0.07);
    expect(found.peak).toHaveProperty('unknownBecause');
  });

  test('raytracer with all its points has no coherence, and no peak', () => {
    const found = fitted(pointsOf([...RAYTRACER, 24, 28, 32, 48, 64], [...RATES, 210, 230, 260, 280, 310]));
    expect(found.beta).toBeLessThan(1e-6);
    expect(found.intervals.beta[0]).toBe(0);
    expect(found.peak).toHaveProperty('unknownBecause');
  });
});

describe('known coefficients', () => {
  const LEVELS = [1, 2, 4, 8, 16, 24, 32, 48];
  const WORLDS: readonly Coefficients[] = [
    { alpha: 0.05, beta: 0.001, gamma: 100 },
    { alpha: 0.02, beta: 0, gamma: 40 },
    { alpha: 0, beta: 0.0005, gamma: 10 },
  ];

  test.each(WORLDS)('α $alpha, β $beta, γ $gamma: at least 18 of 20 intervals contain the truth', (truth) => {
    const held = { alpha: 0, beta: 0, gamma: 0 };
    const highest = Math.max(...LEVELS.map((level) => throughputAt(truth, level)));
    for (let seed = 1; seed <= 20; seed++) {
      const random = seeded(seed);
      const noisy = LEVELS.map((level) => {
        const gauss = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
        return throughputAt(truth, level) + 0.02 * highest * gauss;
      });
      const { intervals } = fitted(pointsOf(LEVELS, noisy), seed);
      for (const name of ['alpha', 'beta', 'gamma'] as const)
        if (intervals[name][0] <= truth[name] && truth[name] <= intervals[name][1]) held[name]++;
    }
    for (const count of Object.values(held)) expect(count, JSON.stringify(held)).toBeGreaterThanOrEqual(18);
  });

  test('the same seed gives the same intervals', () => {
    const points = pointsOf(LEVELS, [10, 19, 37, 70, 120, 150, 170, 190]);
    expect(fitted(points, 3).intervals).toEqual(fitted(points, 3).intervals);
    expect(fitted(points, 4).intervals).not.toEqual(fitted(points, 3).intervals);
  });
});

describe('no curve is fitted, or no peak reported', () => {
  test('five points are too few, and repeating one of them does not help', () => {
    const five = pointsOf([1, 2, 4, 8, 16], [10, 19, 36, 60, 90]);
    const refusal = { code: 'too-few-points', points: 5, needed: 6 };
    expect(fit(five)).toEqual({ ok: false, refusal });
    expect(fit([...five, five[4]!])).toEqual({ ok: false, refusal });
  });

  test('points at nearly the same concurrency show no curve', () => {
    const points = pointsOf([10, 10.5, 11, 11.5, 12, 12.5], [100, 104, 108, 112, 116, 120]);
    expect(fit(points)).toMatchObject({ ok: false, refusal: { code: 'too-narrow' } });
  });

  test('throughput that the law cannot describe is a bad fit', () => {
    const points = pointsOf([1, 2, 4, 8, 16, 32, 64], [10, 100, 12, 130, 9, 150, 20]);
    expect(fit(points)).toMatchObject({ ok: false, refusal: { code: 'bad-fit' } });
  });

  test('nothing is predicted beyond twice the data, and predictions beyond the data are marked', () => {
    const found = fitted(pointsOf([1, 2, 4, 8, 16, 32], [10, 19.6, 37, 66, 105, 140]));
    expect(predict(found, 20, CONFIDENCE)).toMatchObject({ isExtrapolated: false });
    const beyond = predict(found, 60, CONFIDENCE)!;
    expect(beyond.isExtrapolated).toBe(true);
    expect(beyond.band[0]).toBeLessThanOrEqual(beyond.throughputPerSecond);
    expect(beyond.band[1]).toBeGreaterThanOrEqual(beyond.throughputPerSecond);
    expect(predict(found, 65, CONFIDENCE)).toBeNull();
  });
});
