import { describe, expect, test } from 'vitest';
import { parseDocument } from '../document/document.ts';
import { unwrap } from '../model/result.ts';
import { planWindow } from '../plan/plan.ts';
import { healthy, SHIPPED_YAML } from '../testing/cases.ts';
import { selector, selectorsOfPlan } from './promql.ts';
import { isOfAggregates, rangeOf, selectedIn } from './stored-text.ts';

describe('what a selector selects', () => {
  const stored = selectedIn({});

  test('is parsed from its text in a plan of an earlier version', () => {
    const where = { job: 'a "b", {c="d"}', path: '/x\\y\nz', status: { matches: '5\\d\\d|429' }, empty: '' };
    expect(stored(selector('http_requests', where))).toEqual({ metric: 'http_requests', where });
    expect(stored('up')).toEqual({ metric: 'up', where: {} });
  });

  test.each([
    ['a scenario', healthy().plan],
    ['a window', planWindow(unwrap(parseDocument(SHIPPED_YAML)))],
  ])('is data in a plan of today, for each of its selectors: %s', (_, plan) => {
    expect(Object.keys(plan.selections!).sort()).toEqual(expect.arrayContaining([...selectorsOfPlan(plan)]));
    for (const one of selectorsOfPlan(plan)) expect(selectedIn(plan)(one), one).toEqual(stored(one));
  });

  test('comes from the plan, not from the text', () => {
    const selected = { metric: 'other', where: {} };
    expect(selectedIn({ selections: { 'up{job="a"}': selected } })('up{job="a"}')).toBe(selected);
  });
});

test('the range of raw samples is data; in earlier evidence it is parsed from the end of the query', () => {
  expect(rangeOf({ rangeSeconds: 7.5, query: 'up' })).toBe(7.5);
  expect(rangeOf({ query: 'up{job="a[5ms]"}[30000ms]' })).toBe(30);
  expect(rangeOf({ query: 'up' })).toBeNull();
});

test.each([
  [{ kind: 'aggregates', what: 'any' }, true],
  [{ kind: 'sample', what: "the server's functions over up" }, false],
  [{ what: "the server's functions over up at 7" }, true],
  [{ what: 'a scrape of a' }, false],
] as const)('whether functions lacked the last samples: %j', (missing, expected) => {
  expect(isOfAggregates({ ...missing, newestSeconds: null })).toBe(expected);
});
