import { expect, test } from 'vitest';
import type { Load, PlannedObjective } from '../../slas/model/model.ts';
import { virtualUsersFor } from './virtual-users.ts';

const at = (...rates: readonly number[]) =>
  ({ phases: rates.map((ratePerSecond) => ({ ratePerSecond })) }) as unknown as Load;
const latency = (value: number) =>
  ({ measure: { kind: 'latency' }, target: { value } }) as unknown as PlannedObjective;
const ratio = { measure: { kind: 'ratio' }, target: { value: 0.01 } } as unknown as PlannedObjective;

test('virtual users are ready for twice the requests that the largest latency limit allows in flight', () => {
  expect(virtualUsersFor(at(100, 1000, 300), [latency(0.2), latency(0.4), ratio])).toBe(800);
});

test('at a low rate, enough virtual users are ready for a stall of several seconds', () => {
  expect(virtualUsersFor(at(5), [latency(0.2)])).toBe(100);
  expect(virtualUsersFor(at(1000), [ratio])).toBe(1000);
});

test('if the load probably overloads the service, up to 1,000 are ready', () => {
  expect(virtualUsersFor(at(200), [latency(0.5)])).toBe(200);
  expect(virtualUsersFor(at(200), [latency(0.5)], true)).toBe(800);
  expect(virtualUsersFor(at(600), [latency(0.5)], true)).toBe(1000);
  expect(virtualUsersFor(at(1500), [latency(0.5)], true)).toBe(1500);
});
