import { expect, test } from 'vitest';
import { healthy } from '../testing/cases.ts';
import { cutWindow } from '../window/cut-window.ts';
import { orNone } from './measured.ts';

const { plan, run, evidence } = healthy();
const frame = cutWindow(plan, run, evidence);

test('uncounted events are reported only if some may exist', () => {
  expect(Object.keys(orNone(0, frame))).toEqual([]);
  expect(orNone(3, frame)).toEqual({ uncounted: 3 });
});
