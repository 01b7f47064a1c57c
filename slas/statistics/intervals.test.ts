import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { betaQuantile, normalQuantile, tQuantile } from './distributions.ts';
import {
  detectableShare,
  effectiveSize,
  firstMissed,
  holm,
  meanBounds,
  moreFor80,
  moreIfNoneBad,
  pValue,
  type Ruling,
  shareBounds,
} from './intervals.ts';

/** The expected values in this file were computed independently with SciPy 1.17. */

const near = (actual: number, expected: number) =>
  expected === 0 ? expect(actual).toBe(0) : expect(actual / expected).toBeCloseTo(1, 6);
const sample = (bad: number, all: number, factor: number, blocks: number) => ({
  bad,
  all,
  effect: { factor, blocks },
});
const observed: Ruling = { rule: 'observed', missedAtLimit: false };
const bounds = (confidence: number): Ruling => ({ rule: 'bounds', confidence });

describe('quantiles', () => {
  test.each([
    [0.95, 1, 59, 0.0495076099],
    [0.95, 1, 299, 0.00996914679],
    [0.95, 16, 1485, 0.0153565056],
    [0.05, 15, 1486, 0.00617402438],
    [0.95, 3.42, 66.2, 0.0975428563],
    [0.05, 2.42, 67.2, 0.00786055924],
    [0.99, 0.3, 12.9, 0.189544184],
    [0.01, 0.3, 12.9, 1.19670234e-8],
    [0.95, 1501.5, 28499.25, 0.0521362905],
    [0.05, 50000.5, 949999.5, 0.0496425233],
    [0.975, 1, 1e6, 3.68887265e-6],
    // Values far in the tails, where the exact results are 1 − α^(1/n) and α^(1/n).
    [1 - 1e-7, 1, 1675, 0.00957659322],
    [1 - 1e-9, 1, 15_000, 0.0013805971534],
    [1e-9, 1675, 1, 0.9877041207531],
    [1e-7, 60, 1441, 0.018848220387],
  ])('beta: %d of (%d, %d)', (p, a, b, expected) => near(betaQuantile(p, a, b), expected));

  test.each([
    [0.95, 11, 1.79588482],
    [0.95, 59, 1.67109303],
    [0.975, 14, 2.14478669],
    [0.99, 2, 6.96455673],
    [0.9995, 29, 3.65940502],
    [0.75, 1, 1],
    [0.95, 1e5, 1.64486886],
    [0.95, Number.POSITIVE_INFINITY, 1.64485363],
  ])('t: %d on %d degrees', (p, degrees, expected) => near(tQuantile(p, degrees), expected));

  test.each([
    [0.8, 0.841621234],
    [0.95, 1.64485363],
    [0.99, 2.32634787],
    [0.99999, 4.26489079],
  ])('normal: %d', (p, expected) => near(normalQuantile(p), expected));
});

describe('bounds of a share', () => {
  test.each([
    [50, 1500, 1, 60, 0.95, 1453.264, 0.0259545095, 0.042159613],
    [50, 1500, 7.3, 15, 0.95, 179.205463, 0.0145811956, 0.064819316],
    [3, 1500, 2.5, 30, 0.99, 535.694187, 2.63155638e-5, 0.0125720757],
    [0, 400, 4, 20, 0.95, 90.4894211, 0, 0.0325638818],
    [1500, 1500, 3, 12, 0.9, 441.749718, 0.994801141, 1],
    [75, 1500, 81, 12, 0.95, 15.5347331, 0.00123501202, 0.251199106],
    [1, 7500, 1, 300, 0.8, 7478.591, 2.96485202e-5, 0.000399826607],
  ])(
    '%d of %d, design effect %d from %d blocks, at %d',
    (bad, all, factor, blocks, confidence, size, low, high) => {
      const one = sample(bad, all, factor, blocks);
      near(effectiveSize(one, confidence), size);
      const found = shareBounds(one, confidence);
      near(found.low, low);
      near(found.high, high);
    },
  );

  test('without bad requests, the upper bound is 1 − (1 − c)^(1/n)', () => {
    const one = sample(0, 300, 2, 25);
    near(shareBounds(one, 0.95).high, 1 - 0.05 ** (1 / effectiveSize(one, 0.95)));
  });

  test('enclose the share, and widen with confidence and with dependence', () => {
    const draws = fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.double({ min: 0, max: 1, noNaN: true }));
    const property = fc.property(draws, fc.integer({ min: 12, max: 300 }), ([all, part], blocks) => {
      const one = sample(Math.round(part * all), all, 2, blocks);
      const share = one.bad / all;
      const [usual, surer] = [shareBounds(one, 0.95), shareBounds(one, 0.99)];
      const looser = shareBounds({ ...one, effect: { factor: 4, blocks } }, 0.95);
      expect(usual.low).toBeLessThanOrEqual(share);
      expect(usual.high).toBeGreaterThanOrEqual(share);
      for (const wide of [surer, looser]) {
        expect(wide.low).toBeLessThanOrEqual(usual.low);
        expect(wide.high).toBeGreaterThanOrEqual(usual.high);
      }
    });
    fc.assert(property, { seed: 1, numRuns: 500 });
  });
});

test('the bounds of a mean follow Student’s t distribution, two-sided', () => {
  const found = meanBounds(0.0808543097, { variance: 0.000482675908, blocks: 13 }, 0.95);
  near(found.low, 0.032986039);
  near(found.high, 0.1287225806);
});

describe('minimum detectable effect', () => {
  test.each([
    [1500, 1, Number.POSITIVE_INFINITY, 0.01, observed, 16, 0.0153565056],
    [1500, 1, Number.POSITIVE_INFINITY, 0.01, bounds(0.95), 23, 0.020877394],
    [1500, 1, Number.POSITIVE_INFINITY, 0.05, observed, 76, 0.0602664715],
    [1500, 4, 15, 0.05, bounds(0.95), 109, 0.0973448032],
    [400, 30, 20, 0.01, bounds(0.95), 44, 0.261340318],
  ])(
    '%d requests, design effect %d from %d blocks, %d allowed, %j',
    (all, factor, blocks, budget, ruling, first, share) => {
      const run = { all, effect: { factor, blocks } };
      expect(firstMissed(run, budget, ruling)).toBe(first);
      near(detectableShare(run, budget, ruling)!, share);
    },
  );

  test('a strict limit is already missed exactly at the limit', () => {
    const strict: Ruling = { rule: 'observed', missedAtLimit: true };
    const run = { all: 1500, effect: { factor: 1, blocks: Number.POSITIVE_INFINITY } };
    expect([0.01, 0.07, 0.29].map((budget) => firstMissed(run, budget, strict))).toEqual([15, 105, 435]);
    expect([0.01, 0.07, 0.29].map((budget) => firstMissed(run, budget, observed))).toEqual([16, 106, 436]);
  });

  test('does not exist if even a run with only bad requests would not be a miss', () => {
    const run = { all: 10, effect: { factor: 10, blocks: 12 } };
    expect(detectableShare(run, 0.9, bounds(0.95))).toBeNull();
    expect(firstMissed(run, 0.9, bounds(0.95))).toBe(11);
  });

  test('exists if only a run in which every request is bad is a miss', () => {
    const run = { all: 10, effect: { factor: 1, blocks: Number.POSITIVE_INFINITY } };
    near(detectableShare(run, 0.9, observed)!, 0.95 ** (1 / 10));
  });

  test('with a limit of zero, the first bad request is a miss', () => {
    const run = { all: 100, effect: { factor: 1, blocks: Number.POSITIVE_INFINITY } };
    expect([observed, bounds(0.95)].map((ruling) => firstMissed(run, 0, ruling))).toEqual([1, 1]);
  });
});

describe('how many more requests decide', () => {
  test.each([
    [10, 1500, 1, 0.01, 0.95, 3351],
    [70, 1500, 6.5, 0.05, 0.95, 166_572],
    [0, 400, 3, 0.01, 0.95, 404],
    [90, 1500, 1, 0.05, 0.99, 3497],
  ])(
    '%d of %d, design effect %d, %d allowed, at %d: %d if the share stays',
    (bad, all, factor, budget, confidence, more) => {
      const ofManyBlocks = sample(bad, all, factor, Number.POSITIVE_INFINITY);
      expect(moreFor80(ofManyBlocks, budget, confidence)).toBe(more);
    },
  );

  test('the penalty for few bursts is included: without it, this undecided run would seem to have enough requests', () => {
    const run = { ...sample(10, 1500, 1, 60), bursts: { factor: 6, blocks: 4 } };
    expect(shareBounds(run, 0.95).high).toBeGreaterThan(0.02);
    expect(moreFor80(run, 0.02, 0.95)).toBe(4142);
    expect(moreFor80({ ...run, bursts: null }, 0.02, 0.95)).toBe(0);
  });

  test('every undecided run needs more requests', () => {
    const samples = fc.record({
      bad: fc.integer({ min: 1, max: 300 }),
      all: fc.integer({ min: 1000, max: 20_000 }),
      effect: fc.record({
        factor: fc.double({ min: 1, max: 50, noNaN: true }),
        blocks: fc.integer({ min: 12, max: 500 }),
      }),
      bursts: fc.option(
        fc.record({
          factor: fc.double({ min: 1, max: 50, noNaN: true }),
          blocks: fc.double({ min: 4, max: 100, noNaN: true }),
        }),
      ),
    });
    fc.assert(
      fc.property(
        samples,
        fc.constantFrom(0.05, 0.01),
        fc.constantFrom(0.95, 0.9999),
        (run, budget, confidence) => {
          const { low, high } = shareBounds(run, confidence);
          fc.pre(low <= budget && high > budget);
          expect(moreFor80(run, budget, confidence)).toBeGreaterThan(0);
        },
      ),
      { seed: 7, numRuns: 1000 },
    );
  });

  test('exactly at the limit, no number of requests decides', () => {
    expect(moreFor80(sample(75, 1500, 1, 60), 0.05, 0.95)).toBe(Number.POSITIVE_INFINITY);
  });

  test.each([
    [10, 1500, 1, 60, 0.01, 207],
    [70, 1500, 6.5, 15, 0.05, 890],
    [0, 400, 3, 20, 0.01, 589],
    [0, 1500, 1, 60, 0.05, 0],
    [10, 10, 1, 60, 1, 0],
  ])(
    '%d of %d, design effect %d from %d blocks, %d allowed: %d if none is bad',
    (bad, all, factor, blocks, budget, more) => {
      expect(moreIfNoneBad(sample(bad, all, factor, blocks), budget, 0.95)).toBe(more);
    },
  );
});

describe('several tests at once', () => {
  test('a p-value is the error probability at which the bounds barely show the effect', () => {
    const one = sample(95, 1500, 1, Number.POSITIVE_INFINITY);
    const p = pValue((confidence) => shareBounds(one, confidence).low > 0.05);
    // P(Bin(1500, 0.05) ≥ 95), computed independently.
    expect(p).toBeCloseTo(0.01249786, 5);
  });
  test('is 1 if the bounds show no effect, and never below 1e-9', () => {
    expect(pValue(() => false)).toBe(1);
    expect(pValue(() => true)).toBe(1e-9);
    // Quantiles are undefined at a confidence of 1 or more.
    expect(pValue((confidence) => confidence < 1)).toBe(1e-9);
  });

  test.each([
    [[0.04], [true]],
    [[0.05], [true]],
    [[0.0501], [false]],
    [
      [0.04, 0.03],
      [false, false],
    ],
    [
      [0.04, 0.02],
      [true, true],
    ],
    [
      [0.04, 0.01, 0.03],
      [false, true, false],
    ],
    [
      [0.2, 0.001, 0.02],
      [false, true, true],
    ],
    [[], []],
  ])('Holm on %j at 5%%: %j', (pValues, expected) => expect(holm(pValues, 0.05)).toEqual(expected));
});

describe('bursts of bad requests', () => {
  const sample = { bad: 30, all: 3000, effect: { factor: 3, blocks: 150 } };

  test('a small number of bursts widens only the upper bound', () => {
    const plain = shareBounds(sample, 0.999);
    const few = shareBounds({ ...sample, bursts: { factor: 3, blocks: 5 } }, 0.999);
    expect(few.low).toBe(plain.low);
    expect(few.high).toBeGreaterThan(1.3 * plain.high);
  });

  test('isolated bad requests do not widen the bounds, however few they are', () => {
    expect(shareBounds({ ...sample, bursts: { factor: 1, blocks: 4 } }, 0.999)).toEqual(
      shareBounds(sample, 0.999),
    );
  });
});
