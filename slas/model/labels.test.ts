import { expect, test } from 'vitest';
import { keyOf } from './labels.ts';

test('labels have the same key in any order, and some labels can be excluded', () => {
  expect(keyOf({ b: '2', a: '1' })).toBe(keyOf({ a: '1', b: '2' }));
  expect(keyOf({ b: '2', a: '1', __name__: 'x' }, '__name__')).toBe('[["a","1"],["b","2"]]');
  expect(keyOf({ a: '1' })).not.toBe(keyOf({ a: '2' }));
});
