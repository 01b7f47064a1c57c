import { expect, test } from 'vitest';
import { keyOf } from './labels.ts';

test('the key of labels does not depend on their order, and can exclude some', () => {
  expect(keyOf({ b: '2', a: '1' })).toBe(keyOf({ a: '1', b: '2' }));
  expect(keyOf({ b: '2', a: '1', __name__: 'x' }, '__name__')).toBe('[["a","1"],["b","2"]]');
  expect(keyOf({ a: '1' })).not.toBe(keyOf({ a: '2' }));
});
