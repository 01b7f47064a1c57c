import { expect, test } from 'vitest';
import type { Load } from '../../slas/model/model.ts';
import { cutBecause, decisiveEnd, diedOf, type EndedK6, failuresOf } from './k6-end.ts';

/** Tests how one or several k6 processes ended, and the consequences for the load. */

const LOG = {
  inIterations: 0,
  firstInIteration: null,
  outside: [],
  first: null,
  interrupted: 0,
  isCrossedAtEnd: false,
};
const SUMMARY = { metrics: {}, checks: [] };

function end(code: number | null, changes: Partial<EndedK6> & { readonly at?: number } = {}): EndedK6 {
  const { at = 10, ...own } = changes;
  const signal = code === null ? ('SIGKILL' as const) : null;
  return { exit: { code, signal, atSeconds: at }, summary: SUMMARY, log: LOG, ...own };
}
const atEnd = { log: { ...LOG, first: 'thresholds have been crossed', isCrossedAtEnd: true } };

const LOAD = { plannedRequests: 40, budgets: [] } as unknown as Load;
const counts = (sent: number) => ({
  sent,
  answered: { '1xx': 0, '2xx': sent, '3xx': 0, '4xx': 0, '5xx': 0 },
  lost: 0,
  droppedIterations: 0,
});
const cut = (one: EndedK6, sent = 40) => cutBecause(one, counts(sent), LOAD);

test('if several k6 processes ended, the report names the one that caused the others to stop', () => {
  const decisive = (...ends: EndedK6[]) => {
    const { code, signal, atSeconds } = decisiveEnd(ends).exit;
    return [code ?? signal, atSeconds];
  };
  expect(decisive(end(0, { at: 1 }), end(0, { at: 2 }))).toEqual([0, 2]);
  expect(decisive(end(105, { at: 1 }), end(99, { at: 2 }), end(105, { at: 3 }))).toEqual([99, 3]);
  expect(decisive(end(99, { at: 1, ...atEnd }), end(null, { at: 2 }))).toEqual(['SIGKILL', 2]);
  expect(decisive(end(99, { at: 1, ...atEnd }), end(105, { at: 2 }))).toEqual([105, 2]);
  expect(decisive(end(108, { at: 2 }), end(107, { at: 1 }))).toEqual([107, 2]);
});

test('a failure after the last request does not cut the load short', () => {
  expect(cut(end(0))).toBeNull();
  expect(cut(end(0), 3)).toBeNull();
  expect(cut(end(107))).toBeNull();
  expect(cut(end(99, atEnd), 3)).toBeNull();
  expect(cut(end(110), 3)).toBeNull();
});

test('a failure before the last request cuts the load short and gives the reason', () => {
  const log = { ...LOG, first: 'Error: no token at setup (loadtests/peak.ts:5:9)' };
  expect(cut(end(107, { log }), 0)).toBe(
    'k6 ended with exit code 107: the load script threw an exception: Error: no token at setup (loadtests/peak.ts:5:9)',
  );
  expect(cut(end(null))).toBe('k6 ended with signal SIGKILL');
  expect(cut(end(137, { summary: null }))).toBe('k6 ended with exit code 137');
  expect(cut(end(99), 3)).toBe('k6 ended with exit code 99: a threshold was crossed');
});

test('a killed k6 counts as died; a k6 whose script prevented the summary does not', () => {
  expect(diedOf(end(null))).toEqual(['k6 ended during the run, with signal SIGKILL']);
  expect(diedOf(end(137, { summary: null }))).toEqual(['k6 ended during the run, with exit code 137']);
  expect(diedOf(end(0, { summary: null }))).toEqual([]);
  expect(diedOf(end(99, { summary: null, ...atEnd }))).toEqual([]);
  expect(diedOf(end(107))).toEqual([]);
});

test('each failure of k6 is reported once, and none for a killed k6', () => {
  expect(failuresOf([end(0), end(0)], false)).toEqual([]);
  expect(failuresOf([end(0), end(null)], false)).toBeUndefined();
  expect(failuresOf([end(105)], false)).toEqual([]);
  expect(failuresOf([end(99, atEnd)], true)).toEqual([]);
  expect(failuresOf([end(99, atEnd)], false)).toEqual([
    'k6 ended with exit code 99: a threshold was crossed: thresholds have been crossed',
  ]);
  const log = {
    ...LOG,
    outside: ['Error: no room at handleSummary'],
    first: 'Error: no room at handleSummary',
  };
  expect(failuresOf([end(0, { log }), end(0, { log })], false)).toEqual([
    'the load script threw an exception: Error: no room at handleSummary',
  ]);
  expect(failuresOf([end(107, { log })], false)).toEqual([
    'k6 ended with exit code 107: the load script threw an exception: Error: no room at handleSummary',
  ]);
  expect(failuresOf([end(0, { summary: null })], false)).toEqual([
    'k6 wrote no summary, so its checks and thresholds are unknown',
  ]);
});
