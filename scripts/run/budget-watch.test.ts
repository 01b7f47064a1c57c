import { expect, test } from 'vitest';
import type { Budget, Load } from '../../slas/model/model.ts';
import { watchBudgets } from './budget-watch.ts';
import type { SeenRequest } from './record/recorder.ts';

const slow: Budget = {
  objective: 'latency-p95',
  phase: null,
  overSeconds: 0.2,
  badStatus: null,
  path: '/predict',
  atMost: 2,
};
const load = (...budgets: readonly Budget[]) =>
  ({ phases: [], plannedRequests: 40, scheduledSeconds: 10, budgets }) as unknown as Load;

function reasonAfter(budgets: readonly Budget[], ...requests: readonly Partial<SeenRequest>[]) {
  const watch = watchBudgets(load(...budgets));
  for (const one of requests)
    watch.see({ endMs: 0, durationMs: 10, status: 200, path: '/predict', scenario: 'hold', ...one });
  return watch.reason();
}

const times = (count: number, one: Partial<SeenRequest>) => Array.from({ length: count }, () => one);

test('the load stops when more requests are slow than the budget allows', () => {
  expect(reasonAfter([slow], ...times(2, { durationMs: 300 }))).toBeNull();
  expect(reasonAfter([slow], ...times(3, { durationMs: 300 }))).toBe(
    'an objective can no longer be met: 3 requests took longer than 200 ms; the error budget of latency-p95 is 2 of 40',
  );
});

test('only requests that an objective judges use up its error budget', () => {
  expect(reasonAfter([slow], ...times(3, { durationMs: 200 }))).toBeNull();
  expect(reasonAfter([slow], ...times(3, { durationMs: 300, path: '/batch' }))).toBeNull();
  expect(reasonAfter([slow], ...times(3, { durationMs: 300, status: 503 }))).toBeNull();
  expect(reasonAfter([{ ...slow, phase: 'spike' }], ...times(3, { durationMs: 300 }))).toBeNull();
  expect(reasonAfter([{ ...slow, phase: 'hold' }], ...times(3, { durationMs: 300 }))).not.toBeNull();
});

test('an unanswered request counts against every error budget; an error counts only against those that include its status', () => {
  const errors = { ...slow, objective: 'error-rate', overSeconds: null, badStatus: '5..|429', path: null };
  expect(reasonAfter([slow, errors], ...times(3, { status: 0 }))).toContain(
    'latency-p95 is 2 of 40; 3 requests failed; the error budget of error-rate is 2 of 40',
  );
  expect(reasonAfter([slow, errors], ...times(3, { status: 503 }))).toMatch(/^an .*: 3 requests failed/);
  expect(reasonAfter([errors], ...times(3, { status: 404 }))).toBeNull();
});
