import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseSimilar } from './batching.ts';
import { type Job, PendingRequest } from './pending-request.ts';

const request = new PendingRequest(1, { deadlineMs: 1, isAbandoned: () => false }, () => {});
request.promise.catch(() => {});
request.fail(new Error() as never);

const queueOf = (lengths: readonly number[], suspects: readonly number[] = []): Job[] =>
  lengths.map((length, index) => ({
    request,
    index,
    text: 'x'.repeat(length),
    queuedMs: 0,
    isSuspect: suspects.includes(index),
  }));

test('a batch contains the first text and those closest to it in length, in order', () => {
  const queue = queueOf([100, 400, 110, 90, 131, 100, 69]);
  expect(chooseSimilar(queue, { maxTexts: 3, longestWaitMs: 0 })).toEqual([0, 2, 5]);
  expect(chooseSimilar(queue, { maxTexts: 8, longestWaitMs: 0 })).toEqual([0, 2, 3, 5]);
});

test('with a batch size of 1, only the first text is taken', () => {
  expect(chooseSimilar(queueOf([5, 5]), { maxTexts: 1, longestWaitMs: 0 })).toEqual([0]);
  expect(chooseSimilar([], { maxTexts: 4, longestWaitMs: 0 })).toEqual([]);
});

test('a text that may have killed a worker is inferred alone', () => {
  expect(chooseSimilar(queueOf([5, 5, 5], [0]), { maxTexts: 4, longestWaitMs: 0 })).toEqual([0]);
  expect(chooseSimilar(queueOf([5, 5, 5], [1]), { maxTexts: 4, longestWaitMs: 0 })).toEqual([0, 2]);
});

test('a batch always contains the text that has waited longest, and never exceeds its size', () => {
  const property = fc.property(
    fc.array(fc.nat(2000), { minLength: 1, maxLength: 100 }),
    fc.integer({ min: 1, max: 32 }),
    (lengths, maxTexts) => {
      const chosen = chooseSimilar(queueOf(lengths), { maxTexts, longestWaitMs: 0 });
      expect(chosen[0]).toBe(0);
      expect(chosen.length).toBeLessThanOrEqual(maxTexts);
      expect(chosen).toEqual([...new Set(chosen)].sort((a, b) => a - b));
      const padded =
        Math.max(...chosen.map((at) => lengths[at]!)) - Math.min(...chosen.map((at) => lengths[at]!));
      expect(padded).toBeLessThanOrEqual(2 * Math.max(12, 0.3 * lengths[0]!));
    },
  );
  fc.assert(property, { seed: 1, numRuns: 300 });
});
