import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nthSmallest } from './nth.ts';

const nth = (values: readonly number[], position: number) =>
  nthSmallest(values.length, (index) => values[index]!, position);

test('finds the value that each position has after sorting', () => {
  const some = fc.array(fc.oneof(fc.double({ min: 0, noNaN: true }), fc.nat(3)), { minLength: 1 });
  fc.assert(
    fc.property(some, fc.nat(), (values, number) => {
      const position = number % values.length;
      expect(nth(values, position)).toBe(Math.max(0, values.toSorted((a, b) => a - b)[position]!));
    }),
  );
});

test('negative values count as 0, and NaN comes last', () => {
  expect(nth([-1, 2, Number.NaN], 0)).toBe(0);
  expect(nth([-1, 2, Number.NaN], 1)).toBe(2);
  expect(nth([-1, 2, Number.NaN], 2)).toBeNaN();
});
