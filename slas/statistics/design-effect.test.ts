import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Block,
  burstEffectOf,
  dependenceBlocks,
  designEffectOf,
  largestOf,
  mergePairs,
  spreadOf,
  totalsOf,
} from './design-effect.ts';

const blocks = (parts: readonly number[], totals: readonly number[] | number): readonly Block[] =>
  parts.map((part, index) => ({ part, total: typeof totals === 'number' ? totals : totals[index]! }));
const repeat = (length: number, part: (index: number) => number, total = 10) =>
  blocks(
    Array.from({ length }, (_, index) => part(index)),
    total,
  );

/** 53 blocks of 20 to 30 requests each, with bad requests in bursts. */
const BURSTS = blocks(
  [
    1, 0, 0, 1, 5, 1, 3, 2, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 3, 1, 5, 0, 0, 0, 1, 2, 0, 0, 0, 4, 3, 5, 0, 0,
    0, 3, 2, 9, 5, 4, 3, 0, 2, 0, 6, 0, 20, 5, 1, 0, 3, 2,
  ],
  [
    28, 25, 26, 20, 21, 25, 22, 27, 21, 22, 27, 22, 27, 23, 29, 27, 21, 22, 28, 23, 29, 27, 20, 23, 20, 29,
    30, 20, 25, 22, 27, 25, 24, 30, 30, 28, 21, 29, 29, 28, 27, 24, 20, 23, 29, 23, 20, 25, 27, 21, 21, 23,
    26,
  ],
);

describe('merging neighbouring blocks', () => {
  test('keeps every request; an odd block out joins the last pair', () => {
    const merged = mergePairs(repeat(7, (index) => index));
    expect(merged).toEqual([
      { part: 1, total: 20 },
      { part: 5, total: 20 },
      { part: 15, total: 30 },
    ]);
  });

  test('leaves a single block unchanged', () => {
    expect(mergePairs(repeat(1, () => 3))).toEqual([{ part: 3, total: 10 }]);
  });

  test('merging twice equals merging four at a time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 70 }), (length) => {
        const four = Math.floor(length / 4);
        const all = repeat(length, (index) => index ** 2);
        const direct = Array.from({ length: four }, (_, index) =>
          totalsOf(all.slice(4 * index, index === four - 1 ? undefined : 4 * index + 4)),
        );
        expect(mergePairs(mergePairs(all))).toEqual(direct);
      }),
    );
  });
});

describe('the variance of a share', () => {
  // 53 blocks: 0.00032047; 26: 0.00031695; 13: 0.00039981; extrapolated: 2 × 0.00039981 − 0.00031695. These values were computed
  // independently of this code.
  test('is the largest over all levels, extrapolated', () => {
    const spread = spreadOf(BURSTS)!;
    expect(spread.variance).toBeCloseTo(0.00048267590838752233, 15);
    expect(spread.blocks).toBe(13);
    expect(designEffectOf(BURSTS)!.factor).toBeCloseTo(8.51472812448885, 9);
  });

  test('is null with fewer than 12 blocks', () => {
    expect(spreadOf(BURSTS.slice(0, 11))).toBeNull();
    expect(spreadOf(BURSTS.slice(0, 12))!.blocks).toBe(12);
  });

  test('is null if there were no events', () => {
    expect(spreadOf(repeat(20, () => 0, 0))).toBeNull();
  });

  test('is zero if all blocks are alike', () => {
    expect(spreadOf(repeat(20, () => 3))).toEqual({ variance: 0, blocks: 20 });
  });

  test('detects dependence that only longer blocks show', () => {
    // Four bad blocks alternate with four good ones. Pairs differ as much as single blocks do, so the variance from pairs is twice as
    // large.
    const slow = repeat(64, (index) => (index % 8 < 4 ? 2 : 0));
    const quick = repeat(64, (index) => (index % 2 === 0 ? 2 : 0));
    expect(designEffectOf(slow)!.factor).toBeGreaterThan(3 * designEffectOf(quick)!.factor);
    expect(designEffectOf(slow)!.blocks).toBeLessThan(64);
  });

  test('is estimated from 12 pairs, not from 11', () => {
    const slow = (length: number) => repeat(length, (index) => (index % 8 < 4 ? 2 : 0));
    expect(spreadOf(slow(24))!.blocks).toBe(12);
    expect(spreadOf(slow(23))!.blocks).toBe(23);
    expect(spreadOf(slow(24), false)!.blocks).toBe(24);
  });
});

describe('the design effect', () => {
  test('is never below 1', () => {
    expect(designEffectOf(repeat(24, () => 1))).toEqual({ factor: 1, blocks: 24 });
  });

  test('reflects a burst: all bad requests in one block of 20', () => {
    // V = 20/19 · (19 · 0.5² + 9.5²) / 200², binomial 0.05 · 0.95 / 200.
    const { factor, blocks: counted } = designEffectOf(repeat(20, (index) => (index === 7 ? 10 : 0)))!;
    expect(factor).toBeCloseTo(((20 / 19) * 95) / 40_000 / ((0.05 * 0.95) / 200), 9);
    expect(counted).toBe(20);
  });

  test.each([0, 10])('is unknown where every block has %d bad requests out of 10', (part) => {
    expect(designEffectOf(repeat(20, () => part))).toBeNull();
  });

  test('of several event types is the largest known design effect', () => {
    const [small, large] = [
      { factor: 1.5, blocks: 60 },
      { factor: 4, blocks: 15 },
    ];
    expect(largestOf([small, null, large])).toBe(large);
    expect(largestOf([large, small])).toBe(large);
    expect(largestOf([null])).toBeNull();
  });

  test('uses only events that affect at most half of the requests', () => {
    const shares = [0, 1, 5, 6, 10].map((part) => repeat(12, () => part));
    const lower = shares.map((blocks) => ({ ofLimit: 0.5, blocks }));
    expect(dependenceBlocks(lower, 0.05)).toEqual([shares[1], shares[2]]);
  });

  test('uses edges under a tenth of the limit only if no more requests exceed them than the budget allows', () => {
    const [rare, atBudget, common] = [4, 5, 6].map((part) => repeat(12, () => part, 100));
    const at = (ofLimit: number, ...all: (readonly Block[])[]) => all.map((blocks) => ({ ofLimit, blocks }));
    const near = at(0.1, common!);
    expect(dependenceBlocks([...at(0.05, common!, atBudget!, rare!), ...near], 0.05)).toEqual([
      atBudget,
      rare,
      common,
    ]);
  });

  test('uses the rarest event if all events are common and far below the limit', () => {
    const [half, third] = [50, 30].map((part) => repeat(12, () => part, 100));
    const lower = [
      { ofLimit: 0.01, blocks: half! },
      { ofLimit: 0.02, blocks: third! },
    ];
    expect(dependenceBlocks(lower, 0.05)).toEqual([third]);
  });
});

describe('the design effect of bursts', () => {
  test('has about as many degrees of freedom as there were equal bursts', () => {
    const three = repeat(120, (index) => (index % 40 === 20 ? 8 : 0));
    expect(burstEffectOf(three)!.blocks - 1).toBeCloseTo(3.198, 3);
    const six = repeat(120, (index) => (index % 20 === 10 ? 8 : 0));
    expect(burstEffectOf(six)!.blocks - 1).toBeCloseTo(6.837, 3);
    expect(burstEffectOf(three)!.factor).toBe(designEffectOf(three)!.factor);
  });

  test('has at least three degrees of freedom, and never more than the number of blocks allows', () => {
    expect(burstEffectOf(repeat(120, (index) => (index === 20 ? 8 : 0)))!.blocks).toBe(4);
    const halves = repeat(100, (index) => index % 2);
    expect(burstEffectOf(halves)!.blocks).toBe(100);
    expect(burstEffectOf(repeat(20, () => 1))!.blocks).toBe(20);
  });

  test('is unknown with too few blocks, or if no request or all requests were bad', () => {
    expect(burstEffectOf(repeat(11, (index) => index % 2))).toBeNull();
    expect(burstEffectOf(repeat(20, () => 0))).toBeNull();
    expect(burstEffectOf(repeat(20, () => 10))).toBeNull();
  });
});
