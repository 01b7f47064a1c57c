import { expect, test } from 'vitest';
import { healthy } from '../testing/cases.ts';
import { cutWindow } from '../window/cut-window.ts';
import { keyOf, orNone } from './measured.ts';

const { plan, run, evidence } = healthy();
const frame = cutWindow(plan, run, evidence);

test('uncounted events are reported only if there may be any', () => {
  expect(Object.keys(orNone(0, frame))).toEqual([]);
  expect(orNone(3, frame)).toEqual({ uncounted: 3 });
});

test('the key of labels does not depend on their order, and can exclude some', () => {
  expect(keyOf({ b: '2', a: '1' })).toBe(keyOf({ a: '1', b: '2' }));
  expect(keyOf({ b: '2', a: '1', __name__: 'x' }, '__name__')).toBe('[["a","1"],["b","2"]]');
  expect(keyOf({ a: '1' })).not.toBe(keyOf({ a: '2' }));
});
