import { describe, expect, test } from 'vitest';
import type { Plan, Reading, Sample } from '../model/model.ts';
import { reason } from '../model/reasons.ts';
import { healthy } from '../testing/cases.ts';
import { cutTargets } from './cut-targets.ts';
import { parseValue } from './targets.ts';

/**
 * When each scrape target was scraped, and where its window opens and closes, with hand-made times in
 * seconds.
 */

const { plan, run } = healthy();
const ELASTIC: Plan = { ...plan, replicas: 'elastic' };

type Told = Readonly<Record<string, readonly Sample[]>>;

const reading = (selector: string, told: Told, job = 'sentiment-api'): Reading => ({
  ...{ selector, query: selector, atSeconds: 1000, warnings: [], error: null },
  series: Object.entries(told).map(([instance, samples]) => ({ labels: { job, instance }, samples })),
});
const every = (step: number, first: number, last: number): readonly number[] =>
  Array.from({ length: Math.round((last - first) / step) + 1 }, (_, index) => first + index * step);
const all = (times: readonly number[], value: number | string): readonly Sample[] =>
  times.map((at) => [at, String(value)]);
const up = (...times: readonly number[]) => all(times, 1);

function cut(own: Plan, fromSeconds: number, toSeconds: number, ...readings: readonly Reading[]) {
  const window = { fromSeconds, toSeconds };
  return cutTargets(own, { ...run, window }, new Map(readings.map((one) => [one.selector, one])), null);
}
const stable = (fromSeconds: number, toSeconds: number, told: Told) =>
  cut(plan, fromSeconds, toSeconds, reading(plan.up, told)).targets;
const elastic = (fromSeconds: number, toSeconds: number, told: Told, starts: Told) =>
  cut(ELASTIC, fromSeconds, toSeconds, reading(plan.up, told), reading(plan.processStart, starts)).targets;

describe('a sample value', () => {
  test.each([
    ['12.5', 12.5],
    ['1e-3', 0.001],
    ['+Inf', Number.POSITIVE_INFINITY],
    ['-Inf', Number.NEGATIVE_INFINITY],
    ['NaN', Number.NaN],
    ['', Number.NaN],
    ['Info', Number.NaN],
    ['the Inf', Number.NaN],
  ])('"%s" is read as %d', (text, value) => expect(parseValue(text)).toBe(value));
});

describe('a stable scrape target', () => {
  test('opens at the last scrape before the window, even if that is late by less than half an interval', () => {
    const [target] = stable(15.5, 22, { a: up(0, 5, 10, 16, 20, 25, 30) });
    expect(target).toMatchObject({ openSeconds: 10, closeSeconds: 25, missedScrapes: 0, problem: null });
  });
  test('may lack a scrape after the window opened, because that scrape is not an edge', () => {
    const [target] = stable(10.2, 27, { a: up(0, 5, 10, 20, 25, 30, 35) });
    expect(target).toMatchObject({ openSeconds: 10, closeSeconds: 30, missedScrapes: 1, problem: null });
  });
  test('has a missing scrape only if the gap exceeds one and a half intervals', () => {
    expect(stable(0, 11, { a: up(0, 2, 4, 7, 9, 11) })[0]).toMatchObject({ missedScrapes: 0 });
    expect(stable(0, 11.2, { a: up(0, 2, 4, 7.2, 9.2, 11.2) })[0]).toMatchObject({ missedScrapes: 1 });
  });
  test('that Prometheus lists without a sample was not scraped', () => {
    const told = { a: up(...every(5, 0, 30)), b: [] };
    expect(stable(10, 20, told).map(({ name }) => name)).toEqual(['a']);
  });
  test('of a server without "up" is identified by its job and address', () => {
    const counter = reading('requests', { a: up(...every(5, 0, 30)) });
    const other = reading('requests of another job', { a: up(...every(5, 0, 30)) }, 'other');
    const { targets } = cut(plan, 10, 20, reading(plan.up, {}), counter, other);
    expect(targets.map(({ labels }) => labels)).toEqual([
      { job: 'sentiment-api', instance: 'a' },
      { job: 'other', instance: 'a' },
    ]);
  });
});

describe('a scrape target of an elastic service', () => {
  const a = every(5, 0, 40);

  test('has its own interval', () => {
    const b = every(1, 0, 40);
    const found = elastic(10, 30, { a: up(...a), b: up(...b) }, { a: all(a, -9), b: all(b, -9) });
    expect(found.map(({ name, intervalSeconds }) => [name, intervalSeconds])).toEqual([
      ['a', 5],
      ['b', 1],
    ]);
  });
  test('that was scraped once uses the interval of the others', () => {
    const found = elastic(10, 30, { a: up(...a), b: up(28) }, { a: all(a, -9), b: all([28], 27) });
    expect(found[1]).toMatchObject({ intervalSeconds: 5, openSeconds: 28, problem: null });
  });
  test.each([
    ['inside the window', 18],
    ['after it', 21],
  ])('that was scraped once, %s, cannot be cut if all others were also scraped once', (_, at) => {
    const closing = { a: up(at), b: up(21) };
    const found = elastic(10, 20, closing, { a: all([at], 15), b: all([21], 15) });
    expect(found.map(({ problem }) => problem)).toEqual(
      ['a', 'b'].map((target) => reason('all-scraped-once', { target })),
    );
  });
  test('was due from the start of its process, although its first scrapes failed', () => {
    const told = { a: up(...a), b: [...all([5, 10, 15], 0), ...up(20, 25, 30, 35)] };
    const found = elastic(10.2, 30, told, { a: all(a, -9), b: all([20, 25, 30, 35], 12) });
    expect(found[1]).toMatchObject({ openSeconds: 20, closeSeconds: 30, missedScrapes: 0 });
    expect(found[1]!.scrapes).toEqual([
      { atSeconds: 15, ok: false },
      ...[20, 25, 30].map((atSeconds) => ({ atSeconds, ok: true })),
    ]);
  });
  test('must report start times only at scrapes that "up" includes', () => {
    const without = (at: number) => ({ a: up(...a.filter((time) => time !== at)) });
    expect(elastic(10, 30, without(10), { a: all(a, -9) })[0]).toMatchObject({ problem: null });
    expect(elastic(10, 30, without(20), { a: all(a, -9) })[0]!.problem).toEqual(
      reason('start-time-unscraped', { target: 'a', atSeconds: 20 }),
    );
  });
});
